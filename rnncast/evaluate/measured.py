"""Metrics of forecasts as rows: of all, of each series, or of each lead time.

G origins of series, H lead times, Q quantiles; R rows of C values are either.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.series import metrics
from rnncast.series.panel import Panel
from rnncast.times.frequency import Positions
from rnncast.values import Values

LEAST = 1e-12  # of OWA's reference
WEIGHTED = "weighted-"  # before the name of a metric whose mean over series is weighted
WEIGHED = ("mae", "rmse", "smape", "mase", "rmsse", "msis")  # those that are


class Origins(NamedTuple):
    """Origins of series: place in the actual values, cutoff, actual values [G, H], scales, and Naive2's forecast.

    scale, root_scale [G]: from the values up to the cutoff, NaN if there are none. naive [G, H]. before [G]: whether
    there are at least two such values.
    """

    series: NDArray[np.int64]
    cutoff: Positions
    actual: Values
    scale: Values
    root_scale: Values
    naive: Values
    before: NDArray[np.bool_]


class ScoredModel(NamedTuple):
    """Forecasts of a model from each origin: point [G, H], quantiles [G, H, Q] at rising `probabilities` [Q], NaN if
    missing.

    mase, smape [G]: its scores there.
    """

    point: Values
    quantiles: Values
    probabilities: tuple[float, ...]
    mase: Values
    smape: Values

    def at(self, probabilities: tuple[float, ...]) -> "ScoredModel":
        """Return the model with those of its quantiles alone."""
        kept = [self.probabilities.index(probability) for probability in probabilities]
        return self._replace(quantiles=self.quantiles[..., kept], probabilities=probabilities)


def measured(
    origins: Origins,
    model: ScoredModel,
    by: str,
    actual: Panel,
    shared: tuple[float, ...] = (),
    weights: Values | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield a row of metrics for each "series", for each "lead" time, or for all.

    shared: the probabilities of the quantiles that WQL and CRPS are taken over, if not those of the model. weights: of
    each origin in the means over series [G].
    """
    scale, root_scale = origins.scale[:, None], origins.root_scale[:, None]
    if by == "lead":  # each lead time is scored over the origins
        yield from _by_lead(origins, model, shared, weights)
        return
    every = _metrics(origins.actual, model, shared, (scale, root_scale))
    if by == "series":
        for s in dict.fromkeys(origins.series.tolist()):
            own = origins.series == s
            ids = dict(zip(actual.columns.ids, actual.columns.parts(actual.ids[s]), strict=True))
            weight = {} if weights is None else {"weight": float(weights[own][0])}
            yield {**ids, **weight, **_averaged({name: values[own] for name, values in every.items()})}
        return
    row = _averaged(every)
    point = np.where(np.isnan(model.point), np.nan, origins.naive)
    naive = _metrics(origins.actual, model._replace(point=point, probabilities=()), (), (scale, root_scale))
    reference = _averaged(naive)
    row["owa"] = float("nan")
    if min(reference["smape"], reference["mase"]) > LEAST:
        row["owa"] = metrics.owa(row["smape"], row["mase"], reference["smape"], reference["mase"])
    if probabilities := shared or model.probabilities:  # of all values together
        flat = model.at(probabilities).quantiles.reshape(1, -1, len(probabilities))
        row["wql"] = float(metrics.wql(origins.actual.reshape(1, -1), flat, probabilities)[0])
    yield row if weights is None else {**row, **_weighed(every, weights)}


def _by_lead(
    origins: Origins, model: ScoredModel, shared: tuple[float, ...], weights: Values | None
) -> Iterator[dict[str, Any]]:
    """Yield a row of metrics for each lead time, over all origins."""
    turned = model._replace(point=model.point.T, quantiles=model.quantiles.swapaxes(0, 1))
    scales = origins.scale[None, :], origins.root_scale[None, :]
    every = _metrics(origins.actual.T, turned, shared, scales)
    if weights is not None:
        weighed = _metrics(origins.actual.T, turned, shared, scales, np.broadcast_to(weights, turned.point.shape))
        every |= {WEIGHTED + name: values for name, values in weighed.items() if name.split("-")[0] in WEIGHED}
    for h in range(len(turned.point)):
        yield {"lead": h + 1, **_averaged({name: values[h : h + 1] for name, values in every.items()})}


def _metrics(
    actual: Values,
    model: ScoredModel,
    shared: tuple[float, ...],
    scales: tuple[Values, Values],
    weight: Values | None = None,
) -> dict[str, Values]:
    """Return each metric of each row of actual values and points [R, C], with scales that broadcast over them.

    weight: of each value [R, C].
    """
    point, quantiles, probabilities, *_ = model
    scale, root_scale = scales
    scored = ~np.isnan(actual) & ~np.isnan(quantiles[..., 0] if probabilities else point)
    found = {
        "values": scored.sum(axis=1).astype(np.float64),
        "mae": metrics.mae(actual, point, weight),
        "rmse": metrics.rmse(actual, point, weight),
        "mape": metrics.mape(actual, point, weight),
        "smape": metrics.smape(actual, point, weight),
        "mase": metrics.mae(actual / scale, point / scale, weight),
        "rmsse": metrics.rmse(actual / root_scale, point / root_scale, weight),
        "bias": metrics.bias(actual, point, weight),
    }
    if not probabilities:
        return found
    over = model.at(shared or probabilities)
    found["wql"] = metrics.wql(actual, over.quantiles, over.probabilities, weight)
    found["crps"] = metrics.crps(actual, over.quantiles, over.probabilities, weight)
    levels = [(round(100 - 200 * p, 8), p) for p in probabilities if p < 0.5 and round(1 - p, 10) in probabilities]
    for level, p in sorted(levels):
        low, high = (quantiles[..., probabilities.index(round(each, 10))] for each in (p, 1 - p))
        found[f"coverage-{level:g}"] = metrics.coverage(actual, low, high, weight)
        found[f"msis-{level:g}"] = metrics.interval_score(actual / scale, low / scale, high / scale, level, weight)
    return found


def _averaged(every: dict[str, Values]) -> dict[str, Any]:
    """Return each metric's mean over the series and origins that can be scored, and the number of values in all."""
    return {
        name: int(values.sum()) if name == "values" else metrics.mean_over_series(values)
        for name, values in every.items()
    }


def _weighed(every: dict[str, Values], weights: Values) -> dict[str, float]:
    """Return the weighted mean of metrics over the origins that can be scored."""
    found = {}
    for name, values in every.items():
        if name.split("-")[0] in WEIGHED:
            known = ~np.isnan(values)
            total = float(weights[known].sum())
            found[WEIGHTED + name] = float(weights[known] @ values[known]) / total if total else float("nan")
    return found
