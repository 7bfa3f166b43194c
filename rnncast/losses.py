"""Losses as values: what training minimises and what a head then forecasts. Loaded by --help, so nothing heavy.

A new loss is an entry here and its torch form in `training.losses`; if its head forecasts the parameters of a
distribution, also the quantiles in `runtime.distributions`. Nothing else depends on a particular loss.
"""

import math
from importlib import import_module
from typing import Any, NamedTuple

# Naive forecasts have mean absolute error 1 in local units; a normal error of that size has this standard deviation.
NAIVE_DEVIATION = math.sqrt(math.pi / 2)


class Loss(NamedTuple):
    """A loss.

    meaning: in a few words. errors: "module:name" of its torch form. starts: initial values, all above 0, of a
    distribution's parameters other than its location or mean; empty if a head forecasts the quantiles themselves.
    quantiles: "module:name" of a distribution's quantiles in NumPy. counts: whether it is for counts only. of_mean:
    whether its point forecast is a mean, which a log transform would bias.
    """

    meaning: str
    errors: str
    starts: tuple[float, ...] = ()
    quantiles: str = ""
    counts: bool = False
    of_mean: bool = False

    @property
    def of_distribution(self) -> bool:
        """True if a head forecasts the parameters of a distribution."""
        return bool(self.starts)

    def torch_form(self) -> Any:
        """Return the function from outputs, targets and probabilities to errors."""
        return _imported(self.errors)

    def numpy_quantiles(self) -> Any:
        """Return the function from parameters, units and probabilities to the quantiles of a distribution."""
        return _imported(self.quantiles)


_POINT = "{} of the point forecast, pinball for the intervals"
LOSSES = {
    "pinball": Loss("error of every quantile", "rnncast.training.losses:of_quantiles"),
    "mae": Loss(_POINT.format("absolute error"), "rnncast.training.losses:absolute"),
    "mse": Loss(_POINT.format("squared error"), "rnncast.training.losses:squared", of_mean=True),
    "huber": Loss(_POINT.format("Huber loss"), "rnncast.training.losses:huber"),
    "student-t": Loss(
        "negative log-likelihood of a Student t distribution, for values with outliers",
        "rnncast.training.losses:student_t",
        starts=(NAIVE_DEVIATION, 8.0),  # scale; degrees of freedom beyond 2
        quantiles="rnncast.runtime.distributions:local_student_t",
    ),
    "negative-binomial": Loss(
        "negative log-likelihood of a negative binomial, for counts with many zeros",
        "rnncast.training.losses:negative_binomial",
        starts=(0.5,),  # dispersion
        quantiles="rnncast.runtime.distributions:local_negative_binomial",
        counts=True,
    ),
}


def losses_in_words() -> str:
    """Return every loss with its meaning, for help."""
    return "; ".join(f"{name} ({loss.meaning})" for name, loss in LOSSES.items())


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
