"""Choose the covariates that nets see: those that improve a linear forecast of values that it was not fitted to.

A covariate that explains nothing still costs a net accuracy, time and, if known ahead, rows of the future. So a ridge
regression of future values on recent ones is fitted with and without each covariate, and its squared errors are
compared on parts of the data that were left out in turn (Granger 1969, with held-out errors instead of an F-test).
Everything follows from sums of squares and products, as in `training.regression`.

T origins, H horizon, F features, P parts of the time, C encoded columns.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.choices.choice import GIVEN
from rnncast.config import ROLES, Config
from rnncast.frame.exogenous import calendar, exogenous_of
from rnncast.plain import counted
from rnncast.series.encoding import Codes, Encoding
from rnncast.series.panel import Panel
from rnncast.values import Values

LEAST_GAIN = 0.01  # of the squared error
LEAST_T = 2.0  # mean gain over the parts, in standard errors
PARTS, TURNS = 8, 4  # a part has stretches of time in all seasons: the parts take turns
FEWEST = 100  # targets; of fewer, no covariate is judged
MOST_SERIES, MOST_ORIGINS = 100, 8000
FEWEST_LAGS, MOST_LAGS = 3, 24
LEADS = 3  # lead times tried
PENALTY = 0.002  # of the mean square of a standardised feature
LIMIT = 10.0  # scales, beyond which a value counts no more

Names = tuple[str, ...]
Columns = dict[str, list[int]]  # features of each covariate, by its name; those of recent values by ""


class Task(NamedTuple):
    """A linear forecast: of logarithms or not, with a main season, 1 if there is none, and cycles of the calendar."""

    log: bool
    season: int
    horizon: int
    cycles: Names


@dataclass(frozen=True)
class _Sums:
    """Squares and products [P, F, F] of features, with targets [P, F], and squares of targets [P], at a lead time.

    number: of targets.
    """

    squares: Values
    products: Values
    targets: Values
    number: int

    @classmethod
    def of(cls, x: Values, y: Values, part: NDArray[np.int64]) -> "_Sums":
        """Sum over features [T, F] and targets [T], NaN = missing, by the part [T] of the data that they lie in."""
        own = [(part == p) & ~np.isnan(y) for p in range(PARTS)]
        squares, products = (np.stack([x[p].T @ each[p] for p in own]) for each in (x, y))
        return cls(squares, products, np.array([y[p] @ y[p] for p in own]), int(np.isfinite(y).sum()))

    def errors(self, chosen: list[int]) -> Values:
        """Return the squared error [P] on each part of the regression on chosen features fitted to the others."""
        squares, products = self.squares[:, chosen][:, :, chosen], self.products[:, chosen]
        size = np.sqrt(np.maximum(np.einsum("pff->f", squares), np.finfo(float).tiny))
        squares, products = squares / (size[:, None] * size), products / size
        rest, of_rest = squares.sum(0) - squares, products.sum(0) - products  # sums over the other parts
        weight = np.linalg.solve(rest + PENALTY * np.eye(len(chosen)), of_rest[..., None])[..., 0]
        fitted = np.einsum("pf,pfg,pg->p", weight, squares, weight) - 2 * (weight * products).sum(1)
        errors: Values = np.maximum(self.targets + fitted, np.finfo(float).tiny)
        return errors


def unused_of(config: Config, panel: Panel, encoding: Encoding, task: Task) -> tuple[Names, str]:
    """Choose the covariates of a panel that are left out, with the reason."""
    names = [code.name for codes in encoding.codes.values() for code in codes]
    if config.net.covariate_selection == "none":
        return (), GIVEN
    columns, sums = _summed(encoding.encode(panel), encoding, task)
    number = int(min((each.number for each in sums), default=0))
    if number < FEWEST or not all((each.targets > 0).all() for each in sums):
        return (), f"{counted(number, 'value')} are too few to judge them by"
    used = _selected(columns, sums)
    unused = tuple(name for name in names if name not in used)
    if not unused:
        return (), "each improves a linear forecast of held-out values"
    return unused, f"{', '.join(unused)} left out: no clear improvement of a linear forecast of held-out values"


def _selected(columns: Columns, sums: list[_Sums]) -> list[str]:
    """Return the covariates that help, found one after another, the best first."""
    chosen, used = columns[""], list[str]()
    while True:
        before, gains = [each.errors(chosen) for each in sums], {}
        for name in columns:
            if name and name not in used:
                after = [each.errors(chosen + columns[name]) for each in sums]
                gains[name] = np.log(sum(before) / sum(after))  # [P]
        clear = {name: float(gain.mean()) for name, gain in gains.items() if _clear(gain)}
        if not clear:
            return used
        used.append(max(clear, key=lambda name: clear[name]))
        chosen = chosen + columns[used[-1]]


def _clear(gain: Values) -> bool:
    error = float(gain.std(ddof=1)) / len(gain) ** 0.5
    return bool(gain.mean() >= max(LEAST_GAIN, LEAST_T * error))


def _summed(panel: Panel, encoding: Encoding, task: Task) -> tuple[Columns, list[_Sums]]:
    """Return the features, and the sums of an encoded panel at each lead time."""
    rows = np.unique(np.linspace(0, len(panel) - 1, min(len(panel), MOST_SERIES)).astype(int))
    step = max(1, int(panel.lengths[rows].sum()) // MOST_ORIGINS)
    ends = np.concatenate([panel.start[rows], panel.ends[rows] + 1])
    borders = np.linspace(ends.min(), ends.max(), PARTS * TURNS + 1)[1:-1]
    series = [each for s in rows if (each := _Series.of(panel, int(s), encoding, task, step)) is not None]
    columns, sums = Columns(), list[_Sums]()
    for lead in np.unique(np.linspace(1, task.horizon, LEADS).astype(int)).tolist() if series else ():
        found = [own.features(lead) for own in series]
        x = np.concatenate([np.concatenate(list(named.values()), 1) for named in found])
        y = np.concatenate([own.target(lead) for own in series])
        part = np.concatenate([np.searchsorted(borders, own.start + own.origins, side="right") for own in series])
        part = part % PARTS
        stops = np.cumsum([features.shape[1] for features in found[0].values()]).tolist()
        starts = [0, *stops[:-1]]
        columns = {name: list(range(*ends)) for name, *ends in zip(found[0], starts, stops, strict=True)}
        sums.append(_Sums.of(x, y, part))
    return columns, sums


@dataclass(frozen=True)
class _Series:
    """A series in units of its own, with its encoded covariates, as it is seen at some origins.

    y [N], NaN = missing; filled [N]: with the last value in place of missing ones; level [N]: the mean of the last
    season; waves [N+H, W]: of the calendar; known [N+H, K] and past [N, K], by name; static [K], by name.
    """

    y: Values
    filled: Values
    level: Values
    start: int
    origins: NDArray[np.int64]
    season: int
    waves: Values
    known: dict[str, Values]
    past: dict[str, Values]
    static: dict[str, Values]

    @classmethod
    def of(cls, panel: Panel, s: int, encoding: Encoding, task: Task, step: int) -> "_Series | None":
        """Take a series of an encoded panel, with an origin every `step` values; None if too short or constant."""
        own, rows, m, start = panel[s].y, np.array([s]), task.season, int(panel.start[s])
        origins = np.arange(max(2 * m, FEWEST_LAGS), len(own) - 1, step)
        y = np.log(own) if task.log else own
        scale = np.abs(y[m:] - y[:-m])
        if not len(origins) or not (size := float(np.nansum(scale)) / max(int((~np.isnan(scale)).sum()), 1)) > 0:
            return None
        y = y / size
        last = np.maximum.accumulate(np.where(np.isnan(y), 0, np.arange(len(y))))
        filled = np.nan_to_num(y[last])
        seen = exogenous_of(panel, rows, (), task.horizon, align="start")
        known = np.concatenate((seen.covariates[0, :, : encoding.widths["known"]], seen.ahead[0]))
        past = seen.covariates[0, :, encoding.widths["known"] :]
        waves = calendar(panel.frequency, start + np.arange(len(y) + task.horizon), task.cycles)
        named = (_named(encoding.codes[role], x) for role, x in zip(ROLES, (known, past, seen.now[0]), strict=True))
        return cls(y, filled, _trailing(filled, m), start, origins, m, waves, *named)

    def target(self, lead: int) -> Values:
        """Return the values [T] to forecast, in units of the series, from the level; NaN = missing."""
        at = self.origins + lead
        found = np.where(at < len(self.y), self.y[np.minimum(at, len(self.y) - 1)], np.nan)
        return np.clip(found - self.level[self.origins], -LIMIT, LIMIT)

    def features(self, lead: int) -> dict[str, Values]:
        """Return the features [T, F] of recent values and the calendar, "", and of each covariate, by its name."""
        t, m = self.origins, self.season
        level, at = self.level[t], t + lead
        again = at - m * -(-lead // m)  # the step that the season repeats
        recent = [self.filled[t - lag] - level for lag in range(min(max(m, FEWEST_LAGS), MOST_LAGS))]
        repeats = [self.filled[again] - level, self.filled[again - m] - level, self.level[t - m] - level]
        own = np.clip(np.stack([*recent, *repeats], 1), -LIMIT, LIMIT)
        named = {"": np.concatenate((np.ones((len(t), 1)), own, self.waves[at]), 1)}
        for name, x in self.known.items():
            named[name] = _with_squares(x[at], x[at] - x[again], x[at] - _trailing(x, m)[t])
        for name, x in self.past.items():
            named[name] = _with_squares(x[t], x[t] - x[t - 1], x[t] - _trailing(x, m)[t])
        for name, x in self.static.items():
            kind = np.repeat(x[:1], len(t), axis=0)
            named[name] = np.concatenate([kind, *(kind * each[:, None] for each in own[:, -3:].T)], 1)
        return named


def _named(codes: Codes, x: Values) -> dict[str, Values]:
    """Return encoded columns [..., C] by the covariate that they are of."""
    stops = np.cumsum([code.width for code in codes], dtype=int).tolist()
    return {code.name: x[..., stop - code.width : stop] for code, stop in zip(codes, stops, strict=True)}


def _with_squares(x: Values, *others: Values) -> Values:
    return np.concatenate((x, x * x, *others), 1)


def _trailing(x: Values, steps: int) -> Values:
    """Return the mean of the last steps of x [N, ...]; of fewer at its beginning."""
    sums = np.cumsum(x, 0)
    before = np.concatenate((np.zeros_like(sums[:steps]), sums[:-steps]))[: len(x)]
    number = np.minimum(np.arange(1, len(x) + 1), steps)
    mean: Values = (sums - before) / number.reshape(-1, *(1,) * (x.ndim - 1))
    return mean
