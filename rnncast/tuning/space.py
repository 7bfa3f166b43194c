"""Search space: a range or a choice for each setting, around what the data decide by default. Never the seed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from rnncast.config import ANY_NET, SCRATCH, STARTS, Config, NetConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.plain import shown
from rnncast.settings import flag, is_time, nearest

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from rnncast.spec import ModelSpec

TRIALS = 50  # by default
DIGITS = 2  # significant digits of a real number: more would suggest precision that is not there
DEEPEST = 3  # layers
MOST_DROPOUT, DROPOUT_STEP = 0.5, 0.1
# Settings searched within factors of the default: least, greatest, and whether they are whole numbers.
FACTORS = {
    "hidden_size": (0.25, 4.0, True),
    "learning_rate": (0.1, 10.0, False),
    "window": (0.25, 2.0, True),
    "epochs": (0.5, 2.0, True),
    "weight_decay": (0.1, 10.0, False),
    "bptt_steps": (0.25, 2.0, True),
    "batch_size": (0.25, 4.0, True),
    "clip_norm": (0.1, 10.0, False),
}
WORDS = {"model": ("lstm", "gru", "rnn", "window"), "loss": ("pinball", "mae", "huber", "student-t")}
SEARCHED = ("model", "hidden_size", "layers", "learning_rate", "window", "dropout", "epochs")  # unless others are named
SEARCHABLE = (*SEARCHED, "loss", "weight_decay", "bptt_steps", "batch_size", "clip_norm")


@dataclass(frozen=True)
class Dimension:
    """A setting that is searched: one of some words, or a number from `low` to `high`, in steps or by ratios (log).

    default: the value without a search.
    """

    name: str
    default: Any
    words: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    step: float | None = None

    def distribution(self) -> "BaseDistribution":
        """Return the distribution that optuna draws from."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.words:
            return CategoricalDistribution(self.words)
        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def value(self, drawn: Any) -> Any:
        """Return the setting for a drawn value."""
        return float(f"{drawn:.{DIGITS}g}") if isinstance(drawn, float) else drawn

    def to_dict(self) -> dict[str, Any]:
        """Return the dimension as plain values."""
        return asdict(self) | {"words": list(self.words)}


def asked_for(config: Config, given: Collection[str]) -> tuple[Config, frozenset[str]]:
    """Return the config asked for, and the names of the settings given.

    A net that is named is trained from scratch, as in training, and `auto` names none. Raises UsageError if training is
    to start from a model file.
    """
    if config.train.start not in STARTS:
        raise UsageError("tune trains nets from the beginning, not those of a model file", hint="leave out --from")
    if config.net.model == ANY_NET:
        return config.with_model(NetConfig.model), frozenset(given) - {"model"}
    if "model" in given and config.train.start == "auto":
        config = replace(config, train=replace(config.train, start=SCRATCH))
    return config, frozenset(given)


def limit_and_column(limit: Any, time: Any) -> tuple[Any, str | None]:
    """Return the time limit and the time column: `--time 10m`, or a number, means a limit, because no column has such a
    name. Raises UsageError if there are two limits."""
    if time is None or (isinstance(time, str) and not is_time(time)):
        return limit, time
    if limit is not None:
        raise UsageError(f"--time {time} and --max-time {limit} both say how long to search", hint="give one of them")
    return time, None


def searched(names: Sequence[str] | None, given: Collection[str]) -> tuple[str, ...]:
    """Return the settings to search: those named by their flags, or `SEARCHED` without those that are given.

    Raises UsageError for a name that cannot be searched, or if there is nothing to search.
    """
    wanted = [name for name in SEARCHED if name not in given] if names is None else _named(names, given)
    if not wanted:
        raise UsageError("every setting that is searched is given", hint="leave one open, or name others by --search")
    return tuple(wanted)


def space_of(spec: "ModelSpec", names: Sequence[str]) -> tuple[Dimension, ...]:
    """Return the dimensions of settings around the default, a spec."""
    default = {**asdict(spec.net), **asdict(spec.frame), **asdict(spec.train)}
    return tuple(_dimension(name, default[name]) for name in names)


def config_of(asked: Config, settings: Mapping[str, Any], start: str) -> Config:
    """Return the settings asked for with those of a trial, and with the default's start, which they would otherwise
    change."""
    mine = [
        {name: settings[name] for name in _names(section) & settings.keys()} for section in (NetConfig, TrainConfig)
    ]
    return replace(asked, net=replace(asked.net, **mine[0]), train=replace(asked.train, **mine[1], start=start))


def _names(section: Any) -> set[str]:
    return {spec.name for spec in fields(section)}


def _named(names: Sequence[str], given: Collection[str]) -> list[str]:
    found = []
    for name in dict.fromkeys(names):
        field = name.strip().removeprefix("--").replace("-", "_")
        if field == "seed":
            raise UsageError("the seed is not searched: the best of several seeds is luck", hint="leave it out")
        if field not in SEARCHABLE:
            known = [each.replace("_", "-") for each in SEARCHABLE]
            raise UsageError(f"--search cannot search {shown(name)}", hint=nearest(field.replace("_", "-"), known))
        if field in given:
            raise UsageError(f"{flag(field)} is given, and so is not searched", hint="leave out one of them")
        found.append(field)
    return found


def _dimension(name: str, default: Any) -> Dimension:
    if name in WORDS:
        return Dimension(name, default, words=tuple(dict.fromkeys((default, *WORDS[name]))))
    if name == "layers":
        return Dimension(name, default, low=1, high=max(DEEPEST, default), whole=True)
    if name == "dropout":
        return Dimension(name, default, low=0.0, high=MOST_DROPOUT, step=DROPOUT_STEP)
    least, most, whole = FACTORS[name]
    low, high = default * least, default * most
    if whole:
        low, high = max(1, round(low)), max(2, round(high))
    return Dimension(name, default, low=low, high=high, whole=whole, log=True)
