"""The official scores of the accuracy benchmark, and its check on itself."""

from typing import NamedTuple

import numpy as np
from accuracy_data import Task
from numpy.typing import NDArray

from rnncast import Panel
from rnncast.series.metrics import mase, seasonal_error, smape
from rnncast.series.naive import repeat_season

Values = NDArray[np.float64]

OFFICIAL_SNAIVE = {"smape": 13.912, "mase": 1.193}  # M4 hourly
OFFICIAL_NAIVE2 = {"smape": 18.383, "mase": 2.395}  # M4 hourly
TEST_LIMIT = 1.645  # of the seasonality test: 90 %, two-sided


class Scores(NamedTuple):
    """sMAPE in percent, MASE, and their mean relative to Naive2's (OWA)."""

    smape: float
    mase: float
    owa: float


def score(task: Task, point: Values, season: int, reference: tuple[float, float]) -> Scores:
    """The mean over series of a point forecast [S, H]; `reference`: sMAPE and MASE of Naive2."""
    s = float(np.mean(smape(task.split.actual, point)))
    m = float(np.mean(mase(task.split.actual, point, seasonal_error(task.split.seen, season))))
    return Scores(s, m, 0.5 * (s / reference[0] + m / reference[1]))


def msis(task: Task, low: Values, high: Values, season: int, alpha: float = 0.05) -> float:
    """Mean scaled interval score. Source: Gneiting & Raftery (2007), as scaled in M4."""
    y = task.split.actual
    missed = 2 / alpha * (np.clip(low - y, 0, None) + np.clip(y - high, 0, None))
    return float(np.mean((high - low + missed).mean(1) / seasonal_error(task.split.seen, season)))


def covered(actual: Values, low: Values, high: Values) -> float:
    """The share, in percent, of the known actual values [S, H] that lie within an interval."""
    known = ~np.isnan(actual)
    return 100 * float(((low <= actual) & (actual <= high))[known].mean())


def naive2(panel: Panel, horizon: int, season: int) -> Values:
    """M4's Naive2 [S, H]: the last value, seasonally adjusted (multiplicatively) where a test finds a season."""
    return np.array([_naive2(y, horizon, season) for _, _, y in panel])


def _naive2(y: Values, horizon: int, season: int) -> Values:
    index = _indices(y, season) if _is_seasonal(y, season) else np.ones(season)
    ahead = index[(len(y) + np.arange(horizon)) % season]
    result: Values = y[-1] / index[(len(y) - 1) % season] * ahead
    return result


def _is_seasonal(y: Values, season: int) -> bool:
    if len(y) < 3 * season:
        return False
    rest = y - y.mean()
    acf = np.array([rest[lag:] @ rest[: len(y) - lag] for lag in range(1, season + 1)]) / (rest @ rest)
    limit = TEST_LIMIT / np.sqrt(len(y)) * np.sqrt(1 + 2 * np.sum(acf[:-1] ** 2))
    return bool(abs(acf[-1]) > limit)


def _indices(y: Values, season: int) -> Values:
    """Indices of the phases, by classical multiplicative decomposition."""
    weights = np.ones(season) / season
    if season % 2 == 0:
        weights = np.convolve(weights, [0.5, 0.5])
    half = len(weights) // 2
    ratio = np.full(len(y), np.nan)
    ratio[half : len(y) - half] = y[half : len(y) - half] / np.convolve(y, weights, "valid")
    index = np.array([np.nanmean(ratio[phase::season]) for phase in range(season)])
    return index / index.mean()


def check_self(task: Task) -> None:
    """Hold seasonal naive and Naive2 on the official M4 hourly split against their official scores."""
    one = (1.0, 1.0)
    snaive = score(task, repeat_season(task.split.seen, 48, 24), 24, one)
    second = score(task, naive2(task.split.seen, 48, 24), 24, one)
    for ours, official in ((snaive, OFFICIAL_SNAIVE), (second, OFFICIAL_NAIVE2)):
        if abs(ours.smape - official["smape"]) > 0.001 or abs(ours.mase - official["mase"]) > 0.001:
            raise SystemExit(f"the evaluator is wrong: {ours} should be {official}")
