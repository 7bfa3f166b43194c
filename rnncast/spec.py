"""ModelSpec: everything that was decided for a model. Standard library only.

`rnncast.choices` makes it from a Config (what was asked for) and a Panel. It has no None and no "auto": all code that
computes takes a ModelSpec, never a Config. Fields are checked against the ranges of the settings they are named after.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_type_hints

from rnncast.config import (
    CYCLES,
    MEAN,
    NO_BASE,
    ROLES,
    SCRATCH,
    SEEDS,
    STARTS,
    STRATEGIES,
    TRAININGS,
    TRANSFORMS,
    VALIDATION,
    Config,
    NetConfig,
    Role,
    TaskConfig,
    TrainConfig,
    probabilities_of,
)
from rnncast.decided import UNLIMITED, certain, check_fields, decided, flat, is_needed, taken, to_json
from rnncast.errors import UsageError
from rnncast.losses import LOSSES, Loss
from rnncast.plain import shown, table
from rnncast.settings import BOUNDS

FILE = "file"  # start of training from a model file, which a Config gives by its path
UNBOUNDED = sys.float_info.max  # a bound that every finite number keeps


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """Forecasting task, as decided."""

    horizon: int = decided("The longest lead time, in steps.")
    seasons: tuple[int, ...] = decided("Season lengths in steps, the main one first; empty for none.", at_least=2)
    levels: tuple[float, ...] = decided("Prediction intervals, in percent.")
    conformal: bool = decided("Whether the intervals are calibrated on held-out data.")
    strategy: str = decided(
        "direct: all lead times at once; recursive: one step at a time, forecasts fed back.", words=certain(STRATEGIES)
    )
    minimum: float = decided(
        "What no forecast falls below.", at_least=-UNBOUNDED, at_most=UNBOUNDED, otherwise=-UNBOUNDED
    )
    maximum: float = decided(
        "What no forecast rises above.", at_least=-UNBOUNDED, at_most=UNBOUNDED, otherwise=UNBOUNDED
    )

    def __post_init__(self) -> None:
        check_fields(self, TaskConfig)
        if not self.minimum < self.maximum:
            raise UsageError(f"minimum is {shown(self.minimum)}, but must be below maximum, {shown(self.maximum)}")

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value of any forecast."""
        return self.minimum, self.maximum

    @property
    def bounds_to_ask(self) -> dict[str, float | None]:
        """Bounds to write in a Config to get these."""
        return {
            name: None if abs(bound) == UNBOUNDED else bound for name, bound in zip(BOUNDS, self.bounds, strict=True)
        }

    @property
    def season(self) -> int:
        """Main season in steps, 1 if there is none."""
        return self.seasons[0] if self.seasons else 1

    @property
    def seasons_to_ask(self) -> tuple[int, ...]:
        """Seasons to write in a Config to get exactly these: a single one is followed by a 1, which stops the search
        for another.

        For a Config only: computation uses `seasons`.
        """
        return self.seasons if len(self.seasons) > 1 else (*self.seasons, 1)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Probabilities of the quantiles that the levels ask for, rising, with the median in the middle."""
        return probabilities_of(self.levels)


@dataclass(frozen=True, kw_only=True)
class FrameSpec:
    """Inputs of every net in a model, and the local units they are measured in."""

    transform: str = decided("log: values enter as logarithms; none: as they are.", words=certain(TRANSFORMS))
    window: int = decided("Past values that a net sees at each step.")
    level_span: tuple[int, ...] = decided("Steps whose mean is the level; members take them in turn.", filled=True)
    constants: tuple[float, ...] = decided(
        "Level and scale of the global frame, in the units that values enter in; empty for the local frame.",
        at_least=-UNBOUNDED,
        at_most=UNBOUNDED,
    )
    base: tuple[str, ...] = decided("Base forecasts whose mean a net starts from, by name; or none.", filled=True)
    baselines: tuple[str, ...] = decided("Base forecasts that a net mixes, by name; empty for none.")
    calendar: tuple[str, ...] = decided("Cycles of the calendar that a net sees, by name.", words=tuple(CYCLES))
    known: int = decided("Columns that a net sees of covariates known ahead.", at_least=0)
    past: int = decided("Columns that a net sees of covariates known afterwards.", at_least=0)
    static: int = decided("Columns that a net sees of static covariates.", at_least=0)
    unused: tuple[str, ...] = decided("Covariates that a net does not see, by name.", otherwise=())

    def __post_init__(self) -> None:
        check_fields(self, NetConfig)
        if self.constants and not (len(self.constants) == 2 and self.constants[1] > 0):
            raise UsageError(f"constants are {shown(self.constants)}, but must be a level and a scale above 0")

    @property
    def is_global(self) -> bool:
        """True if level and scale are constants."""
        return bool(self.constants)

    @property
    def pure(self) -> bool:
        """True if only the window and the net's own state carry information about the past."""
        return self.is_global and self.base == (NO_BASE,)

    @property
    def covariates(self) -> dict[str, int]:
        """Number of columns that a net sees of each role of covariates."""
        return {role: getattr(self, role) for role in ROLES}

    def columns(self, kind: Role) -> int:
        """Return the number of columns that a net sees of all covariates of a kind."""
        return sum(width for role, width in self.covariates.items() if ROLES[role] == kind)

    @property
    def log(self) -> bool:
        """True if values enter as logarithms."""
        return self.transform == "log"


