"""Decide a ModelSpec from a Config and the facts of a Panel. Every automatic choice is made in this room."""

from typing import Any

from rnncast.choices.best_base import best_bases
from rnncast.choices.choice import GIVEN, Choice, Made, choice
from rnncast.choices.effort import epochs_of, hidden_size_of, members_of, shrinkage_of, stride_of
from rnncast.choices.frame import base_of, constants_of, spans_of, window_of
from rnncast.choices.task import (
    calendar_of,
    check_lengths,
    horizon_of,
    seasons_of,
    strategy_of,
    transform_of,
)
from rnncast.config import NO_BASE, Config
from rnncast.frame.baselines import baselines_of
from rnncast.frame.frame import Frame
from rnncast.runtime.footprint import check_memory
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Panel
from rnncast.series.sizes import check_sizes
from rnncast.spec import ModelSpec

TOLD = (  # what is said of choices, in this order
    "seasons",
    "horizon",
    "transform",
    "frame",
    "level_span",
    "base",
    "hidden_size",
    "window",
    "calendar",
    "strategy",
    "epochs",
    "stride",
    "members",
    "shrinkage",
)


def resolve(config: Config, panel: Panel) -> ModelSpec:
    """The spec that `decide` gives, without the reasons."""
    return decide(config, panel)[0]


def decide(config: Config, panel: Panel) -> tuple[ModelSpec, tuple[Choice, ...]]:
    """Decide all that the config leaves to the data; with the reason for each choice.

    DataError if the panel cannot be trained on; UsageError if a setting does not suit it.
    """
    check_sizes(panel)
    longest = int(panel.lengths.max(initial=0))
    seasons, why_seasons = seasons_of(config, panel, longest)
    main = seasons[0] if seasons else 1
    horizon, why_horizon = horizon_of(config, main)
    check_lengths(longest, horizon)
    strategy, training, why_strategy = strategy_of(config)
    made: dict[str, Made] = {
        "seasons": (seasons, why_seasons),
        "horizon": (horizon, why_horizon),
        "transform": transform_of(config, panel, main),
        "hidden_size": hidden_size_of(config, panel),
        "window": window_of(config, main),
        "calendar": calendar_of(config, panel, longest),
        "strategy": (strategy, why_strategy),
        "epochs": epochs_of(config, panel, longest),
        "stride": stride_of(config, panel, strategy, horizon),
        "shrinkage": shrinkage_of(config, panel),
    }
    plain = Encoding.of(panel).widths | {"training": training}
    plain |= {name: value for name, (value, _) in made.items()}
    spans, members = config.net.level_span or (main,), config.train.members or 1
    provisional = _made(
        config, plain | {"base": (f"last-{main}",), "level_span": spans, "constants": (), "members": members}
    )
    check_memory(provisional, panel, config.train.memory_limit)
    frame = Frame.of(provisional)
    best = best_bases(panel, frame)
    spans, why_spans = spans_of(config, best, seasons, horizon, longest)
    made |= {
        "base": base_of(config.net.base, frame, best),
        "level_span": (spans, why_spans),
        "constants": constants_of(config, panel, log=frame.log),
        "members": members_of(config, panel, len(spans)),
    }
    spec = _made(config, plain | {name: value for name, (value, _) in made.items()})
    check_memory(spec, panel, config.train.memory_limit)
    if spec.frame.is_global:
        made["frame"] = config.net.frame, GIVEN
    return spec, tuple(choice(name, *made[name]) for name in TOLD if name in made)


def _made(config: Config, values: dict[str, Any]) -> ModelSpec:
    """The spec, with the base forecasts that suit its seasons and spans, or none."""
    names: tuple[str, ...] = ()
    if values["base"] != (NO_BASE,):
        names = baselines_of(values["seasons"], values["level_span"], known=values["known"] > 0)
    return ModelSpec.of(config, values | {"baselines": names})
