"""Base forecasts: naive forecasts that a net mixes and corrects. Each is a value with a `forecast` method.

Everything a forecast depends on is computed once for every step, as tracks [B, N] by name: "past", "filled" (the past
with imputed values), "known" (covariates known ahead [B, N+H, C], if any), and those that each base forecast adds. A
forecast then only looks values up.

A model names its base forecasts, so adding a kind here changes no existing model.

B series, T steps, H horizon, N = L + T values: the T steps and the L before them. `now` is the range of the places of
the steps among the N values.
"""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from rnncast.errors import UsageError
from rnncast.frame.places import moved, repeated, steps_ahead
from rnncast.series.arrays import (
    Array,
    at,
    full,
    joined,
    namespace,
    running_total,
    take_along,
    where_missing,
    whole_numbers,
)

SHAPE_SEASONS = 4  # seasons averaged for a mean shape
DRIFT_STEPS = 24  # steps averaged for the mean change, if there is no season
MATCHED_SEASONS = 4  # seasons searched for a step with similar covariates
SMOOTHINGS = {10: 32, 40: 8}  # weight of the newest value in percent, and number of steps that are smoothed over

PAST, FILLED, KNOWN = "past", "filled", "known"  # the tracks from which the others are computed

Tracks = Mapping[str, Array]


class Baseline(Protocol):
    """A base forecast."""

    @property
    def reach(self) -> int:
        """Number of past values that a forecast depends on."""
        ...

    def track(self, tracks: Tracks) -> Tracks:
        """Return the tracks that its forecasts need beyond the given ones."""
        ...

    def forecast(self, tracks: Tracks, now: range, horizon: int) -> Array:
        """Return the forecasts [B, T, H] of the next steps, NaN where there is nothing to forecast from."""
        ...


def baselines_of(seasons: Sequence[int], spans: Sequence[int], *, known: bool = False) -> tuple[str, ...]:
    """Return the names of the base forecasts that suit the seasons and level spans, the main ones first.

    known: whether any covariates are known ahead.
    """
    main = seasons[0] if seasons else 1
    last = (f"last-{lag}" for lag in dict.fromkeys((*spans, *seasons, 1)))
    mean = (f"mean-{season}" for season in seasons)
    smooth = (f"ses{percent}-{main}" for percent in SMOOTHINGS)
    return (*([f"matched-{main}"] if known else []), *last, *mean, *smooth, f"drift-{main}")


@lru_cache(maxsize=256)
def find_baseline(name: str) -> Baseline:
    """Return the base forecast of a name, such as last-12. Raises UsageError, listing the kinds, if there is none."""
    found = _NAME.fullmatch(name)
    kind = _KINDS.get(found[1]) if found else None
    if found is None or kind is None:
        raise UsageError(
            f"there is no base forecast {name!r}", hint="there are last-M, mean-M, ses10-M, ses40-M and drift-M"
        )
    return kind(int(found[2]))


def tracks_of(tracks: Tracks, names: Sequence[str]) -> Tracks:
    """Return the tracks of base forecasts by name, added to those of the past as it is and with imputed values."""
    for name in names:
        tracks = {**tracks, **find_baseline(name).track(tracks)}
    return tracks


