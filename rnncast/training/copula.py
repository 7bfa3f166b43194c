"""Learn the rank templates of the copula of lead times from the training data."""

import numpy as np
from numpy.typing import NDArray

from rnncast.intervals.copula import templates_of
from rnncast.intervals.quantiles import scores_at
from rnncast.runtime.runtime import Runtime
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights

ORIGINS = 100  # looked at


def learnt_templates(panel: Panel, spec: ModelSpec, weights: Weights) -> NDArray[np.float32]:
    """Templates [N, H] of `intervals.copula`: what followed origins in the later half of the series of an encoded
    panel, drawn by seed, as normal scores in what the weights forecast there."""
    runtime, horizon = Runtime(spec, weights), spec.task.horizon
    first = np.maximum(panel.lengths // 2, 1)
    there = np.maximum(panel.lengths - horizon + 1 - first, 0)  # origins of each series
    total = int(there.sum())
    chosen = np.sort(np.random.default_rng(spec.train.seed).choice(total, min(ORIGINS, total), replace=False))
    series = np.searchsorted(np.cumsum(there), chosen, side="right")
    lengths = first[series] + chosen - (np.cumsum(there) - there)[series]
    if not total:
        return np.zeros((0, horizon), np.float32)
    seen = panel.select(series, lengths)
    actual = panel.y[(panel.indptr[series] + lengths)[:, None] + np.arange(horizon)]  # [N, H]
    quantiles = runtime.frame.transform(runtime.forecast_panel(seen, horizon))
    scores = scores_at(quantiles, spec.task.quantiles, runtime.frame.transform(actual))
    return templates_of(scores).astype(np.float32)
