"""Decide a ModelSpec from a Config and the facts of a Panel. Every automatic choice is made in this room."""

from dataclasses import replace
from typing import Any

from rnncast.choices.best_base import best_bases
from rnncast.choices.choice import GIVEN, Choice, Made, choice
from rnncast.choices.effort import epochs_of, hidden_size_of, lags_of, members_of, segment_of, shrinkage_of, stride_of
from rnncast.choices.frame import base_of, constants_of, spans_of, window_of
from rnncast.choices.relevance import Task, unused_of
from rnncast.choices.start import start_of
from rnncast.choices.task import (
    bounds_of,
    calendar_of,
    check_lengths,
    horizon_of,
    seasons_of,
    strategy_of,
    transform_of,
)
from rnncast.config import FINETUNED, MEAN, NO_BASE, PRETRAINED, Config
from rnncast.frame.baselines import baselines_of
from rnncast.frame.frame import Frame
from rnncast.runtime.footprint import check_memory
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Panel
from rnncast.series.sizes import check_sizes
from rnncast.spec import ModelSpec

TOLD = (  # choices that are reported, in this order
    "seasons",
    "horizon",
    "transform",
    "minimum",
    "maximum",
    "frame",
    "level_span",
    "base",
    "hidden_size",
    "window",
    "segment",
    "calendar",
    "strategy",
    "epochs",
    "stride",
    "members",
    "shrinkage",
    "lags",
    "covariates",
    "start",
)
TOLD_AS = {"lags": "linear"}  # the setting behind a choice
LEAD_SIZE = 16  # units that read covariates known ahead, at each lead time: most of what these cost
# Share of the pretrained net in the forecast, before validation decides.
SHARES = {PRETRAINED: 1.0, FINETUNED: 1.0, MEAN: 0.5}


def resolve(config: Config, panel: Panel) -> ModelSpec:
    """Return the spec that `decide` returns, without the reasons."""
    return decide(config, panel)[0]


def decide(config: Config, panel: Panel, encoding: Encoding | None = None) -> tuple[ModelSpec, tuple[Choice, ...]]:
    """Decide everything that the config leaves open, with the reason for each choice.

    encoding: of the covariates; None for the one that suits the panel. Raises DataError if the panel cannot be trained
    on, UsageError if a setting does not suit it.
    """
    check_sizes(panel)
    longest = int(panel.lengths.max(initial=0))
    seasons, why_seasons = seasons_of(config, panel, longest)
    main = seasons[0] if seasons else 1
    horizon, why_horizon = horizon_of(config, main)
    trains = config.train.start != PRETRAINED  # the pretrained net as it is needs no training
    if trains:
        check_lengths(longest, horizon, config)
    strategy, training, why_strategy = strategy_of(config)
    window, why_window = window_of(config, main)
    segment, why_segment = segment_of(config, panel, strategy, main, window)
    made: dict[str, Made] = {
        "seasons": (seasons, why_seasons),
        "horizon": (horizon, why_horizon),
        "transform": transform_of(config, panel, main),
        **bounds_of(config.task, panel),
        "hidden_size": hidden_size_of(config, panel),
        "window": (window, why_window),
        "segment": (segment, why_segment),
        "calendar": calendar_of(config, panel, longest),
        "strategy": (strategy, why_strategy),
        "epochs": epochs_of(config, panel, longest),
        "stride": stride_of(config, panel, strategy, horizon, segment),
        "shrinkage": shrinkage_of(config, panel),
        "lags": lags_of(config, panel, seasons, horizon) if strategy == "direct" else (0, why_strategy),
    }
    plain: dict[str, Any] = {name: value for name, (value, _) in made.items()}
    encoding, covariates = _encoding(config, panel, plain, encoding)
    made |= covariates
    plain |= {**encoding.widths, "unused": encoding.unused, "training": training}
    spans, members = config.net.level_span or (main,), config.train.members or 1
    provisional = _made(
        config, plain | {"base": (f"last-{main}",), "level_span": spans, "constants": (), "members": members}
    )
    if trains:
        check_memory(provisional, panel, config.train.memory_limit)
    frame = Frame.of(provisional)
    best = best_bases(panel, frame)
    spans, why_spans = spans_of(config, best, seasons, horizon, longest)
    made |= {
        "base": base_of(config.net.base, frame, best),
        "level_span": (spans, why_spans),
        "constants": constants_of(config, panel, log=frame.log),
        "members": members_of(config, panel, len(spans), len(segment)),
    }
    spec = _made(config, plain | {name: value for name, (value, _) in made.items() if name != "covariates"})
    made["start"] = start_of(config, spec, panel)
    spec = _started(spec, made["start"][0])
    if spec.net.members:
        check_memory(spec, panel, config.train.memory_limit)
    if spec.frame.is_global:
        made["frame"] = config.net.frame, GIVEN
    return spec, tuple(choice(TOLD_AS.get(name, name), *made[name]) for name in TOLD if name in made)


def _encoding(
    config: Config, panel: Panel, decided: dict[str, Any], encoding: Encoding | None
) -> tuple[Encoding, dict[str, Made]]:
    """Return the encoding of the covariates that are used, and the choice of them if there are any."""
    whole = encoding or Encoding.of(panel)
    names = [code.name for codes in whole.codes.values() for code in codes]
    if encoding is not None or not names:
        return whole, {}
    seasons, log = decided["seasons"], decided["transform"] == "log"
    task = Task(log, seasons[0] if seasons else 1, decided["horizon"], decided["calendar"])
    unused, why = unused_of(config, panel, whole, task)
    return Encoding.of(panel, unused), {"covariates": (tuple(n for n in names if n not in unused), why)}


def _started(spec: ModelSpec, start: str) -> ModelSpec:
    """Return the spec with the share of the pretrained net that a start implies."""
    share = SHARES.get(start, 0.0)
    members = 0 if share == 1 else spec.net.members
    started = spec.with_share(members, share, finetuned=start == FINETUNED)
    return replace(started, train=replace(spec.train, start=start))


def _made(config: Config, values: dict[str, Any]) -> ModelSpec:
    """Return the spec with the base forecasts that suit its seasons and spans, or none."""
    names: tuple[str, ...] = ()
    if values["base"] != (NO_BASE,):
        names = baselines_of(values["seasons"], values["level_span"], known=values["known"] > 0)
    lead_size = LEAD_SIZE if values["known"] else 0
    return ModelSpec.of(config, values | {"baselines": names, "lead_size": lead_size})
