"""Base forecasts: honest naive ones, which a net mixes and corrects.

What a forecast rests on is computed once for each step, as tracks [B, N] by name: "past", "filled" (the past with
stand-ins), and what the bases of a frame need beside them. A forecast then only looks values up.

B series, T steps, H horizon, N = L + T values of the past with those before the first step. `now` [T, 1] are the places
of the steps in the past.
"""

from collections.abc import Mapping, Sequence

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

SHAPE_SEASONS = 4  # that a season's mean shape is taken over
DRIFT_STEPS = 24  # that the mean step is taken over, where there is no season
MATCHED_SEASONS = 4  # in which a step of like covariates is looked for
SMOOTHINGS = {10: 32, 40: 8}  # percent of the newest value in a smoothed level, and steps that it is smoothed over


def steps_ahead(now: Array, horizon: int) -> Array:
    """The places of the next steps [T, H]."""
    return now + whole_numbers(1, horizon, now)


def repeated(now: Array, horizon: int, lag: int) -> Array:
    """The places [T, H] of the values that repeating the last `lag` values gives for the next steps."""
    ahead = whole_numbers(1, horizon, now)
    return now + ahead - lag * ((ahead + lag - 1) // lag)


Tracks = Mapping[str, Array]


def tracks_of(past: Array, filled: Array, names: Sequence[str]) -> dict[str, Array]:
    """The tracks of the bases of these names, such as last-12."""
    tracks = {"past": past, "filled": filled}
    for name in names:
        kind, season = _kind(name)
        if kind == "mean":
            # Of the past with stand-ins: a day without its nights has another mean than a whole one.
            tracks[name] = moving_mean(filled, season)
        elif kind == "drift":
            tracks[name] = mean_change(past, season, season if season > 1 else DRIFT_STEPS)
        elif kind.startswith("ses"):
            shape = f"shape-{season}"
            if shape not in tracks:  # every smoothed level of a season rests on the same
                tracks[shape] = _seasonal(past, season)
            tracks[name] = _smoothed(past - _before(tracks[shape], season, float("nan")), int(kind.removeprefix("ses")))
    return tracks


def base_forecast(name: str, tracks: Tracks, now: Array, horizon: int) -> Array:
    """The base forecast [B, T, H] of a name."""
    kind, season = _kind(name)
    if kind == "mean":
        return mean_shape(tracks["past"], tracks[name], now, horizon, season)
    if kind == "drift":
        return drift(tracks["past"], tracks[name], now, horizon, season)
    if kind.startswith("ses"):
        return upon_level(tracks[name], tracks[f"shape-{season}"], now, horizon, season)
    return last_period(tracks["past"], now, horizon, season)


def _kind(name: str) -> tuple[str, int]:
    kind, _, season = name.partition("-")
    return kind, int(season)


def last_period(past: Array, now: Array, horizon: int, lag: int) -> Array:
    """The last `lag` values repeated [B, T, H]; where one is missing, the one a period earlier."""
    back = repeated(now, horizon, lag)
    return where_missing(past[:, back], lambda: past[:, back - lag])


def mean_shape(past: Array, mean: Array, now: Array, horizon: int, season: int) -> Array:
    """The mean shape of the last few seasons, each about its own mean, upon the mean of the last [B, T, H]."""
    xp = namespace(past)
    back = repeated(now, horizon, season)
    total, number = 0.0, 0.0
    for before in range(0, SHAPE_SEASONS * season, season):
        apart = past[:, back - before] - mean[:, now - before]
        known = ~xp.isnan(apart)
        total, number = total + xp.where(known, apart, 0.0), number + known
    return mean[:, now] + xp.where(number > 0, total / xp.clip(number, 1, None), float("nan"))


def upon_level(level: Array, shape: Array, now: Array, horizon: int, season: int) -> Array:
    """A season's shape upon a smoothed level [B, T, H].

    The shape is that of classical decomposition, the mean distance from a centred mean over the last few seasons.
    """
    ahead = whole_numbers(1, horizon, now)
    # The latest step in the same place of the season whose centred mean was known by now.
    back = now + ahead - season * ((ahead + season // 2 + season - 1) // season)
    return level[:, now] + shape[:, back]


def _smoothed(rest: Array, percent: int) -> Array:
    """Simple exponential smoothing of what is left of a season [B, N]; so many percent are the newest value's.

    Source: Brown (1959); Holt (1957).
    """
    xp = namespace(rest)
    known = ~xp.isnan(rest)
    total, weight, left = xp.where(known, rest, 0.0), known * xp.ones_like(rest), 1 - percent / 100
    steps = 1
    while steps < SMOOTHINGS[percent]:  # each round doubles how many are summed
        total, weight = (part + left**steps * _before(part, steps) for part in (total, weight))
        steps *= 2
    return xp.where(weight > 0, total / xp.where(weight > 0, weight, 1.0), float("nan"))


def _seasonal(past: Array, season: int) -> Array:
    """The mean distance of a value and those whole seasons before it from centred means [B, N]; what rests on values
    after the past is NaN."""
    xp, half = namespace(past), season // 2
    if season == 1:
        return xp.zeros_like(past)
    mean = joined(moving_mean(past, season), full((past.shape[0], half), float("nan"), past))
    centred = mean[:, half:]
    if season % 2 == 0:  # as many steps before as after: half of each end
        centred = (centred + mean[:, half - 1 : -1]) / 2
    apart = past - centred
    known = ~xp.isnan(apart)
    total, number = xp.where(known, apart, 0.0), known * xp.ones_like(apart)
    total, number = (sum(_before(part, back * season) for back in range(SHAPE_SEASONS)) for part in (total, number))
    return xp.where(number > 0, total / xp.clip(number, 1, None), float("nan"))


def _before(x: Array, steps: int, first: float = 0.0) -> Array:
    """x [B, N] so many steps before, and `first` before the first."""
    steps = min(steps, x.shape[1])
    return joined(full((x.shape[0], steps), first, x), x[:, : x.shape[1] - steps])


def drift(past: Array, change: Array, now: Array, horizon: int, season: int) -> Array:
    """The last season repeated and moved on, each time by the mean change over it [B, T, H]; where there is no season,
    the last value moved on by the mean step of the last few."""
    times = (whole_numbers(1, horizon, now) + season - 1) // season  # [H]
    return last_period(past, now, horizon, season) + change[:, now] * times


def mean_change(past: Array, lag: int, steps: int) -> Array:
    """Mean of y(t) - y(t-lag) over the last steps, where both are there [B, N]; 0 where they never are."""
    xp = namespace(past)
    if past.shape[1] <= lag:
        return xp.zeros_like(past)
    change = past[:, lag:] - past[:, :-lag]
    known = ~xp.isnan(change)
    total = _of_last(xp.where(known, change, 0.0), steps)
    count = _of_last(known * xp.ones_like(change), steps)
    return joined(full((past.shape[0], lag), 0.0, past), total / xp.clip(count, 1, None))


def matched(past: Array, known: Array, now: Array, horizon: int, season: int) -> tuple[Array, Array]:
    """Of the steps in the same place of the last seasons, the one whose known covariates [B, N+H, C] are most like
    those ahead: its value [B, T, H] and its covariates [B, T, H, C]. Of equals, the latest."""
    xp = namespace(past)
    ahead, last = known[:, steps_ahead(now, horizon)], repeated(now, horizon, season)
    value, source, distance = past[:, last], known[:, last], None
    for back in range(0, MATCHED_SEASONS * season, season):
        there, covariates = past[:, last - back], known[:, last - back]
        apart = xp.where(xp.isnan(there), float("inf"), ((covariates - ahead) ** 2).sum(-1))
        if distance is None:
            distance = apart
        nearer = apart < distance
        value, distance = xp.where(nearer, there, value), xp.where(nearer, apart, distance)
        source = xp.where(nearer[..., None], covariates, source)
    return value, source


def _of_last(x: Array, steps: int) -> Array:
    """The sum of the last `steps` of x [B, N] at each step, fewer at the start."""
    total = running_total(x)  # [B, 1+N], from 0
    early = joined(*([total[:, :1]] * min(steps, x.shape[1])), total[:, 1 : max(x.shape[1] - steps, 0) + 1])
    return total[:, 1:] - early


def moving_mean(past: Array, season: int) -> Array:
    """The mean of the observed values of the season up to each step [B, N]; NaN where there are none, or too early."""
    xp = namespace(past)
    seen = ~xp.isnan(past)
    nothing = full((past.shape[0], season - 1), float("nan"), past)
    if seen.all():
        total = running_total(past - past[:, :1])
        return joined(nothing, (total[:, season:] - total[:, :-season]) / season + past[:, :1])
    # About the first value, so that small movements of large values keep their digits.
    centre = xp.nan_to_num(take_along(past, xp.where(seen, 1, 0).argmax(1)[:, None]))
    total = running_total(xp.where(seen, past, centre) - centre)
    number = running_total(seen * xp.ones_like(past))
    number = number[:, season:] - number[:, :-season]
    mean = (total[:, season:] - total[:, :-season]) / xp.clip(number, 1, None) + centre
    return joined(nothing, xp.where(number > 0, mean, float("nan")))
