"""Contest: candidates as a user names them.

They are nets, baselines, or model files, whose settings are used, and whose data if no others are given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rnncast.config import PRETRAINED, Config, TableConfig
from rnncast.evaluate.baselines import BASELINES
from rnncast.evaluate.compare import Entry, Plan, Told, compare_candidates
from rnncast.evaluate.findings import Findings
from rnncast.evaluate.given import Given
from rnncast.files.panels.forecast_tables import ForecastSource, read_several
from rnncast.forecaster.forecaster import Forecaster
from rnncast.runtime.registry import NETS
from rnncast.series.panel import Panel

Configured = Callable[[Config | None], Config]  # the settings asked for, applied to a config


class Contest(NamedTuple):
    """Names of the models that are judged and of the baselines, and the forecasters among them."""

    models: tuple[str, ...]
    baselines: tuple[str, ...]
    trained: Mapping[str, Forecaster]

    @classmethod
    def of(cls, models: Sequence[str], baselines: Sequence[str]) -> "Contest":
        """Make a Contest, loading the candidates that are files. Raises ModelFileError if one cannot be loaded."""
        names = (*models, *baselines)
        return cls(tuple(models), tuple(baselines), {name: Forecaster.load(name) for name in names if is_file(name)})

    @property
    def first(self) -> Forecaster | None:
        """First of the forecasters, whose data and settings are used if no others are given."""
        return next(iter(self.trained.values()), None)

    @property
    def table(self) -> TableConfig | None:
        """Settings with which the first forecaster's table was read."""
        return None if self.first is None else self.first.source.table

    @staticmethod
    def given(sources: Sequence[ForecastSource], table: TableConfig, panel: Panel) -> Given | None:
        """Return forecasts made elsewhere; None without sources. Errors as `read_several` and `Given.of`."""
        names = (*NETS, PRETRAINED, *BASELINES)
        return Given.of(read_several(sources, table, panel, names), panel) if sources else None

    def held(self, panel: Panel, configured: Configured, plan: Plan, told: Told) -> Findings:
        """Compare on a panel as planned; errors as `compare_candidates`."""
        own = {name: configured(forecaster.spec.to_config()) for name, forecaster in self.trained.items()}
        entries = _entries([*self.models, *self.baselines], own)
        count = len(self.models)
        plan = replace(plan, models=entries[:count], baselines=entries[count:])
        base = None if self.first is None else self.first.spec.to_config()
        return compare_candidates(panel, configured(base), plan, told)


def is_file(name: str) -> bool:
    """Return whether a candidate is a model file."""
    return name.endswith(".safetensors") or Path(name).is_file()


def _entries(names: Sequence[str], own: Mapping[str, Config]) -> tuple[Entry, ...]:
    """Return the candidates; a file is named after its net, or after the file if that name is taken."""
    entries: list[Entry] = []
    for name in names:
        config = own.get(name)
        taken = {*names, *(each.name for each in entries)}
        if config is None:
            entries.append(Entry(name))
        else:
            net = config.net.model
            entries.append(Entry(Path(name).stem if net in taken else net, config))
    return tuple(entries)
