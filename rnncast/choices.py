"""What the data decide: a ModelSpec, from a Config and the facts of a Panel. Every automatic choice is made here."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from rnncast.config import CYCLES, ROLES, Config, flag
from rnncast.errors import DataError, UsageError
from rnncast.frame.baselines import baselines_of, find_baseline
from rnncast.frame.best_base import Best, best_bases
from rnncast.frame.frame import Frame
from rnncast.losses import LOSSES
from rnncast.runtime.footprint import check_memory
from rnncast.runtime.registry import find_net
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Panel
from rnncast.series.seasonality import find_longer_season, find_season
from rnncast.series.sizes import check_sizes
from rnncast.series.spread import drift
from rnncast.spec import ModelSpec
from rnncast.times.frequency import Frequency

FEW_SERIES = 10
UPDATES = 400  # optimiser steps for them; for more of them more, as there is more to be learnt
MOST_UPDATES = 6  # times as many
EPOCHS = (8, 48)  # fewest, most
HIDDEN_SIZE = (32, 64)  # for few series, for many
EPOCHS_A_VALUE = 1 / 3  # of the longest series: a handful of values is soon known by heart
SHORTEST_RUN = 6  # epochs, for a series of a handful of values
WINDOW = (8, 64)  # smallest, largest
STRIDE = 4  # at least, of the steps that a large panel is learnt from
STRIDES_IN_HORIZON = 48  # at most
LARGE_PANEL = 20_000  # values
SMALL_PANEL = 5_000  # values
PLAIN_MARGIN = 0.5  # movements must be this much steadier in plain units than in logs, to stay in plain units
TWICE = 1.998  # that many years are two: some have 365 days
SEASONS_NEEDED = 2  # full ones in the longest series, before a season is believed
SPANS = 4  # of the level, at most
SPANS_HELD = 3  # times that the longest series holds a span, before it is measured by though it is no season
DOUBT = 100  # values that it takes to shrink a net's forecasts no more than half-way
GIVEN = "as given"
TOLD = (  # what is said of choices, in this order
    "seasons",
    "horizon",
    "transform",
    "level_span",
    "base",
    "hidden_size",
    "window",
    "calendar",
    "strategy",
    "epochs",
    "stride",
    "members",
    "shrinkage",
)
Made = tuple[Any, str]  # what a setting was set to, and why


class Effort(NamedTuple):
    """What a preset is willing to spend: epochs, by those of the default; members on a small panel, and on others; and
    spans of the level, which members take in turn."""

    epochs: float
    members: tuple[int, int]
    spans: int


EFFORTS = {
    "fast": Effort(0.5, (1, 1), 1),
    "default": Effort(1.0, (3, 2), SPANS),
    "best": Effort(1.0, (8, 4), SPANS),
}


class Choice(NamedTuple):
    """A setting, what it was set to, and why."""

    name: str
    value: str
    reason: str


def resolve(config: Config, panel: Panel) -> ModelSpec:
    """The spec that `decide` gives, without the reasons."""
    return decide(config, panel)[0]


def decide(config: Config, panel: Panel) -> tuple[ModelSpec, tuple[Choice, ...]]:
    """Decide all that the config leaves to the data; with the reason for each choice.

    DataError if the panel cannot be trained on; UsageError if a setting does not suit it.
    """
    check_sizes(panel)
    longest = int(panel.lengths.max(initial=0))
    seasons, why_seasons = _seasons(config, panel, longest)
    main = seasons[0] if seasons else 1
    horizon, why_horizon = _horizon(config, main)
    _check_lengths(longest, horizon)
    strategy, training, why_strategy = _strategy(config)
    made: dict[str, Made] = {
        "seasons": (seasons, why_seasons),
        "horizon": (horizon, why_horizon),
        "transform": _transform(config, panel, main),
        "hidden_size": _hidden_size(config, panel),
        "window": _window(config, main),
        "calendar": _calendar(config, panel, longest),
        "strategy": (strategy, why_strategy),
        "epochs": _epochs(config, panel, longest),
        "stride": _stride(config, panel, strategy, horizon),
        "shrinkage": _shrinkage(config, panel),
    }
    plain = dict(zip(ROLES, Encoding.of(panel).widths, strict=True)) | {"training": training}
    plain |= {name: value for name, (value, _) in made.items()}
    spans, members = config.net.level_span or (main,), config.train.members or 1
    provisional = _made(config, plain | {"base": (f"last-{main}",), "level_span": spans, "members": members})
    check_memory(provisional, panel, config.train.memory_limit)
    frame = Frame.of(provisional)
    best = best_bases(panel, frame)
    spans, why_spans = _level_span(config, best, seasons, horizon, longest)
    made |= {
        "base": _base(config.net.base, frame, best),
        "level_span": (spans, why_spans),
        "members": _members(config, panel, len(spans)),
    }
    spec = _made(config, plain | {name: value for name, (value, _) in made.items()})
    check_memory(spec, panel, config.train.memory_limit)
    return spec, tuple(_choice(name, *made[name]) for name in TOLD)


def _made(config: Config, values: dict[str, Any]) -> ModelSpec:
    """The spec, with the base forecasts that suit its seasons and spans."""
    names = baselines_of(values["seasons"], values["level_span"], known=values["known"] > 0)
    return ModelSpec.of(config, values | {"baselines": names})


def _choice(name: str, value: Any, reason: str) -> Choice:
    items = value if isinstance(value, tuple) else (value,)
    shown = ", ".join(f"{item:.2g}" if isinstance(item, float) else str(item) for item in items)
    return Choice(flag(name).removeprefix("--"), shown or "none", reason)


def check_spec(spec: ModelSpec, frequency: Frequency) -> None:
    """UsageError, by name, if the parts of a spec do not suit each other, or data of the frequency."""
    _check_strategy(spec.net.model, spec.task.strategy, spec.train.training, spec.train.loss)
    if spec.loss.counts and spec.frame.log:
        raise UsageError(f"--loss {spec.train.loss} counts, and takes no logs")
    _check_cycles(spec.frame.calendar, frequency)
    frame = Frame.of(spec)
    for name in frame.baselines:
        find_baseline(name)
    if len(frame.matched) != (frame.known > 0):
        raise UsageError("the base forecasts by known covariates do not suit the covariates")
    _check_bases(spec.frame.base, frame)


def shortest_series(horizon: int) -> int:
    """Values that a series needs before it can teach anything: one to stand on, one horizon to look at."""
    return horizon + 2


def _seasons(config: Config, panel: Panel, longest: int) -> tuple[tuple[int, ...], str]:
    """Given, from the calendar, or found; beside a single one, a longer one that is found."""
    given = config.task.seasons
    seasons: tuple[int, ...]
    if given is not None and (len(given) != 1 or given[0] == 1):
        return tuple(season for season in given if season > 1), GIVEN
    if given is not None:
        seasons, reason = given, GIVEN
    elif panel.frequency.seasons:
        seasons = tuple(season for season in panel.frequency.seasons if longest >= SEASONS_NEEDED * season)
        reason = f"of {panel.frequency.name} data"
    else:
        season = find_season(panel)
        seasons = (season,) if season else ()
        reason = "found by autocorrelation" if season else "no calendar, and none found by autocorrelation"
    if len(seasons) == 1 and (longer := find_longer_season(panel, seasons[0])) is not None:
        return (*seasons, longer), f"{reason}; {longer} because changes over it are smaller than over its neighbours"
    return seasons, reason


def _horizon(config: Config, main: int) -> tuple[int, str]:
    if config.task.horizon is not None:
        return config.task.horizon, GIVEN
    return main, "one season" if main > 1 else "no season to go by"


def _calendar(config: Config, panel: Panel, longest: int) -> tuple[tuple[str, ...], str]:
    """The cycles asked for; else those of the frequency that the longest series holds twice."""
    frequency = panel.frequency
    if config.net.calendar is not None:
        _check_cycles(config.net.calendar, frequency)
        return config.net.calendar, GIVEN
    if not frequency.cycles:
        return (), f"{frequency.name} data have no cycle of the calendar longer than a step"
    first, after = frequency.times(np.array([0, longest]))
    days = (after - first) / np.timedelta64(1, "D")
    cycles = tuple(cycle for cycle in frequency.cycles if days > TWICE * CYCLES[cycle])
    return cycles, "the cycles that the longest series holds twice"


def _check_cycles(cycles: tuple[str, ...], frequency: Frequency) -> None:
    wrong = [cycle for cycle in cycles if cycle not in frequency.cycles]
    if wrong:
        there = ", ".join(frequency.cycles) or "none"
        raise UsageError(
            f"--calendar {wrong[0]}: these data are {frequency.name}, in which there is no such cycle",
            hint=f"leave out --calendar; cycles there are: {there}",
        )


def _check_lengths(longest: int, horizon: int) -> None:
    needed = shortest_series(horizon)
    if longest < needed:
        raise DataError(
            f"too few rows: the longest series has {longest}, and a horizon of {horizon} needs at least {needed}",
            hint=f"give more history, or a smaller --horizon (at most {longest - 2})" if longest > 2 else "",
        )


def _logs_steady(panel: Panel, season: int) -> bool:
    """Whether movements keep their size in logs, or at least not much less than in plain units."""
    plain = drift(panel, season)
    logs = drift(replace(panel, y=np.log(panel.y)), season)
    return not plain < PLAIN_MARGIN * logs


def _transform(config: Config, panel: Panel, season: int) -> tuple[str, str]:
    lowest = np.nanmin(panel.y) if panel.y.size else np.nan
    loss = LOSSES[config.train.loss]
    if loss.counts:
        _check_counts(config, panel)
        return "none", "counts are counted"
    if config.task.transform == "auto":
        if loss.of_mean:
            return "none", f"the mean of logs is not the log of the mean, which {config.train.loss} is after"
        if not lowest > 0:
            return "none", f"the smallest value is {lowest:g}"
        if _logs_steady(panel, season):
            return "log", "values are positive, and their movements grow with them"
        return "none", "movements keep their size in plain units"
    if config.task.transform == "log" and not lowest > 0:
        raise UsageError(
            f"--transform log needs values above zero, and the smallest is {lowest:g}",
            hint="use --transform none, or leave it to auto",
        )
    return config.task.transform, GIVEN


def _check_counts(config: Config, panel: Panel) -> None:
    if config.task.transform == "log":
        raise UsageError(f"--loss {config.train.loss} counts, and takes no logs", hint="leave out --transform")
    wrong = np.flatnonzero((panel.y < 0) | (panel.y != np.round(panel.y)) & ~np.isnan(panel.y))
    if len(wrong):
        raise DataError(
            f"--loss {config.train.loss} is for counts, and {panel.y[wrong[0]]:g} is none",
            hint="use --loss student-t, or the default",
        )


def _level_span(
    config: Config, best: Best, seasons: tuple[int, ...], horizon: int, longest: int
) -> tuple[tuple[int, ...], str]:
    if config.net.level_span is not None:
        return config.net.level_span, GIVEN
    if not seasons:
        return (1,), "no season"
    if best.of_last_value < 1:
        error = f"{best.of_last_value:.2f}"
        return (1,), f"repeating the last value errs {error} times as much as repeating the last season"
    main, long = seasons[0], max(seasons)
    # The further ahead, the longer the stretch whose mean is a fair start.
    reach = -(-horizon // long) * long
    doubled = (reach * 2**times for times in range(1, SPANS) if SPANS_HELD * reach * 2**times <= longest)
    longer = sorted(season for season in seasons if season > main)
    spans = tuple(dict.fromkeys((main, *longer, reach, *doubled)))[: EFFORTS[config.train.preset].spans]
    if len(spans) == 1:
        return spans, "a season"
    return spans, "a season, and in turn longer ones: nets that measure differently err differently"


def _base(given: tuple[str, ...] | None, frame: Frame, best: Best) -> tuple[tuple[str, ...], str]:
    if given is not None:
        _check_bases(given, frame)
        return given, GIVEN
    if frame.known:
        return frame.base, "where covariates are known ahead, forecasts start from the step that was most like"
    if np.isnan(best.error):
        return best.names, "the series are too short to tell"
    if best.names == frame.base:
        return best.names, "over origins all along the data, no other is better"
    alike = "their mean, as they cannot be told apart; " if len(best.names) > 1 else ""
    return best.names, f"{alike}over origins all along the data, {best.error:.2f} times the error of {frame.base[0]}"


def _check_bases(names: tuple[str, ...], frame: Frame) -> None:
    for name in names or ("",):
        if name not in frame.base_names:
            raise UsageError(
                f"--base {name}: there is no such base forecast", hint=f"there are: {', '.join(frame.base_names)}"
            )


def _window(config: Config, main: int) -> tuple[int, str]:
    if config.net.window is not None:
        return config.net.window, GIVEN
    return int(np.clip(2 * main, *WINDOW)), f"two seasons, but from {WINDOW[0]} to {WINDOW[1]}"


def _strategy(config: Config) -> tuple[str, str, str]:
    """The strategy, the training method and why."""
    net, strategy, training = find_net(config.net.model), config.task.strategy, config.train.training
    reason = GIVEN
    if strategy == "auto":
        recursive = net.recursive_only or training in ("teacher-forcing", "scheduled")
        strategy = "recursive" if recursive else "direct"
        reason = "as the net or its training needs" if recursive else "fast, and errors do not feed on themselves"
    training = "bptt" if training == "auto" else training
    _check_strategy(config.net.model, strategy, training, config.train.loss)
    return strategy, training, reason


def _check_strategy(model: str, strategy: str, training: str, loss: str) -> None:
    if find_net(model).recursive_only and strategy == "direct":
        raise UsageError(
            f"{model} cannot be direct: what it remembers is its own output, one step ahead",
            hint="leave out --strategy, or choose another --model",
        )
    if strategy == "recursive" and LOSSES[loss].of_distribution:
        raise UsageError(
            f"--loss {loss} forecasts the whole horizon at once, and recursive is step by step",
            hint="leave out --strategy and --training, or choose another --model or --loss",
        )
    if strategy == "direct" and training in ("teacher-forcing", "scheduled"):
        raise UsageError(
            f"--training {training} says what is fed back, and with --strategy direct nothing is",
            hint="add --strategy recursive, or leave out --training",
        )


def _epochs(config: Config, panel: Panel, longest: int) -> tuple[int, str]:
    if config.train.epochs is not None:
        return config.train.epochs, GIVEN
    series, steps, effort = len(panel), float(panel.lengths.mean()), EFFORTS[config.train.preset].epochs
    chunks = -(-series // config.train.batch_size) * -(-steps // config.train.bptt_steps)
    updates = UPDATES * float(np.clip(series / FEW_SERIES, 1, MOST_UPDATES))
    epochs = max(min(float(np.clip(updates / chunks, *EPOCHS)), EPOCHS_A_VALUE * longest), SHORTEST_RUN)
    reason = f"{series} series of up to {longest} values; updates an epoch: {chunks:g}"
    return max(1, round(effort * epochs)), reason


def _stride(config: Config, panel: Panel, strategy: str, horizon: int) -> tuple[int, str]:
    if config.train.stride is not None:
        return config.train.stride, GIVEN
    if len(panel.y) < LARGE_PANEL or strategy != "direct":
        return 1, f"every step counts with {len(panel.y)} values"
    stride = max(STRIDE, horizon // STRIDES_IN_HORIZON)
    return stride, f"with {len(panel.y)} values, neighbouring steps teach much the same"


def _members(config: Config, panel: Panel, spans: int) -> tuple[int, str]:
    if config.train.members is not None:
        return config.train.members, GIVEN
    of_small, of_others = EFFORTS[config.train.preset].members
    if len(panel.y) <= SMALL_PANEL:
        return max(of_small, spans), "cheap with so few values"
    if spans > of_others:
        return spans, "one for each span of the level"
    return of_others, f"of the preset {config.train.preset}"


def _shrinkage(config: Config, panel: Panel) -> tuple[float, str]:
    if config.train.shrinkage is not None:
        return config.train.shrinkage, GIVEN
    values = len(panel.y)
    return DOUBT / (values + DOUBT), f"there are {values} values to learn from"


def _hidden_size(config: Config, panel: Panel) -> tuple[int, str]:
    if config.net.hidden_size is not None:
        return config.net.hidden_size, GIVEN
    few, many = HIDDEN_SIZE
    return (few, "few series") if len(panel) < FEW_SERIES else (many, "many series")
