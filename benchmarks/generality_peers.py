"""Single series of the generality sets, beside AutoETS, AutoARIMA and AutoTheta (extra `classical`)."""

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from accuracy_table import markdown
from generality_data import Kind
from numpy.typing import NDArray

from rnncast import Config, Forecaster
from rnncast.config import TaskConfig
from rnncast.forecaster.pretrained import Pretrained
from rnncast.pretrained.net import PROBABILITIES
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.naive import repeat_season
from rnncast.series.splits import Split, rolling_origins

Values = NDArray[np.float64]
ORIGINS = 3
SERIES = 4  # of a set, at most
LONGEST_SEASON = 24  # of what the peers are given: 52 is more than ETS takes
BESIDE, OURS = ("naive", "AutoETS", "AutoARIMA", "AutoTheta"), ("train", "zero-shot")
LONGEST_ARIMA = 12  # season for AutoARIMA: a series of hours takes it a minute


def peers(kind: Kind) -> dict[str, Callable[[list[Split]], list[Values]]]:
    """Return each peer: estimated before the first origin, its forecasts [H] from all values before each."""
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

    season = kind.season if kind.season <= LONGEST_SEASON else 1
    models: dict[str, Any] = {"AutoETS": AutoETS(season_length=season), "AutoTheta": AutoTheta(season_length=season)}
    if season <= LONGEST_ARIMA:
        models["AutoARIMA"] = AutoARIMA(season_length=season)

    def forecast(model: Any) -> Callable[[list[Split]], list[Values]]:
        def made(splits: list[Split]) -> list[Values]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(splits[0].seen.y)
                return [model.forward(split.seen.y, kind.horizon)["mean"] for split in splits]

        return made

    return {name: forecast(model) for name, model in models.items()}


def singles(kind: Kind) -> dict[str, list[float]]:
    """Return the MASE of seasonal naive, the peers, `train` and the pretrained net on some series, each taken alone."""
    found: dict[str, list[float]] = {}
    panel = kind.panel
    task = TaskConfig(horizon=kind.horizon, seasons=(kind.season,) if kind.season > 1 else None)
    for s in np.unique(np.linspace(0, len(panel) - 1, SERIES).round().astype(int)):
        alone = panel.select(np.array([s]), panel.lengths[[s]])
        splits = list(rolling_origins(alone, kind.horizon, ORIGINS, kind.horizon + 2))
        points: dict[str, list[Values]] = {
            "naive": [repeat_season(split.seen, kind.horizon, kind.season)[0] for split in splits]
        }
        points |= {name: forecast(splits) for name, forecast in peers(kind).items()}
        forecaster = Forecaster.fit(splits[0].seen, Config(task=task))
        points["train"] = [forecaster.predict(split.seen).point[0] for split in splits]
        zero_shot = Pretrained.of(splits[0].seen, task)
        points["zero-shot"] = [zero_shot.predict(split.seen, PROBABILITIES).point[0] for split in splits]
        for name, each in points.items():
            errors = [
                mase(split.actual, point[None], seasonal_error(split.seen, kind.season))[0]
                for split, point in zip(splits, each, strict=True)
            ]
            found.setdefault(name, []).append(float(np.mean(errors)))
    return found


def table(kinds: Iterable[Kind]) -> str:
    """Return a row a set: geometric means over its series, and ours by the best of the others."""
    rows = []
    for kind in kinds:
        found = {name: float(np.exp(np.mean(np.log(np.maximum(each, 1e-3))))) for name, each in singles(kind).items()}
        best = min(found[name] for name in BESIDE if name in found)
        cells = [f"{found[name]:.3f}" if name in found else "" for name in (*BESIDE, *OURS)]
        rows.append([kind.name, *cells, *(f"{found[name] / best:.3f}" for name in OURS)])
    return markdown(["set", *BESIDE, *OURS, *(f"{name} / best" for name in OURS)], rows)
