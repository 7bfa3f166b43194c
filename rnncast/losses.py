"""The losses, each a value: what training makes small, and what a head then forecasts. Read by --help: nothing heavy.

A new loss is an entry here and its torch form in `training.losses`; one whose head forecasts the parameters of a
distribution, also their quantiles in `runtime.distributions`. Nothing else knows of one loss or another.
"""

import math
from importlib import import_module
from typing import Any, NamedTuple

# A normal error of mean absolute size 1, as naive forecasts have in local units, has this standard deviation.
NAIVE_DEVIATION = math.sqrt(math.pi / 2)


class Loss(NamedTuple):
    """One loss.

    meaning: in a few words. errors: "module:name" of its torch form. starts: of a distribution, what the parameters
    beside its location or mean are before training, all above 0; empty where a head forecasts the quantiles themselves.
    quantiles: "module:name" of a distribution's quantiles in NumPy. counts: whether only counts are forecast. of_mean:
    whether its point forecast is a mean, which logs would move.
    """

    meaning: str
    errors: str
    starts: tuple[float, ...] = ()
    quantiles: str = ""
    counts: bool = False
    of_mean: bool = False

    @property
    def of_distribution(self) -> bool:
        """Whether a head forecasts the parameters of a distribution."""
        return bool(self.starts)

    def torch_form(self) -> Any:
        """The function of outputs, targets and probabilities that gives each error."""
        return _imported(self.errors)

    def numpy_quantiles(self) -> Any:
        """The function of parameters, units and probabilities that gives the quantiles of a distribution."""
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
    """Every loss with its meaning, for help."""
    return "; ".join(f"{name} ({loss.meaning})" for name, loss in LOSSES.items())


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
