"""Models whose forecasts `forecasting.py` measures, and its measurements inside a process."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

FEW, MORE = 1_000, 6_000  # rows of a stream
MANY = 100_000  # series
LEARNT = 1_000  # rows
TAUGHT = 16  # series that the weights for M4 are fitted to


def prepare(folder: Path, air_passengers: Path, m4: Path | None, long: int) -> None:
    """Train what is not there yet, and write the model files and the streams.

    air: a monthly series. one: the same, by a single net. many: the state of air many times over. short, long: an
    hourly series, after few and many rows.
    """
    from rnncast.config import TableConfig, TaskConfig
    from rnncast.files.panels.tables import read_table
    from rnncast.forecaster.forecaster import Forecaster

    if not (folder / "air.safetensors").exists():
        panel = read_table(str(air_passengers))
        air = Forecaster.fit(panel, _brief())
        air.save(str(folder / "air.safetensors"))
        _tiled(air).save(str(folder / "many.safetensors"))
        _stream(folder, "air", air)
        single = _brief()
        one = Forecaster.fit(panel, replace(single, train=replace(single.train, members=1)))
        one.save(str(folder / "one.safetensors"))
        _stream(folder, "one", one)
    if not (folder / f"long-{MORE}.csv").exists():
        _hourly(folder, long)
    if m4 is not None and not (folder / "m4.safetensors").exists():
        panel = read_table(str(m4), TableConfig(layout="rows"))
        # A few series do not show the week that all of them do.
        config = replace(_brief(), task=TaskConfig(seasons=(24, 168)))
        Forecaster.fit(_first(panel, TAUGHT), config).save(str(folder / "m4.safetensors"))


def warm(folder: Path, air_passengers: Path) -> dict[str, tuple[float, float]]:
    """Return milliseconds, by the clock and of the processor, that a forecast takes from the state and from a
    history."""
    from rnncast.files.panels.tables import read_table
    from rnncast.forecaster.forecaster import Forecaster

    forecaster, panel = Forecaster.load(str(folder / "air.safetensors")), read_table(str(air_passengers))
    return {
        "from the saved state": quickest(forecaster.predict),
        "from the whole history": quickest(lambda: forecaster.predict(panel)),
    }


def quickest(work: Callable[[], object], seconds: float = 3.0) -> tuple[float, float]:
    """Return milliseconds of the quickest repetition, by the clock and of the processor."""
    ended, clock, cpu = time.perf_counter() + seconds, [], []
    while time.perf_counter() < ended or len(clock) < 3:
        began, worked = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
    return 1000 * min(clock), 1000 * min(cpu)


def _brief():
    """Return the settings that train would choose, for two epochs."""
    from rnncast.config import Config, TrainConfig

    return Config(train=TrainConfig(epochs=2, validate=False))


def _first(panel, count: int):
    from rnncast.series.panel import Panel

    end = panel.indptr[count]
    indptr = panel.indptr[: count + 1]
    return Panel(panel.ids[:count], panel.start[:count], panel.y[:end].copy(), indptr, panel.frequency, panel.columns)


def _tiled(forecaster):
    """Return the one series of a forecaster many times over, each moved a little."""
    import numpy as np

    from rnncast.runtime.states import repeated

    state = repeated(forecaster.state, MANY)
    moved = np.linspace(0, 1, MANY)
    frame, each = state.frame, moved[:, None]
    frame = frame._replace(history=frame.history + each, level=frame.level + each)
    return replace(
        forecaster,
        state=state._replace(frame=frame, pending=state.pending + moved),
        ids=tuple(f"series-{s:06d}" for s in range(MANY)),
        cutoff=np.repeat(forecaster.cutoff, MANY),
        columns=replace(forecaster.columns, ids=("series",)),
        known=np.repeat(forecaster.known, MANY, axis=0),
    )


def _hourly(folder: Path, long: int) -> None:
    """Return a year's shape upon a week's upon a day's, with noise: a model of its first rows, and its state after
    all."""
    import numpy as np

    from rnncast.files.panels.tables import read_table
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.runtime.runtime import Runtime
    from rnncast.series.panel import Panel

    t = np.arange(long)
    cycles = sum(10 * np.sin(2 * np.pi * t / season) for season in (24, 168, 8766))
    y = 100 + cycles + np.random.default_rng(0).normal(0, 2, long)
    times = np.datetime_as_string(np.datetime64("1900-01-01T00", "h") + t[:LEARNT]).tolist()
    table = folder / "hourly.csv"
    table.write_text("\n".join(["time,value", *(f"{a}:00,{b:.3f}" for a, b in zip(times, y, strict=False))]) + "\n")
    panel = read_table(str(table))
    model = Forecaster.fit(panel, _brief())
    model.save(str(folder / "short.safetensors"))
    _stream(folder, "short", model)
    whole = Panel(panel.ids, panel.start, y, np.array([0, long]), panel.frequency, panel.columns)
    after = replace(model, state=Runtime(model.spec, model.weights).replay(whole), cutoff=whole.ends)
    after.save(str(folder / "long.safetensors"))
    _stream(folder, "long", after)


def _stream(folder: Path, name: str, forecaster) -> None:
    """Return rows that follow a forecaster's state."""
    import numpy as np

    columns, ahead = forecaster.columns, forecaster.cutoff[0] + np.arange(1, MORE + 1)
    times = columns.written(forecaster.frequency.times(ahead))
    last = forecaster.state.pending[0]
    last = np.exp(last) if forecaster.log else last
    values = last * (1 + 0.1 * np.sin(np.arange(MORE)))
    rows = [f"{time},{value:.3f}" for time, value in zip(times, values, strict=True)]
    for count in (FEW, MORE):
        path = folder / f"{name}-{count}.csv"
        path.write_text("\n".join([f"{columns.time},{columns.target}", *rows[:count]]) + "\n")
