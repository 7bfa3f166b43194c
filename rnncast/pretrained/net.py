"""Pretrained net in NumPy: a GRU that steps over a series, and a head shared by all lead times.

Season and horizon are free: neither is in the shape of a weight. The forecast at a lead time mixes parts (see
`frame.Parts`) in shares that the head chooses from the net's hidden state and from the lead time, and adds a
correction:

    median = sum levels * share + sum trends * share + sum shapes * share + wave * share + correction

Shares of levels sum to 1, those of trends and of shapes to at most 1, so that no forecast leaves the range of its parts
by more than the correction. Quantiles are steps outwards from the median, and never cross.

B series, T steps, O origins, R lead times, D hidden, Q quantiles.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.pretrained.frame import LEVELS, TRENDS, Parts, State, Track, advance, begin
from rnncast.pretrained.logs import in_logs
from rnncast.pretrained.past import SHAPES, Flags, Seasons, Values

Doubles = NDArray[np.float64]
Weights = Mapping[str, Values]

PROBABILITIES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
LOGS = (-744.0, 709.0)  # logarithms of the smallest and the largest number
MIDDLE = len(PROBABILITIES) // 2
STARTS = (-0.2, -0.05, -0.3)  # softplus of these: steps from the median outwards, in scales, of an untrained net
CUTS = tuple(int(cut) for cut in np.cumsum([LEVELS, TRENDS + 1, SHAPES + 1, 1, 1]))
OUTPUTS = CUTS[-1] + len(PROBABILITIES) - 1
CELLS = 20_000  # series times steps, at a time: more takes memory (4 KB each) and saves no time


class Memory(NamedTuple):
    """State of B series: that of the frame, and the hidden layers of the net [layers, B, D]."""

    frame: State
    hidden: Values


def remember(seasons: Seasons, weights: Weights, series: int) -> Memory:
    """Return the state before the first value."""
    layers = sum(name.startswith("gru.weight_hh") for name in weights)
    width = weights["gru.weight_hh_l0"].shape[1]
    return Memory(begin(seasons, series), np.zeros((layers, series, width), np.float32))


def step(weights: Weights, inputs: Values, hidden: Values, begun: Flags) -> tuple[Values, Values]:
    """Step the GRU (Cho et al. 2014; torch's gates) over inputs [B, T, F] to features [B, T, D] and the hidden layers.

    begun [B, T]: the hidden state stays zero until a series has begun.
    """
    after = []
    for layer, h in enumerate(hidden):
        drive = inputs @ weights[f"gru.weight_ih_l{layer}"].T + weights[f"gru.bias_ih_l{layer}"]
        back, bias = weights[f"gru.weight_hh_l{layer}"].T, weights[f"gru.bias_hh_l{layer}"]
        width = h.shape[1]
        features = np.empty((*inputs.shape[:2], width), np.float32)
        for t in range(inputs.shape[1]):
            recall = h @ back + bias
            gates = _sigmoid(drive[:, t, : 2 * width] + recall[:, : 2 * width])
            new = np.tanh(drive[:, t, 2 * width :] + gates[:, :width] * recall[:, 2 * width :])
            h = new + gates[:, width:] * (h - new)
            h = np.where(begun[:, t, None], h, np.float32(0))
            features[:, t] = h
        inputs = features
        after.append(h)
    return inputs, np.stack(after)


def quantiles(weights: Weights, features: Values, inputs: Values, parts: Parts) -> Values:
    """Return quantiles [B, O, R, Q] minus the anchor, in units of the scale, from features [B, O, D] and inputs [B, O,
    F]."""
    origin = features @ weights["head.features.weight"].T + inputs @ weights["head.inputs.weight"].T
    lead = parts.inputs @ weights["head.lead.weight"].T + weights["head.lead.bias"]
    hidden = np.tanh(origin[:, :, None] + lead)
    hidden = hidden + np.tanh(hidden @ weights["head.upper.weight"].T + weights["head.upper.bias"])
    raw = hidden @ weights["head.outputs.weight"].T + weights["head.outputs.bias"]
    levels, trends, shapes, wave, correction, widths = np.split(raw, CUTS, -1)
    middle = (_softmax(levels) * parts.levels[:, :, None]).sum(-1)
    middle = middle + (_softmax(trends)[..., 1:] * parts.trends).sum(-1)
    middle = middle + (_softmax(shapes)[..., 1:] * parts.shapes).sum(-1)
    middle = middle + _sigmoid(wave[..., 0]) * parts.wave + correction[..., 0]
    columns = [middle]
    for j in range(MIDDLE):
        columns.insert(0, columns[0] - _softplus(widths[..., j] + STARTS[j]))
        columns.append(columns[-1] + _softplus(widths[..., MIDDLE + j] + STARTS[j]))
    return np.stack(columns, -1)


def _sigmoid(x: Values) -> Values:
    result: Values = 0.5 + 0.5 * np.tanh(0.5 * x)
    return result


def _softplus(x: Values) -> Values:
    result: Values = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


def _softmax(x: Values) -> Values:
    powers = np.exp(x - x.max(-1, keepdims=True))
    result: Values = powers / powers.sum(-1, keepdims=True)
    return result


def watch(weights: Weights, seasons: Seasons, y: Values, memory: Memory) -> tuple[Track, Values, Memory]:
    """Take in values y [B, T], NaN = missing or before the start; they are logarithms if the seasons say so."""
    track, frame = advance(seasons, y, memory.frame)
    features, hidden = step(weights, track.inputs.astype(np.float32), memory.hidden, track.past.count > 0)
    return track, features, Memory(frame, hidden)


def in_blocks(y: Doubles) -> Iterator[Doubles]:
    """Yield values [B, T] some steps at a time, for `watch`, so that its memory does not grow with T."""
    steps = max(1, CELLS // max(len(y), 1))
    for first in range(0, y.shape[1], steps):
        yield y[:, first : first + steps]


def forecast_from(weights: Weights, track: Track, features: Values, horizon: int) -> Values:
    """Return quantiles [B, H, Q] in the values' own units (logs stay logs), from the last step of a track."""
    last, leads = np.array([track.inputs.shape[1] - 1]), np.arange(1, horizon + 1)
    parts = Parts(*(part.astype(np.float32) for part in track.parts(last, leads)))
    local = quantiles(weights, features[:, last], track.inputs[:, last].astype(np.float32), parts)[:, 0]
    return track.anchor[:, -1, None, None] + track.scale[:, -1, None, None] * local.astype(np.float64)


class Local(NamedTuple):
    """Quantiles [B, H, Q] at PROBABILITIES, as logarithms for the series taken in logs.

    logs [B]: which series those are. never_below [B]: which series were never below zero.
    """

    quantiles: Doubles
    logs: Flags
    never_below: Flags

    def in_units(self, values: Doubles) -> Doubles:
        """Return values [B, ...], logarithms where the series is taken in logs, in the series' own units."""
        apart = (slice(None), *(None,) * (values.ndim - 1))
        powers = np.exp(np.clip(np.where(self.logs[apart], values, 0.0), *LOGS))
        own = np.where(self.logs[apart], powers, values)
        return np.where(self.never_below[apart], np.maximum(own, 0), own)


def local_forecast(weights: Weights, y: Doubles, horizon: int, season: int, second: int = 0) -> Local:
    """Return the forecast of y [B, T], NaN = missing or before the start, each series in logs or not. season: 1 if
    none."""
    logs = in_logs(y, season)
    result = np.empty((len(y), horizon, len(PROBABILITIES)))
    for chosen in (False, True):
        rows = np.flatnonzero(logs == chosen)
        if len(rows):
            seasons = Seasons(season, second, chosen)
            memory = remember(seasons, weights, len(rows))
            for block in in_blocks(y[rows]):
                track, features, memory = watch(weights, seasons, np.log(block) if chosen else block, memory)
            result[rows] = forecast_from(weights, track, features, horizon)
    result[~np.nan_to_num(y).any(1)] = 0.0  # a series of zeros alone has no scale
    return Local(result, logs, np.nanmin(y, 1) >= 0)


def forecast(weights: Weights, y: Doubles, horizon: int, season: int, second: int = 0) -> Values:
    """Return quantiles [B, H, Q] of the values after y [B, T], in its units; otherwise as `local_forecast`."""
    local = local_forecast(weights, y, horizon, season, second)
    return local.in_units(local.quantiles)
