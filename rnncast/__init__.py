"""rnncast: forecast time series with recurrent networks.

The Python API in four names; each is imported when first used, so that `import rnncast` costs nothing.

    from rnncast import Config, Forecaster, read_table
    forecaster = Forecaster.fit(read_table("sales.csv"), Config())
    print(forecaster.predict().point)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnncast.version import VERSION

if TYPE_CHECKING:
    from rnncast.config import Config
    from rnncast.files.panels.tables import read_table
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.forecast import Forecast
    from rnncast.series.panel import Panel

__version__ = VERSION

_HOMES = {
    "Config": "rnncast.config",
    "Forecast": "rnncast.series.forecast",
    "Forecaster": "rnncast.forecaster.forecaster",
    "Panel": "rnncast.series.panel",
    "read_table": "rnncast.files.panels.tables",
}

__all__ = ["Config", "Forecast", "Forecaster", "Panel", "__version__", "read_table"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rnncast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
