"""Style of all figures: colours, letters, sizes, titles."""

import logging
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rnncast.report.harmless import harmless
from rnncast.report.room import AHEAD, MISSING

INK, GREY, LINE, PAPER = "#222222", "#666666", "#e4e4e4", "#ffffff"
# The colours of Okabe and Ito's palette legible on white, each with its own dashes, so that colour is not the only cue.
COLOURS = (AHEAD, MISSING, "#009e73", "#a8558a", "#8a6d00", "#3a8fc4")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)), (0, (3, 1)), (0, (8, 2)))
WIDE = 8.0  # inches, of a figure of one series
FAINTEST, STRONGEST = 0.16, 0.5  # tints of the widest band and of the narrowest
MARGIN, FIRST_LINE, NEXT_LINE = 0.09, 0.21, 0.17  # inches, above the lines of a title
PER_INCH = 14  # letters of a small text
# Characters that XML or UTF-8 cannot represent.
_UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_STYLE: dict[Any, Any] = {
    "figure.facecolor": PAPER,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": GREY,
    "axes.labelsize": 8.5,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titlepad": 5,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.7,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.8,
    "legend.columnspacing": 1.6,
    "lines.solid_capstyle": "round",
    "text.color": INK,
    "text.parse_math": False,  # names from data are not formulas
    "svg.fonttype": "none",  # text stays text, which can be searched, read aloud and edited
    "svg.hashsalt": "rnncast",
    "pdf.fonttype": 42,
    "path.simplify": True,
}


@contextmanager
def styled() -> Iterator[None]:
    """Apply this style to matplotlib while the block runs, and restore the user's own settings after it."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)  # no messages about caches and fonts
    try:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_STYLE)
            yield
    finally:
        logger.setLevel(level)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, whose parts make room for each other."""
    engine = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06, wspace=0.03, hspace=0.03)
    return Figure(figsize=(width, height), layout=engine)


def written_out(text: str, most: int | None = None) -> str:
    """Return text from data as it can be drawn: without control characters, and at most `most` letters long."""
    safe = _UNWRITABLE.sub(lambda found: ascii(found[0])[1:-1], harmless(text))
    return safe if most is None or len(safe) <= most else safe[: most - 1] + "…"


def head(figure: Figure, title: str, note: str = "") -> None:
    """Write a title in bold at the top left and a note below it, broken into lines. The rest makes room for them."""
    width, height = (float(size) for size in figure.get_size_inches())
    lines = [written_out(title, int(width * PER_INCH * 0.7))]
    lines += [line for part in note.split("\n") for line in textwrap.wrap(written_out(part), int(width * PER_INCH))]
    for i, line in enumerate(lines):
        look: dict[str, Any] = {"fontsize": 9, "color": GREY} if i else {"fontsize": 11, "fontweight": "bold"}
        top = MARGIN + (FIRST_LINE + NEXT_LINE * (i - 1) if i else 0)
        figure.text(MARGIN / width, 1 - top / height, line, ha="left", va="top", **look)
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, 0, 1, 1 - (MARGIN + FIRST_LINE + NEXT_LINE * (len(lines) - 1)) / height))


def legend(figure: Figure, entries: Mapping[str, Artist]) -> None:
    """Explain the marks in rows under the figure; a single one needs no words."""
    if len(entries) < 2:
        return
    names = [written_out(name, 30) for name in entries]
    columns = max(1, min(len(names), int(figure.get_figwidth() * PER_INCH / (max(map(len, names), default=1) + 7))))
    figure.legend([*entries.values()], names, loc="outside lower left", ncols=columns)


def panel_title(axes: Axes, name: str, note: str = "", width: float = 3.0) -> None:
    """Write the name of a small picture, and a remark in grey; `width` in inches is for both."""
    room = int(width * PER_INCH)
    axes.set_title(written_out(name, max(room - len(note) - 2, 8)), loc="left", fontsize=8.5, fontweight="bold")
    if note:
        axes.set_title(note, loc="right", fontsize=8, color=GREY)


def tint(colour: str, strength: float) -> str:
    """Return a colour as it looks on white paper at a strength from 0 to 1, opaque."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in parts)


def tints(colour: str, bands: int) -> list[str]:
    """Return tints for a number of bands, from the widest to the narrowest."""
    steps = max(bands - 1, 1)
    return [tint(colour, FAINTEST + (STRONGEST - FAINTEST) * (i / steps if bands > 1 else 0.3)) for i in range(bands)]
