"""Text from data made safe to show. Standard library only: every message passes through here."""

import re

# What moves the cursor, colours, ends a line or turns the direction of reading round. Joiners and plain marks of
# direction stay: Persian, Hindi and Hebrew are written with them.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    r"""The text with each such character written out: an escape as \x1b, a line's end as \n. The rest is as it was."""
    return text if text.isprintable() else UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)
