"""Quantiles from the outputs of a head that are the parameters of a distribution. SciPy is loaded only for those."""

from collections.abc import Sequence

import numpy as np

from rnncast.losses import Loss
from rnncast.runtime.head import mean_count
from rnncast.values import Values

Units = tuple[Values, Values]  # level and scale [B, T]


def quantiles_of(loss: Loss, outputs: Values, units: Units, probabilities: Sequence[float]) -> Values:
    """Return local quantiles [B, T, H, Q] from the outputs [B, T, H, P] of a head trained with a loss."""
    if not loss.of_distribution:
        return outputs
    quantiles: Values = loss.numpy_quantiles()(outputs.astype(np.float64), units, probabilities)
    return quantiles


def local_student_t(parameters: Values, units: Units, probabilities: Sequence[float]) -> Values:
    """Return local quantiles [B, T, H, Q] from location, scale and degrees of freedom above 2 [B, T, H, 3]."""
    return student_t(parameters, probabilities)


def local_negative_binomial(parameters: Values, units: Units, probabilities: Sequence[float]) -> Values:
    """Return local quantiles [B, T, H, Q] from a mean and a dispersion [B, T, H, 2].

    The mean is local, and bounded below by 0 in the user's units.
    """
    level, scale = units
    counts = negative_binomial(mean_count(parameters[..., 0], level, scale), parameters[..., 1], probabilities)
    local: Values = (counts - level[..., None, None]) / scale[..., None, None]
    return local


def student_t(outputs: Values, probabilities: Sequence[float]) -> Values:
    """Return quantiles [..., Q] of Student t distributions with location, scale and degrees of freedom above 2 [...,
    3]."""
    from scipy.special import stdtrit

    location, scale, degrees = (outputs[..., i, None] for i in range(3))
    quantiles: Values = location + scale * stdtrit(2 + degrees, np.array(probabilities))
    return quantiles


def negative_binomial(mean: Values, dispersion: Values, probabilities: Sequence[float]) -> Values:
    """Return quantiles [..., Q] of counts with variance mean + dispersion * mean^2.

    A quantile is the smallest count at which the cumulative probability reaches the one wanted.
    """
    from scipy.special import nbdtrik

    size = (1 / np.maximum(dispersion, SMALLEST))[..., None]
    share = size / (size + mean[..., None])
    wanted = np.broadcast_to(np.array(probabilities), (*mean.shape, len(probabilities)))
    none = share**size  # probability of 0
    counts = np.ceil(np.nan_to_num(nbdtrik(np.maximum(wanted, none), size, share)) - CLOSE)
    return np.where(wanted <= none, 0.0, np.maximum(counts, 0.0))


SMALLEST = 1e-6  # dispersion
CLOSE = 1e-6  # to a whole number
