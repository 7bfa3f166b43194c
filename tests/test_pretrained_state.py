"""The pretrained net keeps a state of every series, as trained nets do: in a file, in a stream, alone or mixed."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncast.choices.decide import resolve
from rnncast.config import Config, TaskConfig, TrainConfig
from rnncast.errors import DataError, ModelFileError, UsageError
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from rnncast.forecaster.pretrained import Pretrained
from rnncast.frame.exogenous import exogenous_of
from rnncast.runtime import pretrained as module
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import SeriesState
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from tests.conftest import AIR_PASSENGERS, ROOT, Program, fitted, small_config, waves
from tests.test_cli import modules_after

LAST = 9  # steps

LINES = AIR_PASSENGERS.read_text().splitlines()
STATE = "rnncast.safetensors"


def part(first: int, last: int) -> str:
    """The header and some of the rows of air_passengers.csv, counted from 1."""
    return "\n".join([LINES[0], *LINES[first : last + 1]]) + "\n"


def numbers(text: str) -> np.ndarray:
    """The last forecast in a table of three steps."""
    return np.array([[float(cell) for cell in line.split(",")[1:]] for line in text.splitlines()[-3:]])


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    """What the pretrained net forecasts from all of air_passengers.csv."""
    panel = read_table(str(AIR_PASSENGERS))
    spec = resolve(Config(), panel)
    found = Pretrained.of(panel, TaskConfig(horizon=3)).predict(panel, spec.task.quantiles)
    return found.quantiles[0]  # type: ignore[no-any-return]


def test_new_rows_go_on_from_a_kept_state(program: Program, whole: np.ndarray) -> None:
    """The splitting law, through real processes: all at once, in three parts, or row by row is the same."""
    first = program.process("forecast", "--digits", "full", "--continue", "--save-state", "-H", "3", stdin=part(1, 100))
    assert first.returncode == 0, first.stderr
    assert "there is no state yet for --continue: these rows are taken as the whole history" in first.stderr
    size = (program.folder / STATE).stat().st_size
    second = program.process("forecast", "--digits", "full", "--continue", "--save-state", stdin=part(101, 130))
    assert second.returncode == 0, second.stderr
    assert abs((program.folder / STATE).stat().st_size - size) < 200  # of a header that says where the state ends
    third = program.process(
        "forecast", "--digits", "full", "--follow", "--save-state", "--format", "csv", stdin=part(131, 144)
    )
    assert (third.returncode, third.stderr) == (0, "")
    assert len(third.stdout.splitlines()) == 1 + 14 * 3
    last = program.process("forecast", "--digits", "full", "--format", "csv")
    assert last.stdout.splitlines()[1].startswith("1961-01,")
    middle = whole.shape[1] // 2
    for text in (third.stdout, last.stdout):
        found = numbers(text)
        np.testing.assert_allclose(found[:, 0], whole[:, middle], rtol=1e-5)
        np.testing.assert_allclose(found[:, 1:3], whole[:, [1, 3]], rtol=1e-5)


def test_a_stream_without_a_model_begins_with_its_history(program: Program, whole: np.ndarray) -> None:
    done = program.process("forecast", "--digits", "full", "--follow", "-H", "3", "--save-state", stdin=part(1, 144))
    assert done.returncode == 0, done.stderr
    assert "by the pretrained net" in done.stderr
    assert "the beginning of the stream: time 'Month', target '#Passengers'; 24 steps, monthly" in done.stderr
    rows = done.stdout.splitlines()
    assert len(rows) == 1 + 3 * (1 + 120)  # after 24 rows of history, and after each other
    assert rows[1].startswith("1951-01,")
    np.testing.assert_allclose(numbers(done.stdout)[:, 0], whole[:, whole.shape[1] // 2], rtol=1e-5)
    assert Forecaster.load(str(program.folder / STATE)).cutoff.tolist() == [144 + 1949 * 12 - 1970 * 12 - 1]


def test_a_stream_of_numbers_or_objects_begins_so_too(program: Program) -> None:
    values = [f"{100 + 10 * np.sin(t):.3f}" for t in range(30)]
    plain = program("forecast", "--follow", "-H", "1", "--format", "csv", stdin="\n".join(values))
    assert plain.returncode == 0, plain.stderr
    assert [line.split(",")[0] for line in plain.stdout.splitlines()] == ["step", *map(str, range(26, 32))]
    objects = "\n".join(f'{{"t": {t}, "y": {value}}}' for t, value in enumerate(values))
    done = program("forecast", "--follow", "-H", "1", "--format", "csv", stdin=f"{objects}\nno row\n")
    assert done.returncode == 1
    assert [line.split(",")[0] for line in done.stdout.splitlines()[1:]] == [str(t) for t in range(25, 31)]
    assert "left out line 31: 'no row' is not a row" in done.stderr
    few = program("forecast", "--follow", "-H", "1", stdin="t,y\n1,5\n2,6\n")
    assert [line.split(",")[0] for line in few.stdout.splitlines()] == ["t", "3"]
    refused = program("forecast", "--follow", stdin="what is\nthis\n")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr


def test_each_row_is_answered_at_once(program: Program) -> None:
    process = subprocess.Popen(
        ["rnncast", "forecast", "--follow", "-H", "1", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=program.folder, env=program.environment, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(part(1, 24))
        process.stdin.flush()
        assert process.stdout.readline().startswith("Month,")
        assert process.stdout.readline().startswith("1951-01,")
        for row, month in ((25, "02"), (26, "03")):
            process.stdin.write(LINES[row] + "\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"1951-{month},")
    finally:
        process.kill()
        process.communicate()


def test_a_state_is_kept_only_where_none_is_lost(trained: Program, program: Program) -> None:
    refused = trained("forecast", "air_passengers.csv", "-m", "pretrained", "--save-state")
    assert refused.returncode == 2
    assert "rnncast.safetensors already exists, and -m pretrained would start afresh" in refused.stderr
    (program.folder / "air.csv").write_text(part(1, 144))
    made = program("forecast", "air.csv", "-m", "pretrained", "--save-state", "-H", "2", "--format", "csv")
    assert made.returncode == 0, made.stderr
    assert program("forecast", "--format", "csv").stdout == made.stdout


def test_the_kept_state_needs_no_torch(program: Program) -> None:
    (program.folder / "air.csv").write_text(part(1, 144))
    assert "torch" not in modules_after(program, "train air.csv --from pretrained -q")
    assert "torch" not in modules_after(program, "forecast -q -o out.csv")


def shares(horizon: int = 4) -> list[tuple[ModelSpec, dict[str, np.ndarray]]]:
    """The pretrained net alone, and mixed with trained ones."""
    alone = Forecaster.fit(waves(), replace(small_config(), train=TrainConfig(start="pretrained", validate=False)))
    mixed = fitted(small_config(members=2, start="mean"))
    return [(each.spec, dict(each.weights)) for each in (alone, mixed)]


def test_what_is_mixed_is_the_mean_of_both() -> None:
    (alone, learnt), (mixed, weights) = shares()
    assert (alone.net.members, mixed.net.members, mixed.net.pretrained) == (0, 2, 0.5)
    trained = {name: weight for name, weight in weights.items() if not name.startswith("pretrained")}
    parts = [Runtime(alone, learnt), Runtime(mixed.of_members(2), trained)]
    of_each = [np.log(part.forecast_panel(waves(), 4)) for part in parts]
    both = np.log(Runtime(mixed, weights).forecast_panel(waves(), 4))
    assert mixed.frame.log
    np.testing.assert_allclose(both, sum(of_each) / 2, rtol=1e-9)


def all_but_the_last(panel: Panel) -> Panel:
    """A panel without its last steps, which `holds_the_splitting_law` then takes in."""
    return panel.select(np.arange(len(panel)), panel.lengths - LAST)


def holds_the_splitting_law(runtime: Runtime, panel: Panel, before: SeriesState) -> None:
    """The state after all but the last steps, and then these in pieces, is that after all steps at once."""
    cut, state = all_but_the_last(panel), before
    last = np.stack([y[-LAST:] for _, _, y in panel])
    for piece in (last[:, :1], last[:, 1:6], last[:, 6:]):
        none = exogenous_of(cut, np.arange(len(panel)), (), 0, align="end")
        nothing = none._replace(covariates=np.zeros((*piece.shape, 0)), now=np.zeros((*piece.shape, 0)))
        state = runtime.advance(piece, nothing, state)
    for ours, theirs in zip(state.net, runtime.replay(panel).net, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("which", [0, 1], ids=["alone", "mixed"])
def test_splitting_law(which: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many steps come at once, and series and steps are taken at a time, the state after them is the same."""
    spec, weights = shares()[which]
    runtime, panel = Runtime(spec, weights), waves(series=5, steps=40)
    before = runtime.replay(all_but_the_last(panel))
    monkeypatch.setattr(module, "ROWS", 2)
    monkeypatch.setattr("rnncast.pretrained.net.CELLS", 6)
    holds_the_splitting_law(runtime, panel, before)


