"""Base forecasts: naive forecasts that a net mixes and corrects. Each is a value with a `forecast` method.

Everything a forecast depends on is computed once for every step, as tracks [B, N] by name: "past", "filled" (the past
with imputed values), "known" (covariates known ahead [B, N+H, C], if any), and those that each base forecast adds. A
forecast then only looks values up.

A model names its base forecasts, so adding a kind here changes no existing model.

B series, T steps, H horizon, N = L + T values: the T steps and the L before them. `now` [T, 1] are the places of the T
steps among the N values.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from rnncast.errors import UsageError
from rnncast.series.arrays import (
    Array,
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

    def forecast(self, tracks: Tracks, now: Array, horizon: int) -> Array:
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

    def forecast(self, tracks: Tracks, now: Array, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        past, back = tracks[PAST], repeated(now, horizon, self.period)
        return where_missing(past[:, back], lambda: past[:, back - self.period])


@dataclass(frozen=True)
class MeanShape:
    """Base forecast mean-m: the mean shape of the last few seasons of m, added to the mean of the last one."""

    season: int

    @property
    def reach(self) -> int:
        """Number of past values: the seasons of the shape."""
        return SHAPE_SEASONS * self.season

    @property
    def _track(self) -> str:
        return f"mean-{self.season}"

    def track(self, tracks: Tracks) -> Tracks:
        """Return the moving mean of imputed values, since the observed part of a season alone may have another mean."""
        return {self._track: moving_mean(tracks[FILLED], self.season)}

    def forecast(self, tracks: Tracks, now: Array, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        past, mean, xp = tracks[PAST], tracks[self._track], namespace(tracks[PAST])
        back = repeated(now, horizon, self.season)
        total, number = 0.0, 0.0
        for before in range(0, SHAPE_SEASONS * self.season, self.season):
            apart = past[:, back - before] - mean[:, now - before]
            known = ~xp.isnan(apart)
            total, number = total + xp.where(known, apart, 0.0), number + known
        return mean[:, now] + xp.where(number > 0, total / xp.clip(number, 1, None), float("nan"))


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

    def forecast(self, tracks: Tracks, now: Array, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        ahead, season = whole_numbers(1, horizon, now), self.season
        # The latest step at the same place in the season whose centred mean is already known.
        back = now + ahead - season * ((ahead + season // 2 + season - 1) // season)
        return tracks[self._track][:, now] + tracks[self._shape][:, back]

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

    def forecast(self, tracks: Tracks, now: Array, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        times = (whole_numbers(1, horizon, now) + self.season - 1) // self.season  # [H]
        return LastPeriod(self.season).forecast(tracks, now, horizon) + tracks[self._track][:, now] * times


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

    def forecast(self, tracks: Tracks, now: Array, horizon: int) -> Array:
        """Return the forecasts [B, T, H]."""
        return self.found(tracks, now, horizon)[0]

    def found(self, tracks: Tracks, now: Array, horizon: int) -> tuple[Array, Array]:
        """Return the forecasts [B, T, H], and the known covariates [B, T, H, C] of the steps they are copied from."""
        past, known = tracks[PAST], tracks[KNOWN]
        xp = namespace(past)
        ahead, last = known[:, steps_ahead(now, horizon)], repeated(now, horizon, self.season)
        value, source, distance = past[:, last], known[:, last], None
        for back in range(0, MATCHED_SEASONS * self.season, self.season):
            there, covariates = past[:, last - back], known[:, last - back]
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


def steps_ahead(now: Array, horizon: int) -> Array:
    """Return the places [T, H] of the next steps."""
    return now + whole_numbers(1, horizon, now)


def repeated(now: Array, horizon: int, lag: int) -> Array:
    """Return the places [T, H] of the values used for the next steps when the last `lag` values are repeated."""
    ahead = whole_numbers(1, horizon, now)
    return now + ahead - lag * ((ahead + lag - 1) // lag)


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
