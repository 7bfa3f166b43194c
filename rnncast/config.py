"""Every setting: its default, its unit, its meaning and its check, each written once.

The command line reads its defaults and help texts from here. A Config is what was asked: None means "decided from the
data", by `rnncast.choices.decide`, which makes a `rnncast.spec.ModelSpec` of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from rnncast.errors import UsageError
from rnncast.losses import LOSSES, losses_in_words
from rnncast.plain import from_plain, table
from rnncast.settings import BOUNDS, MOST_STEPS, bound, check, setting, several, sorted_out, updated
from rnncast.table_config import ROLES, Role, TableConfig

__all__ = ("ROLES", "Config", "NetConfig", "Role", "TableConfig", "TaskConfig", "TrainConfig")  # and the constants

STRATEGIES = ("auto", "direct", "recursive")
PRESETS = ("fast", "default", "best")
TRAININGS = ("auto", "bptt", "teacher-forcing", "scheduled")
TRANSFORMS = ("auto", "log", "none")
FRAMES = ("local", "global")
NO_BASE = "none"  # in the place of the name of a base forecast: there is none
SEEDS = 2**63  # there are so many
LEAST_TIME = 0.05  # seconds: no net is made and trained for an epoch sooner
DATA_OF_MODEL = "--data-of-model"  # the flag by which a user lets a path in a model file be followed anywhere
PRETRAINED = "pretrained"  # what the net that comes with the package goes by, where a model file or a net is named
FINETUNED = "finetuned"  # the same net, trained further on the data
SCRATCH, MEAN = "scratch", "mean"  # nets that know nothing; these and the pretrained one together
VALIDATION = "validation"  # which decides between these
ANY_NET = "auto"  # training picks the net
STARTS = ("auto", PRETRAINED, FINETUNED, SCRATCH, MEAN, VALIDATION)  # of a training; else a model file
CYCLES = {"day": 1.0, "week": 7.0, "year": 365.25}  # of the calendar, in days


@dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """What is to be forecast."""

    horizon: int | None = setting(
        None, "Number of steps to forecast. Default: one season.", at_least=1, at_most=MOST_STEPS
    )
    seasons: tuple[int, ...] | None = setting(
        None,
        "Season lengths in steps, the main one first: 12, or 24,168; 1 for none. Unless given, the calendar's, or one "
        "that the data show; beside a single one, a longer one is looked for.",
        at_least=1,
        at_most=MOST_STEPS,
        most=8,
    )
    levels: tuple[float, ...] = setting(
        (80.0, 95.0), "Prediction intervals, in percent.", at_least=1, below=100, at_most=99.999
    )
    conformal: bool = setting(
        True,
        "Stretch the intervals so that they cover what was held back; --no-conformal for those of the net itself.",
        flags=("rare",),
    )
    minimum: float | None = bound(
        "The lowest value there can be, of forecasts, intervals and paths; 0 where none is below it and some are 0, if "
        "not given."
    )
    maximum: float | None = bound("The highest value there can be; none, if not given.")
    strategy: str = setting(
        "auto",
        "direct: the whole horizon at once; recursive: step by step, feeding forecasts back; auto: direct, but "
        "recursive for jordan.",
        words=STRATEGIES,
        flags=("rare",),
    )
    transform: str = setting(
        "auto",
        "Transform: log, none, or auto (log where values are positive and grow by ratios).",
        words=TRANSFORMS,
        flags=("rare",),
    )

    def __post_init__(self) -> None:
        check(self)
        if self.minimum is not None and self.maximum is not None and not self.minimum < self.maximum:
            raise UsageError(
                f"--min is {self.minimum:g} and --max {self.maximum:g}, between which there is nothing to forecast",
                hint="give a --min below --max",
            )

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The probabilities that the levels ask for, rising, with the median in the middle."""
        return probabilities_of(self.levels)


ALL_BUT_BOUNDS = tuple(spec.name for spec in fields(TaskConfig) if spec.name not in BOUNDS)


def probabilities_of(levels: tuple[float, ...]) -> tuple[float, ...]:
    """The probabilities of the quantiles that bound intervals in percent, rising, with the median in the middle."""
    tails = {round((50 - level / 2) / 100, 10) for level in levels}
    return tuple(sorted(tails | {0.5} | {round(1 - tail, 10) for tail in tails}))


