"""Learning the copula of lead times and series from the training data."""

import itertools

import numpy as np

from rnncast.frame.exogenous import Exogenous, exogenous_of
from rnncast.intervals.copula import Copula, templates_of
from rnncast.intervals.quantiles import scores_at
from rnncast.runtime.runtime import SHARE, SHARED, TEMPLATES, Runtime
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, aligned_origins, drawn_lengths, drawn_origins
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights
from rnncast.values import Values

LONG = 10_000  # values, beyond which a copy of the past of each origin takes too much memory


def learnt_copula(panel: Panel, spec: ModelSpec, weights: Weights) -> Weights:
    """Return the tensors of an `intervals.copula.Copula`, from the values after past origins of an encoded panel.

    They are the normal scores of these values in the weights' forecasts. The walks of a recursive net are correlated
    over the horizon by themselves; for those, only what series share at a step is learnt.
    """
    horizon = spec.task.horizon
    if len(panel) == 1:
        if not spec.direct:
            return {}
        if len(panel.y) > LONG:
            scores = _scores_along(panel, spec, weights)
        else:
            scores = _scores(drawn_origins(panel, horizon, spec.train.seed), spec, weights, horizon)
        return {TEMPLATES: templates_of(scores).astype(np.float32)}
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


def _scores_along(panel: Panel, spec: ModelSpec, weights: Weights) -> Values:
    """Return the scores at the same origins of a single series, which are reached one after another in one pass."""
    runtime, horizon, only = Runtime(spec, weights), spec.task.horizon, np.array([0])
    y, seen = panel.padded(only, align="end"), exogenous_of(panel, only, runtime.frame.cycles, 0, align="end")
    _, lengths = drawn_lengths(panel, horizon, spec.train.seed)
    if not len(lengths):
        return np.zeros((0, horizon))
    state, quantiles = runtime.init_state(1), []
    for start, stop in itertools.pairwise([0, *lengths]):
        exogenous = Exogenous(seen.covariates[:, start:stop], seen.now[:, start:stop], seen.ahead)
        state = runtime.advance(y[:, start:stop], exogenous, state)
        quantiles.append(runtime.forecast_panel(panel.select(only, np.array([stop])), horizon, state))
    actual = panel.y[lengths[:, None] + np.arange(horizon)]
    transform = runtime.frame.transform
    return scores_at(transform(np.concatenate(quantiles)), spec.task.quantiles, transform(actual))
