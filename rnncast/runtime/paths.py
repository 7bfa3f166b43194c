"""Recursive forecasts: one step at a time, each fed back as if observed; intervals from sampled paths."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rnncast.runtime.nets import State
from rnncast.runtime.states import SeriesState, repeated
from rnncast.series.distribution import sample_quantiles, stratified_scores
from rnncast.series.frame import FrameState

PATHS = 100

Values = NDArray[np.float64]
Step = Callable[[SeriesState], tuple[Values, FrameState, State]]  # to quantiles [B, 1, Q] and the states after pending
Choose = Callable[[Values, int], Values]  # quantiles [B, Q] at step h to the next value [B]


def recursive_quantiles(
    step: Step, state: SeriesState, horizon: int, probabilities: Sequence[float], seed: int
) -> Values:
    """Quantiles [B, H, Q], transformed: the median is the path of point forecasts, the others spread as sampled paths.

    Every series is given the same random scores, so its forecast does not depend on what else is forecast.
    """
    middle, batch = len(probabilities) // 2, len(state.pending)
    points = walk(step, state, horizon, lambda quantiles, h: quantiles[:, middle])  # [B, H]
    random = np.random.default_rng(seed)
    scores = np.stack([stratified_scores(PATHS, random) for _ in range(horizon)])  # [H, P]

    def draw(quantiles: Values, h: int) -> Values:
        return sample_quantiles(quantiles, probabilities, np.tile(scores[h], batch))

    paths = walk(step, repeated(state, PATHS), horizon, draw).reshape(batch, PATHS, horizon)
    spread = np.quantile(paths, probabilities, axis=1)  # [Q, B, H]
    return np.moveaxis(spread - spread[middle] + points, 0, -1)


def walk(step: Step, state: SeriesState, horizon: int, choose: Choose) -> Values:
    """The values [B, H] of a walk ahead, each chosen from the quantiles that the ones before it led to."""
    values = []
    for h in range(horizon):
        quantiles, frame, net = step(state)
        values.append(choose(quantiles[:, 0], h))
        state = SeriesState(frame, net, values[-1])
    return np.stack(values, 1)
