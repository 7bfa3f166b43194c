"""What can be compared: nets and baselines, by name or by file. A candidate sees a panel's past and nothing else."""

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
    """Something that forecasts: `fit` learns from one past and gives what forecasts from that past or a longer one.

    It must be plain, as it may be sent to another process.
    """

    @property
    def name(self) -> str:
        """What it is called, in tables and as a column."""
        ...

    def load(self) -> None:
        """Import the libraries that it needs, which is not its own work."""
        ...

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """Learn from what came before an origin."""
        ...


@dataclass(frozen=True)
class NetCandidate:
    """A net that is trained as a Config says, whatever else it may have been trained on before."""

    name: str
    config: Config
    device: str = "auto"

    def load(self) -> None:
        """Import torch."""
        import_module("rnncast.training.fit")

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """Train on a past; where a row is missing in a past, so may be what was known of it."""
        forecaster = Forecaster.fit(seen, self.config, watch=Watch(device=self.device))
        return partial(forecaster.predict, complete=False)


@dataclass(frozen=True)
class PretrainedCandidate:
    """The net that comes with the package, which learns from no past. The task says how far it looks, in which
    seasons, and which intervals it gives."""

    task: TaskSpec
    name: str = PRETRAINED

    def load(self) -> None:
        """Nothing: it is NumPy alone."""

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """What forecasts."""
        net = Pretrained(self.task.horizon, self.task.seasons)
        return partial(net.predict, probabilities=self.task.quantiles)
