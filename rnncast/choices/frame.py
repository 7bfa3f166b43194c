"""Choose what every net sees: its window, the spans of the level, and the base forecast it starts from."""

import numpy as np

from rnncast.choices.best_base import BestBases
from rnncast.choices.choice import GIVEN
from rnncast.choices.effort import EFFORTS, SPANS
from rnncast.config import NO_BASE, Config
from rnncast.frame.frame import Frame
from rnncast.frame.units import SMALLEST_SCALE
from rnncast.runtime.checks import check_bases
from rnncast.series.panel import Panel

WINDOW = (8, 64)  # smallest, largest
SPANS_HELD = 3  # times that the longest series must contain a span that is not a season


def window_of(config: Config, main: int) -> tuple[int, str]:
    """Choose the number of past values that a net sees at each step: two seasons, within bounds."""
    if config.net.window is not None:
        return config.net.window, GIVEN
    return int(np.clip(2 * main, *WINDOW)), f"two seasons, but from {WINDOW[0]} to {WINDOW[1]}"


def spans_of(
    config: Config, best: BestBases, seasons: tuple[int, ...], horizon: int, longest: int
) -> tuple[tuple[int, ...], str]:
    """Choose the spans whose mean is the level: the seasons and spans up to the horizon, or only the last value.

    The last value is chosen if repeating it is more accurate.
    """
    if config.net.level_span is not None:
        return config.net.level_span, GIVEN
    if config.net.frame == "global":
        return seasons[:1] or (1,), "only for base forecasts, because the frame is global"
    if not seasons:
        return (1,), "no season"
    if best.of_last_value < 1:
        error = f"{best.of_last_value:.2f}"
        return (1,), f"repeating the last value has {error} times the error of repeating the last season"
    main, long = seasons[0], max(seasons)
    # The further ahead, the longer the span whose mean is a good start.
    reach = -(-horizon // long) * long
    doubled = (reach * 2**times for times in range(1, SPANS) if SPANS_HELD * reach * 2**times <= longest)
    longer = sorted(season for season in seasons if season > main)
    spans = tuple(dict.fromkeys((main, *longer, reach, *doubled)))[: EFFORTS[config.train.preset].spans]
    if len(spans) == 1:
        return spans, "a season"
    return spans, "a season, and longer spans for other members, whose errors are then less correlated"


def constants_of(config: Config, panel: Panel, *, log: bool) -> tuple[tuple[float, ...], str]:
    """Return the level and scale of a global frame, the mean of a panel's values and their mean deviation; none if
    local."""
    if config.net.frame == "local":
        return (), "the local frame has none"
    y = panel.y[~np.isnan(panel.y)]
    y = np.log(y) if log else y
    level = float(y.mean()) if len(y) else 0.0
    scale = float(np.abs(y - level).mean()) if len(y) else 0.0
    smallest = SMALLEST_SCALE * (1.0 if log else abs(level) or 1.0)
    return (level, max(scale, smallest)), "mean of all values, and their mean absolute deviation"


def base_of(given: tuple[str, ...] | None, frame: Frame, best: BestBases) -> tuple[tuple[str, ...], str]:
    """Choose the base forecast that nets start from. Raises UsageError for one that does not exist."""
    if given == (NO_BASE,):
        return given, GIVEN
    if given is not None:
        check_bases(given, frame)
        return given, GIVEN
    if frame.known:
        return frame.base, "with covariates known ahead, forecasts start from the most similar step"
    if np.isnan(best.error):
        return best.names, "the series are too short to tell"
    if best.names == frame.base:
        return best.names, "over origins all along the data, no other is better"
    alike = "their mean, as they are not distinguishable; " if len(best.names) > 1 else ""
    return best.names, f"{alike}over origins all along the data, {best.error:.2f} times the error of {frame.base[0]}"
