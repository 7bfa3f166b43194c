"""Model files of format 2, converted to format 3. No other module knows format 2.

Its nets always had a local frame and base forecasts, so the spec did not say so.
"""

from collections.abc import Mapping
from typing import Any

FORMAT = 2
LATER: dict[str, dict[str, Any]] = {"frame": {"constants": []}}  # fields of the spec that format 2 lacks, by section


def upgraded(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header in format 3; invalid parts are left as they are, for the next reader to refuse."""
    spec = header.get("spec")
    if not isinstance(spec, Mapping):
        return dict(header)
    sections = {name: {**LATER.get(name, {}), **part} for name, part in spec.items() if isinstance(part, Mapping)}
    return {**header, "spec": {**spec, **sections}, "format": FORMAT}
