"""Naive forecasts as arrays: where a net starts, and what it is compared with."""

import numpy as np

from rnncast.series.panel import Panel
from rnncast.values import Values

SEASONAL = 1.645  # normal score beyond which an autocorrelation is significant: 90 %, two-sided


def repeat_season(panel: Panel, horizon: int, season: int) -> Values:
    """Return the last season of each series, repeated over the horizon [S, H]; season 1 repeats the last value.

    A missing value is replaced by the one a season earlier, or else by the last value, as is a season longer than the
    series.
    """
    return np.array([_repeat(y, horizon, season) for _, _, y in panel]).reshape(-1, horizon)


def _repeat(y: Values, horizon: int, season: int) -> Values:
    last = y[~np.isnan(y)][-1]
    phases = [y[len(y) - season + phase :: -season] if len(y) >= season else y[:0] for phase in range(season)]
    known = [phase[~np.isnan(phase)] for phase in phases]
    return np.resize(np.array([phase[0] if phase.size else last for phase in known]), horizon)


def naive2(panel: Panel, horizon: int, season: int) -> Values:
    """Return M4's Naive2 [S, H]: the last value, with multiplicative seasonal adjustment if a test finds a season.

    Missing values are interpolated linearly. Source: Makridakis et al. (2020).
    """
    return np.array([_naive2(_straight(y), horizon, season) for _, _, y in panel]).reshape(-1, horizon)


def _straight(y: Values) -> Values:
    known = ~np.isnan(y)
    return np.interp(np.arange(len(y)), np.flatnonzero(known), y[known])


def _naive2(y: Values, horizon: int, season: int) -> Values:
    index = _indices(y, season) if season > 1 and _is_seasonal(y, season) else np.ones(season)
    ahead = index[(len(y) + np.arange(horizon)) % season]
    result: Values = y[-1] / index[(len(y) - 1) % season] * ahead
    return result


def _is_seasonal(y: Values, season: int) -> bool:
    if len(y) < 3 * season or not (y > 0).all():
        return False
    rest = y - y.mean()
    square = rest @ rest
    if square == 0:
        return False
    acf = np.array([rest[lag:] @ rest[: len(y) - lag] for lag in range(1, season + 1)]) / square
    limit = SEASONAL / np.sqrt(len(y)) * np.sqrt(1 + 2 * np.sum(acf[:-1] ** 2))
    return bool(abs(acf[-1]) > limit)


def _indices(y: Values, season: int) -> Values:
    """Return the seasonal indices, by classical multiplicative decomposition."""
    weights = np.ones(season) / season
    if season % 2 == 0:
        weights = np.convolve(weights, [0.5, 0.5])
    half = len(weights) // 2
    ratio = np.full(len(y), np.nan)
    ratio[half : len(y) - half] = y[half : len(y) - half] / np.convolve(y, weights, "valid")
    index = np.array([np.nanmean(ratio[phase::season]) for phase in range(season)])
    indices: Values = index / index.mean()
    return indices
