"""Choose how much to spend on training: the size of the nets, their number, epochs, stride and shrinkage."""

from typing import NamedTuple

import numpy as np

from rnncast.choices.choice import GIVEN
from rnncast.config import NO_BASE, Config
from rnncast.errors import UsageError
from rnncast.plain import counted
from rnncast.runtime.registry import NETS, check_segment
from rnncast.series.panel import Panel

FEW_SERIES = 10
UPDATES = 400  # optimiser updates for this many series; more for more series, with more to learn
MOST_UPDATES = 6  # times as many, at most
EPOCHS = (8, 48)  # fewest, most
HIDDEN_SIZE = (32, 64)  # for few series, for many
EPOCHS_A_VALUE = 1 / 3  # of the longest series: a handful of values is soon overfitted
SHORTEST_RUN = 6  # epochs, for a series of a handful of values
STRIDE = 4  # least distance between training origins of a large panel
STRIDE_OF_SEGMENTS = 8  # with segments, which compute the origins alone
STRIDES_IN_HORIZON = 48  # at most
LONG_SEASON = 24  # steps; members in segments add nothing for shorter seasons
MIXED = 4  # members that differ in span and segment, at most
LARGE_PANEL = 20_000  # values
SMALL_PANEL = 5_000  # values
LONG_SERIES = 1_000  # values, on average; from there on nets learn more of a large panel than the pretrained net knows
SPANS = 4  # of the level, at most
VALUES_A_LAG = 150  # in a panel, for a linear forecast to be tried
LENGTHS = 4  # times its lags and a horizon that the longest series must hold
DOUBT = 100  # number of values at which forecasts are shrunk half-way


class Finetuning(NamedTuple):
    """Passes of the pretrained net over the data, and the highest learning rate."""

    passes: int
    rate: float


FEW = 120  # values, of all series together: no net learns more of them than its base forecast
LONG = 300  # values, from which on the pretrained net learns from them
FEW_PASSES, MANY_PASSES = Finetuning(4, 1e-4), Finetuning(24, 1e-3)


class Effort(NamedTuple):
    """Effort of a preset: epochs, relative to the default's; members on a small panel, and on others; level spans."""

    epochs: float
    members: tuple[int, int]
    spans: int


EFFORTS = {
    "fast": Effort(0.5, (1, 1), 1),
    "default": Effort(1.0, (3, 2), SPANS),
    "best": Effort(1.0, (8, 4), SPANS),
}


def epochs_of(config: Config, panel: Panel, longest: int) -> tuple[int, str]:
    """Choose the number of passes over the data by its amount."""
    if config.train.epochs is not None:
        return config.train.epochs, GIVEN
    series, steps, effort = len(panel), float(panel.lengths.mean()), EFFORTS[config.train.preset].epochs
    chunks = -(-series // config.train.batch_size) * -(-steps // config.train.bptt_steps)
    updates = UPDATES * float(np.clip(series / FEW_SERIES, 1, MOST_UPDATES))
    epochs = max(min(float(np.clip(updates / chunks, *EPOCHS)), EPOCHS_A_VALUE * longest), SHORTEST_RUN)
    reason = f"{series} series of up to {longest} values; updates an epoch: {chunks:g}"
    return max(1, round(effort * epochs)), reason


def segment_of(config: Config, panel: Panel, strategy: str, main: int, window: int) -> tuple[tuple[int, ...], str]:
    """Choose the steps from one update of a recurrent net's state to the next; validation decides between several.

    Raises UsageError if a net cannot work in the segments asked for.
    """
    asked, model, season = config.net.segment, config.net.model, min(main, window)
    if model == "window":
        return (1,), "the window net has no state to update"
    if isinstance(asked, tuple):
        check_segment(model, longest := max(asked))
        if longest > window:
            raise UsageError(
                f"--segment is {longest} steps, but the window holds {window}: a net would not see the values between",
                hint=f"give --segment {window} or less, or a longer --window",
            )
        return asked, GIVEN
    if not NETS[model].recurrent or not config.train.validate or season == 1:
        return (1,), "at each step"
    many = len(panel) >= FEW_SERIES and len(panel.y) >= LARGE_PANEL and LONG_SEASON <= main <= window
    if asked is None and not (many and strategy == "direct"):
        return (1,), "at each step"
    return (1, season), "validation decides between updates at each step, once a season, and members of both kinds"


def stride_of(config: Config, panel: Panel, strategy: str, horizon: int, segments: tuple[int, ...]) -> tuple[int, str]:
    """Choose the steps between training origins: more than one if a large panel repeats itself."""
    if config.train.stride is not None:
        return config.train.stride, GIVEN
    if len(panel.y) < LARGE_PANEL or strategy != "direct":
        return 1, f"every step counts with {counted(len(panel.y), 'value')}"
    stride = max(STRIDE if 1 in segments else STRIDE_OF_SEGMENTS, horizon // STRIDES_IN_HORIZON)
    return stride, f"with {len(panel.y)} values, neighbouring steps add little"


def members_of(config: Config, panel: Panel, spans: int, segments: int) -> tuple[int, str]:
    """Choose the number of nets to average, by the preset, the size of the panel, the spans and the segments."""
    if config.train.members is not None:
        return config.train.members, GIVEN
    of_small, of_others = EFFORTS[config.train.preset].members
    if len(panel.y) <= SMALL_PANEL:
        return max(of_small, spans), "cheap with so few values"
    if segments > 1:
        return max(of_others, spans, min(spans * segments, MIXED)), "of each span of the level and each segment"
    if spans > of_others:
        return spans, "one for each span of the level"
    return of_others, f"of the preset {config.train.preset}"


def shrinkage_of(config: Config, panel: Panel) -> tuple[float, str]:
    """Choose the shrinkage towards the base forecast: 100 / (n + 100), where n is the number of training values."""
    if config.train.shrinkage is not None:
        return config.train.shrinkage, GIVEN
    if config.net.base == (NO_BASE,):
        return 0.0, "there is no base forecast to shrink towards"
    values = len(panel.y)
    return DOUBT / (values + DOUBT), f"{counted(values, 'value')} to learn from"


def lags_of(config: Config, panel: Panel, seasons: tuple[int, ...], horizon: int) -> tuple[int, str]:
    """Choose the past values that a linear forecast beside the nets sees: two of the longest season, or 0 for none."""
    lags = 2 * max(seasons, default=0)
    if config.net.linear == "none":
        return 0, GIVEN
    if not config.train.validate:
        return 0, "without held-out data, a linear forecast cannot be judged"
    if config.train.loss != "pinball" or config.task.strategy == "recursive" or config.net.pure:
        return 0, "for quantiles of all lead times at once, beside base forecasts"
    longest = int(panel.lengths.max(initial=0))
    if not lags or len(panel.y) < VALUES_A_LAG * lags or longest < LENGTHS * (lags + horizon):
        return 0, f"a linear forecast of {lags} lags needs more data" if lags else "there is no season"
    return lags, f"two seasons, with {counted(len(panel.y), 'value')}; validation decides how much it counts"


def hidden_size_of(config: Config, panel: Panel) -> tuple[int, str]:
    """Choose the width of the hidden layer by the number of series."""
    if config.net.hidden_size is not None:
        return config.net.hidden_size, GIVEN
    few, many = HIDDEN_SIZE
    return (few, "few series") if len(panel) < FEW_SERIES else (many, "many series")


def finetuning_of(values: int) -> Finetuning:
    """Choose how long to finetune the pretrained net by the number of values: few of them teach it nothing new."""
    return FEW_PASSES if values < LONG else MANY_PASSES