@dataclass(frozen=True, kw_only=True)
class NetSpec:
    """Nets, as decided: their kind, size and number."""

    model: str = decided("The kind of net that is trained, by name.")
    hidden_size: int = decided("Width of a hidden layer.")
    layers: int = decided("Hidden layers.")
    dropout: float = decided("Share of the features that is left out at random in training.")
    lead_size: int = decided(
        "Units of the layer that reads covariates known ahead; 0: the hidden size.", at_least=0, otherwise=0
    )
    segment: tuple[int, ...] = decided(
        "Steps from one update of a recurrent net's state to the next; members take them in turn.",
        filled=True,
        otherwise=(1,),
    )
    members: int = decided("Trained nets in the ensemble, whose forecasts are averaged.", at_least=0)
    pretrained: float = decided(
        "Share of the pretrained net in the forecast: 0 none, 1 all; the trained nets have the rest.",
        at_least=0,
        at_most=1,
        otherwise=0.0,
    )
    finetuned: bool = decided("Whether the pretrained net is trained further on the data.", otherwise=False)
    lags: int = decided("Past values that a linear forecast sees; 0 where there is none.", at_least=0, otherwise=0)
    linear: float = decided(
        "Share of the linear forecast: 0 none, 1 all; the trained nets have the rest, and the spread of quantiles.",
        at_least=0,
        at_most=1,
        otherwise=0.0,
    )

    def __post_init__(self) -> None:
        check_fields(self, NetConfig)
        if self.finetuned and not self.pretrained:
            raise UsageError("the pretrained net is finetuned, but has no share of the forecast")
        if self.linear and not self.lags:
            raise UsageError("the linear forecast has a share, but sees no past values")
        if (self.members == 0) != (self.pretrained == 1):
            raise UsageError(
                f"{self.members} trained nets contradict a share of {self.pretrained:g} for the pretrained net"
            )


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """Training, as decided."""

    epochs: int = decided("Passes over the data.")
    loss: str = decided("Loss that training minimises, by name.")
    training: str = decided("What the recursive strategy feeds back in training.", words=certain(TRAININGS))
    carry: bool = decided("Whether the state is carried from chunk to chunk.")
    bptt_steps: int = decided("Steps that gradients flow back.")
    stride: int = decided("Steps from one training origin to the next.")
    batch_size: int = decided("Series trained side by side.")
    learning_rate: float = decided("The highest learning rate of the one-cycle schedule.")
    weight_decay: float = decided("Pull of the weights towards zero (AdamW).")
    clip_norm: float = decided("The largest gradient norm of an update.")
    max_time: float = decided("Seconds that training may take; infinite where there is no limit.", unlimited=True)
    validate: bool = decided("Whether nets are first trained without the end of the data and scored there.")
    patience: int = decided("Validations without progress that end training; 0 where none do.", at_least=0)
    shrinkage: float = decided("Shrinkage towards the base forecast before validation: 0 none, 1 complete.")
    seed: int = decided("Seed of everything random.")
    start: str = decided(
        "Where training starts. validation: it decides the share of the pretrained net; file: from the nets of a model "
        "file.",
        words=(*certain(STARTS), FILE),
        otherwise=SCRATCH,
    )

    def __post_init__(self) -> None:
        check_fields(self, TrainConfig)
        if self.loss not in LOSSES:
            raise UsageError(f"loss is {shown(self.loss)}, but must be one of {', '.join(LOSSES)}")


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Decisions about a model before its nets are trained: task, inputs, nets and training.

    Raises UsageError, naming the field, for settings that contradict each other.
    """

    task: TaskSpec
    frame: FrameSpec
    net: NetSpec
    train: TrainSpec

    def __post_init__(self) -> None:
        if self.direct and self.train.training != "bptt":
            raise UsageError(f"training is {self.train.training!r}, but the direct strategy feeds nothing back")
        if self.net.lags and not (self.direct and self.train.loss == "pinball"):
            raise UsageError("the linear forecast is for quantiles of all lead times at once")
        if self.net.pretrained and (why := self.unsuited):
            raise UsageError(f"the pretrained net cannot be part of this model: {why}")

    @classmethod
    def of(cls, config: Config, values: Mapping[str, Any]) -> "ModelSpec":
        """Return the spec of a Config with values for its open settings, by field name.

        Raises UsageError, naming the field, if one is still open.
        """
        asked = flat(config)  # how to decide is no decision
        for name in ("preset", "memory_limit", "frame", "start", "linear", "covariate_selection"):
            del asked[name]
        asked["max_time"] = UNLIMITED if config.train.max_time is None else config.train.max_time
        asked["patience"] = config.train.patience or 0
        return cls.of_fields({**asked, **values})

    @classmethod
    def of_fields(cls, values: Mapping[str, Any]) -> "ModelSpec":
        """Return the spec from all fields by name, whatever their section.

        Raises UsageError if one is missing, unknown or invalid.
        """
        sections = get_type_hints(cls)
        named = [each for kind in sections.values() for each in fields(kind)]
        table(values, [each.name for each in named], [each.name for each in named if is_needed(each)], "field")
        return cls(**{name: taken(kind, values) for name, kind in sections.items()})

    @property
    def direct(self) -> bool:
        """True if all lead times are forecast at once."""
        return self.task.strategy == "direct"

    @property
    def unsuited(self) -> str:
        """Reason why the pretrained net cannot take part in the forecast; empty if it can."""
        if any(self.frame.covariates.values()):
            return "it has learnt nothing of covariates"
        if not self.direct:
            return "it forecasts all lead times at once, and the strategy is recursive"
        return "" if self.train.loss == "pinball" else f"it forecasts quantiles, and the loss is {self.train.loss}"

    @property
    def loss(self) -> Loss:
        """Loss that training minimises."""
        return LOSSES[self.train.loss]

    @property
    def steps_at_once(self) -> int:
        """Lead times that a net forecasts at once: the horizon, or 1 for the recursive strategy."""
        return self.task.horizon if self.direct else 1

    @property
    def free_running(self) -> bool:
        """True if nets are trained on their own forecasts, always or sometimes."""
        return not self.direct and self.train.training != "teacher-forcing"

    @property
    def frames(self) -> int:
        """Number of frames that the members use: one for each level span; one if there are no members."""
        return max(1, min(self.net.members, len(self.frame.level_span)))

    @property
    def pairs(self) -> int:
        """Number of pairs of a level span and a segment."""
        return len(self.frame.level_span) * len(self.net.segment)

    @property
    def judged(self) -> int:
        """Number of nets that validation judges: one of each pair if it chooses a segment, else one of each kind."""
        return self.pairs if len(self.net.segment) > 1 else self.kinds

    @property
    def kinds(self) -> int:
        """Number of members of which no two have both span and segment in common."""
        return max(1, min(self.net.members, self.pairs))

    def kind_of(self, member: int) -> tuple[int, int]:
        """Return the level span and the segment of a member: each span meets each segment in turn."""
        spans, segments = self.frame.level_span, self.net.segment
        turn = member + member // math.lcm(len(spans), len(segments))
        return spans[member % len(spans)], segments[turn % len(segments)]

    def bounded(self, minimum: float | None, maximum: float | None) -> "ModelSpec":
        """Return the spec with other bounds on forecasts; None leaves one as it is. Raises UsageError if they leave no
        room."""
        low = self.task.minimum if minimum is None else minimum
        high = self.task.maximum if maximum is None else maximum
        return replace(self, task=replace(self.task, minimum=low, maximum=high))

    def of_members(self, members: int) -> "ModelSpec":
        """Return the spec of the first `members` trained nets, without the pretrained one."""
        return self.with_share(members, 0.0)

    def with_share(self, members: int, pretrained: float, *, finetuned: bool = False) -> "ModelSpec":
        """Return the spec of the first `members` trained nets, and the pretrained net, as it is or finetuned, with its
        share."""
        return replace(self, net=replace(self.net, members=members, pretrained=pretrained, finetuned=finetuned))

    def with_linear(self, share: float) -> "ModelSpec":
        """Return the spec with a share for the linear forecast, beside the trained nets."""
        return replace(self, net=replace(self.net, linear=share))

    def with_segments(self, segments: tuple[int, ...]) -> "ModelSpec":
        """Return the spec with other segments."""
        return replace(self, net=replace(self.net, segment=segments))

    def of_one_net(self, member: int = 0) -> "ModelSpec":
        """Return the spec of one member alone, with its seed and with its level span and segment first."""
        span, segment = self.kind_of(member)
        spans, segments = _from(span, self.frame.level_span), _from(segment, self.net.segment)
        alone = replace(self.net, segment=segments, members=1, pretrained=0.0, finetuned=False, lags=0, linear=0.0)
        return replace(
            self,
            frame=replace(self.frame, level_span=spans),
            net=alone,
            train=replace(self.train, seed=(self.train.seed + member) % SEEDS),
        )

    def to_config(self) -> Config:
        """Return the Config that leaves nothing open and asks for exactly this."""
        asked = flat(self) | {"seasons": self.task.seasons_to_ask, **self.task.bounds_to_ask}
        if self.frame.is_global:
            asked |= {"frame": "global", "level_span": None}
        asked["max_time"] = None if self.train.max_time == UNLIMITED else self.train.max_time
        asked |= {"patience": self.train.patience or None, "members": self.net.members or None}
        asked["linear"] = "auto" if self.net.lags else "none"
        asked["covariate_selection"] = "auto" if self.frame.unused else "none"
        if self.train.start == VALIDATION and not self.train.epochs:  # on more data, nets may be trained
            asked |= {"epochs": None, "members": None}
        asked["start"] = {FILE: MEAN if self.net.pretrained else SCRATCH}.get(self.train.start, self.train.start)
        return Config(**{name: taken(kind, asked) for name, kind in get_type_hints(Config).items()})

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the fields as plain values, for JSON."""
        sections = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: {
                each.name: to_json(getattr(part, each.name))
                for each in fields(part)
                if is_needed(each) or getattr(part, each.name) != each.default
            }
            for name, part in sections.items()
        }

    @classmethod
    def from_dict(cls, values: Any) -> "ModelSpec":
        """Return the spec that `to_dict` wrote. Raises UsageError for a field that is missing, unknown or of the wrong
        type."""
        sections = get_type_hints(cls)
        given = table(values, sections, sections, "section of the spec")
        for name, kind in sections.items():
            needed = [each.name for each in fields(kind) if is_needed(each)]
            table(given[name], [each.name for each in fields(kind)], needed, f"field of the section {name!r}")
        return cls(**{name: taken(kind, given[name]) for name, kind in sections.items()})


def _from(first: int, items: tuple[int, ...]) -> tuple[int, ...]:
    """Return the items from the first on, followed by those before it."""
    place = items.index(first)
    return *items[place:], *items[:place]
