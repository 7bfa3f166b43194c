"""Official scores of the accuracy benchmark, and its check on itself."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from accuracy_data import Task
from numpy.typing import NDArray

from rnncast import Panel
from rnncast.series.forecast import Forecast
from rnncast.series.metrics import mase, owa, seasonal_error, smape, wql
from rnncast.series.naive import naive2, repeat_season

Values = NDArray[np.float64]

OFFICIAL_SNAIVE = {"smape": 13.912, "mase": 1.193}  # M4 hourly
OFFICIAL_NAIVE2 = {"smape": 18.383, "mase": 2.395}  # M4 hourly


class Scores(NamedTuple):
    """sMAPE in percent, MASE, and their mean relative to Naive2's (OWA)."""

    smape: float
    mase: float
    owa: float


def score(task: Task, point: Values, season: int, reference: tuple[float, float]) -> Scores:
    """Return the mean over series of a point forecast [S, H]; `reference`: sMAPE and MASE of Naive2."""
    s = float(np.mean(smape(task.split.actual, point)))
    m = float(np.mean(mase(task.split.actual, point, seasonal_error(task.split.seen, season))))
    return Scores(s, m, owa(s, m, *reference))


def crps(actual: Values, forecast: Forecast) -> float:
    """Return the mean over q = 0.1 to 0.9 of twice the pinball loss, summed over all values [S, H], by the sum of
    |y|."""
    probabilities = tuple(round(q / 10, 1) for q in range(1, 10))
    quantiles = forecast.at(probabilities, by_level=False).quantiles
    return float(wql(actual.reshape(1, -1), quantiles.reshape(1, -1, len(probabilities)), probabilities)[0])


def seasonal_quantiles(seen: Panel, horizon: int, season: int, quantiles: tuple[float, ...]) -> tuple[Values, Values]:
    """Return seasonal naive [S, H] and its quantiles [S, H, Q], those of normal errors that grow with the seasons
    ahead."""
    point = repeat_season(seen, horizon, season)
    deviation = np.array([np.sqrt(np.nanmean((y[season:] - y[:-season]) ** 2)) for _, _, y in seen])
    ahead = np.sqrt(1 + np.arange(horizon) // season)
    scores = np.array([NormalDist().inv_cdf(q) for q in quantiles])
    return point, point[:, :, None] + deviation[:, None, None] * ahead[:, None] * scores


def check_self(task: Task) -> None:
    """Check seasonal naive and Naive2 on the official M4 hourly split against their official scores."""
    one = (1.0, 1.0)
    snaive = score(task, repeat_season(task.split.seen, 48, 24), 24, one)
    second = score(task, naive2(task.split.seen, 48, 24), 24, one)
    for ours, official in ((snaive, OFFICIAL_SNAIVE), (second, OFFICIAL_NAIVE2)):
        if abs(ours.smape - official["smape"]) > 0.001 or abs(ours.mase - official["mase"]) > 0.001:
            raise SystemExit(f"the evaluator is wrong: {ours} should be {official}")
