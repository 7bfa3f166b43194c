"""Choose what is forecast and how: seasons, horizon, calendar, strategy, and whether in logs."""

from dataclasses import replace

import numpy as np

from rnncast.choices.choice import GIVEN, Made
from rnncast.choices.movements import scale_drift
from rnncast.choices.seasonality import find_longer_season, find_season
from rnncast.config import CYCLES, Config, TaskConfig
from rnncast.errors import DataError, UsageError
from rnncast.losses import LOSSES
from rnncast.runtime.checks import check_strategy
from rnncast.runtime.registry import find_net
from rnncast.series.panel import Panel
from rnncast.spec import UNBOUNDED
from rnncast.times.frequency import check_cycles

TWICE = 1.998  # of a mean year, in two calendar years of 365 days
SEASONS_NEEDED = 2  # full seasons in the longest series
FEWEST_ZEROS, SHARE_OF_ZEROS = 3, 0.01  # least number and share of zeros that make 0 a floor rather than chance
PLAIN_MARGIN = 0.5  # movements must be this much steadier in plain units than in logs for values to stay in them


def shortest_series(horizon: int) -> int:
    """Return the number of values that a series needs to be trained on: the horizon and two more."""
    return horizon + 2


def seasons_of(config: Config, panel: Panel, longest: int) -> tuple[tuple[int, ...], str]:
    """Choose the seasons: as given, from the calendar, or found; with a single one, a longer one may be found too."""
    given = config.task.seasons
    seasons: tuple[int, ...]
    if given is not None and (len(given) != 1 or given[0] == 1):
        return tuple(season for season in given if season > 1), GIVEN
    if given is not None:
        seasons, reason = given, GIVEN
    elif panel.frequency.seasons:
        seasons = tuple(season for season in panel.frequency.seasons if longest >= SEASONS_NEEDED * season)
        reason = f"of {panel.frequency.data}"
    else:
        season = find_season(panel)
        seasons = (season,) if season else ()
        reason = "found by autocorrelation" if season else "no calendar, and none found by autocorrelation"
    if len(seasons) == 1 and (longer := find_longer_season(panel, seasons[0])) is not None:
        return (*seasons, longer), f"{reason}; {longer} because changes over it are smaller than over its neighbours"
    return seasons, reason


def horizon_of(config: Config, main: int) -> tuple[int, str]:
    """Take the horizon asked for, else one season."""
    if config.task.horizon is not None:
        return config.task.horizon, GIVEN
    return main, "one season" if main > 1 else "no season to go by"


def check_lengths(longest: int, horizon: int, config: Config) -> None:
    """Raise DataError if the longest series is too short for the horizon.

    horizon: as asked for, or the season if it was not.
    """
    needed = shortest_series(horizon)
    if longest < needed:
        if config.task.horizon is None and config.task.seasons:
            raise DataError(
                f"too few rows: the longest series has {longest}, and --season is {horizon}",
                hint=f"give more history (two seasons have {SEASONS_NEEDED * horizon} rows), or a smaller --season",
            )
        raise DataError(
            f"too few rows: the longest series has {longest}, and a horizon of {horizon} needs at least {needed}",
            hint=f"give more history, or a smaller --horizon (at most {longest - 2})" if longest > 2 else "",
        )


def bounds_of(asked: TaskConfig, panel: Panel) -> dict[str, Made]:
    """Choose the `minimum` and `maximum` of forecasts: as given; else 0 if no value is below it and enough are 0.

    Raises UsageError if a value lies beyond a given bound.
    """
    known = panel.y[~np.isnan(panel.y)]
    lowest, highest = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if asked.minimum is not None and lowest < asked.minimum:
        raise _beyond("--min", asked.minimum, "smallest", lowest)
    if asked.maximum is not None and highest > asked.maximum:
        raise _beyond("--max", asked.maximum, "largest", highest)
    maximum = (UNBOUNDED, "none given") if asked.maximum is None else (asked.maximum, GIVEN)
    if asked.minimum is not None:
        return {"minimum": (asked.minimum, GIVEN), "maximum": maximum}
    zeros = int(np.count_nonzero(known == 0))
    if lowest == 0 < maximum[0] and zeros >= max(FEWEST_ZEROS, SHARE_OF_ZEROS * known.size) and highest > 0:
        return {"minimum": (0.0, f"no value is below 0, and {zeros} of {known.size} are 0"), "maximum": maximum}
    return {"minimum": (-UNBOUNDED, "none given, and 0 is not a floor of the values"), "maximum": maximum}


