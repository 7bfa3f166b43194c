"""Recursive forecasts: one step at a time, each fed back as if observed; intervals from sampled paths."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rnncast.runtime.nets import State
from rnncast.runtime.states import SeriesState, repeated
from rnncast.series.beside import Ahead
from rnncast.series.distribution import sample_quantiles, stratified_scores
from rnncast.series.frame import FrameState

PATHS = 100

Values = NDArray[np.float64]
# From a state and the known covariates [B, 1, K] of the next step to quantiles [B, 1, Q] and the states after pending.
Step = Callable[[SeriesState, Values], tuple[Values, FrameState, State]]
Choose = Callable[[Values, int], Values]  # quantiles [B, Q] at step h to the next value [B]


def recursive_quantiles(
    step: Step, state: SeriesState, ahead: Ahead, probabilities: Sequence[float], seed: int
) -> Values:
    """Quantiles [B, H, Q], transformed: the median is the path of point forecasts, the others spread as sampled paths.

    Every series is given the same random scores, so its forecast does not depend on what else is forecast.
    """
    middle, batch, horizon = len(probabilities) // 2, len(state.pending), ahead.known.shape[1]
    points = walk(step, state, ahead, lambda quantiles, h: quantiles[:, middle])  # [B, H]
    random = np.random.default_rng(seed)
    scores = np.stack([stratified_scores(PATHS, random) for _ in range(horizon)])  # [H, P]

    def draw(quantiles: Values, h: int) -> Values:
        return sample_quantiles(quantiles, probabilities, np.tile(scores[h], batch))

    many = Ahead(*(np.repeat(part, PATHS, axis=0) for part in ahead))
    paths = walk(step, repeated(state, PATHS), many, draw).reshape(batch, PATHS, horizon)
    spread = np.quantile(paths, probabilities, axis=1)  # [Q, B, H]
    return np.moveaxis(spread - spread[middle] + points, 0, -1)


def walk(step: Step, state: SeriesState, ahead: Ahead, choose: Choose) -> Values:
    """The values [B, H] of a walk ahead, each chosen from the quantiles that the ones before it led to.

    What is known ahead is seen on the way; past covariates are missing.
    """
    values, known = [], ahead.known.shape[2]
    no_past = np.zeros((len(state.pending), state.covariates.shape[1] - known))
    for h in range(ahead.known.shape[1]):
        quantiles, frame, net = step(state, ahead.known[:, h : h + 1])
        values.append(choose(quantiles[:, 0], h))
        beside = np.concatenate((ahead.known[:, h], no_past), -1)
        state = SeriesState(frame, net, values[-1], beside, ahead.now[:, h])
    return np.stack(values, 1)
