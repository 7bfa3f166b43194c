"""Forecasting with a given model, or else with the pretrained net shipped with the package."""

from functools import partial
from typing import Any

from rnncast.api.forecast import Forecast
from rnncast.api.keywords import takes
from rnncast.api.model import Model, load
from rnncast.api.speaking import panel_of, seen_by, speaker
from rnncast.config import ALL_BUT_BOUNDS, PRETRAINED, TableConfig, TaskConfig, quantiles_from
from rnncast.errors import UsageError


@takes(TableConfig, TaskConfig, without=("known", "past", "static", *ALL_BUT_BOUNDS))
def forecast(
    df: Any,
    horizon: int | None = None,
    level: Any = None,
    *,
    model: Any = PRETRAINED,
    season: Any = None,
    quantiles: Any = None,
    quiet: bool = False,
    **settings: Any,
) -> Forecast:
    """Forecast the next values of each series of a table with a model, or with the pretrained net, which needs no
    training.

    df: as `train` takes it. model: a Model, or the path of its file. horizon: steps; None for one season, or a model's
    trained horizon. season: its length in steps, or several, for the pretrained net; None for the data's. level:
    intervals in percent, or quantiles; (80, 95) by default. min, max: bounds of the forecast. Errors as `train` and
    `Model.forecast`.
    """
    if model != PRETRAINED:
        if season is not None:
            raise UsageError(
                "--season is for the pretrained net: a trained model keeps the seasons it was trained with",
                hint="train again with that season, or leave out the model",
            )
        trained = model if isinstance(model, Model) else load(model)
        return trained.forecast(df, horizon, level, quantiles=quantiles, quiet=quiet, **settings)
    from rnncast.forecaster.pretrained import Pretrained
    from rnncast.settings import sorted_out, updated

    if df is None:
        raise UsageError("the pretrained net has no series to continue: it needs data", hint="give a DataFrame")
    say = speaker(quiet)
    read, wanted = sorted_out({"horizon": horizon, "season": season, **settings}, TableConfig(), TaskConfig())
    asked, task = updated(TableConfig(), read), updated(TaskConfig(), wanted)
    if asked.covariates:
        raise UsageError(
            "the pretrained net cannot use covariates",
            hint="train a model with them: rnncast.train(df, known=[...])",
        )
    panel = panel_of(df, asked, say)
    net = Pretrained.of(panel, task)
    why_horizon, why_seasons, why_minimum = net.why
    seasons = ", ".join(map(str, net.seasons)) or "none"
    floor = f"; not below {net.bounds[0]:g} ({why_minimum})" if net.floored else ""
    say(f"by the pretrained net; horizon {net.horizon} ({why_horizon}); season {seasons} ({why_seasons}){floor}")
    shown = quantiles_from(level, quantiles) or task.quantiles
    values = net.predict(panel, shown, by_level=quantiles is None)
    return Forecast(values, partial(seen_by, panel), net.seasons, partial(net.sample, panel))
