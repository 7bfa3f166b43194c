"""Every setting of `rnncast/choices/` and `training/shares.py` with other choices, for generality.py, the cheap and
widely felt ones first."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

from rnncast.choices import best_base, effort, frame, movements, seasonality, task
from rnncast.choices.effort import EFFORTS, Finetuning
from rnncast.training import shares
from rnncast.training.shares import chosen_share

HOMES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (best_base, effort, frame, movements, seasonality, task, shares)
}
OF_SHARES = ("shares.chosen_share", "shares.LEAST", "shares.ODDS")  # felt only when candidates have been trained


class Variant(NamedTuple):
    """Values that names of the package have instead of their own, wherever they are imported; settings of a Config."""

    name: str
    names: Mapping[str, Any] = {}
    config: Mapping[str, Mapping[str, Any]] = {}


class Setting(NamedTuple):
    """What is decided and its value now; what that was chosen on; other choices."""

    name: str
    chosen_on: str
    variants: tuple[Variant, ...]


@contextmanager
def patched(names: Mapping[str, Any]) -> Iterator[None]:
    """Give names, each with its module, another value in each module of the package that has them from there."""
    changed = []
    for name, value in names.items():
        home, _, plain = name.partition(".")
        own = vars(HOMES[home])[plain]
        modules = [module for each, module in sys.modules.items() if each.startswith("rnncast")]
        changed += [(module, plain, own, value) for module in modules if vars(module).get(plain) is own]
    try:
        for module, plain, _, value in changed:
            setattr(module, plain, value)
        yield
    finally:
        for module, plain, own, _ in changed:
            setattr(module, plain, own)


def _tempered(exponent: float) -> Callable[..., float]:
    """Return the rule of shares with another number of horizons."""
    return lambda learnt, trained, horizons, odds=1.0: chosen_share(learnt, trained, exponent * horizons, odds)


def _never(*_: Any) -> bool:
    return False


def _of(name: str, *values: Any) -> tuple[Variant, ...]:
    """Return variants of one constant."""
    return tuple(Variant(_shown(value), {name: value}) for value in values)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:,}"


def _effort(name: str, **changed: Any) -> Variant:
    return Variant(name, {"effort.EFFORTS": {**EFFORTS, "default": EFFORTS["default"]._replace(**changed)}})


def _finetuned(name: str, passes: Finetuning) -> Variant:
    return Variant(name, {"effort.MANY_PASSES": passes})


DEFAULT = Variant("default")
FIRST, SINGLE, HELD_BACK = "first edition: tourism, M4, ETTh1", "single series", "series of teaching packages"
SIMULATED = "simulated series"
SETTINGS = (
    Setting("hidden units: 32, from 10 series on 64", FIRST, _of("effort.HIDDEN_SIZE", (16, 32), (64, 128))),
    Setting("epochs: 8 to 48", FIRST, _of("effort.EPOCHS", (8, 24), (8, 96), (4, 48), (16, 48))),
    Setting("values up to which no net is trained: 120", HELD_BACK, _of("effort.FEW", 0, 400)),
    Setting(
        "nets on small panels: 3",
        SINGLE,
        (_effort("1, one span", members=(1, 2), spans=1), _effort("6", members=(6, 2))),
    ),
    Setting("updates for up to 10 series: 400", FIRST, _of("effort.UPDATES", 200, 800)),
    Setting(
        "finetuning: a candidate, 24 passes at 1e-3",
        HELD_BACK,
        (
            Variant("none", {"shares.finetuning_pays": _never}),
            _finetuned("4 passes at 1e-4", effort.FEW_PASSES),
            _finetuned("24 at 3e-4", Finetuning(24, 3e-4)),
            _finetuned("48 at 1e-3", Finetuning(48, 1e-3)),
        ),
    ),
    Setting("values from which on it is one: 300", HELD_BACK, _of("effort.LONG", 121, 600)),
    Setting("window: two seasons, within 8 to 64", FIRST, _of("frame.WINDOW", (4, 32), (16, 128))),
    Setting(
        "epochs a value: 1/3",
        SINGLE,
        tuple(Variant(name, {"effort.EPOCHS_A_VALUE": n}) for name, n in (("1/6", 1 / 6), ("2/3", 2 / 3))),
    ),
    Setting("few series: below 10", FIRST, _of("effort.FEW_SERIES", 5, 20)),
    Setting("most times the updates, for more series: 6", FIRST, _of("effort.MOST_UPDATES", 3, 12)),
    Setting("values of a small panel: 5,000", FIRST, _of("effort.SMALL_PANEL", 2500, 10_000)),
    Setting("shrinkage: values at half-way: 100", "tourism", _of("effort.DOUBT", 0.01, 30, 300)),
    Setting("spans of the level: up to 4", "ETTh1, M4 hourly", (_effort("1", spans=1), _effort("2", spans=2))),
    Setting("times that a series must hold a longer span: 3", "ETTh1, M4 hourly", _of("frame.SPANS_HELD", 2, 6)),
    Setting("bases averaged: within exp(1 / n) of the best", "tourism, M4", _of("best_base.ALIKE", 0.0, 4.0)),
    Setting("seasons before its first origin: 2", FIRST, _of("best_base.SEASONS_BEFORE", 1, 3)),
    Setting("origins of each series for it: 64", FIRST, _of("best_base.MOST_ORIGINS", 16, 256)),
    Setting("series for it: 50", FIRST, _of("best_base.MOST_SERIES", 10, 200)),
    Setting(
        "logs: unless plain movements are twice as steady",
        "M4 hourly",
        (
            Variant("never", {"task.PLAIN_MARGIN": 1e9}),
            Variant("of all positive values", {"task.PLAIN_MARGIN": 0.0}),
            Variant("unless they are steadier", {"task.PLAIN_MARGIN": 1.0}),
        ),
    ),
    Setting("stretches whose movements are compared: 8", "M4 hourly", _of("movements.BLOCKS", 4, 16)),
    Setting(
        "weights of candidates: likelihoods of held-out horizons",
        "these sets, in part",
        (
            Variant("a third as many", {"shares.chosen_share": _tempered(1 / 3)}),
            Variant("three times as many", {"shares.chosen_share": _tempered(3)}),
            Variant("always a half", {"shares.chosen_share": lambda *_: 0.5}),
        ),
    ),
    Setting("odds of the pretrained net: 3", "these sets", _of("shares.ODDS", 1.0, 9.0)),
    Setting("share that is dropped: below 0.1", HELD_BACK, _of("shares.LEAST", 0.0, 0.25)),
    Setting("epochs at least: 6", SINGLE, _of("effort.SHORTEST_RUN", 3, 12)),
    Setting("strength of a season that is looked for: 0.2", SIMULATED, _of("seasonality.WEAK", 0.1, 0.4)),
    Setting("its false alarms: 0.02", SIMULATED, _of("seasonality.DOUBT", 0.005, 0.1)),
    Setting("loss of strength for the shorter: 0.1", SIMULATED, _of("seasonality.NEARLY", 0.05, 0.2)),
    Setting("seasons needed to look for one: 3", SIMULATED, _of("seasonality.FULL_SEASONS", 2, 4)),
    Setting("a longer season: changes are 0.85 of others", SIMULATED, _of("seasonality.NOTCH", 0.75, 0.95)),
    Setting("in this share of series: 0.1", SIMULATED, _of("seasonality.NOTCHED", 0.0, 0.5)),
    Setting("longest season looked for: 400", SIMULATED, _of("seasonality.LONGEST_SEASON", 100, 1600)),
    Setting("share of zeros that makes a floor: 0.01", "store sales", _of("task.SHARE_OF_ZEROS", 0.001, 0.1)),
    Setting("zeros that make one, at least: 3", "store sales", _of("task.FEWEST_ZEROS", 1, 10)),
    Setting("times a cycle of the calendar must be covered: 2", FIRST, _of("task.TWICE", 0.998, 2.998)),
    Setting("values a lag, for a linear forecast: 150", "ETTh1, M4", _of("effort.VALUES_A_LAG", 30, 80)),
    Setting("times a series must hold its lags: 4", "ETTh1, M4", _of("effort.LENGTHS", 2, 8)),
    Setting("steps between origins of a large panel: 4", FIRST, _of("effort.STRIDE", 2, 8)),
    Setting("or a part of the horizon: 1/48", "ETTh1", _of("effort.STRIDES_IN_HORIZON", 24, 96)),
    Setting("values of a large panel: 20,000", FIRST, _of("effort.LARGE_PANEL", 10_000, 40_000)),
    Setting("values of long series: 1,000", "these long sets", _of("effort.LONG_SERIES", 300, 3000)),
    Setting(
        "net: LSTM",
        "all",
        (
            Variant("window", {}, {"net": {"model": "window"}, "train": {"start": "validation"}}),
            Variant("GRU", {}, {"net": {"model": "gru"}, "train": {"start": "validation"}}),
        ),
    ),
    Setting(
        "start: validation",
        HELD_BACK,
        (
            Variant("scratch", {}, {"train": {"start": "scratch"}}),
            Variant("pretrained", {}, {"train": {"start": "pretrained"}}),
        ),
    ),
)
