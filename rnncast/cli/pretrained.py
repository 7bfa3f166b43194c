"""`rnncast forecast` without a trained model: the net that comes with the package."""

import os
from typing import TYPE_CHECKING

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.follow import Shown
from rnncast.cli.reading import read_data
from rnncast.cli.sums import sampled
from rnncast.config import PRETRAINED, TaskConfig
from rnncast.errors import UsageError

if TYPE_CHECKING:
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.forecast import Forecast, Paths
    from rnncast.series.panel import Panel

    History = tuple[Panel | Forecaster, tuple[int, ...]]  # what holds the values before a forecast, and their seasons

COVARIATES = ("known", "past", "static", "future")
STATE = {"continued": "--continue", "followed": "--follow", "save_state": "--save-state"}


def is_pretrained(context: typer.Context, path: str | None) -> bool:
    """Whether the pretrained net is to forecast: by name, or because there are data and no model file."""
    if o.stands(context, "model"):
        return bool(context.params["model"] == PRETRAINED)
    return path is not None and not os.path.lexists(o.MODEL_FILE)


def check_pretrained(context: typer.Context, path: str | None) -> None:
    """UsageError, by the first option, for what the pretrained net cannot do, and how it can be done."""
    given = context.params
    if path is None:
        raise UsageError(
            "the pretrained net knows no series to continue: it needs data",
            hint=f"name a file, or pipe a table in: rnncast forecast sales.csv -m {PRETRAINED}",
        )
    for name in COVARIATES:
        if given[name]:
            raise UsageError(
                f"--{name}: the pretrained net has learnt nothing of your covariates, and cannot use them",
                hint=f"train a model with them: rnncast train {_named(path)}; or leave out --{name}",
            )
    for name, flag in STATE.items():
        if given[name]:
            raise UsageError(
                f"{flag} needs a model that keeps the state of each series, and the pretrained net keeps none",
                hint="train one on the history: rnncast train DATA; or give the whole history, without " + flag,
            )
    if given["device"] != "cpu":
        raise UsageError("--device: the pretrained net runs on the CPU alone", hint="leave out --device")


def refuse_season(season: str | None) -> None:
    """UsageError if a season is given where a trained model forecasts."""
    if season is not None:
        raise UsageError(
            "--season is for the pretrained net: a trained model has the seasons that it was trained with",
            hint=f"train again with --season {season}, or forecast without the model: -m {PRETRAINED}",
        )


def forecast_pretrained(context: typer.Context, path: str, shown: Shown) -> "tuple[Forecast | Paths, History]":
    """The forecast of the data, its history; on stderr, which net made it, and what was decided."""
    environment: Environment = context.obj
    given = context.params
    asked = o.task_from(given["horizon"], given["season"])
    from rnncast.forecaster.pretrained import Pretrained

    panel = read_data(path, o.table_from(context), environment, environment.say)
    net = Pretrained.of(panel, asked)
    why_horizon, why_seasons = net.why
    seasons = ", ".join(map(str, net.seasons)) or "none"
    environment.say(
        "by the pretrained net, which has learnt from synthetic series and has never seen these data; "
        f"to train on them: rnncast train {_named(path)}"
    )
    environment.say(f"horizon {net.horizon} ({why_horizon}); season {seasons} ({why_seasons})")
    if (number := sampled(given)) is not None:
        return net.sample(panel, number), (panel, net.seasons)
    probabilities = TaskConfig().quantiles if shown.probabilities is None else shown.probabilities
    return net.predict(panel, probabilities, by_level=shown.by_level), (panel, net.seasons)


def _named(path: str) -> str:
    return "DATA" if path == o.STREAM else path
