"""`rnncast forecast` without a trained model, by the pretrained net."""

import os
import shlex
from typing import TYPE_CHECKING

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.follow import Shown
from rnncast.cli.given import stands, table_from, typed_again
from rnncast.cli.reading import read_data, typed
from rnncast.cli.sums import sampled
from rnncast.cli.task import task_from
from rnncast.config import PRETRAINED, TableConfig, TaskConfig
from rnncast.errors import UsageError
from rnncast.files.formats.folders import Tables, as_given

if TYPE_CHECKING:
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.forecast import Forecast, Paths
    from rnncast.series.panel import Panel

    History = tuple[Panel | Forecaster, tuple[int, ...]]  # the holder of values before a forecast, and their seasons

COVARIATES = ("known", "past", "static", "future")


def is_pretrained(context: typer.Context, path: Tables | None) -> bool:
    """Return whether the pretrained net is to forecast: by name, or because there are data and no model file."""
    if stands(context, "model"):
        return bool(context.params["model"] == PRETRAINED)
    return path is not None and not os.path.lexists(o.MODEL_FILE)


def check_pretrained(context: typer.Context, path: Tables | None) -> None:
    """Raise UsageError, at the first option, for anything the pretrained net cannot do."""
    given = context.params
    if path is None:
        raise UsageError(
            "the pretrained net has no series to continue: it needs data",
            hint=f"name a file, or pipe a table in: rnncast forecast sales.csv -m {PRETRAINED}",
        )
    for name in COVARIATES:
        if given[name]:
            raise UsageError(
                f"--{name}: the pretrained net cannot use covariates",
                hint=f"train a model with them: {_training(context, path)}; or leave out --{name}",
            )
    if given["save_state"] and os.path.lexists(o.MODEL_FILE):
        raise UsageError(
            f"--save-state: {o.MODEL_FILE} already exists, and -m {PRETRAINED} would start afresh",
            hint=f"leave out -m to continue from {o.MODEL_FILE}, or move it away",
        )
    if given["device"] != "cpu":
        raise UsageError("--device: the pretrained net runs on the CPU only", hint="leave out --device")


def refuse_season(season: str | None) -> None:
    """Raise UsageError if a season is given but a trained model forecasts."""
    if season is not None:
        raise UsageError(
            "--season is for the pretrained net: a trained model keeps the seasons it was trained with",
            hint=f"train again with --season {season}, or forecast without the model: -m {PRETRAINED}",
        )


def forecast_pretrained(
    context: typer.Context, path: Tables, shown: Shown
) -> "tuple[Forecaster | None, Forecast | Paths, History]":
    """Return the net with the state of each series (if that is to be kept), its forecast, and the history before it.

    Says on stderr which net made the forecast, and what was decided.
    """
    environment: Environment = context.obj
    given = context.params
    asked = task_from(context)
    from rnncast.forecaster.pretrained import Pretrained

    panel = read_data(path, table_from(context), environment, environment.say)
    net = Pretrained.of(panel, asked)
    why_horizon, why_seasons, why_minimum = net.why
    seasons = ", ".join(map(str, net.seasons)) or "none"
    say_pretrained(context, path)
    if given["continued"]:
        environment.say("there is no state yet for --continue: these rows are taken as the whole history")
    floor = f"; not below {net.bounds[0]:g} ({why_minimum})" if net.floored else ""
    environment.say(f"horizon {net.horizon} ({why_horizon}); season {seasons} ({why_seasons}){floor}")
    past, number = (panel, net.seasons), sampled(given)
    if given["save_state"]:
        from rnncast.cli.beginning import after_history

        kept = after_history(panel, asked).from_source(as_given(path), table_from(context))
        return kept, shown(kept.predict()) if number is None else kept.sample(number), past
    if number is not None:
        return None, net.sample(panel, number), past
    probabilities = TaskConfig().quantiles if shown.probabilities is None else shown.probabilities
    return None, net.predict(panel, probabilities, by_level=shown.by_level), past


def say_pretrained(context: typer.Context, path: Tables) -> None:
    """Say that the pretrained net forecasts, and how to have one trained: with the flags that were given."""
    environment: Environment = context.obj
    environment.say(
        "by the pretrained net, which was trained on synthetic series and has not seen these data; "
        f"to train on them: {_training(context, path)}"
    )


def _training(context: typer.Context, path: Tables) -> str:
    """Return the command that trains on the data, with the flags that were given."""
    flags = shlex.join(typed_again(context, TableConfig, TaskConfig))
    return f"rnncast train {typed(path)}{' ' if flags else ''}{flags}"
