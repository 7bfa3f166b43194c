"""Sections shared by reports: the data, the settings, and the forecasts series by series."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from rnncast.config import Config
from rnncast.plain import counted
from rnncast.report.page.blocks import Block, Section, Table, Text
from rnncast.report.page.series import Track, Tracks, drawn, explorer
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.settings import flag
from rnncast.values import Values

MOST_LISTED = 1000  # series, in a table
MOST_TRACKS = 5000  # series considered for drawing; the amount of their numbers decides how many are drawn
ROUNDED = (
    "Drag over the chart to zoom, or use the buttons; a name in the legend hides its line and shows it again. With the "
    "keyboard: arrows move along the chart, + and - zoom, 0 shows all. Values are rounded to about a thousandth of the "
    "range of their series."
)


def data_section(panel: Panel, path: str, scores: tuple[str, Values] | None = None) -> Section:
    """Describe the data, with a row for each series. scores: the name of a score, and its value for each series [S]."""
    known = ~np.isnan(panel.y)
    missing = panel.lengths - np.diff(np.concatenate([[0], np.cumsum(known)])[panel.indptr])
    ends = panel.frequency.times(np.stack([panel.start, panel.ends], axis=1))  # [S, 2]
    times = panel.columns.written(ends)
    first, last = (panel.columns.written(panel.frequency.times(np.array([end])))[0] for end in _reach(panel))
    lengths = sorted({int(panel.lengths.min()), int(panel.lengths.max())})
    facts = [
        ("file", "standard input" if path == "-" else path),
        ("target", panel.columns.target),
        ("series", f"{len(panel):,}"),
        ("frequency", panel.frequency.name),
        ("first and last time", f"{first} to {last}"),
        ("steps of a series", " to ".join(f"{length:,}" for length in lengths)),
        ("missing values", f"{int(missing.sum()):,} of {len(panel.y):,}"),
        *_covariates(panel),
        ("fingerprint (SHA-256)", panel.fingerprint),
    ]
    blocks: list[Block] = [Table("The data", ("", ""), facts)]
    if len(panel) > 1:
        extra = () if scores is None else (scores[0],)
        rows = [
            (
                panel.columns.label(panel.ids[s]),
                *map(str, times[s]),
                int(panel.lengths[s]),
                int(missing[s]),
                *(() if scores is None else (float(scores[1][s]),)),
            )
            for s in range(min(len(panel), MOST_LISTED))
        ]
        few = f", the first {MOST_LISTED:,} of {len(panel):,}" if len(panel) > MOST_LISTED else ""
        names = ("series", "first", "last", "steps", "missing", *extra)
        blocks.append(Table(f"Each series{few}", names, rows, folded=True))
    return Section("data", "Data", tuple(blocks))


def _reach(panel: Panel) -> tuple[int, int]:
    return int(panel.start.min()), int(panel.ends.max())


def _covariates(panel: Panel) -> list[tuple[str, str]]:
    names = {} if panel.covariates is None else panel.covariates.names
    return [(f"{role} covariates", ", ".join(each)) for role, each in names.items() if each]


def asked_table(config: Config) -> Table:
    """Return every setting as it was asked for."""
    rows = [
        (f"--{flag(name).removeprefix('--')}", "from the data" if value is None else said(value))
        for section in config.to_dict().values()
        for name, value in section.items()
    ]
    return Table("Settings as asked for", ("setting", "value"), rows, folded=True)


def said(value: object) -> str:
    """Return a setting, or a fact about a model, in words."""
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def forecasts_section(
    forecast: Forecast, seen: Sequence[tuple[int, Values]], seasons: tuple[int, ...], name: str
) -> Section:
    """Show each series with its forecast. seen: the grid position of the first value of each, and its values."""
    labels = [forecast.columns.label(each) for each in forecast.ids[:MOST_TRACKS]]
    tracks = tuple(Track(label, *seen[s], (drawn(forecast, s),)) for s, label in enumerate(labels))
    frequency, columns = forecast.frequency, forecast.columns

    def written(positions: NDArray[np.int64]) -> Iterable[object]:
        return list(columns.written(frequency.times(positions)))

    every = seasons or frequency.seasons
    shown = Tracks(tracks, (name,), columns, written, every, forecast.horizon, len(forecast.ids))
    what = counted(forecast.horizon, "step")
    return tracks_section(f"{forecast.columns.target}: history and the forecast of {what}", shown)


def tracks_section(title: str, shown: Tracks) -> Section:
    """Show the series one at a time, and say what was left out of them."""
    block, left_out = explorer(title, shown)
    notes = [Text(f"{'; '.join(left_out)}: a page holds no more.".capitalize(), "note")] if left_out else []
    return Section("forecasts", "Forecasts", (block, *notes, Text(ROUNDED)))


def seen_of(panel: Panel) -> list[tuple[int, Values]]:
    """Return the first grid position and the values of each series."""
    return [(start, y) for _, start, y in panel]


def recent_of(forecast: Forecast, recent: Values) -> list[tuple[int, Values]]:
    """Return the first grid position and the values of the last values [S, n] kept in a model file, up to each
    cutoff."""
    found = []
    for s, y in enumerate(recent):
        known = np.flatnonzero(~np.isnan(y))
        past = y[known[0] :] if len(known) else y[:0]
        found.append((int(forecast.cutoff[s]) + 1 - len(past), past))
    return found
