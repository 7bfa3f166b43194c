"""Writing a figure to a file: the forms there are, and checks before the work begins. No matplotlib yet."""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import PurePath
from typing import TYPE_CHECKING

from rnncast.errors import RnncastError, UsageError
from rnncast.files.output.writing import written

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMS = ("png", "svg", "pdf")
# Metadata that differ from run to run are left out, so that the same figure gives the same bytes.
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": "rnncast"},
    "svg": {"Creator": "rnncast", "Date": None},
    "pdf": {"Creator": "rnncast", "Producer": "rnncast", "CreationDate": None},
}
_NO_GLYPH = "Glyph .* missing from font"


def form_of(path: str) -> str:
    """Return the form that a file's name asks for. Raises UsageError if it is not one of those supported."""
    form = PurePath(path).suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise UsageError(
            f"--plot {path}: a figure is a .png, .svg or .pdf file", hint=f"name it so: --plot {_stem(path)}.png"
        )
    return form


def check_figure(path: str) -> None:
    """Raise UsageError if a path names no form of figure; RnncastError if matplotlib is not installed."""
    form_of(path)
    if find_spec("matplotlib") is None:
        raise RnncastError(f"to draw {path}, matplotlib is needed", hint="pip install 'rnncast[plot]'")


def write_figure(path: str, draw: "Callable[[], Figure]", note: Callable[[str], None] = lambda text: None) -> None:
    """Draw a figure and write it to a file, whole or not at all. `note` is called about letters missing from all fonts.

    Raises OutputError if it cannot be written.
    """
    from rnncast.report.figures.style import styled

    form = form_of(path)
    with written(path) as file, styled(), warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", _NO_GLYPH)
        draw().savefig(file, format=form, metadata=_METADATA[form])
    if form != "svg" and any("missing from font" in str(each.message) for each in caught):
        note(f"no font here has all letters of the names in {path}; as .svg, it is shown with those of its reader")


def _stem(path: str) -> str:
    return PurePath(path).stem.strip("-. ") or "figure"