def quantiles_from(levels: Any, quantiles: Any) -> tuple[float, ...] | None:
    """The probabilities that --level or --quantiles asks for, one or several; None where neither does.

    UsageError if they cannot be.
    """
    if levels is not None and quantiles is not None:
        raise UsageError("--level and --quantiles are two ways to say how sure a forecast is", hint="give one of them")
    if levels is not None:
        return TaskConfig(levels=several("levels", levels, float)).quantiles
    if quantiles is None:
        return None
    wanted: tuple[float, ...] = several("quantiles", quantiles, float)
    for each in wanted:
        if not 0 < each < 1:
            raise UsageError(f"--quantiles is {each:g}, but must be between 0 and 1", hint="0.9 is the 90 % quantile")
    return tuple(sorted(set(wanted)))


@dataclass(frozen=True, kw_only=True)
class NetConfig:
    """Which net, and its size."""

    model: str = setting("lstm", "The net.")
    hidden_size: int | None = setting(
        None,
        "Units of the hidden layer. Default: chosen from the data.",
        at_least=1,
        at_most=16_384,
        flags=("rare",),
    )
    layers: int = setting(1, "Hidden layers.", at_least=1, at_most=64, flags=("rare",))
    dropout: float = setting(
        0.0, "Dropout: share of the net's features dropped at random in training.", at_least=0, below=1, flags=("rare",)
    )
    window: int | None = setting(
        None,
        "Past values that every net sees at each step. Default: two seasons.",
        at_least=1,
        at_most=MOST_STEPS,
        flags=("rare",),
    )
    level_span: tuple[int, ...] | None = setting(
        None,
        "Normalisation window: the steps whose mean is the level, such as a season, or 1 for the last value. With "
        "several, the members use one each in turn. Default: chosen from the seasons.",
        at_least=1,
        at_most=MOST_STEPS,
        most=16,
        flags=("rare",),
    )
    frame: str = setting(
        "local",
        "Normalisation: local (by the level and scale of the series at each step) or global (by constants learnt in "
        "training). With --frame global --base none, only a state reaches beyond the window.",
        words=FRAMES,
        flags=("rare",),
    )
    base: tuple[str, ...] | None = setting(
        None,
        "Base forecast that the net corrects, or several to average: last-12 (the last 12 values repeated), mean-12 "
        "(the mean shape of the last seasons of 12), ses40-12 (that shape on a level smoothed with weight 0.4), "
        "drift-12 (the last 12 values plus their change), or none. Default: the best on the data.",
        flags=("rare",),
    )
    calendar: tuple[str, ...] | None = setting(
        None,
        "Calendar cycles that every net sees: day, week, year. Default: those that the data hold at least twice.",
        flags=("rare", "no"),
        words=tuple(CYCLES),
    )

    def __post_init__(self) -> None:
        check(self)
        if self.frame == "global" and self.level_span is not None:
            raise UsageError(
                "--level-span says over which steps the local level is taken, and --frame global has none",
                hint="leave out one of them",
            )
        if NO_BASE in (self.base or ()) and len(self.base or ()) > 1:
            raise UsageError(f"--base {NO_BASE} is for no base forecast, and there are others", hint="give it alone")

    @property
    def pure(self) -> bool:
        """Whether nothing but the window, and a net's own state, is to say anything of the past."""
        return self.frame == "global" and self.base == (NO_BASE,)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How the net learns."""

    preset: str = setting(
        "default",
        "Effort: fast (half the epochs, one net), default, or best (more nets, averaged).",
        words=PRESETS,
    )
    epochs: int | None = setting(
        None, "Passes over the data. Default: by the amount of data.", at_least=0, at_most=1_000_000
    )
    loss: str = setting("pinball", f"Loss that training minimises: {losses_in_words()}.", words=LOSSES, flags=("rare",))
    training: str = setting(
        "auto",
        "What a recursive net is fed back in training: bptt (its own forecasts), teacher-forcing (observed values), or "
        "scheduled (one of both, at random); auto: bptt.",
        words=TRAININGS,
        flags=("rare",),
    )
    carry: bool = setting(
        True, "Carry the state from chunk to chunk; --no-carry resets it at every chunk.", flags=("rare",)
    )
    bptt_steps: int = setting(
        168,
        "Steps of truncated back-propagation; the state is carried across.",
        at_least=1,
        at_most=MOST_STEPS,
        flags=("rare",),
    )
    stride: int | None = setting(
        None,
        "Train on the forecasts from every N-th step. Default: by the amount of data.",
        at_least=1,
        at_most=MOST_STEPS,
        flags=("rare",),
    )
    batch_size: int = setting(32, "Series in a batch.", at_least=1, at_most=1_000_000, flags=("rare",))
    learning_rate: float = setting(
        0.005, "Maximum learning rate of the one-cycle schedule.", at_least=0, at_most=1000, flags=("rare",)
    )
    weight_decay: float = setting(0.01, "Weight decay (AdamW).", at_least=0, at_most=1000, flags=("rare",))
    clip_norm: float = setting(
        1.0,
        "Maximum gradient norm; longer gradients are clipped to it.",
        at_least=0,
        at_most=1e9,
        flags=("rare",),
    )
    max_time: float | None = setting(
        None, "Train for at most N seconds; the learning rate schedule fits into them.", at_least=0, at_most=1e9
    )
    validate: bool = setting(
        True,
        "First hold back the end of the data to score the net there; then train on everything.",
        flags=("rare",),
    )
    patience: int | None = setting(
        None,
        "Stop after N validations without progress; the final training lasts as long as it paid.",
        at_least=1,
        at_most=1_000_000,
        flags=("rare",),
    )
    members: int | None = setting(
        None,
        "Nets in the ensemble, trained from different seeds. Default: by the data.",
        at_least=1,
        at_most=1000,
    )
    shrinkage: float | None = setting(
        None,
        "Shrinkage of the forecasts towards the base forecast, from 0 (none) to 1 (complete). Default: by the amount "
        "of data and by validation.",
        at_least=0,
        at_most=1,
        flags=("rare",),
    )
    memory_limit: str | None = setting(
        None,
        "Refuse a training that would need more memory: 4G, 500M. Default: what is available.",
        flags=("rare",),
    )
    seed: int = setting(1, "Random seed.", at_least=0, below=SEEDS)
    start: str = setting(
        "auto",
        "Where to start: pretrained (the net of the package, as it is), finetuned (the same, trained further on the "
        "data), scratch (new nets), mean (of pretrained and scratch), validation (decides between these), or a model "
        "file to train further; auto: validation, but scratch where a net, or how to train it, is asked for.",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.max_time is not None and self.members is not None and self.members > 1:
            needed = self.members * LEAST_TIME
            if self.max_time < needed:
                raise UsageError(
                    f"--max-time is {self.max_time:g}, which is too short to train {self.members:,} nets",
                    hint=f"give --max-time {needed:g} or more, or fewer --members",
                )


@dataclass(frozen=True, init=False)
class Config:
    """The whole of a training run, apart from the data: same Config, Panel and machine, same model.

    Made of its three parts, or of settings by the names of their flags: Config(horizon=18, season=12, model="gru").
    """

    task: TaskConfig
    net: NetConfig
    train: TrainConfig

    def __init__(
        self,
        *,
        task: TaskConfig | None = None,
        net: NetConfig | None = None,
        train: TrainConfig | None = None,
        **settings: Any,
    ) -> None:
        """The parts given, and in them the settings given. UsageError, by name, for one that is unknown or wrong."""
        parts = {"task": task or TaskConfig(), "net": net or NetConfig(), "train": train or TrainConfig()}
        given = sorted_out(settings, *parts.values())
        for (name, part), own in zip(parts.items(), given, strict=True):
            object.__setattr__(self, name, updated(part, own))

    def with_model(self, model: str) -> "Config":
        """The same settings for another net."""
        return replace(self, net=replace(self.net, model=model))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The settings as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Config":
        """The Config that `to_dict` gave; unknown sections and settings are refused (UsageError)."""
        sections: dict[str, Any] = {"task": TaskConfig, "net": NetConfig, "train": TrainConfig}
        given = table(values, sections, (), "section")
        return cls(**{name: from_plain(sections[name], value) for name, value in given.items()})
