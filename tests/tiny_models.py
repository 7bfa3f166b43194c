"""Models of all kinds, each trained in a moment on a small table, to try what is to be true of every model file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rnncast.config import Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.interruption import Interruption

STOPPED = Interruption("training", nets=1, of_nets=2, epochs=1, of_epochs=3)


@dataclass(frozen=True)
class Kind:
    """A kind of model: the table that it is trained on, as text, and how; rows that go on from it."""

    table: str
    asked: TableConfig
    config: Config
    rows: str
    interruption: Interruption | None = None


def _config(model: str, loss: str = "pinball", *, members: int = 1, validate: bool = False, **task: object) -> Config:
    return Config(
        task=TaskConfig(**{"horizon": 3, **task}),  # type: ignore[arg-type]
        net=NetConfig(model=model, hidden_size=2, window=3, covariate_selection="none"),
        train=TrainConfig(epochs=1, members=members, loss=loss, validate=validate, bptt_steps=16, shrinkage=0.0),
    )


def _values(steps: int, seed: int) -> list[float]:
    random = np.random.default_rng(seed)
    return [round(float(v), 2) for v in 50 + 9 * np.sin(np.arange(steps) / 2) + random.normal(0, 2, steps)]


def _dated(header: str, times: list[str], seed: int = 0, *, whole: bool = False) -> tuple[str, str]:
    """A table of one series, and the rows of its last three times."""
    values = [round(v / 10) if whole else v for v in _values(len(times), seed)]
    lines = [f"{time},{value}" for time, value in zip(times, values, strict=True)]
    return "\n".join([header, *lines[:-3]]), "\n".join([header, *lines[-3:]])


def _months(number: int) -> list[str]:
    return [str(month) for month in np.datetime64("2015-01", "M") + np.arange(number)]


def _days(number: int, step: int = 1, form: str = "{d}.{m}.{y}") -> list[str]:
    dates = [str(date).split("-") for date in np.datetime64("2024-01-01", "D") + step * np.arange(number)]
    return [form.format(y=y, m=m, d=d) for y, m, d in dates]


def _workdays(number: int) -> list[str]:
    return [str(date) for date in np.busday_offset("2024-01-01", np.arange(number), roll="forward")]


def _hours() -> tuple[str, str]:
    """Two series by the clocks of Berlin, with a covariate of each kind, one of them of words, known two days ahead."""
    utc = np.datetime64("2024-03-29T00", "h") + np.arange(100)
    lines = []
    for shop, kind in (("a", "big"), ("b", "small")):
        for hour, (moment, value) in enumerate(zip(utc, _values(len(utc), len(kind)), strict=True)):
            offset = 2 if moment >= np.datetime64("2024-03-31T01", "h") else 1
            local = str((moment + offset).astype("datetime64[s]")) + f"+0{offset}:00"
            known = ("red", "blue", "green")[hour % 3]
            cells = [shop, local, str(value) if hour < 90 else "", known, str(hour % 7) if hour < 90 else "", kind]
            lines.append(",".join(cells))
    header = "shop,time,sold,colour,rain,kind"
    return "\n".join([header, *lines]), "\n".join([header, *(line for line in lines if "," in line)][:4])


def kinds() -> Mapping[str, Kind]:
    """All of them: every net, every kind of grid, every distribution, each form of time, with and without scores."""
    steps = "\n".join(map(str, ["value", *_values(60, 1)]))
    months, days = _dated("month,sales", _months(63)), _dated("date,count", _days(83), whole=True)
    weeks, work = _dated("week,y", _days(73, 7, "{y}/{m}/{d}"), 3), _dated("day,price", _workdays(73), 4)
    hours = _hours()
    walked = _config("jordan", strategy="recursive", seasons=(4,))
    pure = _config("lstm", seasons=(12,))
    pure = replace(pure, net=replace(pure.net, frame="global", base=("none",)))
    aside = TableConfig(id="shop", time="time", target="sold", known=("colour",), past=("rain",), static=("kind",))
    return {
        "steps": Kind(steps, TableConfig(), _config("lstm", seasons=(6,), members=2), "value\n50\n51\n"),
        "months": Kind(months[0], TableConfig(), _config("gru", validate=True, seasons=(12,)), months[1]),
        "days": Kind(days[0], TableConfig(), _config("window", "negative-binomial", seasons=(7,)), days[1]),
        "weeks": Kind(weeks[0], TableConfig(), walked, weeks[1], STOPPED),
        "workdays": Kind(work[0], TableConfig(), _config("rnn", "student-t", validate=True, seasons=(5,)), work[1]),
        "alone": Kind(months[0], TableConfig(), pure, months[1]),
        "hours": Kind(hours[0], aside, _config("lstm", seasons=(6,)), hours[1]),
    }


def train(kind: Kind, folder: Path) -> Path:
    """Write the table, the rows and the model of a kind into a folder; where the model is."""
    (folder / "data.csv").write_text(kind.table + "\n")
    (folder / "rows.csv").write_text(kind.rows + "\n")
    panel = read_table(str(folder / "data.csv"), kind.asked)
    path = folder / "model.safetensors"
    model = Forecaster.fit(panel, kind.config).from_source(str(folder / "data.csv"), kind.asked)
    replace(model, interruption=kind.interruption).save(str(path))
    return path
