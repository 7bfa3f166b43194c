"""From a figure to a file: which forms there are, and what must be there before the work begins. No matplotlib yet."""

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
# What would differ from one run to the next is left out, so that the same figure is the same bytes.
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": "rnncast"},
    "svg": {"Creator": "rnncast", "Date": None},
    "pdf": {"Creator": "rnncast", "Producer": "rnncast", "CreationDate": None},
}
_NO_GLYPH = "Glyph .* missing from font"


def form_of(path: str) -> str:
    """Which of the forms a file's name asks for. UsageError if it is none of them."""
    form = PurePath(path).suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise UsageError(
            f"--plot {path}: a figure is a .png, .svg or .pdf file", hint=f"name it so: --plot {_stem(path)}.png"
        )
    return form


def check_figure(path: str) -> None:
    """UsageError if a path names no form of figure; RnncastError if matplotlib, which draws them, is not installed."""
    form_of(path)
    if find_spec("matplotlib") is None:
        raise RnncastError(f"to draw {path}, matplotlib is needed", hint="pip install 'rnncast[plot]'")


def write_figure(path: str, draw: "Callable[[], Figure]", note: Callable[[str], None] = lambda text: None) -> None:
    """Draw a figure and write it to a file, whole or not at all. `note` is told of letters that no font here has.

    OutputError if it cannot be written.
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
