"""Sums of forecasts over steps and over series, with intervals from sample paths; sums of observed values over series.

S series, H steps, P paths, R sums.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import DataError, UsageError
from rnncast.series.forecast import Forecast, Paths
from rnncast.series.panel import KEY_MARK, Columns, Panel
from rnncast.times.frequency import Times
from rnncast.times.zones import utc_offsets
from rnncast.values import Values

PATHS = 1000  # default number of sample paths for sums
PERIODS = ("month", "quarter", "year", "all")
TOTAL = "total"  # id of the sum over all series


@dataclass(frozen=True)
class Sums:
    """Sums of forecasts over periods.

    ids [R]; period [R], "2024-03"; ends [R, 2], the times of its first and last step; steps [R], their number; point
    [R], the median; quantiles [R, Q] at `probabilities`. whole [R]: whether the forecast covers all steps of the
    period. by_level: as in `Forecast`.
    """

    ids: tuple[str, ...]
    period: tuple[str, ...]
    ends: Times
    steps: NDArray[np.int64]
    point: Values
    quantiles: Values
    probabilities: tuple[float, ...]
    whole: NDArray[np.bool_]
    by: str
    columns: Columns
    by_level: bool = True

    @property
    def levels(self) -> tuple[float, ...]:
        """Central intervals that the probabilities contain, in percent, the narrowest first."""
        return tuple(round(100 - 200 * p, 8) for p in reversed(self.probabilities) if p < 0.5)


def total_of(paths: Paths, by: tuple[str, ...] = (), *, whole: bool = False) -> Paths:
    """Return the paths of sums over all series, or over those with equal values in some id columns.

    whole: whether the sum of all follows those of groups. Sums are at the times that all series forecast. Raises
    UsageError, naming it, for a column that is not an id; DataError if the series have no time in common.
    """
    keys, columns = sum_of_each(paths, by), paths.columns
    first, last = int(paths.cutoff.max()), int(paths.cutoff.min()) + paths.horizon  # cutoffs of the common steps
    if first >= last:
        early, late = (int(find(paths.cutoff)) for find in (np.argmin, np.argmax))
        ends = columns.written(paths.frequency.times(paths.cutoff[[early, late]]))
        raise DataError(
            f"series {columns.label(paths.ids[early])!r} ends at {ends[0]} and {columns.label(paths.ids[late])!r} at "
            f"{ends[1]}: their forecasts have no time in common to add up at",
            hint="leave out series that have ended, or ask for a longer --horizon",
        )
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    values = np.zeros((len(places), last - first, paths.values.shape[2]))
    for key, cutoff, own in zip(keys, paths.cutoff.tolist(), paths.values, strict=True):
        values[places[key]] += own[first - cutoff : last - cutoff]
    groups = [*places]
    if whole and by:
        groups.append(name_of_total(groups, by))
        values = np.concatenate([values, values.sum(axis=0, keepdims=True)])
    cutoffs = np.full(len(groups), first)
    return replace(
        paths, ids=tuple(groups), cutoff=cutoffs, values=values, columns=replace(columns, ids=by or ("series",))
    )


def history_of(seen: Sequence[Values], found: Forecast, by: tuple[str, ...] = ()) -> list[Values]:
    """Return the sums of the observed values, up to where the forecast of `total_of` begins; NaN where any is
    missing."""
    keys, last = sum_of_each(found, by), found.cutoff.max()
    sums = []
    for key in dict.fromkeys(keys):
        own = [s for s, each in enumerate(keys) if each == key]
        padded = [np.append(seen[s], np.full(int(last - found.cutoff[s]), np.nan)) for s in own]
        length = min(map(len, padded))
        sums.append(np.sum([each[len(each) - length :] for each in padded], axis=0))
    return sums


def panel_of_sums(panel: Panel, members: Mapping[str, Sequence[str]], by: tuple[str, ...] = ()) -> Panel:
    """Return the sums of the values of some series of a panel, by id: members of each by their ids.

    NaN where any is missing. A sum is left out if the panel lacks one of its series, or they have no values at the same
    time.
    """
    places = {name: s for s, name in enumerate(panel.ids)}
    sums, starts = {}, []
    for key, names in members.items():
        if any(name not in places for name in names):
            continue
        own = [panel[places[name]] for name in names]
        start, end = max(each.start for each in own), min(each.start + len(each.y) for each in own)
        total = np.zeros(max(end - start, 0))
        for each in own:
            total += each.y[start - each.start : start - each.start + len(total)]
        known = np.flatnonzero(~np.isnan(total))
        if len(known):
            sums[key] = total[known[0] :]
            starts.append(start + int(known[0]))
    columns = replace(panel.columns, ids=by or ("series",))
    if not sums:
        raise DataError("the series have no values at the same time to add up", hint="leave out series that have ended")
    return Panel.from_series(sums, start=np.array(starts, np.int64), frequency=panel.frequency, columns=columns)


def sum_of_each(found: Forecast | Paths | Panel, by: tuple[str, ...], more: str = "") -> list[str]:
    """Return the sum that each series belongs to. Raises UsageError, naming it, for a column that is not an id.

    more: what else can be asked for, for the hint.
    """
    columns = found.columns
    for name in by:
        if name not in columns.ids:
            hint = f"the id columns are: {', '.join(columns.ids)}" if columns.ids else "these data are one series"
            hint = f"{hint}; name several with --id{more}"
            raise UsageError(f"--by {name}: there is no id column of that name", hint=hint)
    places = [columns.ids.index(name) for name in by]
    return [KEY_MARK.join(columns.parts(name)[place] for place in places) or TOTAL for name in found.ids]


def name_of_total(keys: Sequence[str], by: tuple[str, ...]) -> str:
    """Return the id of the sum of all series beside the sums of groups, which may be called total themselves."""
    name = "all" if by and TOTAL in keys else TOTAL
    return KEY_MARK.join([name, *[""] * (len(by) - 1)])


def forecast_of(paths: Paths, probabilities: tuple[float, ...], *, by_level: bool) -> Forecast:
    """Return the forecast given by paths: their median and quantiles at each step."""
    quantiles = np.moveaxis(np.quantile(paths.values, probabilities, axis=2), 0, -1)
    point = np.median(paths.values, axis=2)
    ids, cutoff, columns = paths.ids, paths.cutoff, paths.columns
    return Forecast(ids, cutoff, point, quantiles, probabilities, paths.frequency, columns, by_level=by_level)


def sums_of(paths: Paths, by: str, probabilities: tuple[float, ...], *, by_level: bool) -> Sums:
    """Return the sums of each series over each month, quarter or year of its forecast, or over all of it.

    Raises UsageError for periods that the times do not have.
    """
    if by not in PERIODS:
        raise UsageError(f"--sum is {by!r}, but must be one of {', '.join(PERIODS)}")
    if by != "all" and paths.frequency.unit == "step":
        raise UsageError(f"--sum {by} needs dates, and these steps are numbered", hint="use --sum all")
    label, times = _LABELS[by], paths.time  # [S, H]
    clocks = _local(times, paths.columns)
    around = _local(paths.frequency.times(paths.cutoff[:, None] + np.array([0, paths.horizon + 1])), paths.columns)
    ids, periods, places, whole = [], [], [], []
    for s, name in enumerate(paths.ids):
        labels, beside = [label(time) for time in clocks[s]], [label(time) for time in around[s]]
        for period in dict.fromkeys(labels):
            own = [h for h, each in enumerate(labels) if each == period]
            ids.append(name)
            periods.append(period)
            places.append((s, own[0], own[-1] + 1))
            whole.append(by == "all" or period not in beside)
    values = np.array([paths.values[s, a:b].sum(axis=0) for s, a, b in places])  # [R, P]
    ends = np.array([[times[s, a], times[s, b - 1]] for s, a, b in places])
    return Sums(
        tuple(ids),
        tuple(periods),
        ends,
        np.array([b - a for _, a, b in places]),
        np.median(values, axis=1),
        np.quantile(values, probabilities, axis=1).T,
        probabilities,
        np.array(whole),
        by,
        paths.columns,
        by_level,
    )


def _local(times: Times, columns: Columns) -> Times:
    """Return times in the user's zone."""
    if not columns.in_utc:
        return times
    offsets = utc_offsets(times.ravel(), columns.time_zone).astype("timedelta64[us]")
    local: Times = times + offsets.reshape(times.shape)
    return local


def _month(time: np.datetime64) -> str:
    return str(time.astype("datetime64[M]"))


def _quarter(time: np.datetime64) -> str:
    year, month = _month(time).split("-")
    return f"{year}Q{(int(month) + 2) // 3}"


_LABELS: dict[str, Callable[[np.datetime64], str]] = {
    "month": _month,
    "quarter": _quarter,
    "year": lambda time: str(time.astype("datetime64[Y]")),
    "all": lambda time: "all",
}
