"""Head: from a net's features and the base forecasts to quantiles. Written once, for torch and NumPy alike.

    middle(h) = base_1(h) + sum over k > 1 of g_k(h) * (base_k(h) - base_1(h)) + highway(h) . window + correction(h)
    q_j+1(h) = q_j(h) + softplus(width_j(h) + start_j), counted outwards from the middle, so that quantiles never cross

g, correction and width are linear in the features; highway is a linear map of the window (Lai et al. 2018, LSTNet). All
of these weights start at zero, so an untrained net gives base_1, the naive forecast, with the spread of a naive
forecast: its absolute errors have mean 1 in local units, since the scale is their mean.

The head of a distribution gives its parameters instead of quantiles, from which the quantiles follow:

    parameter_1 = middle; parameter_j+1 = softplus(width_j(h) + start_j)

If covariates are known ahead, each lead adds its own part to g, correction and width. A small layer, whose weights all
leads share, computes it from the covariates of the lead, those of the steps that the bases repeat, and the features. It
also gives a factor, initially 1, that multiplies the middle, as a price or a closed shop multiplies sales.

B batch, T steps, D hidden, W window, H horizon, K base forecasts, Q quantiles (odd, the median in the middle), P
outputs: the quantiles, or parameters.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

from rnncast.frame.view import Leads
from rnncast.losses import NAIVE_DEVIATION
from rnncast.series.arrays import Array, constants, namespace

SMALLEST_MEAN = 1e-6
SHARPNESS = 10.0  # of the smooth bound that keeps a mean above 0
RANDOM = ("lead_known", "lead_features")  # weights that do not start at zero
OF_LEADS = ("lead_known", "lead_hidden", "lead_direct")  # weights that multiply an input of each lead


@dataclass(frozen=True)
class Head:
    """Sizes of the head; its weights are passed in.

    leads: number of columns known of each lead; lead_size: units of the layer that reads them. starts: initial
    parameters of a distribution except the first (`rnncast.losses`); empty if the quantiles themselves are forecast.
    """

    hidden_size: int
    window: int
    horizon: int
    bases: int
    probabilities: tuple[float, ...]
    leads: int = 0
    starts: tuple[float, ...] = ()
    lead_size: int = 0

    @property
    def point(self) -> int:
        """Index of the output that is the point forecast, which is fed back."""
        return 0 if self.starts else self.middle

    @property
    def parameters(self) -> int:
        """Number of outputs for each lead P."""
        return 1 + len(self.starts) if self.starts else len(self.probabilities)

    @property
    def middle(self) -> int:
        """Index of the median, the point forecast, among the quantiles."""
        return len(self.probabilities) // 2

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each weight, by name."""
        each = self.bases - 1 + self.parameters
        shapes: dict[str, tuple[int, ...]] = {
            "weight": (self.horizon * each, self.hidden_size),
            "bias": (self.horizon * each,),
            "highway": (self.horizon, self.window),
        }
        if self.leads:
            shapes["lead_known"] = (self.lead_size, self.leads)
            shapes["lead_features"] = (self.lead_size, self.hidden_size)
            shapes["lead_hidden"] = (1 + each, self.lead_size)
            shapes["lead_direct"] = (1 + each, self.leads)
        return shapes

    @property
    def random(self) -> tuple[str, ...]:
        """Weights that do not start at zero."""
        return RANDOM if self.leads else ()

    def outputs(
        self, weights: Mapping[str, Array], features: Array, window: Array, bases: Array, leads: Leads | None = None
    ) -> Array:
        """Return outputs [B, T, H, P] in local units, from features [B, T, D], window [B, T, W] and bases [B, T, K, H].

        With the weights of M heads stacked by `Members`, those of each from features [M, B, D] and so on.
        """
        xp = namespace(features)
        raw = features @ weights["weight"].mT + weights["bias"]
        raw = raw.reshape((*raw.shape[:2], -1, self.horizon))  # [B, T, K-1+P, H]
        factor, zero = 1.0, 0.0
        if leads is not None:
            parts = self.of_leads(weights, features, leads.known)  # [B, T, 1+K-1+P, H]
            raw, factor, zero = raw + parts[:, :, 1:], 1 + parts[:, :, 0], leads.zero[:, :, None]
        gates, correction, widths = (
            raw[:, :, : self.bases - 1],
            raw[:, :, self.bases - 1],
            raw[:, :, self.bases :],
        )
        naive, others = bases[:, :, 0], bases[:, :, 1:]
        middle = naive + (gates * (others - naive[:, :, None])).sum(2) + window @ weights["highway"].mT + correction
        middle = zero + factor * (middle - zero)
        if self.starts:
            return self._parameters(middle, widths)
        half, columns = self.middle, [middle]  # each [B, T, H]
        steps = softplus(widths + constants(self.width_starts * 2, widths)[:, None])
        for j in range(half):
            columns.insert(0, columns[0] - steps[:, :, j])
            columns.append(columns[-1] + steps[:, :, half + j])
        return xp.stack(columns, -1)

    def _parameters(self, middle: Array, widths: Array) -> Array:
        positive = [softplus(widths[:, :, i] + math.log(math.expm1(start))) for i, start in enumerate(self.starts)]
        return namespace(middle).stack([middle, *positive], -1)

    @staticmethod
    def of_leads(weights: Mapping[str, Array], features: Array, known: Array) -> Array:
        """Return what each lead adds [B, T, ..., H], from its covariates [B, T, H, C] and the features [B, T, D]."""
        hidden = namespace(known).tanh(
            known @ weights["lead_known"].mT + (features @ weights["lead_features"].mT)[:, :, None]
        )
        return (hidden @ weights["lead_hidden"].mT + known @ weights["lead_direct"].mT).swapaxes(2, 3)

    @cached_property
    def width_starts(self) -> list[float]:
        """Arguments of softplus that give the naive forecast's own steps between quantiles, from the middle
        outwards."""
        upper = self.probabilities[self.middle :]
        places = [NAIVE_DEVIATION * NormalDist().inv_cdf(p) for p in upper]
        return [math.log(math.expm1(far - near)) for near, far in itertools.pairwise(places)]


def shrunk(weights: Mapping[str, Array], shrinkage: float) -> dict[str, Array]:
    """Return weights ("head.", "member1.head." and others) with forecasts shrunk towards the naive one: 0 none, 1
    completely.

    Everything that moves a forecast away from the naive one is linear in weights of the head that start at zero.
    """
    linear = {name for name in weights if (room := name.split("."))[-2:-1] == ["head"] and room[-1] not in RANDOM}
    return {name: weight * (1 - shrinkage) if name in linear else weight for name, weight in weights.items()}


def mean_count(middle: Array, level: Array, scale: Array) -> Array:
    """Return a mean above 0 in the user's units [B, T, H], from one in units of level and scale [B, T]."""
    level, scale = level[..., None], scale[..., None]
    return scale * softplus(SHARPNESS * (middle + level / scale)) / SHARPNESS + SMALLEST_MEAN


def softplus(x: Array) -> Array:
    """Return log(1 + exp(x)), without overflow."""
    xp, size = namespace(x), abs(x)
    return (x + size) / 2 + xp.log1p(xp.exp(-size))
