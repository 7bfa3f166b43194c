"""Text from data made safe to display. Standard library only: every message passes through here."""

import re

# Characters that move the cursor, set colours, end a line or reverse the reading direction. Joiners and plain direction
# marks are allowed, because Persian, Hindi and Hebrew need them.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    r"""Return the text with each such character escaped: an escape as \x1b, a line end as \n. The rest is unchanged."""
    return text if text.isprintable() else UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)
