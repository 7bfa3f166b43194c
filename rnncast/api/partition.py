"""Forecasting one partition of a table: the function that engines such as Spark, Ray and Dask call."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rnncast.api.keywords import takes
from rnncast.api.model import Model, load
from rnncast.api.pretrained import forecast
from rnncast.config import ALL_BUT_BOUNDS, PRETRAINED, TableConfig, TaskConfig

if TYPE_CHECKING:
    import pandas as pd


@takes(TableConfig, TaskConfig, without=("known", "past", "static", *ALL_BUT_BOUNDS))
def forecast_partition(
    frame: Any, model: Any = PRETRAINED, horizon: int | None = None, level: Any = None, **settings: Any
) -> "pd.DataFrame":
    """Forecast the series of one partition, each of which must be whole in it; a frame in, a frame out, without a word.

    frame: as `train` takes it. model: "pretrained", a Model, or the path of a model file, which each process reads
    once. Other keywords, and errors, as `forecast`.
    """
    known = _loaded(model) if isinstance(model, str) and model != PRETRAINED else model
    return forecast(frame, horizon, level, model=known, quiet=True, **settings).to_frame()


@lru_cache(maxsize=2)
def _loaded(path: str) -> Model:
    return load(path)