@dataclass(frozen=True)
class LastPeriod:
    """Base forecast last-m: the last m values repeated; if one is missing, the value a period earlier."""

    period: int

    @property
    def reach(self) -> int:
        """Number of past values: two periods."""
        return 2 * self.period

    def track(self, tracks: Tracks) -> Tracks:
        """Return no tracks: the past itself is enough."""
        return {}

    def forecast(self, tracks: Tracks, now: range, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        past, before = tracks[PAST], moved(now, -self.period)
        return where_missing(
            repeated(past, now, horizon, self.period), lambda: repeated(past, before, horizon, self.period)
        )


@dataclass(frozen=True)
class MeanShape:
    """Base forecast mean-m: the mean shape of the last few seasons of m, added to the mean of the last one."""

    season: int

    @property
    def reach(self) -> int:
        """Number of past values: the seasons of the shape."""
        return SHAPE_SEASONS * self.season

    @property
    def _mean(self) -> str:
        return f"mean-{self.season}"

    @property
    def _sum(self) -> str:
        return f"sum-{self.season}"

    @property
    def _number(self) -> str:
        return f"number-{self.season}"

    def track(self, tracks: Tracks) -> Tracks:
        """Return the moving mean of imputed values, since the observed part of a season alone may have another mean.

        If no value is missing after the first of a series, also the sum of each value and those one to three seasons
        before it, and their number.
        """
        past, xp = tracks[PAST], namespace(tracks[PAST])
        means = {self._mean: moving_mean(tracks[FILLED], self.season)}
        seen = ~xp.isnan(past)
        known, lags = seen * xp.ones_like(past), range(0, SHAPE_SEASONS * self.season, self.season)
        each = [_before(known, lag) for lag in lags]
        for nearer, further in itertools.pairwise(each):
            if (further > nearer).any():
                return means
        values = xp.where(seen, past, 0.0)
        return {**means, self._sum: sum(_before(values, lag) for lag in lags), self._number: sum(each)}

    def forecast(self, tracks: Tracks, now: range, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        if self._sum not in tracks:
            return self._of_holes(tracks, now, horizon)
        xp, season = namespace(tracks[PAST]), self.season
        counts = tracks[self._number][:, now.start + 1 - season : now.stop]  # of every value that is repeated
        fewest, most = int(counts.min()), int(counts.max())
        total, mean = repeated(tracks[self._sum], now, horizon, season), self._mean_at(tracks, now)
        before = [self._mean_at(tracks, moved(now, -season * back)) for back in range(most)]
        sums = [xp.zeros_like(mean), *itertools.accumulate(before)]  # of the means of 0, 1, ... seasons [B, T, 1]
        if fewest == most > 0:
            return total / most + (mean - sums[most] / most)
        number, own = repeated(tracks[self._number], now, horizon, season), sums[fewest]
        for count in range(fewest + 1, most + 1):
            own = xp.where(number >= count, sums[count], own)
        return mean + xp.where(number > 0, (total - own) / xp.clip(number, 1, None), float("nan"))

    def _of_holes(self, tracks: Tracks, now: range, horizon: int) -> Array:
        """Return the forecasts [B, T, H] where any value may be missing."""
        past, xp = tracks[PAST], namespace(tracks[PAST])
        total, number = 0.0, 0.0
        for back in range(0, SHAPE_SEASONS * self.season, self.season):
            then = moved(now, -back)
            apart = repeated(past, then, horizon, self.season) - self._mean_at(tracks, then)
            known = ~xp.isnan(apart)
            total, number = total + xp.where(known, apart, 0.0), number + known
        mean = self._mean_at(tracks, now)
        return mean + xp.where(number > 0, total / xp.clip(number, 1, None), float("nan"))

    def _mean_at(self, tracks: Tracks, places: range) -> Array:
        """Return the moving mean [B, T, 1] at some places."""
        return at(tracks[self._mean], places)[..., None]


@dataclass(frozen=True)
class SmoothedLevel:
    """Base forecast ses10-m: the shape of a season added to a smoothed level.

    percent: weight of the newest value in that level. The shape is that of classical decomposition, the mean distance
    from a centred mean over the last few seasons. The level is found by simple exponential smoothing of the
    deseasonalised values. Source: Brown (1959); Holt (1957).
    """

    percent: int
    season: int

    @property
    def reach(self) -> int:
        """Number of past values: the seasons of the shape with half a season on each side, and the steps smoothed
        over."""
        return (SHAPE_SEASONS + 2) * self.season + SMOOTHINGS[self.percent]

    @property
    def _shape(self) -> str:
        return f"shape-{self.season}"

    @property
    def _track(self) -> str:
        return f"ses{self.percent}-{self.season}"

    def track(self, tracks: Tracks) -> Tracks:
        """Return the shape of the season, shared by all of its smoothed levels, and the smoothed level."""
        shape = tracks[self._shape] if self._shape in tracks else seasonal_shape(tracks[PAST], self.season)
        rest = tracks[PAST] - _before(shape, self.season, float("nan"))
        return {self._shape: shape, self._track: self._smoothed(rest)}

    def forecast(self, tracks: Tracks, now: range, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        # The latest steps at the same places in the season whose centred means are already known.
        half = self.season // 2
        shape = repeated(tracks[self._shape], moved(now, -half), half + horizon, self.season)[:, :, half:]
        return at(tracks[self._track], now)[..., None] + shape

    def _smoothed(self, rest: Array) -> Array:
        xp = namespace(rest)
        known = ~xp.isnan(rest)
        total, weight, left = xp.where(known, rest, 0.0), known * xp.ones_like(rest), 1 - self.percent / 100
        steps = 1
        while steps < SMOOTHINGS[self.percent]:  # each round doubles the number of steps summed
            total, weight = (part + left**steps * _before(part, steps) for part in (total, weight))
            steps *= 2
        return xp.where(weight > 0, total / xp.where(weight > 0, weight, 1.0), float("nan"))


@dataclass(frozen=True)
class Drift:
    """Base forecast drift-m: the last season repeated, each time plus the mean change from season to season.

    Without a season (m = 1), the last value plus the mean step of the last few.
    """

    season: int

    @property
    def steps(self) -> int:
        """Steps that the mean change is taken over."""
        return self.season if self.season > 1 else DRIFT_STEPS

    @property
    def reach(self) -> int:
        """Number of past values: the changes, and a season before the first."""
        return self.season + self.steps

    @property
    def _track(self) -> str:
        return f"drift-{self.season}"

    def track(self, tracks: Tracks) -> Tracks:
        """Return the mean change."""
        return {self._track: mean_change(tracks[PAST], self.season, self.steps)}

    def forecast(self, tracks: Tracks, now: range, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        change = tracks[self._track]
        times = (whole_numbers(1, horizon, change) + self.season - 1) // self.season  # [H]
        return LastPeriod(self.season).forecast(tracks, now, horizon) + at(change, now)[..., None] * times


@dataclass(frozen=True)
class Matched:
    """Base forecast matched-m: the value at the same place in an earlier season, by similarity of known covariates.

    It is the value whose covariates are most like those ahead; of equally similar ones, the latest.
    """

    season: int

    @property
    def reach(self) -> int:
        """Number of past values: the seasons searched."""
        return MATCHED_SEASONS * self.season

    def track(self, tracks: Tracks) -> Tracks:
        """Return no tracks: the past and the known covariates are enough."""
        return {}

    def forecast(self, tracks: Tracks, now: range, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        return self.found(tracks, now, horizon)[0]

    def found(self, tracks: Tracks, now: range, horizon: int) -> tuple[Array, Array]:
        """Return the forecasts [B, T, H], and the known covariates [B, T, H, C] of the steps they are copied from."""
        past, known = tracks[PAST], tracks[KNOWN]
        xp = namespace(past)
        ahead = steps_ahead(known, now, horizon)
        value, source = (repeated(track, now, horizon, self.season) for track in (past, known))
        distance = None
        for back in range(0, MATCHED_SEASONS * self.season, self.season):
            then = moved(now, -back)
            there, covariates = (repeated(track, then, horizon, self.season) for track in (past, known))
            apart = xp.where(xp.isnan(there), float("inf"), ((covariates - ahead) ** 2).sum(-1))
            if distance is None:
                distance = apart
            nearer = apart < distance
            value, distance = xp.where(nearer, there, value), xp.where(nearer, apart, distance)
            source = xp.where(nearer[..., None], covariates, source)
        return value, source


_NAME = re.compile(r"([a-z]+\d*)-([1-9]\d{0,8})")
_KINDS: dict[str, Callable[[int], Baseline]] = {
    "last": LastPeriod,
    "mean": MeanShape,
    "ses10": lambda season: SmoothedLevel(10, season),
    "ses40": lambda season: SmoothedLevel(40, season),
    "drift": Drift,
    "matched": Matched,
}


def seasonal_shape(past: Array, season: int) -> Array:
    """Return the mean distance [B, N] of each value, and those whole seasons before it, from centred means.

    NaN where it depends on values after the end of the past.
    """
    xp, half = namespace(past), season // 2
    if season == 1:
        return xp.zeros_like(past)
    mean = joined(moving_mean(past, season), full((past.shape[0], half), float("nan"), past))
    centred = mean[:, half:]
    if season % 2 == 0:  # half the weight at each end centres a mean over an even number of steps
        centred = (centred + mean[:, half - 1 : -1]) / 2
    apart = past - centred
    known = ~xp.isnan(apart)
    total, number = xp.where(known, apart, 0.0), known * xp.ones_like(apart)
    total, number = (sum(_before(part, back * season) for back in range(SHAPE_SEASONS)) for part in (total, number))
    return xp.where(number > 0, total / xp.clip(number, 1, None), float("nan"))


def mean_change(past: Array, lag: int, steps: int) -> Array:
    """Return the mean [B, N] of y(t) - y(t-lag) over the last steps where both are observed; 0 where they never are."""
    xp = namespace(past)
    if past.shape[1] <= lag:
        return xp.zeros_like(past)
    change = past[:, lag:] - past[:, :-lag]
    known = ~xp.isnan(change)
    total = _of_last(xp.where(known, change, 0.0), steps)
    count = _of_last(known * xp.ones_like(change), steps)
    return joined(full((past.shape[0], lag), 0.0, past), total / xp.clip(count, 1, None))


def moving_mean(past: Array, season: int) -> Array:
    """Return the mean [B, N] of the observed values in the season up to each step; NaN if there are none, or too
    early."""
    xp = namespace(past)
    seen = ~xp.isnan(past)
    nothing = full((past.shape[0], season - 1), float("nan"), past)
    if seen.all():
        total = running_total(past - past[:, :1])
        return joined(nothing, (total[:, season:] - total[:, :-season]) / season + past[:, :1])
    # Computed around the first value, so that small movements of large values keep their digits.
    centre = xp.nan_to_num(take_along(past, xp.where(seen, 1, 0).argmax(1)[:, None]))
    total = running_total(xp.where(seen, past, centre) - centre)
    number = running_total(seen * xp.ones_like(past))
    number = number[:, season:] - number[:, :-season]
    mean = (total[:, season:] - total[:, :-season]) / xp.clip(number, 1, None) + centre
    return joined(nothing, xp.where(number > 0, mean, float("nan")))


def _of_last(x: Array, steps: int) -> Array:
    """Return the sum of the last `steps` of x [B, N] at each step, or of fewer at the start."""
    total = running_total(x)  # [B, 1+N], from 0
    early = joined(*([total[:, :1]] * min(steps, x.shape[1])), total[:, 1 : max(x.shape[1] - steps, 0) + 1])
    return total[:, 1:] - early


def _before(x: Array, steps: int, first: float = 0.0) -> Array:
    """Return x [B, N] shifted by `steps`, with `first` in the places before it starts."""
    steps = min(steps, x.shape[1])
    return joined(full((x.shape[0], steps), first, x), x[:, : x.shape[1] - steps])
