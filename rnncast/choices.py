"""What the data decide: a Config with no None left, from the facts of a Panel. Every automatic choice is made here."""

from dataclasses import replace

import numpy as np

from rnncast.config import CYCLES, Config
from rnncast.errors import DataError, UsageError
from rnncast.runtime.registry import find_net
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Panel
from rnncast.series.spread import drift

UPDATES = 400  # optimiser steps that a small net needs, whatever the amount of data
EPOCHS = (8, 100)  # fewest, most
WINDOW = (8, 64)  # smallest, largest
PLAIN_MARGIN = 0.5  # movements must be this much steadier in plain units than in logs, to stay in plain units
TWICE = 1.998  # that many years are two: some have 365 days
SEASONS_NEEDED = 2  # full ones in the longest series, before a season is believed


def resolve(config: Config, panel: Panel) -> Config:
    """Fill in what the config leaves to the data.

    DataError if the panel cannot be trained on; UsageError if a setting does not suit it.
    """
    longest = int(panel.lengths.max(initial=0))
    seasons = _seasons(config, panel, longest)
    horizon = config.task.horizon or (seasons[0] if seasons else 1)
    _check_lengths(longest, horizon)
    main = seasons[0] if seasons else 1
    window = config.net.window or int(np.clip(2 * main, *WINDOW))
    strategy, training = _strategy(config)
    task = replace(
        config.task, strategy=strategy, seasons=seasons, horizon=horizon, transform=_transform(config, panel, main)
    )
    train = replace(config.train, training=training, epochs=_epochs(config, panel))
    widths = Encoding.of(panel).widths
    net = replace(config.net, window=window, calendar=_calendar(config, panel, longest), covariates=widths)
    return replace(config, task=task, net=net, train=train)


def shortest_series(horizon: int) -> int:
    """Values that a series needs before it can teach anything: one to stand on, one horizon to look at."""
    return horizon + 2


def _strategy(config: Config) -> tuple[str, str]:
    """The strategy and the training method; combinations that make no sense are refused, with the reason."""
    net, strategy, training = find_net(config.net.model), config.task.strategy, config.train.training
    if strategy == "auto":
        strategy = "recursive" if net.recursive_only or training in ("teacher-forcing", "scheduled") else "direct"
    if net.recursive_only and strategy == "direct":
        raise UsageError(
            f"{config.net.model} cannot be direct: what it remembers is its own output, one step ahead",
            hint="leave out --strategy, or choose another --model",
        )
    if strategy == "direct" and training in ("teacher-forcing", "scheduled"):
        raise UsageError(
            f"--training {training} says what is fed back, and with --strategy direct nothing is",
            hint="add --strategy recursive, or leave out --training",
        )
    return strategy, "bptt" if training == "auto" else training


def _seasons(config: Config, panel: Panel, longest: int) -> tuple[int, ...]:
    if config.task.seasons is not None:
        return tuple(season for season in config.task.seasons if season > 1)
    return tuple(season for season in panel.frequency.seasons if longest >= SEASONS_NEEDED * season)


def _calendar(config: Config, panel: Panel, longest: int) -> tuple[str, ...]:
    """The cycles asked for; else those of the frequency that the longest series holds twice."""
    frequency = panel.frequency
    if config.net.calendar is not None:
        wrong = [cycle for cycle in config.net.calendar if cycle not in frequency.cycles]
        if wrong:
            there = ", ".join(frequency.cycles) or "none"
            raise UsageError(
                f"--calendar {wrong[0]}: these data are {frequency.name}, in which there is no such cycle",
                hint=f"leave out --calendar; cycles there are: {there}",
            )
        return config.net.calendar
    if not frequency.cycles:
        return ()
    first, after = frequency.times(np.array([0, longest]))
    days = (after - first) / np.timedelta64(1, "D")
    return tuple(cycle for cycle in frequency.cycles if days > TWICE * CYCLES[cycle])


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


def _transform(config: Config, panel: Panel, season: int) -> str:
    lowest = np.nanmin(panel.y) if panel.y.size else np.nan
    if config.task.transform == "auto":
        return "log" if lowest > 0 and _logs_steady(panel, season) else "none"
    if config.task.transform == "log" and not lowest > 0:
        raise UsageError(
            f"--transform log needs values above zero, and the smallest is {lowest:g}",
            hint="use --transform none, or leave it to auto",
        )
    return config.task.transform


def _epochs(config: Config, panel: Panel) -> int:
    if config.train.epochs is not None:
        return config.train.epochs
    series, steps = len(panel), float(panel.lengths.mean())
    chunks = -(-series // config.train.batch_size) * -(-steps // config.train.bptt_steps)
    return int(np.clip(round(UPDATES / chunks), *EPOCHS))
