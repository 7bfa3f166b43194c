"""Learning the copula of lead times and series from the training data."""

import numpy as np

from rnncast.intervals.copula import Copula, templates_of
from rnncast.intervals.quantiles import scores_at
from rnncast.runtime.runtime import SHARE, SHARED, TEMPLATES, Runtime
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, aligned_origins, drawn_origins
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights
from rnncast.values import Values


def learnt_copula(panel: Panel, spec: ModelSpec, weights: Weights) -> Weights:
    """Return the tensors of an `intervals.copula.Copula`, from the values after past origins of an encoded panel.

    They are the normal scores of these values in the weights' forecasts. The walks of a recursive net are correlated
    over the horizon by themselves; for those, only what series share at a step is learnt.
    """
    horizon = spec.task.horizon
    if len(panel) == 1:
        if not spec.direct:
            return {}
        split = drawn_origins(panel, horizon, spec.train.seed)
        return {TEMPLATES: templates_of(_scores(split, spec, weights, horizon)).astype(np.float32)}
    aligned = aligned_origins(panel, horizon if spec.direct else 1)
    found = Copula.of(aligned.laid(_scores(aligned.split, spec, weights, horizon if spec.direct else 1)))
    if not spec.direct:
        none = np.zeros((0, horizon), np.float32)
        return {SHARED: none, SHARE: np.full(horizon, found.share[0], np.float32)}
    tensors = {TEMPLATES: found.own, SHARED: found.shared, SHARE: found.share}
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def _scores(split: Split, spec: ModelSpec, weights: Weights, horizon: int) -> Values:
    if not len(split.seen):
        return np.zeros((0, horizon))
    runtime = Runtime(spec, weights)
    quantiles = runtime.frame.transform(runtime.forecast_panel(split.seen, horizon))
    return scores_at(quantiles, spec.task.quantiles, runtime.frame.transform(split.actual))
