"""Quantiles from the outputs of a head, where those are the parameters of a distribution. SciPy is loaded only then."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnncast.runtime.head import Head, mean_count

Values = NDArray[np.float64]


def quantiles_of(head: Head, outputs: Values, level: Values, scale: Values) -> Values:
    """Quantiles [B, T, H, Q] in units of level and scale [B, T], from outputs [B, T, H, P]."""
    if not head.distribution:
        return outputs
    if head.distribution == "student-t":
        return student_t(outputs.astype(np.float64), head.probabilities)
    mean = mean_count(outputs[..., 0].astype(np.float64), level, scale)
    counts = negative_binomial(mean, outputs[..., 1].astype(np.float64), head.probabilities)
    local: Values = (counts - level[..., None, None]) / scale[..., None, None]
    return local


def student_t(outputs: Values, probabilities: Sequence[float]) -> Values:
    """Quantiles [..., Q] of distributions with location, scale and degrees of freedom [..., 3] beyond 2."""
    from scipy.special import stdtrit

    location, scale, degrees = (outputs[..., i, None] for i in range(3))
    quantiles: Values = location + scale * stdtrit(2 + degrees, np.array(probabilities))
    return quantiles


def negative_binomial(mean: Values, dispersion: Values, probabilities: Sequence[float]) -> Values:
    """Quantiles [..., Q] of counts with variance mean + dispersion * mean^2: the smallest count k with so much
    probability up to it."""
    from scipy.special import nbdtrik

    size = (1 / np.maximum(dispersion, SMALLEST))[..., None]
    share = size / (size + mean[..., None])
    wanted = np.broadcast_to(np.array(probabilities), (*mean.shape, len(probabilities)))
    none = share**size  # probability of 0
    counts = np.ceil(np.nan_to_num(nbdtrik(np.maximum(wanted, none), size, share)) - CLOSE)
    return np.where(wanted <= none, 0.0, np.maximum(counts, 0.0))


SMALLEST = 1e-6  # dispersion
CLOSE = 1e-6  # to a whole number
