"""Memory of a model: how far back it looks, as a picture, as rows, and in one line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from rnncast.choices.seasonality import find_season
from rnncast.errors import DataError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.plain import counted
from rnncast.report.chart import Chart, Curve
from rnncast.report.room import AHEAD, Key
from rnncast.series.panel import Panel
from rnncast.training.influence import Influence, measure_influence, origins_of

MOST = 0.95  # share of the total influence that defines the reach
LEAST = 1e-4  # smallest influence that is drawn, relative to the largest
SHOWN = 2  # multiples of the reach, cycle or window, whichever is longest, that are drawn
NOUNS = {"monthly": "months", "quarterly": "quarters", "yearly": "years", "daily": "days", "hourly": "hours"}


@dataclass(frozen=True)
class MemoryCurve:
    """Influence of past values on a model's forecasts, and the lengths to compare it with.

    noun: the plural for steps. window: number of steps in it. cycle: the season found in the data; None if there is
    none. origins, series: number of each that the influence is averaged over.
    """

    model: str
    members: int
    influence: Influence
    noun: str
    window: int
    cycle: int | None
    origins: int
    series: int

    @classmethod
    def of(cls, forecaster: Forecaster, panel: Panel) -> "MemoryCurve":
        """Measure the trained nets of a model on the series of a panel.

        Raises DataError if the series are too short, or the model has no trained net.
        """
        spec = forecaster.spec
        if not spec.net.members:
            raise DataError(
                "--memory examines trained nets, but this model is the pretrained net alone",
                hint="train one: --from scratch",
            )
        encoded = forecaster.encoding.encode(panel)
        origins, lags = origins_of(encoded, spec)
        found = measure_influence(spec, forecaster.weights, encoded, origins, lags)
        name = panel.frequency.name
        noun = NOUNS.get(name, "weeks" if name.startswith("weekly") else "steps")
        series = len({origin.series for origin in origins})
        net = spec.net
        return cls(net.model, net.members, found, noun, spec.frame.window, find_season(panel), len(origins), series)

    @property
    def sentence(self) -> str:
        """Reach of the state and of the frame, beside the window and the cycle, in a sentence."""
        found = self.influence
        state, frame = (reach_of(part.mean(1)) for part in (found.state, found.frame))
        if state:
            words = f"95 % of what the state adds comes from the last {state} {self.noun}"
        else:
            words = (
                f"the state adds nothing: {self.model} has none" if self.model == "window" else "the state adds nothing"
            )
        words += f"; of what the frame adds, from the last {frame}" if frame else "; the frame adds nothing"
        words += f"; the window holds {self.window}"
        return words + (f"; the cycle is about {self.cycle}" if self.cycle else "")

    @property
    def basis(self) -> str:
        """Measurement behind the influence, and what it is averaged over, in words."""
        members = f", the mean of {self.members} nets" if self.members > 1 else ""
        of = f"{self.series} series, an origin each" if self.series > 1 else counted(self.origins, "origin")
        steps = counted(self.influence.lags, "step")
        return f"{self.model}{members}; absolute gradients, mean over {of}; looked back over {steps}"

    @property
    def names(self) -> list[str]:
        """Column names of `rows`."""
        return ["lag", "lead", "state", "frame", "window"]

    @property
    def rows(self) -> Iterator[list[Any]]:
        """Yield a row for each lag, from 0 (the newest value) on, and each lead time."""
        found = self.influence
        for lag in range(found.lags):
            for place, lead in enumerate(found.leads):
                parts = (found.state, found.frame, found.window)
                yield [lag, lead, *(float(part[lag, place]) for part in parts)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; parts by lag, then by lead."""
        found = self.influence
        parts = {"state": found.state, "frame": found.frame, "window": found.window}
        return {
            "summary": self.sentence,
            "model": self.model,
            "members": self.members,
            "window": self.window,
            "cycle": self.cycle,
            "origins": self.origins,
            "series": self.series,
            "reach": {name: reach_of(part.mean(1)) for name, part in parts.items()},
            "leads": list(found.leads),
            "influence": {name: part.tolist() for name, part in parts.items()},
        }

    @property
    def shown(self) -> int:
        """Number of lags worth drawing."""
        found = self.influence
        reaches = [reach_of(part.mean(1)) for part in (found.state, found.frame)]
        return min(found.lags, max(SHOWN * max(*reaches, self.window, self.cycle or 0), 2))

    def picture(self) -> Chart:
        """Draw the influence through the state and through the frame by lag, in powers of ten, averaged over leads."""
        steps, found = self.shown, self.influence
        state, frame = (part.mean(1)[:steps] for part in (found.state, found.frame))
        floor = LEAST * max(float(state.max(initial=0)), float(frame.max(initial=0)))
        curves = (
            Curve(_powers(frame, floor), 0, "", "*"),
            Curve(_powers(state, floor), 0, f"bold {AHEAD}", "o"),
        )
        keys = (
            Key("⠤⠤", "oo", "through the state", f"bold {AHEAD}"),
            Key("⠤⠤", "**", "through the frame"),
            Key("┊", ":", "end of the window"),
        )
        title = f"influence by lag, in {self.noun}, as a power of ten"
        return Chart(title, keys, steps, curves, _lags, divider=self.window)


def reach_of(curve: NDArray[np.float64]) -> int:
    """Return the number of newest values with 95 % of an influence by lag [M]; 0 if there is none."""
    total = curve.sum()
    return int(np.searchsorted(np.cumsum(curve), MOST * total)) + 1 if total > 0 else 0


def _powers(curve: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Return logarithms to base ten; NaN below the smallest drawn."""
    drawn = curve > max(floor, 1e-300)
    return np.where(drawn, np.log10(np.where(drawn, curve, 1.0)), np.nan)


def _lags(steps: NDArray[np.int64]) -> Iterable[object]:
    return list(steps)


def memory_table(found: MemoryCurve, *, drawn: bool) -> Group:
    """Return the picture, if `drawn`; the reach of each path at some lead times; and the summary line."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("lead", justify="right")
    ways = {"state": found.influence.state, "frame": found.influence.frame, "window": found.influence.window}
    for way in ways:
        table.add_column(f"95 % of {way}", justify="right")
        table.add_column("influence", justify="right")
    for place, lead in enumerate(found.influence.leads):
        cells = ((reach_of(part[:, place]), part[:, place].sum()) for part in ways.values())
        table.add_row(str(lead), *(text for reach, total in cells for text in (f"{reach:,}", f"{total:.2f}")))
    return Group(*([found.picture()] if drawn else []), table, Text(found.sentence))
