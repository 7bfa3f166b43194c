"""Model files of format 2, as format 3 has them. Nothing else knows of format 2.

Its nets had a local frame, and base forecasts: the spec did not say so.
"""

from collections.abc import Mapping
from typing import Any

FORMAT = 2
LATER: dict[str, dict[str, Any]] = {"frame": {"constants": []}}  # fields of the spec that format 2 lacks, by section


def upgraded(header: Mapping[str, Any]) -> dict[str, Any]:
    """The header as format 3 has it; what makes no sense stays so, for whoever reads it next."""
    spec = header.get("spec")
    if not isinstance(spec, Mapping):
        return dict(header)
    sections = {name: {**LATER.get(name, {}), **part} for name, part in spec.items() if isinstance(part, Mapping)}
    return {**header, "spec": {**spec, **sections}, "format": FORMAT}
