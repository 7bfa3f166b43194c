"""Bars and sparklines, each one row of characters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from rnncast.report.harmless import harmless
from rnncast.report.room import AHEAD, FAINT, Room
from rnncast.report.tables import number
from rnncast.series.arrays import Array
from rnncast.training.epoch import EpochReport

LEVELS, PLAIN_LEVELS = "▁▂▃▄▅▆▇█", "_.-~=+*#"
PARTS = "▏▎▍▌▋▊▉█"
LONGEST = 60  # characters, of a bar or of the sparkline of a training
MOST_TIMES = 4  # longest bar, in multiples of the shortest; a longer one is cut and marked


def sparkline(values: Array, width: int, *, braille: bool) -> str:
    """Return values [n] as at most `width` characters, each as high as the mean of its part; blank if all are
    missing."""
    known = np.where(np.isfinite(values), values, np.nan)
    columns = min(width, len(known))
    starts = -(-np.arange(columns) * len(known) // columns)  # value i lies in column i * columns // n
    counts = np.add.reduceat((~np.isnan(known)).astype(float), starts)
    sums = np.add.reduceat(np.nan_to_num(known / len(known)), starts)  # divided first, so that no sum overflows
    means = np.where(counts > 0, sums / np.maximum(counts, 1) * len(known), np.nan)
    if np.isnan(means).all():
        return " " * len(starts)
    low, high = np.nanmin(means), np.nanmax(means)
    share = (means / 2 - low / 2) / (high / 2 - low / 2) if high > low else means * 0 + 0.4
    marks = LEVELS if braille else PLAIN_LEVELS
    return "".join(" " if np.isnan(each) else marks[round(each * (len(marks) - 1))] for each in share.tolist())


@dataclass(frozen=True)
class Sparklines:
    """Rows with a name and values over the epochs of training, each from its first value to its last."""

    rows: Mapping[str, Sequence[float]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = Room.of(console, options)
        margin = max(map(len, self.rows), default=0)
        for name, values in self.rows.items():
            first, last = (number(values[i]) or "none" for i in (0, -1))
            arrow = "→" if room.braille else "->"
            ends = f"{first} {arrow} {last}"
            width = min(LONGEST, room.width - margin - len(ends) - 2)
            if width > 0:
                drawn = sparkline(np.array(values, float), width, braille=room.braille)
                yield Text.assemble(f"{name:<{margin}} ", (drawn, AHEAD), f" {ends}", no_wrap=True)


def training_lines(reports: Mapping[str, Sequence[EpochReport]], verbose: bool) -> Sparklines:
    """Return the loss and the validation score of the first and the last run; if `verbose`, of all, with gradient
    norms."""
    runs = list(reports)
    rows: dict[str, Sequence[float]] = {}
    for run in runs if verbose else dict.fromkeys([*runs[:1], *runs[-1:]]):
        told = reports[run]
        rows[f"{run}: loss"] = [each.loss for each in told]
        if judged := [each.valid_mase for each in told if each.valid_mase is not None]:
            rows[f"{run}: MASE"] = judged
        if verbose:
            rows[f"{run}: gradient norm"] = [each.gradient_norm for each in told]
    return Sparklines({name: values for name, values in rows.items() if len(values) > 1})


@dataclass(frozen=True)
class Bars:
    """A bar for each name, as long as its score [0, inf); that of `judged` stands out."""

    title: str
    scores: Mapping[str, float]
    judged: str | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = Room.of(console, options)
        margin = min(max(map(cell_len, self.scores)), room.width // 3)
        longest = min(LONGEST, room.width - margin - 12)
        known = [score for score in self.scores.values() if np.isfinite(score)]
        if not known or longest < len(PARTS):
            return
        most = max(known) if min(known) <= 0 else min(max(known), MOST_TIMES * min(known))
        yield room.cut(Text(self.title, FAINT))
        for name, score in self.scores.items():
            style = f"bold {AHEAD}" if name == self.judged else ""
            length = min(score / most, 1.0) * longest if np.isfinite(score) and most > 0 else 0.0
            bar = _bar(length, braille=room.braille)
            if np.isfinite(score) and score > most:
                bar = bar[:-1] + ("»" if room.braille else ">")
            label = set_cell_size(harmless(name), margin)
            yield Text.assemble((label, style), " ", (bar, style or FAINT), f" {score:.3f}", no_wrap=True)


def _bar(length: float, *, braille: bool) -> str:
    """Return a bar `length` characters long, to an eighth of a character."""
    if not braille:
        return "#" * round(length)
    eighths = round(length * len(PARTS))
    whole, rest = divmod(eighths, len(PARTS))
    return PARTS[-1] * whole + (PARTS[rest - 1] if rest else "")
