"""Recursive forecasts: one step at a time, each fed back as if observed, with intervals from sample paths."""

from collections.abc import Callable, Sequence

import numpy as np

from rnncast.frame.exogenous import Ahead, unobserved
from rnncast.frame.past import FrameState
from rnncast.intervals.quantiles import stratified_scores, values_at
from rnncast.runtime.nets import State
from rnncast.runtime.states import SeriesState, repeated
from rnncast.values import Values

PATHS = 100

# From a state and the known covariates [B, 1, K] of the next step to quantiles [B, 1, Q] and the states after pending.
StepPending = Callable[[SeriesState, Values], tuple[Values, FrameState, State]]
Choose = Callable[[Values, int], Values]  # quantiles [B, Q] at step h to the next value [B]


def recursive_quantiles(
    step: StepPending, state: SeriesState, ahead: Ahead, probabilities: Sequence[float], seed: int
) -> Values:
    """Return quantiles [B, H, Q], transformed: the median is the path of point forecasts, the others spread as sample
    paths.

    Every series gets the same random scores, so its forecast does not depend on what else is forecast.
    """
    middle, batch, horizon = len(probabilities) // 2, len(state.pending), ahead.known.shape[1]
    points = walk(step, state, ahead, lambda quantiles, h: quantiles[:, middle])  # [B, H]
    random = np.random.default_rng(seed)
    scores = np.stack([stratified_scores(PATHS, random) for _ in range(horizon)])  # [H, P]
    paths = walked(step, state, ahead, probabilities, np.broadcast_to(scores, (batch, *scores.shape)))
    spread = np.quantile(paths, probabilities, axis=2)  # [Q, B, H]
    return np.moveaxis(spread - spread[middle] + points, 0, -1)


def walked(
    step: StepPending, state: SeriesState, ahead: Ahead, probabilities: Sequence[float], scores: Values
) -> Values:
    """Return sample paths [B, H, P], transformed, from normal scores [B, H, P].

    Each value is drawn at its score in the quantiles given the values before it.
    """
    batch, horizon, paths = scores.shape

    def draw(quantiles: Values, h: int) -> Values:
        return values_at(quantiles, probabilities, scores[:, h].reshape(-1, 1))[:, 0]

    many = Ahead(*(np.repeat(part, paths, axis=0) for part in ahead))
    return walk(step, repeated(state, paths), many, draw).reshape(batch, paths, horizon).swapaxes(1, 2)


def walk(step: StepPending, state: SeriesState, ahead: Ahead, choose: Choose) -> Values:
    """Return the values [B, H] of a walk ahead, each chosen from the quantiles given the values before it.

    Covariates known ahead are seen on the way; past covariates are missing.
    """
    values, known = [], ahead.known.shape[2]
    for h in range(ahead.known.shape[1]):
        quantiles, frame, net = step(state, ahead.known[:, h : h + 1])
        values.append(choose(quantiles[:, 0], h))
        covariates = unobserved(np.concatenate((ahead.known[:, h], state.covariates[:, known:]), -1), known)
        state = SeriesState(frame, net, values[-1], covariates, ahead.now[:, h])
    return np.stack(values, 1)
