"""Config: every setting with its default, unit, meaning and check, each written once.

The command line takes its defaults and help texts from here. A Config is what was asked for: None means "decide from
the data", which `rnncast.choices.decide` does when it turns a Config into a `rnncast.spec.ModelSpec`.
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
NO_BASE = "none"  # instead of the name of a base forecast: use none
SEEDS = 2**63  # number of possible seeds
LEAST_TIME = 0.05  # seconds: no net can be built and trained for an epoch in less
DATA_OF_MODEL = "--data-of-model"  # the flag with which a user allows any path named in a model file to be opened
PRETRAINED = "pretrained"  # name of the net shipped with the package, wherever a model file or a net is named
FINETUNED = "finetuned"  # the same net, trained further on the data
SCRATCH, MEAN = "scratch", "mean"  # untrained nets; the mean of those and the pretrained net
VALIDATION = "validation"  # let validation choose
ANY_NET = "auto"  # training picks the net
BY_TRIAL = "auto"  # segments, of which validation chooses
STARTS = ("auto", PRETRAINED, FINETUNED, SCRATCH, MEAN, VALIDATION)  # of training, besides a model file
CYCLES = {"day": 1.0, "week": 7.0, "year": 365.25}  # calendar cycles, in days


@dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """Settings of the forecasting task."""

    horizon: int | None = setting(
        None, "Number of steps to forecast. Default: one season.", at_least=1, at_most=MOST_STEPS
    )
    seasons: tuple[int, ...] | None = setting(
        None,
        "Season lengths in steps, the main one first: 12, or 24,168; 1 for none. Default: from the calendar or the "
        "data; if only one is given, a longer one is looked for too.",
        at_least=1,
        at_most=MOST_STEPS,
        most=8,
    )
    levels: tuple[float, ...] = setting(
        (80.0, 95.0), "Prediction intervals, in percent.", at_least=1, below=100, at_most=99.999
    )
    conformal: bool = setting(
        True,
        "Calibrate the intervals so that they cover held-out data; --no-conformal keeps the net's own quantiles.",
        flags=("rare",),
    )
    minimum: float | None = bound(
        "Lowest possible value of forecasts, intervals and paths. Default: 0 if the data reach 0 but never go below it."
    )
    maximum: float | None = bound("Highest possible value. Default: none.")
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
                f"--min is {self.minimum:g} and --max is {self.maximum:g}, which leaves no room for a forecast",
                hint="give a --min below --max",
            )

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Probabilities of the quantiles that the levels ask for, rising, with the median in the middle."""
        return probabilities_of(self.levels)


ALL_BUT_BOUNDS = tuple(spec.name for spec in fields(TaskConfig) if spec.name not in BOUNDS)


