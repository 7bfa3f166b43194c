"""Learn the rank templates of the copula of lead times from the training data."""

import numpy as np
from numpy.typing import NDArray

from rnncast.intervals.copula import templates_of
from rnncast.intervals.quantiles import scores_at
from rnncast.runtime.runtime import Runtime
from rnncast.series.panel import Panel
from rnncast.series.splits import drawn_origins
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights


def learnt_templates(panel: Panel, spec: ModelSpec, weights: Weights) -> NDArray[np.float32]:
    """Templates [N, H] of `intervals.copula`: what followed origins in the later half of the series of an encoded
    panel, drawn by seed, as normal scores in what the weights forecast there."""
    runtime, horizon = Runtime(spec, weights), spec.task.horizon
    seen, actual = drawn_origins(panel, horizon, spec.train.seed)
    if not len(seen):
        return np.zeros((0, horizon), np.float32)
    quantiles = runtime.frame.transform(runtime.forecast_panel(seen, horizon))
    scores = scores_at(quantiles, spec.task.quantiles, runtime.frame.transform(actual))
    return templates_of(scores).astype(np.float32)
