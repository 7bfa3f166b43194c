"""Blocks of a report: sections of texts, tables and charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """A paragraph. kind: "" for a plain one, or "note"."""

    words: str
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under names; without a header if all names are "".

    bar: the column whose numbers are also drawn as bars. folded: shown only when opened.
    """

    title: str
    names: Sequence[str]
    rows: Sequence[Sequence[Any]]
    bar: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Line:
    """Values by the x of their chart, NaN = missing. role: how it is drawn, "c0" to "c6", "history" or "ideal"."""

    name: str
    y: Sequence[float]
    role: str


@dataclass(frozen=True)
class Chart:
    """Lines over the same x. log: "", "y" or "xy". unit: written after numbers of y. points: whether values are dots
    too."""

    title: str
    x: str
    y: str
    at: Sequence[float]
    lines: tuple[Line, ...]
    log: str = ""
    unit: str = ""
    points: bool = False


@dataclass(frozen=True)
class Explorer:
    """A chart of one series at a time, chosen by the reader; data: as made by `rnncast.report.page.series`."""

    title: str
    data: Mapping[str, Any]


Block = Text | Table | Chart | Explorer


@dataclass(frozen=True)
class Section:
    """A part of a report. name: its anchor."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A whole report. lead: its main sentence; tone: its style, "lead", or "verdict" with "win" if that is so."""

    title: str
    lead: str
    command: str
    tone: str
    sections: tuple[Section, ...]