def probabilities_of(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Return the probabilities of the quantiles that bound intervals in percent, rising, with the median in the
    middle."""
    tails = {round((50 - level / 2) / 100, 10) for level in levels}
    return tuple(sorted(tails | {0.5} | {round(1 - tail, 10) for tail in tails}))


def quantiles_from(levels: Any, quantiles: Any) -> tuple[float, ...] | None:
    """Return the probabilities that --level or --quantiles asks for, one or several; None if neither is given.

    Raises UsageError if both are given or a value is out of range.
    """
    if levels is not None and quantiles is not None:
        raise UsageError("--level and --quantiles both choose the quantiles to forecast", hint="give one of them")
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
    """Settings of the net: its kind and size."""

    model: str = setting("lstm", "The net.", flags=("own", "lower"))
    hidden_size: int | None = setting(
        None,
        "Units of the hidden layer. Default: chosen from the data.",
        at_least=1,
        at_most=16_384,
        flags=("rare",),
    )
    layers: int = setting(1, "Hidden layers.", at_least=1, at_most=64, flags=("rare",))
    segment: tuple[int, ...] | str | None = setting(
        None,
        "Update a recurrent net's state at every N-th step only; each step sees the state at the last update, and its "
        "window. Given two, held-out data choose one or both, which members take in turn. auto: once a season, if that "
        "is as accurate at held-out origins. Default: 1; in a large panel 1 and the season.",
        at_least=1,
        at_most=MOST_STEPS,
        most=2,
        words=(BY_TRIAL,),
        flags=("rare",),
    )
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
        "Normalisation window: the number of steps whose mean is the level, such as a season, or 1 for the last value. "
        "Given several, members take turns. Default: chosen from the seasons.",
        at_least=1,
        at_most=MOST_STEPS,
        most=16,
        flags=("rare",),
    )
    frame: str = setting(
        "local",
        "Normalisation: local (by the level and scale of the series at each step) or global (by constants learnt in "
        "training). With --frame global --base none, only a net's state can see beyond the window.",
        words=FRAMES,
        flags=("rare",),
    )
    base: tuple[str, ...] | None = setting(
        None,
        "Base forecast that the net corrects, or several to average: last-12 (repeat the last 12 values), mean-12 "
        "(mean shape of the last few seasons of 12), ses40-12 (that shape on a level smoothed with weight 0.4), "
        "drift-12 (repeat the last 12 values plus their mean change), or none. Default: the best on the data.",
        flags=("rare",),
    )
    linear: str = setting(
        "auto",
        "Linear forecast of the last seasons beside the nets, by ridge regression over all series: auto (as much of it "
        "as validation says, where there are enough data) or none.",
        words=("auto", "none"),
        flags=("rare",),
    )
    covariate_selection: str = setting(
        "auto",
        "Selection among the covariates that are given: auto (those that improve a linear forecast of held-out values) "
        "or none (every one is used).",
        words=("auto", "none"),
        flags=("rare",),
    )
    calendar: tuple[str, ...] | None = setting(
        None,
        "Calendar cycles that every net sees: day, week, year. Default: those that the data cover at least twice.",
        flags=("rare", "no"),
        words=tuple(CYCLES),
    )

    def __post_init__(self) -> None:
        check(self)
        if self.frame == "global" and self.level_span is not None:
            raise UsageError(
                "--level-span sets the span of the local level, and --frame global has no local level",
                hint="leave out one of them",
            )
        if NO_BASE in (self.base or ()) and len(self.base or ()) > 1:
            raise UsageError(f"--base {NO_BASE} means no base forecast, but others are given too", hint="give it alone")

    @property
    def pure(self) -> bool:
        """True if only the window and the net's own state carry information about the past."""
        return self.frame == "global" and self.base == (NO_BASE,)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Settings of training."""

    preset: str = setting(
        "default",
        "Effort: fast (half the epochs, one net), default, or best (more nets, averaged).",
        words=PRESETS,
    )
    epochs: int | None = setting(
        None, "Passes over the data. Default: set by the amount of data.", at_least=0, at_most=1_000_000
    )
    loss: str = setting("pinball", f"Loss that training minimises: {losses_in_words()}.", words=LOSSES, flags=("rare",))
    training: str = setting(
        "auto",
        "What a recursive net is fed back in training: bptt (its own forecasts), teacher-forcing (observed values), or "
        "scheduled (either, at random); auto: bptt.",
        words=TRAININGS,
        flags=("rare",),
    )
    carry: bool = setting(
        True, "Carry the state from chunk to chunk; --no-carry resets it at each one.", flags=("rare",)
    )
    bptt_steps: int = setting(
        168,
        "Steps of truncated back-propagation through time; the state is carried across.",
        at_least=1,
        at_most=MOST_STEPS,
        flags=("rare",),
    )
    stride: int | None = setting(
        None,
        "Train on forecasts from every N-th step. Default: set by the amount of data.",
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
        "Maximum gradient norm; larger gradients are clipped to it.",
        at_least=0,
        at_most=1e9,
        flags=("rare",),
    )
    max_time: float | None = setting(
        None, "Train for at most N seconds; the learning rate schedule is fitted to them.", at_least=0, at_most=1e9
    )
    validate: bool = setting(
        True,
        "First hold out the end of the data and score the net there; then train on everything.",
        flags=("rare",),
    )
    patience: int | None = setting(
        None,
        "Stop after N validations without progress; the final training runs for as long as progress lasted.",
        at_least=1,
        at_most=1_000_000,
        flags=("rare",),
    )
    members: int | None = setting(
        None,
        "Nets in the ensemble, trained from different seeds. Default: set by the data.",
        at_least=1,
        at_most=1000,
    )
    shrinkage: float | None = setting(
        None,
        "Shrinkage of the forecasts towards the base forecast, from 0 (none) to 1 (complete). Default: set by the "
        "amount of data and by validation.",
        at_least=0,
        at_most=1,
        flags=("rare",),
    )
    memory_limit: str | None = setting(
        None,
        "Refuse to train if it would need more memory than this: 4G, 500M. Default: what is available.",
        flags=("rare",),
    )
    seed: int = setting(1, "Random seed.", at_least=0, below=SEEDS)
    start: str = setting(
        "auto",
        "Where to start: pretrained (the net shipped with the package, as it is), finetuned (the same, trained further "
        "on the data), scratch (new nets), mean (of pretrained and scratch), validation (weights these by held-out "
        "data), or a model file to train further; auto: validation, or scratch if you choose a net or how to train it, "
        "or for many values of long series.",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.max_time is not None and self.members is not None and self.members > 1:
            needed = self.members * LEAST_TIME
            if self.max_time < needed:
                raise UsageError(
                    f"--max-time is {self.max_time:g} seconds, which is too short to train {self.members:,} nets",
                    hint=f"give --max-time {needed:g} or more, or fewer --members",
                )


@dataclass(frozen=True, init=False)
class Config:
    """Settings of a whole training run apart from the data: the same Config, Panel and machine give the same model.

    Made from its three parts, or from settings named by their flags: Config(horizon=18, season=12, model="gru").
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
        """Make a Config from parts, with settings applied to them.

        Raises UsageError, naming the setting, if one is unknown or invalid.
        """
        parts = {"task": task or TaskConfig(), "net": net or NetConfig(), "train": train or TrainConfig()}
        given = sorted_out(settings, *parts.values())
        for (name, part), own in zip(parts.items(), given, strict=True):
            object.__setattr__(self, name, updated(part, own))

    def with_model(self, model: str) -> "Config":
        """Return the same settings for another net."""
        return replace(self, net=replace(self.net, model=model))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the settings as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Config":
        """Return the Config that `to_dict` wrote. Raises UsageError for unknown sections and settings."""
        sections: dict[str, Any] = {"task": TaskConfig, "net": NetConfig, "train": TrainConfig}
        given = table(values, sections, (), "section")
        return cls(**{name: from_plain(sections[name], value) for name, value in given.items()})
