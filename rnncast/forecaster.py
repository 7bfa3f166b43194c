"""The Forecaster: fit, predict, save, load. The Python API, and the one door to the nets."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.choices import resolve
from rnncast.config import Config, TableConfig
from rnncast.errors import DataError, ModelFileError, RnncastError, TrainingError
from rnncast.files.model_file import read_model, write_model
from rnncast.runtime.runtime import Runtime, weight_shapes
from rnncast.runtime.states import SeriesState, state_from_tensors, state_tensors
from rnncast.series.forecast import Forecast
from rnncast.series.frequency import Frequency, Positions
from rnncast.series.panel import Columns, Panel
from rnncast.training.step import Watch
from rnncast.version import VERSION


@dataclass(frozen=True)
class Source:
    """Where the training data came from, so that they can be found again.

    path and table: as they were given, for `read_table`.

    fingerprint: `Panel.fingerprint` of what was trained on.
    """

    fingerprint: str
    path: str = ""
    table: TableConfig = field(default_factory=TableConfig)


@dataclass(frozen=True)
class Forecaster:
    """A trained net with the state of every series it was trained on. Nothing in it changes; `fit` gives a new one."""

    config: Config
    weights: Mapping[str, NDArray[np.float32]]
    state: SeriesState
    ids: tuple[str, ...]
    cutoff: Positions
    frequency: Frequency
    columns: Columns
    source: Source
    scores: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, panel: Panel, config: Config | None = None, *, watch: Watch | None = None) -> "Forecaster":
        """Train on a panel. Settings left open are decided from the data; `watch` is told of each epoch.

        DataError if the panel has too few values for the horizon; TrainingError if training diverges, which rescues the
        Forecaster with the best weights so far.
        """
        from rnncast.training.fit import fit_weights  # torch is imported here, and only here

        config = resolve(config or Config(), panel)
        try:
            fitted = fit_weights(panel, config, watch or Watch())
        except TrainingError as error:
            best = error.rescued
            alone = replace(config, train=replace(config.train, members=1))
            rescued = None if best is None else cls._of(panel, alone, best.weights, {})
            raise TrainingError(error.message, error.hint, rescued) from None
        return cls._of(panel, config, fitted.weights, fitted.scores)

    @classmethod
    def _of(
        cls, panel: Panel, config: Config, weights: Mapping[str, NDArray[np.float32]], scores: Mapping[str, float]
    ) -> "Forecaster":
        return cls(
            config=config,
            weights=weights,
            state=Runtime(config, weights).final_state(panel),
            ids=panel.ids,
            cutoff=panel.ends,
            frequency=panel.frequency,
            columns=panel.columns,
            source=Source(panel.fingerprint),
            scores=scores,
        )

    def predict(self, panel: Panel | None = None, horizon: int | None = None) -> Forecast:
        """Forecast what follows each trained series, or each series of a panel, given as its whole history.

        The answer for a panel depends on that panel alone. DataError if the panel's frequency is not the trained one,
        or the horizon is longer than the trained one.
        """
        runtime = Runtime(self.config, self.weights)
        ids, cutoff, columns, state = self.ids, self.cutoff, self.columns, self.state
        if panel is not None:
            self._check_frequency(panel)
            ids, cutoff, columns, state = panel.ids, panel.ends, panel.columns, runtime.final_state(panel)
        steps = self._horizon(horizon)
        quantiles = runtime.forecast_all(state, steps)  # [S, H, Q]
        probabilities = self.config.task.quantiles
        point = quantiles[:, :, len(probabilities) // 2]
        return Forecast(ids, cutoff, point, quantiles, probabilities, self.frequency, columns)

    def save(self, path: str) -> None:
        """Write the model file, whole or not at all. ModelFileError if it cannot be written."""
        header = {
            "versions": {"rnncast": VERSION, "numpy": np.__version__},
            "config": self.config.to_dict(),
            "frequency": self.frequency.to_dict(),
            "columns": self.columns.to_dict(),
            "source": asdict(self.source),
            "scores": dict(self.scores),
            "ids": self.ids,
        }
        tensors = {**self.weights, **state_tensors(self.state), "series.cutoff": self.cutoff}
        write_model(path, header, tensors)

    @classmethod
    def load(cls, path: str) -> "Forecaster":
        """Read a model file. ModelFileError if it is missing, damaged, or not one."""
        header, tensors = read_model(path)
        try:
            config = Config.from_dict(header["config"])
            runtime = Runtime(config, {n: t for n, t in tensors.items() if not n.startswith(("state.", "series."))})
            forecaster = cls(
                config=config,
                weights=runtime.weights,
                state=state_from_tensors(tensors),
                ids=tuple(header["ids"]),
                cutoff=tensors["series.cutoff"],
                frequency=Frequency(**header["frequency"]),
                columns=Columns(**header["columns"]),
                source=Source(**{**header["source"], "table": TableConfig(**header["source"]["table"])}),
                scores=header["scores"],
            )
            _check_shapes(forecaster, runtime.init_state(len(header["ids"])))
        except (KeyError, TypeError, ValueError, AssertionError, RnncastError) as error:
            raise ModelFileError(f"{path} is a damaged model file: {error}", hint="train again") from None
        return forecaster

    def from_source(self, path: str, table: TableConfig) -> "Forecaster":
        """The same forecaster, which also remembers where its data were read from, and how."""
        return replace(self, source=replace(self.source, path=path, table=table))

    def training_data(self, note: Callable[[str], None] = lambda text: None) -> Panel:
        """The panel that this was trained on, read again. DataError if its file is gone, changed, or was a pipe."""
        from rnncast.files.tables import read_table

        path = self.source.path
        if path in ("", "-"):
            raise DataError(
                "the model file does not say where its data are: they were piped in",
                hint="name the data file",
            )
        panel = read_table(path, self.source.table, note=note)
        if panel.fingerprint != self.source.fingerprint:
            raise DataError(
                f"{path} has changed since the model was trained on it",
                hint=f"to use what it holds now, name it: rnncast compare {path}",
            )
        return panel

    def _horizon(self, horizon: int | None) -> int:
        trained = self.config.task.horizon
        assert trained is not None
        if horizon is not None and horizon > trained and self.config.direct:
            raise DataError(
                f"this model forecasts {trained} steps ahead, not {horizon}",
                hint=f"train again with --horizon {horizon}, or with --strategy recursive, which can go on",
            )
        return horizon or trained

    def _check_frequency(self, panel: Panel) -> None:
        if panel.frequency != self.frequency:
            raise DataError(
                f"the data are {panel.frequency.name}, but the model was trained on {self.frequency.name} data",
                hint="give data of the same frequency, or train a model on these",
            )


def _check_shapes(forecaster: Forecaster, fresh: SeriesState) -> None:
    """Hold what a file gave against what its own config asks for. ValueError where they differ."""
    expected = weight_shapes(forecaster.config)
    shapes = {name: weight.shape for name, weight in forecaster.weights.items()}
    if shapes != expected:
        wrong = sorted(set(shapes.items()) ^ set(expected.items()))[0]
        raise ValueError(f"the tensor {wrong[0]} does not fit the net")
    given, asked = state_tensors(forecaster.state), state_tensors(fresh)
    for name, value in asked.items():
        if given[name].shape != value.shape:
            raise ValueError(f"the tensor {name} does not fit the net")
    if forecaster.cutoff.shape != (len(forecaster.ids),):
        raise ValueError("there is not one cutoff for each series")
    if not all(np.isfinite(weight).all() for weight in forecaster.weights.values()):
        raise ValueError("a weight is not finite")
