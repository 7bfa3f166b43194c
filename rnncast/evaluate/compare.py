"""Comparison of nets with the same frame, head and budget, beside baselines, on the same origins: is a state worth
it?"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rnncast.choices.decide import resolve
from rnncast.choices.effort import FEW_SERIES
from rnncast.choices.task import shortest_series
from rnncast.config import PRETRAINED, SCRATCH, Config
from rnncast.errors import DataError, UsageError
from rnncast.evaluate.backtest import FoldForecast, backtest
from rnncast.evaluate.baselines import BASELINES, BaselineCandidate
from rnncast.evaluate.candidates import Candidate, NetCandidate, PretrainedCandidate
from rnncast.evaluate.findings import Findings
from rnncast.evaluate.given import Given
from rnncast.evaluate.scores import Comparison, compared
from rnncast.evaluate.summed import SummedOrigins
from rnncast.evaluate.verdict import NAIVE, Sides, Verdict, judge
from rnncast.plain import counted
from rnncast.runtime.registry import NETS
from rnncast.series.metrics import NO_MASE
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, rolling_origins
from rnncast.spec import TaskSpec

Told = Callable[[int, int, str], None]  # done, total, a few words

ORIGINS = (8, 4)  # default number for few series, and for many, if the data allow it


@dataclass(frozen=True)
class Entry:
    """A candidate as named by the user: a net or a baseline, by name; or a net with its own settings."""

    name: str
    config: Config | None = None


@dataclass(frozen=True)
class Plan:
    """Plan of a comparison: `models` are judged, `baselines` are what they must beat, beside the naive forecasts.

    folds: number of origins, None for as many as the data allow, up to `ORIGINS`. refit: train anew at each, else at
    the first only. jobs: processes. device: where to train. given: existing forecasts, whose origins and steps are
    used; those not among models or baselines count as baselines. by: id columns, or "total", for sums of series to be
    scored; empty for the series themselves.
    """

    models: tuple[Entry, ...] = (Entry("lstm"),)
    baselines: tuple[Entry, ...] = (Entry("window"),)
    folds: int | None = None
    refit: bool = True
    jobs: int = 1
    device: str = "auto"
    given: Given | None = None
    by: str = ""

    @property
    def rivals(self) -> tuple[Entry, ...]:
        """Baselines, with the given forecasts that are not judged."""
        named = {entry.name for entry in (*self.models, *self.baselines)}
        beside = [] if self.given is None else [name for name in self.given.models if name not in named]
        return (*self.baselines, *map(Entry, beside))


def compare_candidates(
    panel: Panel, config: Config, plan: Plan, told: Told = lambda done, total, words: None
) -> Findings:
    """Return backtest models, baselines, naive and seasonal naive, and judge the models.

    Horizon, seasons, levels and strategy are decided once, on the whole panel, and are the same for all; everything
    else anew at each origin, from the values before it. An interruption ends the backtest and keeps what is finished.
    Raises UsageError for an unknown candidate; DataError if the series are too short for the origins.
    """
    if plan.given is not None:
        config = _at(plan.given, config)
    configs = _configs(plan, config)
    task = _task(configs, config, panel)
    candidates = _candidates(plan, configs, task, panel.ids)
    horizon, season = task.horizon, task.season
    splits = _splits(panel, horizon, plan)
    sums = SummedOrigins.of(panel, splits, plan.by) if plan.by else None
    total = len(candidates) * len(splits)
    outcomes: list[FoldForecast] = []
    try:
        for outcome in backtest(candidates, splits, refit=plan.refit, jobs=plan.jobs):
            outcomes.append(outcome)
            told(len(outcomes), total, f"{outcome.candidate}, origin {outcome.origin + 1}")
    except KeyboardInterrupt:
        pass  # the findings report that something is missing
    order = [candidate.name for candidate in candidates]
    outcomes.sort(key=lambda outcome: (outcome.origin, order.index(outcome.candidate)))
    lags = 0 if plan.given is None else plan.given.numbered.lags
    if sums is None:
        comparison = compared(outcomes, splits, panel.ids, horizon, season, lags)
    else:
        comparison = compared(sums.forecasts(outcomes), sums.splits, sums.ids, horizon, season, lags)
    if comparison is None and len(outcomes) == total:
        raise _nothing_scored(outcomes, order, splits)
    return Findings(tuple(outcomes), comparison, _judged(comparison, plan, configs), total - len(outcomes))


def part_compared(panel: Panel, plan: Plan, task: TaskSpec) -> Comparison | None:
    """Return the comparison on one part of a table, whose task was decided before; None if no series can be scored.

    For candidates that learn from no past. A part may have fewer origins than others, if its series are short.
    """
    folds = plan.folds or ORIGINS[True]
    splits = list(rolling_origins(panel, task.horizon, folds, shortest_series(task.horizon)))
    outcomes = list(backtest(_candidates(plan, {}, task, panel.ids), splits))
    return compared(outcomes, splits, panel.ids, task.horizon, task.season)


def parts_judged(comparison: Comparison, plan: Plan) -> Findings:
    """Return the findings of a comparison that was made in parts."""
    return Findings((), comparison, _judged(comparison, plan, {}))


def _nothing_scored(outcomes: list[FoldForecast], names: list[str], splits: list[Split]) -> DataError:
    for name in names:
        if all(np.isnan(outcome.forecast.point).all() for outcome in outcomes if outcome.candidate == name):
            return DataError(f"{name} cannot forecast any of these series", hint=f"leave out {name}")
    if any((~np.isnan(split.actual)).any() for split in splits):
        return DataError(
            f"no series can be scored: before each origin they are constant, and {NO_MASE}",
            hint="rnncast score gives MAE, RMSE and coverage of forecasts of such series",
        )
    return DataError("no origin has an observed value after it to score against", hint="ask for more --folds")


def _judged(comparison: Comparison | None, plan: Plan, configs: dict[str, Config]) -> Verdict | None:
    """Return the verdict on what is finished, if that includes a model and a naive forecast."""
    if comparison is None:
        return None
    finished = {score.name for score in comparison.scores}
    models = tuple(entry.name for entry in plan.models if entry.name in finished)
    baselines = tuple(entry.name for entry in plan.rivals if entry.name in finished)
    nets = {name: each.net.model for name, each in configs.items()}
    frames = {name: _frame(each) for name, each in configs.items()}
    pure = frozenset(name for name, each in configs.items() if each.net.pure)
    given = frozenset(() if plan.given is None else plan.given.models)
    sides = Sides(models, baselines, nets, frames, pure, given)
    return judge(comparison, sides) if models and finished & set(NAIVE) else None


def _frame(config: Config) -> tuple[object, ...]:
    """Return the settings of a config that decide what its nets see."""
    net = config.net
    return net.frame, net.base, net.window, net.level_span, net.calendar, config.task.transform


def _configs(plan: Plan, config: Config) -> dict[str, Config]:
    """Return the Config of each net, by name. Raises UsageError for an unknown name, or one that occurs twice."""
    configs: dict[str, Config] = {}
    names: set[str] = set()
    given = () if plan.given is None else tuple(plan.given.models)
    for entry in (*plan.models, *plan.rivals):
        if entry.name in names or (entry.config is not None and entry.name in given):
            raise UsageError(f"{entry.name} is named twice", hint="name another --model, --baseline or --with")
        names.add(entry.name)
        if entry.config is not None:
            configs[entry.name] = entry.config if plan.given is None else _at(plan.given, entry.config)
        elif entry.name in given:
            continue
        elif entry.name in NETS:
            # the net alone, not mixed
            scratch = replace(
                config, net=replace(config.net, linear="none"), train=replace(config.train, start=SCRATCH)
            )
            configs[entry.name] = scratch.with_model(entry.name)
        elif entry.name not in (*BASELINES, PRETRAINED):
            known = f"nets: {', '.join((*NETS, PRETRAINED))}; baselines: {', '.join(BASELINES)}"
            raise UsageError(f"there is no candidate called {entry.name!r}", hint=f"{known}; or name a model file")
    return configs


def _task(configs: dict[str, Config], config: Config, panel: Panel) -> TaskSpec:
    """Return the task of all candidates, as the first net decides it; recursive if any net cannot be direct."""
    tasks = [resolve(each, panel).task for each in configs.values()] or [resolve(config, panel).task]
    strategy = "recursive" if "recursive" in {task.strategy for task in tasks} else "direct"
    return replace(tasks[0], strategy=strategy, levels=config.task.levels)


def _at(given: Given, config: Config) -> Config:
    """Return a config with the horizon of the forecasts that are given."""
    return replace(config, task=replace(config.task, horizon=given.horizon(config.task.horizon)))


def _candidates(plan: Plan, configs: dict[str, Config], task: TaskSpec, ids: tuple[str, ...]) -> list[Candidate]:
    """Return the candidates, baselines first: they take no time, and can be shown if the nets are interrupted."""
    baselines = ["naive", *(["seasonal-naive"] if task.season > 1 else [])]
    own = () if plan.given is None else tuple(plan.given.models)
    named = [each.name for each in (*plan.models, *plan.baselines)]
    baselines += [name for name in named if name not in (*configs, *baselines, *own)]
    nets = [NetCandidate(name, _with_task(config, task), plan.device) for name, config in configs.items()]
    quick = [PretrainedCandidate(task) if name == PRETRAINED else BaselineCandidate(name, task) for name in baselines]
    there = [] if plan.given is None else [plan.given.candidate(name, task, ids) for name in own]
    return [*there, *quick, *nets]


def _with_task(config: Config, task: TaskSpec) -> Config:
    """Return a net's own settings, with those replaced that are the same for all."""
    shared = replace(
        config.task, horizon=task.horizon, seasons=task.seasons_to_ask, strategy=task.strategy, levels=task.levels
    )
    return replace(config, task=shared)


def _splits(panel: Panel, horizon: int, plan: Plan) -> list[Split]:
    shortest, folds = shortest_series(horizon), plan.folds
    if plan.given is not None:
        return plan.given.splits(panel, horizon, folds, shortest)
    asked = folds or ORIGINS[len(panel) >= FEW_SERIES]
    splits = list(rolling_origins(panel, horizon, asked, shortest))
    if not splits or (folds is not None and len(splits) < folds):
        longest, needed = int(panel.lengths.max()), (folds or 1) * horizon + shortest
        several = folds is not None and folds > 1
        steps = counted(horizon, "step")
        origins = f"{folds} origins {steps} apart" if several else f"an origin and {steps} after it"
        raise DataError(
            f"too few rows for {origins}: the longest series has {longest}, and they need {needed}",
            hint="ask for fewer --folds or a shorter --horizon",
        )
    return splits