def _beyond(option: str, bound: float, which: str, value: float) -> UsageError:
    return UsageError(f"{option} is {bound:g}, but the {which} value is {value:g}", hint=f"leave out {option}")


def calendar_of(config: Config, panel: Panel, longest: int) -> tuple[tuple[str, ...], str]:
    """Choose the calendar cycles: those asked for; else those of the frequency that the longest series covers twice."""
    frequency = panel.frequency
    if config.net.calendar is not None:
        check_cycles(config.net.calendar, frequency)
        return config.net.calendar, GIVEN
    if not frequency.cycles:
        return (), f"{frequency.data} have no calendar cycle longer than a step"
    first, after = frequency.times(np.array([0, longest]))
    days = (after - first) / np.timedelta64(1, "D")
    cycles = tuple(cycle for cycle in frequency.cycles if days > TWICE * CYCLES[cycle])
    return cycles, "the cycles that the longest series covers twice"


def _logs_steady(panel: Panel, season: int) -> bool:
    """Return whether movements keep their size in logs at least nearly as well as in plain units."""
    plain = scale_drift(panel, season)
    logs = scale_drift(replace(panel, y=np.log(panel.y)), season)
    return not plain < PLAIN_MARGIN * logs


def transform_of(config: Config, panel: Panel, season: int) -> tuple[str, str]:
    """Choose logs if values are positive and their movements grow with them.

    Raises UsageError or DataError, with the value, if a transform or loss that was asked for does not suit the data.
    """
    lowest = np.nanmin(panel.y) if panel.y.size else np.nan
    loss = LOSSES[config.train.loss]
    if loss.counts:
        _check_counts(config, panel)
        return "none", "the loss is for counts"
    if config.task.transform == "auto":
        if loss.of_mean:
            return "none", f"{config.train.loss} aims at the mean, which logs would bias"
        if not lowest > 0:
            return "none", f"the smallest value is {lowest:g}"
        if _logs_steady(panel, season):
            return "log", "values are positive, and their movements grow with them"
        return "none", "movements keep their size in plain units"
    if config.task.transform == "log" and not lowest > 0:
        raise UsageError(
            f"--transform log needs values above zero, but the smallest is {lowest:g}",
            hint="use --transform none, or leave it to auto",
        )
    return config.task.transform, GIVEN


def _check_counts(config: Config, panel: Panel) -> None:
    if config.task.transform == "log":
        raise UsageError(f"--loss {config.train.loss} is for counts, which need no logs", hint="leave out --transform")
    wrong = np.flatnonzero((panel.y < 0) | (panel.y != np.round(panel.y)) & ~np.isnan(panel.y))
    if len(wrong):
        raise DataError(
            f"--loss {config.train.loss} is for counts, and {panel.y[wrong[0]]:g} is not a count",
            hint="use --loss student-t, or the default",
        )


def strategy_of(config: Config) -> tuple[str, str, str]:
    """Return the strategy, the training method and the reason."""
    net, strategy, training = find_net(config.net.model), config.task.strategy, config.train.training
    reason = GIVEN
    if strategy == "auto":
        recursive = net.recursive_only or training in ("teacher-forcing", "scheduled")
        strategy = "recursive" if recursive else "direct"
        reason = "required by the net or its training" if recursive else "fast, and errors do not accumulate"
    training = "bptt" if training == "auto" else training
    check_strategy(config.net.model, strategy, training, config.train.loss)
    return strategy, training, reason
