"""The Forecaster: fit, predict, save, load. The Python API, and the one door to the nets."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.choices import resolve
from rnncast.config import Config, TableConfig, section
from rnncast.errors import DataError, ModelFileError, RnncastError, TrainingError
from rnncast.files.model_file import read_model, write_model
from rnncast.runtime.runtime import CONFORMAL, Runtime, weight_shapes
from rnncast.runtime.states import SeriesState, state_from_tensors, state_tensors
from rnncast.series.beside import Ahead, calendar
from rnncast.series.covariates import Future
from rnncast.series.encoding import Encoding, expand, recode
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
    """A trained net with the state of every series it was trained on. Nothing in it changes; `fit` gives a new one.

    known [S, R, K]: what was known in training of the steps after each series' end, R at most the trained horizon, NaN
    where it was not; categories are places in the levels of `encoding`.
    """

    config: Config
    weights: Mapping[str, NDArray[np.float32]]
    state: SeriesState
    ids: tuple[str, ...]
    cutoff: Positions
    frequency: Frequency
    columns: Columns
    source: Source
    scores: Mapping[str, float] = field(default_factory=dict)
    encoding: Encoding = field(default_factory=Encoding)
    known: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 0)))

    @classmethod
    def fit(cls, panel: Panel, config: Config | None = None, *, watch: Watch | None = None) -> "Forecaster":
        """Train on a panel. Settings left open are decided from the data; `watch` is told of each epoch.

        DataError if the panel has too few values for the horizon; TrainingError if training diverges, which rescues the
        Forecaster with the best weights so far.
        """
        from rnncast.training.fit import fit_weights  # torch is imported here, and only here

        config = resolve(config or Config(), panel)
        encoding = Encoding.of(panel)
        try:
            fitted = fit_weights(encoding.encode(panel), config, watch or Watch())
        except TrainingError as error:
            best = error.rescued
            rescued = None if best is None else cls._of(panel, config.of_one_net(), encoding, best.weights, {})
            raise TrainingError(error.message, error.hint, rescued) from None
        return cls._of(panel, config, encoding, fitted.weights, fitted.scores)

    @classmethod
    def _of(
        cls,
        panel: Panel,
        config: Config,
        encoding: Encoding,
        weights: Mapping[str, NDArray[np.float32]],
        scores: Mapping[str, float],
    ) -> "Forecaster":
        assert config.task.horizon is not None
        return cls(
            config=config,
            weights=weights,
            state=Runtime(config, weights).final_state(encoding.encode(panel)),
            ids=panel.ids,
            cutoff=panel.ends,
            frequency=panel.frequency,
            columns=panel.columns,
            source=Source(panel.fingerprint),
            scores=scores,
            encoding=encoding,
            known=_known_ahead(panel, encoding, config.task.horizon),
        )

    def predict(
        self,
        panel: Panel | None = None,
        horizon: int | None = None,
        *,
        future: Future | None = None,
        complete: bool = True,
    ) -> Forecast:
        """Forecast what follows each trained series, or each series of a panel, given as its whole history.

        The answer for a panel depends on that panel (and `future`, if known covariates are given there) alone.
        DataError if the panel's frequency is not the trained one, the horizon is longer than the trained one, or a
        known covariate is missing in it: unless not `complete`, when it counts as missing, as it does in training.
        """
        runtime, steps = Runtime(self.config, self.weights), self._horizon(horizon)
        if panel is None:
            ids, cutoff, columns, state, known = self.ids, self.cutoff, self.columns, self.state, self.known
        else:
            self._check_frequency(panel)
            ids, cutoff, columns = panel.ids, panel.ends, panel.columns
            state = runtime.final_state(self.encoding.encode(panel))
            known = _known_ahead(panel, self.encoding, steps)
        known = _with_future(known, self.encoding, future, ids, cutoff, steps)
        if complete:
            self._check_known(known, ids, cutoff)
        quantiles = runtime.forecast_all(state, self._ahead(known, cutoff, state))  # [S, H, Q]
        probabilities = self.config.task.quantiles
        point = quantiles[:, :, len(probabilities) // 2]
        return Forecast(ids, cutoff, point, quantiles, probabilities, self.frequency, columns)

    def _ahead(self, known: NDArray[np.float64], cutoff: Positions, state: SeriesState) -> Ahead:
        """Beside the steps to come: known covariates [S, H, K], encoded; the calendar, and what is static."""
        steps, cycles = known.shape[1], self.config.net.calendar or ()
        encoded = expand(known, self.encoding.known)
        cyclic = calendar(self.frequency, cutoff[:, None] + np.arange(1, steps + 1), cycles)  # [S, H, N]
        static = np.repeat(state.other[:, None, cyclic.shape[2] :], steps, axis=1)
        return Ahead(encoded, np.concatenate((cyclic, static), -1))

    def _check_known(self, known: NDArray[np.float64], ids: tuple[str, ...], cutoff: Positions) -> None:
        """DataError, by the first series, step and column, where a known covariate [S, H, K] is not known."""
        missing = np.argwhere(np.isnan(known))
        if not len(missing):
            return
        s, step, column = (int(place) for place in missing[0])
        from rnncast.files.times import format_times

        name = self.encoding.known[column].name
        time = format_times(self.frequency.times(cutoff[s : s + 1] + step + 1), self.columns)[0]
        raise DataError(
            f"{name!r}{self.columns.of_series(ids[s])} is not known at {time}, and the forecast needs it there",
            hint="give it in rows after the last value, or in a file of its own: --future FILE",
        )

    def save(self, path: str) -> None:
        """Write the model file, whole or not at all. ModelFileError if it cannot be written."""
        header = {
            "versions": {"rnncast": VERSION, "numpy": np.__version__},
            "config": self.config.to_dict(),
            "frequency": self.frequency.to_dict(),
            "columns": self.columns.to_dict(),
            "source": asdict(self.source),
            "scores": dict(self.scores),
            "encoding": self.encoding.to_dict(),
            "ids": self.ids,
        }
        tensors = {
            **self.weights,
            **state_tensors(self.state),
            "series.cutoff": self.cutoff,
            "series.known": self.known,
        }
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
                source=Source(**{**header["source"], "table": section(TableConfig, header["source"]["table"])}),
                scores=header["scores"],
                encoding=Encoding.from_dict(header["encoding"]),
                known=tensors["series.known"],
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
    if CONFORMAL in forecaster.weights:
        task = forecaster.config.task
        expected[CONFORMAL] = (task.horizon or 1, len(task.quantiles) // 2)
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
    if forecaster.encoding.widths != forecaster.config.net.covariates:
        raise ValueError("the encoding of the covariates does not fit the net")
    known = forecaster.known
    if known.ndim != 3 or (known.shape[0], known.shape[2]) != (len(forecaster.ids), len(forecaster.encoding.known)):
        raise ValueError("the tensor series.known does not fit the series")
    if not all(np.isfinite(weight).all() for weight in forecaster.weights.values()):
        raise ValueError("a weight is not finite")


def _known_ahead(panel: Panel, encoding: Encoding, steps: int) -> NDArray[np.float64]:
    """Known covariates of the steps after each series' end [S, steps, K], NaN where they are not known."""
    block = recode(panel.known_ahead(steps), encoding.known)
    return block.rows(np.arange(len(panel) * steps)).reshape(len(panel), steps, len(encoding.known))


def _with_future(
    known: NDArray[np.float64],
    encoding: Encoding,
    future: Future | None,
    ids: tuple[str, ...],
    cutoff: Positions,
    steps: int,
) -> NDArray[np.float64]:
    """Known covariates [S, R, K] over the next steps [S, steps, K], with what the future holds in its place."""
    series, given, columns = known.shape
    result = np.full((series, steps, columns), np.nan)
    result[:, : min(given, steps)] = known[:, :steps]
    if future is not None and columns:
        rows, ahead, block = future.placed(ids, cutoff)
        inside = (ahead > 0) & (ahead <= steps)
        block = recode(block.take(np.flatnonzero(inside)), encoding.known)
        result[rows[inside], ahead[inside] - 1] = block.values
    return result