@pytest.mark.parametrize("which", [0, 1], ids=["alone", "mixed"])
def test_a_model_file_holds_all_of_it(which: int, tmp_path: Path) -> None:
    config = (
        replace(small_config(), train=TrainConfig(start="pretrained", validate=False)),
        small_config(members=2, start="mean"),
    )[which]
    made, path = Forecaster.fit(waves(), config), str(tmp_path / "model.safetensors")
    made.save(path)
    read = Forecaster.load(path)
    assert read.spec == made.spec
    np.testing.assert_array_equal(read.predict().quantiles, made.predict().quantiles)
    np.testing.assert_allclose(read.predict(waves()).quantiles, made.predict().quantiles, rtol=1e-6)
    paths = read.sample(500).values  # [S, H, P]
    assert np.abs(np.median(paths, 2) / read.predict().point - 1).max() < 0.02
    later = Panel.from_series({name: y[-1:] for name, _, y in waves()})  # rows in order
    follower, after = Follower(read), read.update(later).predict()
    for s, name in enumerate(read.ids):
        live = follower.after(follower.begin(name), float(later[s].y[0]), (), gaps=False)
        np.testing.assert_allclose(follower.forecast(live, None).quantiles[0], after.quantiles[s], rtol=1e-5)
    with pytest.raises(ModelFileError, match="the pretrained net cannot be exported"):
        read.onnx_step()
    again = read.spec.to_config()
    assert again.train.start == ("pretrained", "mean")[which]
    assert resolve(again, waves()).net == read.spec.net


