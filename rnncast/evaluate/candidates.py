"""Candidates of a comparison: nets and baselines, by name or by file. A candidate sees a panel's past and nothing
else."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Protocol

from rnncast.config import PRETRAINED, Config
from rnncast.forecaster.forecaster import Forecaster
from rnncast.forecaster.pretrained import Pretrained
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.spec import TaskSpec
from rnncast.training.watch import Watch


class Candidate(Protocol):
    """A forecaster under comparison: `fit` learns from one past and returns a function that forecasts from that or a
    longer one.

    It must be plain data, because it may be sent to another process.
    """

    @property
    def name(self) -> str:
        """Name in tables and columns."""
        ...

    def load(self) -> None:
        """Import the libraries it needs, whose loading does not count as its work."""
        ...

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """Learn from the values before an origin."""
        ...


@dataclass(frozen=True)
class NetCandidate:
    """A net trained as a Config says, whatever it may have been trained on before."""

    name: str
    config: Config
    device: str = "auto"

    def load(self) -> None:
        """Import torch."""
        import_module("rnncast.training.fit")

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """Train on a past. Covariates known ahead may be missing where the past lacks a row."""
        forecaster = Forecaster.fit(seen, self.config, watch=Watch(device=self.device))
        return partial(forecaster.predict, complete=False)


@dataclass(frozen=True)
class PretrainedCandidate:
    """Pretrained net, which learns from no past. The task gives its horizon, seasons and intervals."""

    task: TaskSpec
    name: str = PRETRAINED

    def load(self) -> None:
        """Do nothing: it needs NumPy alone."""

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """Return the forecasting function."""
        net = Pretrained(self.task.horizon, self.task.seasons)
        return partial(net.predict, probabilities=self.task.quantiles)
