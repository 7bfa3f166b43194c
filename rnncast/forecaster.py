"""The Forecaster: fit, predict, save, load. The Python API, and the one door to the nets."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.choices import resolve
from rnncast.config import Config, TableConfig, section
from rnncast.errors import DataError, ModelFileError, RnncastError, TrainingError
from rnncast.files.model_file import read_model, write_model
from rnncast.given import check_frequency, check_known, check_values, known_ahead, moved_on, with_future
from rnncast.runtime.checks import check_tensors
from rnncast.runtime.continuing import Kept, following, state_after
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import SeriesState, rows_of, state_from_tensors, state_tensors
from rnncast.series.beside import Ahead, calendar
from rnncast.series.covariates import Future
from rnncast.series.dependence import dependent_scores, generator_of
from rnncast.series.encoding import Encoding, expand
from rnncast.series.forecast import Forecast, Paths
from rnncast.series.frequency import Frequency, Positions
from rnncast.series.panel import Columns, Panel
from rnncast.training.step import Watch
from rnncast.version import VERSION

SIDE_BY_SIDE = 32  # series whose paths are sampled at once
LATEST = 400_000_000_000_000_000  # units of a calendar that NumPy can count in: microseconds, over 10,000 years


@dataclass(frozen=True)
class Source:
    """Where the training data came from, so that they can be found again.

    path and table: as they were given, for `read_table`.

    fingerprint: `Panel.fingerprint` of what was trained on.
    """

    fingerprint: str
    path: str = ""
    table: TableConfig = field(default_factory=TableConfig)

    def read(self, note: Callable[[str], None]) -> Panel:
        """The panel, read again. DataError if its file is gone, changed, or was a pipe."""
        from rnncast.files.tables import read_table

        path = self.path
        if path in ("", "-"):
            raise DataError(
                "the model file does not say where its data are: they were piped in",
                hint="name the data file",
            )
        panel = read_table(path, self.table, note=note)
        if panel.fingerprint != self.fingerprint:
            raise DataError(
                f"{path} has changed since the model was trained on it",
                hint=f"to use what it holds now, name it: rnncast compare {path}",
            )
        return panel


@dataclass(frozen=True)
class Forecaster:
    """A trained net with the state of every series it was trained on. Nothing in it changes; `fit` gives a new one.

    versions: of what trained it. known [S, R, K]: what was known in training of the steps after each series' end, R at
    most the trained horizon, NaN where it was not; categories are places in the levels of `encoding`. device: where
    nets step, which no file remembers.
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
    versions: Mapping[str, str] = field(default_factory=dict)
    encoding: Encoding = field(default_factory=Encoding)
    known: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 0)))
    device: str = "cpu"

    @classmethod
    def fit(cls, panel: Panel, config: Config | None = None, *, watch: Watch | None = None) -> "Forecaster":
        """Train on a panel. Settings left open are decided from the data; `watch` is told of each epoch.

        DataError if the panel has too few values for the horizon; TrainingError if training diverges, which rescues the
        Forecaster with the best weights so far.
        """
        from rnncast.training.fit import fit_weights  # torch is imported only where it is needed

        config = resolve(config or Config(), panel)
        encoding = Encoding.of(panel)
        try:
            fitted = fit_weights(encoding.encode(panel), config, watch or Watch())
        except TrainingError as error:
            best = error.rescued
            rescued = None if best is None else cls._of(panel, best.config, encoding, best.weights, {})
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
            versions=_trained_with(),
            encoding=encoding,
            known=known_ahead(panel, encoding, config.task.horizon),
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
        runtime, start = self.runtime, self._start(panel, horizon, future, complete=complete)
        quantiles = runtime.forecast_all(start.state, start.ahead)  # [S, H, Q]
        probabilities = self.config.task.quantiles
        point = quantiles[:, :, len(probabilities) // 2]
        return Forecast(
            start.ids, start.cutoff, point, quantiles, probabilities, self.frequency, start.columns, log=self.log
        )

    def sample(
        self,
        paths: int,
        panel: Panel | None = None,
        horizon: int | None = None,
        *,
        future: Future | None = None,
    ) -> Paths:
        """So many sampled futures of each series that `predict` would forecast, and as it would: what is computed from
        whole paths (a sum, a maximum) has the distribution that it has by the model.

        The seed that trained the model, and the series' id, decide the paths. Errors as `predict`.
        """
        runtime, start = self.runtime, self._start(panel, horizon, future)
        steps, seed = start.ahead.known.shape[1], self.config.train.seed
        templates, values = runtime.templates[:, :steps], []
        series = np.arange(len(start.ids))
        for rows in np.array_split(series, -(-len(series) // SIDE_BY_SIDE)):
            random = (generator_of(seed, start.ids[s]) for s in rows)
            scores = np.stack([dependent_scores(templates, paths, each) for each in random])  # [B, H, P]
            here = Ahead(*(part[rows] for part in start.ahead))
            values.append(runtime.sample(rows_of(start.state, rows), here, scores))
        return Paths(start.ids, start.cutoff, np.concatenate(values), self.frequency, start.columns)

    def _start(
        self, panel: Panel | None, horizon: int | None, future: Future | None, *, complete: bool = True
    ) -> "_Start":
        """Where a forecast begins; errors as `predict`."""
        steps = self.horizon(horizon)
        if panel is None:
            ids, cutoff, columns, state, known = self.ids, self.cutoff, self.columns, self.state, self.known
        else:
            check_frequency(panel, self.frequency)
            check_values(panel, log=self.log)
            ids, cutoff, columns = panel.ids, panel.ends, panel.columns
            state = self.runtime.final_state(self.encoding.encode(panel))
            known = known_ahead(panel, self.encoding, steps)
        known = with_future(known, self.encoding, future, ids, cutoff, steps)
        if complete:
            check_known(known, self.encoding, ids, cutoff, self.frequency, columns)
        return _Start(ids, cutoff, columns, state, self._ahead(known, cutoff, state))

    @property
    def runtime(self) -> Runtime:
        """What steps the nets: NumPy on a CPU, torch elsewhere. UsageError if the device is not here."""
        return Runtime(self.config, self.weights) if self.device == "cpu" else _on_device(self)

    @property
    def log(self) -> bool:
        """Whether the net works in logs, of positive values alone."""
        return self.config.task.transform == "log"

    def update(self, panel: Panel, *, gaps: bool = False) -> "Forecaster":
        """The same net, after new rows of its series: those that follow the saved state, whose cost is theirs alone.

        gaps: whether steps may be missing before the first new row of a series; they count as missing values.
        DataError, by name, for a series without a saved state, rows that are in it already, and steps left out.
        """
        check_frequency(panel, self.frequency)
        rows, panel = following(panel, Kept(self.ids, self.cutoff), gaps=gaps)
        check_values(panel, log=self.log)
        runtime, cutoff, known = self.runtime, self.cutoff.copy(), self.known.copy()
        cutoff[rows] = panel.ends
        if known.size:
            known[rows] = moved_on(known[rows], panel.lengths, known_ahead(panel, self.encoding, known.shape[1]))
        state = state_after(runtime, self.state, rows, self.encoding.encode(panel))
        return replace(self, state=state, cutoff=cutoff, known=known)

    def _ahead(self, known: NDArray[np.float64], cutoff: Positions, state: SeriesState) -> Ahead:
        """Beside the steps to come: known covariates [S, H, K], encoded; the calendar, and what is static."""
        steps, cycles = known.shape[1], self.config.net.calendar or ()
        encoded = expand(known, self.encoding.known)
        cyclic = calendar(self.frequency, cutoff[:, None] + np.arange(1, steps + 1), cycles)  # [S, H, N]
        static = np.repeat(state.other[:, None, cyclic.shape[2] :], steps, axis=1)
        return Ahead(encoded, np.concatenate((cyclic, static), -1))

    def save(self, path: str) -> None:
        """Write the model file, whole or not at all. ModelFileError if it cannot be written."""
        header = {
            "versions": dict(self.versions),
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
            config, encoding = Config.from_dict(header["config"]), Encoding.from_dict(header["encoding"])
            if encoding.widths != config.net.covariates:
                raise ValueError("the encoding of the covariates does not fit the net")
            ids = tuple(header["ids"])
            check_tensors(config, tensors, len(ids), len(encoding.known))
            frequency, cutoff = section(Frequency, header["frequency"]), tensors["series.cutoff"]
            _check_times(frequency, cutoff)
            return cls(
                config=config,
                weights={n: t for n, t in tensors.items() if not n.startswith(("state.", "series."))},
                state=state_from_tensors(tensors),
                ids=tuple(map(str, ids)),
                cutoff=cutoff,
                frequency=frequency,
                columns=section(Columns, header["columns"]),
                source=Source(**{**header["source"], "table": section(TableConfig, header["source"]["table"])}),
                scores={str(name): float(score) for name, score in header["scores"].items()},
                versions={str(name): str(number) for name, number in header["versions"].items()},
                encoding=encoding,
                known=tensors["series.known"],
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, AssertionError, RnncastError) as error:
            raise ModelFileError(f"{path} is a damaged model file: {error}", hint="train again") from None

    def onnx_step(self) -> bytes:
        """One step of the net as an ONNX file (`nets.export`). ModelFileError if it forecasts a distribution;
        RnncastError if onnx is not installed."""
        from rnncast.nets.export import onnx_step  # torch, as in `fit`

        return onnx_step(self.config, self.weights)

    def from_source(self, path: str, table: TableConfig) -> "Forecaster":
        """The same forecaster, which also remembers where its data were read from, and how."""
        return replace(self, source=replace(self.source, path=path, table=table))

    def training_data(self, note: Callable[[str], None] = lambda text: None) -> Panel:
        """The panel that this was trained on, read again; errors as `Source.read`."""
        return self.source.read(note)

    def horizon(self, horizon: int | None) -> int:
        """How many steps to forecast where so many are asked for. DataError if the model cannot go so far."""
        trained = self.config.task.horizon
        assert trained is not None
        if horizon is not None and horizon > trained and self.config.direct:
            raise DataError(
                f"this model forecasts {trained} steps ahead, not {horizon}",
                hint=f"train again with --horizon {horizon}, or with --strategy recursive, which can go on",
            )
        return horizon or trained


class _Start(NamedTuple):
    """Where a forecast begins: the series, what is known of each, and what is known of the steps to come."""

    ids: tuple[str, ...]
    cutoff: Positions
    columns: Columns
    state: SeriesState
    ahead: Ahead


def _on_device(forecaster: Forecaster) -> Runtime:
    from rnncast.nets.on_device import DeviceRuntime
    from rnncast.training.device import find_device

    return DeviceRuntime(forecaster.config, forecaster.weights, device=find_device(forecaster.device))


def _trained_with() -> dict[str, str]:
    """The versions of all that has a say in what training gives."""
    from importlib.metadata import version  # slow to import, and of no use to a forecast

    python = ".".join(map(str, sys.version_info[:3]))
    return {"rnncast": VERSION, "python": python, **{name: version(name) for name in ("numpy", "torch")}}


def _check_times(frequency: Frequency, cutoff: Positions) -> None:
    """ValueError if a cutoff lies outside the calendar."""
    if not len(cutoff):
        return
    if (abs(cutoff) > LATEST // frequency.count).any():
        raise ValueError("a cutoff lies outside the calendar")
    if frequency.unit == "step":
        return
    years = frequency.times(cutoff).astype("datetime64[Y]").astype(np.int64) + 1970
    if years.min() < 1 or years.max() > 9999:
        raise ValueError("a cutoff lies outside the calendar")
