"""rnncast: forecast time series with recurrent networks.

    import rnncast
    model = rnncast.train(df, horizon=18)        # a DataFrame, an Arrow table, a path, an open file
    model.forecast(level=(80, 95)).to_frame()
    rnncast.forecast(df)                         # no training: by the pretrained net shipped with the package
    rnncast.compare(df, baseline="window").verdict

Keywords are the flags of the commands. Each name is imported on first use, so that `import rnncast` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnncast.version import VERSION

if TYPE_CHECKING:
    from rnncast.api.forecast import Forecast
    from rnncast.api.judging import Comparison, compare, score
    from rnncast.api.model import Model, load, train
    from rnncast.api.partition import forecast_partition
    from rnncast.api.pretrained import forecast
    from rnncast.api.tuning import Tuning, tune
    from rnncast.config import Config
    from rnncast.errors import RnncastError
    from rnncast.files.panels.tables import read_table
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.panel import Panel

__version__ = VERSION

_HOMES = {
    "Comparison": "rnncast.api.judging",
    "Config": "rnncast.config",
    "Forecast": "rnncast.api.forecast",
    "Forecaster": "rnncast.forecaster.forecaster",
    "Model": "rnncast.api.model",
    "Panel": "rnncast.series.panel",
    "RnncastError": "rnncast.errors",
    "Tuning": "rnncast.api.tuning",
    "compare": "rnncast.api.judging",
    "forecast": "rnncast.api.pretrained",
    "forecast_partition": "rnncast.api.partition",
    "load": "rnncast.api.model",
    "read_table": "rnncast.files.panels.tables",
    "score": "rnncast.api.judging",
    "train": "rnncast.api.model",
    "tune": "rnncast.api.tuning",
}

__all__ = [
    "Comparison",
    "Config",
    "Forecast",
    "Forecaster",
    "Model",
    "Panel",
    "RnncastError",
    "Tuning",
    "__version__",
    "compare",
    "forecast",
    "forecast_partition",
    "load",
    "read_table",
    "score",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rnncast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
