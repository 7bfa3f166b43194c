"""Choose what every net sees: its window, the spans of the level, and the base forecast that it starts from."""

import numpy as np

from rnncast.choices.best_base import BestBases
from rnncast.choices.choice import GIVEN
from rnncast.choices.effort import EFFORTS, SPANS
from rnncast.config import Config
from rnncast.frame.frame import Frame
from rnncast.runtime.checks import check_bases

WINDOW = (8, 64)  # smallest, largest
SPANS_HELD = 3  # times that the longest series holds a span, before it is measured by though it is no season


def window_of(config: Config, main: int) -> tuple[int, str]:
    """Choose the past values that a net sees at each step: two seasons, within bounds."""
    if config.net.window is not None:
        return config.net.window, GIVEN
    return int(np.clip(2 * main, *WINDOW)), f"two seasons, but from {WINDOW[0]} to {WINDOW[1]}"


def spans_of(
    config: Config, best: BestBases, seasons: tuple[int, ...], horizon: int, longest: int
) -> tuple[tuple[int, ...], str]:
    """Choose the spans whose mean is the level: the seasons and what reaches as far as the horizon, or the last value
    alone where that repeats better."""
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


def base_of(given: tuple[str, ...] | None, frame: Frame, best: BestBases) -> tuple[tuple[str, ...], str]:
    """Choose the base forecast that nets start from. UsageError for one that does not exist."""
    if given is not None:
        check_bases(given, frame)
        return given, GIVEN
    if frame.known:
        return frame.base, "where covariates are known ahead, forecasts start from the step that was most like"
    if np.isnan(best.error):
        return best.names, "the series are too short to tell"
    if best.names == frame.base:
        return best.names, "over origins all along the data, no other is better"
    alike = "their mean, as they cannot be told apart; " if len(best.names) > 1 else ""
    return best.names, f"{alike}over origins all along the data, {best.error:.2f} times the error of {frame.base[0]}"
