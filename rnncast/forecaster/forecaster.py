"""Forecaster: fit, predict, save, load. The core of the Python API, through which all nets are used."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnncast.config import STARTS, Config, TableConfig
from rnncast.errors import DataError, TrainingError, UsageError
from rnncast.files.formats.folders import Named
from rnncast.files.output.model_file import FORMAT, damaged, read_model, write_model
from rnncast.forecaster.given import (
    check_finite,
    check_frequency,
    check_known,
    check_reach,
    check_values,
    known_ahead,
    moved_on,
    widths_of,
    with_future,
)
from rnncast.forecaster.header import Header, Source
from rnncast.forecaster.new_rows import Kept
from rnncast.forecaster.update import advanced, following
from rnncast.forecaster.warm import check_further, further, further_config
from rnncast.frame.exogenous import Ahead, calendar, columns_now
from rnncast.interruption import Interruption
from rnncast.plain import counted
from rnncast.runtime.checks import check_tensors
from rnncast.runtime.members import StepNets
from rnncast.runtime.memory import check_paths
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import (
    SeriesState,
    concatenated,
    last_values,
    rows_of,
    state_from_tensors,
    state_tensors,
)
from rnncast.series.covariates import Future
from rnncast.series.encoding import Encoding, expand
from rnncast.series.forecast import Forecast, Paths
from rnncast.series.panel import Columns, Panel
from rnncast.series.sizes import from_logs
from rnncast.spec import ModelSpec
from rnncast.times.frequency import Frequency, Positions
from rnncast.version import VERSION

if TYPE_CHECKING:
    from rnncast.training.fitted import Fitted
    from rnncast.training.ranks import Ranks
    from rnncast.training.watch import Watch

SIDE_BY_SIDE = 32  # series whose paths are sampled at once
LARGE = np.errstate(all="ignore")  # numbers that overflow give a forecast that is not finite, which is refused


@dataclass(frozen=True, repr=False)
class Forecaster:
    """A trained net with the state of every series it was trained on. It is never modified; `fit` returns a new one.

    spec: what was decided; asked: what was asked for. versions: of the software that trained it. known [S, R, K]: known
    covariates after each series' end, R at most the trained horizon, NaN = unknown; categories are places in the levels
    of `encoding`. interruption: which nets these are, if training was stopped early. format: of the model file it was
    read from. device: where nets step, which is not stored.
    """

    spec: ModelSpec
    asked: Config
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
    interruption: Interruption | None = None
    format: int = FORMAT
    device: str = "cpu"

    def __repr__(self) -> str:
        task, series = self.spec.task, f"{len(self.ids)} series, {self.frequency.name}"
        return f"Forecaster({self.spec.net.model}, {series}, horizon {task.horizon}, season {task.season})"

    @classmethod
    def fit(
        cls, panel: Panel, config: Config | None = None, *, watch: "Watch | None" = None, start: Self | None = None
    ) -> Self:
        """Train on a panel; settings left open are decided from the data. `watch` gets a report of each epoch.

        start: whose nets are trained further; config: None for `warm.further_config` then. Raises DataError if the
        panel has too few values for the horizon; TrainingError if training diverges, and
        InterruptedTrainingError if it is stopped, both with the Forecaster of the best weights so far; Raises
        CheckpointError if `watch` starts from a checkpoint of another training.
        """
        from rnncast.choices.decide import decide  # not needed for a forecast, as in `fit_spec`

        asked = config or (Config() if start is None else further_config(start.spec))
        if start is None and asked.train.start not in STARTS:
            start = cls.load(asked.train.start)
        if start is not None:
            check_further(start.spec, asked)
        spec, _ = decide(asked, panel, None if start is None else start.encoding)
        return cls.fit_spec(panel, spec, asked, watch=watch, start=start)

    @classmethod
    def fit_spec(
        cls, panel: Panel, spec: ModelSpec, asked: Config, *, watch: "Watch | None" = None, start: Self | None = None
    ) -> Self:
        """Train on a panel the spec that `choices.decide` made from it and from `asked`; start and errors as in
        `fit`."""
        begun, encoding, ranks = None, Encoding.of(panel, spec.frame.unused), None if watch is None else watch.ranks
        if start is not None:
            check_frequency(panel, start.frequency)
            encoding, (spec, begun) = start.encoding, further(start.spec, spec, start.weights, start.scores)
        try:
            fitted = _fitted(encoding.encode(panel), spec, watch, begun)
        except TrainingError as error:
            error.rescued = error.rescued and cls._of(panel, asked, encoding, error.rescued, ranks)
            raise
        return cls._of(panel, asked, encoding, fitted, ranks)

    @classmethod
    def _of(cls, panel: Panel, asked: Config, encoding: Encoding, fitted: "Fitted", ranks: "Ranks | None") -> Self:
        spec, weights = fitted.spec, fitted.weights
        return cls(
            spec=spec,
            asked=asked,
            weights=weights,
            state=_replayed(Runtime(spec, weights), encoding.encode(panel), ranks),
            ids=panel.ids,
            cutoff=panel.ends,
            frequency=panel.frequency,
            columns=panel.columns,
            source=Source(panel.fingerprint),
            scores=fitted.scores,
            versions=_trained_with(),
            encoding=encoding,
            known=known_ahead(panel, encoding, spec.task.horizon),
            interruption=fitted.interruption,
        )

    @LARGE
    def predict(
        self,
        panel: Panel | None = None,
        horizon: int | None = None,
        *,
        future: Future | None = None,
        complete: bool = True,
    ) -> Forecast:
        """Forecast the next values of each trained series, or of each series of a panel, given as its whole history.

        The forecast of a panel depends on that panel (and `future`, for known covariates) alone. Raises DataError if
        the panel's frequency is not the trained one, the horizon is longer than the trained one or leaves the calendar,
        or a known covariate is missing (unless not `complete`, when it counts as missing, as in training). Raises
        ForecastError if the forecast is not finite.
        """
        runtime, start = self.runtime, self._start(panel, horizon, future, complete=complete)
        quantiles = runtime.forecast_all(
            start.state, start.ahead, widths_of(start.ids, self.ids, self.weights)
        )  # [S, H, Q]
        check_finite(quantiles, self.spec.net.model, start.ids, start.columns)
        probabilities = self.spec.task.quantiles
        point = quantiles[:, :, len(probabilities) // 2]
        found = Forecast(start.ids, start.cutoff, point, quantiles, probabilities, self.frequency, start.columns)
        return replace(found, log=self.log, bounds=self.spec.task.bounds)

    @LARGE
    def sample(
        self,
        paths: int,
        panel: Panel | None = None,
        horizon: int | None = None,
        *,
        future: Future | None = None,
    ) -> Paths:
        """Draw sample paths of each series that `predict` would forecast, so that sums, maxima and the like have
        distributions.

        The paths depend on the seed that trained the model and on the series' id. Errors as `predict`.
        """
        runtime, start = self.runtime, self._start(panel, horizon, future)
        steps, seed = start.ahead.known.shape[1], self.spec.train.seed
        check_paths(paths, len(start.ids) * steps)
        copula, values = runtime.copula.over(steps), []
        widths = widths_of(start.ids, self.ids, self.weights)
        for rows in np.array_split(np.arange(len(start.ids)), -(-len(start.ids) // SIDE_BY_SIDE)):
            scores = copula.scores(paths, seed, [start.ids[s] for s in rows])  # [B, H, P]
            here, own = Ahead(*(part[rows] for part in start.ahead)), None if widths is None else widths[rows]
            values.append(runtime.sample(rows_of(start.state, rows), here, scores, own))
        check_finite(found := np.concatenate(values), self.spec.net.model, start.ids, start.columns)
        return Paths(start.ids, start.cutoff, found, self.frequency, start.columns, self.spec.task.quantiles)

    def _start(
        self, panel: Panel | None, horizon: int | None, future: Future | None, *, complete: bool = True
    ) -> "_Start":
        """Return the state from which a forecast begins; errors as `predict`."""
        steps = self.horizon(horizon)
        if panel is None:
            ids, cutoff, columns, state, known = self.ids, self.cutoff, self.columns, self.state, self.known
        else:
            check_frequency(panel, self.frequency)
            check_values(panel, log=self.log)
            ids, cutoff, columns = panel.ids, panel.ends, panel.columns
            state = self.runtime.replay(self.encoding.encode(panel))
            known = known_ahead(panel, self.encoding, steps)
        check_reach(self.frequency, ids, cutoff, steps, columns)
        known = with_future(known, self.encoding, future, ids, cutoff, steps)
        if complete:
            check_known(known, self.encoding, ids, cutoff, self.frequency, columns)
        return _Start(ids, cutoff, columns, state, _ahead_of(self, known, cutoff, state))

    @cached_property
    def runtime(self) -> Runtime:
        """Runtime of the nets: NumPy on a CPU, torch elsewhere. Raises UsageError if the device is not available."""
        return Runtime(self.spec, self.weights, step_nets=None if self.device == "cpu" else _on_device(self))

    @property
    def log(self) -> bool:
        """True if the net works in logs, of positive values only."""
        return self.spec.frame.log

    @cached_property
    def recent(self) -> NDArray[np.float64]:
        """Last values of each series that its state still holds [S, L+1], NaN = missing or before its start."""
        y = last_values(self.state)
        return from_logs(y) if self.log else y

    @LARGE
    def update(self, panel: Panel, *, gaps: bool = False) -> "Forecaster":
        """Return the same net after new rows of its series, which follow the saved state; the cost is in these rows
        only.

        gaps: whether steps may be missing, and count as missing values, before a series' first new row. Raises
        DataError, naming the series, for one without a saved state, for rows already in it, and for steps left out.
        """
        check_frequency(panel, self.frequency)
        kept = Kept(self.ids, panel.frequency, panel.columns)
        rows, panel = following(panel, kept, self.cutoff, gaps=gaps)
        check_values(panel, log=self.log)
        runtime, cutoff, known = self.runtime, self.cutoff.copy(), self.known.copy()
        cutoff[rows] = panel.ends
        if known.size:
            known[rows] = moved_on(known[rows], panel.lengths, known_ahead(panel, self.encoding, known.shape[1]))
        state = advanced(runtime, self.state, rows, self.encoding.encode(panel))
        return replace(self, state=state, cutoff=cutoff, known=known)

    def save(self, path: str) -> None:
        """Write the model file, whole or not at all. Raises ModelFileError if it cannot be written."""
        tensors = {
            **self.weights,
            **state_tensors(self.state),
            "series.cutoff": self.cutoff,
            "series.known": self.known,
        }
        write_model(path, Header(*(getattr(self, name) for name in Header._fields)).to_dict(), tensors)

    @classmethod
    def load(cls, path: str) -> Self:
        """Read a model file. Raises ModelFileError if it is missing, damaged, or not a model file."""
        values, tensors = read_model(path)
        try:
            header = Header.from_dict(values)
            check_tensors(header.spec, tensors, len(header.ids), len(header.encoding.known))
            cutoff = tensors["series.cutoff"]
            _check_times(header, cutoff)
        except (ValueError, UsageError) as error:
            raise damaged(path, str(error)) from None
        return cls(
            **header._asdict(),
            weights={n: t for n, t in tensors.items() if not n.startswith(("state.", "series."))},
            state=state_from_tensors(tensors),
            cutoff=cutoff,
            known=tensors["series.known"],
        )

    def onnx_step(self) -> bytes:
        """Return one step of the net as an ONNX file; errors as `nets.export.onnx_step`."""
        from rnncast.nets.export import onnx_step  # imports torch, as `fit` does

        return onnx_step(self.spec, self.weights)

    def from_source(self, path: Named, table: TableConfig) -> "Forecaster":
        """Return the same forecaster, with a record of where its data were read from, and how."""
        return replace(self, source=replace(self.source, path=path, table=table))

    def training_data(self, note: Callable[[str], None] = lambda text: None, *, anywhere: bool = False) -> Panel:
        """Return the panel that this was trained on, read again; its source and errors as in `Source.read`."""
        return self.source.read(note, anywhere=anywhere)

    def horizon(self, horizon: int | None) -> int:
        """Return the number of steps to forecast, for a horizon asked for. Raises DataError if the model cannot go that
        far."""
        trained = self.spec.task.horizon
        if horizon is not None and horizon > trained and self.spec.direct:
            raise DataError(
                f"this model forecasts {counted(trained, 'step')} ahead, not {horizon}",
                hint=f"train again with --horizon {horizon}, or with --strategy recursive, which can go further",
            )
        return horizon or trained


class _Start(NamedTuple):
    """Start of a forecast: the series, the state of each, and what is known of the steps ahead."""

    ids: tuple[str, ...]
    cutoff: Positions
    columns: Columns
    state: SeriesState
    ahead: Ahead


def _ahead_of(model: Forecaster, known: NDArray[np.float64], cutoff: Positions, state: SeriesState) -> Ahead:
    """Return the exogenous inputs of the steps ahead, from their known covariates [S, H, K]."""
    positions = cutoff[:, None] + np.arange(1, known.shape[1] + 1)
    cyclic = calendar(model.frequency, positions, model.spec.frame.calendar)
    return Ahead(expand(known, model.encoding.known), columns_now(cyclic, state.other))


def _on_device(forecaster: Forecaster) -> StepNets:
    from rnncast.nets.on_device import OnDevice
    from rnncast.training.device import find_device

    return OnDevice(forecaster.spec, forecaster.weights, find_device(forecaster.device))


def _fitted(panel: Panel, spec: ModelSpec, watch: "Watch | None", start: dict[str, Any] | None) -> "Fitted":
    """Return the result of training on an encoded panel, from some weights; torch is imported only if a net is
    trained."""
    from rnncast.training.budget import Budget
    from rnncast.training.fitted import fitted_early
    from rnncast.training.watch import Watch

    watch, begun = watch or Watch(), count()
    if watch.device not in ("auto", "cpu"):  # a device that does not exist is refused, even if it would not be used
        from rnncast.training.device import find_device

        find_device(watch.device)
    runs = 2 if spec.train.validate else 1  # of finetuning: on all the data, and without their end
    budget = Budget.of(spec.train.max_time, perf_counter() if watch.began is None else watch.began, runs, 1)

    def finetune(panel: Panel, spec: ModelSpec) -> dict[str, NDArray[np.float32]]:
        from rnncast.training.finetuning import finetuned  # torch, where that is asked for

        return finetuned(panel, spec, budget.share(next(begun), perf_counter()), watch.stopped)

    if (early := fitted_early(panel, spec, finetune)) is not None:
        return early
    from rnncast.training.fit import fit_weights

    made_by = {"data": panel.fingerprint, "settings": spec.to_dict(), "versions": _trained_with()}
    return fit_weights(panel, spec, watch, made_by, start)


def _replayed(runtime: Runtime, panel: Panel, ranks: "Ranks | None") -> SeriesState:
    """Return the state of each series of an encoded panel; each rank computes a part of them."""
    if ranks is None or ranks.size == 1 or len(panel) < ranks.size:
        return runtime.replay(panel)
    rows = ranks.own_of(len(panel))
    every = ranks.gathered(state_tensors(runtime.replay(panel.select(rows, panel.lengths[rows]))))
    return concatenated([state_from_tensors(part) for part in every])


def _trained_with() -> dict[str, str]:
    """Return the versions of everything that affects the result of training."""
    from importlib.metadata import version  # slow to import, and not needed for a forecast

    python = ".".join(map(str, sys.version_info[:3]))
    return {"rnncast": VERSION, "python": python, **{name: version(name) for name in ("numpy", "torch")}}


def _check_times(header: Header, cutoff: Positions) -> None:
    """Raise ValueError, naming the first series, if a cutoff lies outside the calendar."""
    for s in np.flatnonzero(~header.frequency.holds(cutoff))[:1]:
        raise ValueError(f"the last time{header.columns.of_series(header.ids[s])} lies outside the calendar")
