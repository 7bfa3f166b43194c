"""Memory against no memory: two nets with the same inputs, head and budget, beside the naive forecasts."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from rnncast.choices import resolve, shortest_series
from rnncast.config import Config
from rnncast.errors import DataError, UsageError
from rnncast.evaluate.backtest import Candidate, Comparison, backtest
from rnncast.evaluate.baselines import naive, seasonal_naive
from rnncast.evaluate.verdict import Verdict, judge
from rnncast.forecaster import Forecaster
from rnncast.runtime.registry import find_net
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.series.splits import rolling_origins
from rnncast.training.step import Watch

Told = Callable[[int, int, str], None]  # done, total, a few words


@dataclass(frozen=True)
class Plan:
    """What a net is compared with, at how many origins, and where it is trained."""

    baseline: str = "window"
    folds: int = 4
    device: str = "auto"


def compare_nets(
    panel: Panel, config: Config, plan: Plan, told: Told = lambda done, total, words: None
) -> tuple[Comparison, Verdict]:
    """Backtest the config's net against a baseline net, naive and seasonal naive, and judge.

    Horizon, season and strategy are settled once, on the whole panel; everything else anew at each origin, from what
    came before it. UsageError for an unknown net; DataError if the series are too short for so many origins.
    """
    model, baseline, folds = config.net.model, plan.baseline, plan.folds
    find_net(baseline)
    if baseline == model:
        raise UsageError(f"--model and --baseline are both {model}", hint="compare two different nets")
    settled = resolve(config, panel).task
    horizon, season = settled.horizon or 1, (settled.seasons or (1,))[0]
    # A season of 1 at the end says that there are no others.
    seasons = (*(settled.seasons or ()), 1)
    task = replace(config.task, horizon=horizon, seasons=seasons, strategy=settled.strategy)
    config = replace(config, task=task)
    splits = list(rolling_origins(panel, horizon, folds, shortest_series(horizon)))
    if len(splits) < folds:
        raise DataError(_too_short(panel, horizon, folds), hint="ask for fewer --folds or a shorter --horizon")
    candidates = [_net(config.with_model(name), plan.device) for name in (model, baseline)]
    candidates += [Candidate("naive", lambda seen: naive(seen, horizon))]
    if season > 1:
        candidates += [Candidate("seasonal-naive", lambda seen: seasonal_naive(seen, horizon, season))]
    total = len(candidates) * len(splits)
    finished = iter(range(1, total + 1))
    comparison = backtest(
        candidates,
        splits,
        season,
        lambda name, origin: told(next(finished), total, f"{name}, origin {origin}"),
    )
    return comparison, judge(comparison, model, baseline)


def _net(config: Config, device: str) -> Candidate:
    watch = Watch(device=device)

    def forecast(seen: Panel) -> Forecast:
        # Where a row is missing in the past, so is what was known of it.
        return Forecaster.fit(seen, config, watch=watch).predict(complete=False)

    return Candidate(config.net.model, forecast)


def _too_short(panel: Panel, horizon: int, folds: int) -> str:
    longest, needed = int(panel.lengths.max()), folds * horizon + shortest_series(horizon)
    return (
        f"too few rows for {folds} origins {horizon} steps apart: "
        f"the longest series has {longest}, and they need {needed}"
    )