@pytest.mark.parametrize("length", [1, 2, 3, 7])
@pytest.mark.parametrize("value", [0.0, -3.0, 5.0])
def test_series_of_any_length_have_a_state(length: int, value: float, tmp_path: Path) -> None:
    panel = Panel.from_series({"a": np.full(length, value), "b": np.arange(1.0, 9.0)})
    config = Config(task=TaskConfig(horizon=3), train=TrainConfig(start="pretrained"))
    made, path = Forecaster.fit(panel, config), str(tmp_path / "model.safetensors")
    made.save(path)
    forecast = Forecaster.load(path).predict()
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    assert np.abs(forecast.point[0] - value).max() <= 0.1 * abs(value)
    if value >= 0:
        assert (forecast.quantiles >= 0).all()


def test_what_it_cannot_be_part_of_is_refused() -> None:
    for config, why in (
        (small_config(start="mean", loss="student-t"), "the loss is student-t"),
        (replace(small_config(start="pretrained"), task=TaskConfig(strategy="recursive")), "the strategy is recursive"),
    ):
        with pytest.raises(UsageError, match=why):
            resolve(config, waves())


def test_covariates_are_refused(program: Program) -> None:
    sales = ROOT / "sample_data" / "store_sales.csv"
    done = program("train", sales, "--target", "sales", "--known", "promotion", "--from", "pretrained")
    assert done.returncode == 2
    assert "--from pretrained: it has learnt nothing of covariates" in done.stderr


def test_a_value_without_a_logarithm_is_refused(program: Program) -> None:
    (program.folder / "air.csv").write_text(part(1, 100))
    assert program("train", "air.csv", "--from", "pretrained", "-q").returncode == 0
    model = Forecaster.load(str(program.folder / STATE))
    rows = Panel.from_series({model.ids[0]: np.array([-1.0])}, start=model.cutoff + 1)
    with pytest.raises(DataError, match="trained in logs, on positive values only"):
        model.update(replace(rows, frequency=model.frequency, columns=model.columns))
