"""New rows: the state after them is that of the whole history; what does not follow the state is refused by name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncast.config import Config, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import DataError
from rnncast.files.panels.grid import Schema
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.runtime.registry import NETS
from rnncast.runtime.states import state_tensors
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.training.fit import Fitted
from tests.conftest import AIR_PASSENGERS, SEGMENTED, Program, net_config

DAYS = 60
TABLE = TableConfig(id="shop", target="sold", known=("promotion",), past=("heat",), static=("kind",))


def shops(first: int, last: int, shop_c_until: int = DAYS) -> str:
    """Rows of three shops, from day to day, with covariates; those of shop c may end earlier."""
    lines = ["shop,day,sold,promotion,heat,kind"]
    for s, shop in enumerate("abc"):
        random = np.random.default_rng(s)
        noise = random.normal(0, 1, (DAYS, 2))
        for day in range(first, min(last, shop_c_until) if shop == "c" else last):
            date = np.datetime64("2024-01-01") + day
            sold = "" if day == 57 else f"{50 + 10 * s + 5 * np.sin(day * 2 * np.pi / 7) + noise[day, 0]:.3f}"
            lines.append(f"{shop},{date},{sold},{day % 5 == 0:d},{noise[day, 1]:.3f},{'big' if s else 'small'}")
    return "\n".join(lines)


def table(folder: Path, text: str, schema: Schema | None = None) -> Panel:
    path = folder / "shops.csv"
    path.write_text(text)
    return read_table(str(path), TABLE, schema=schema)


def config(model: str, strategy: str) -> Config:
    return Config(
        task=TaskConfig(horizon=4, seasons=(7,), strategy=strategy),
        net=net_config(model, hidden_size=6, window=8, calendar=("week",), covariate_selection="none"),
        train=TrainConfig(epochs=1, members=2, validate=False),
    )


@pytest.mark.parametrize(
    ("model", "strategy"),
    [
        *((name, "auto") for name in (*NETS, *SEGMENTED)),
        ("gru", "recursive"),
        ("gru/4", "recursive"),
        ("lstm/1+4", "auto"),
        ("gru/1+4", "recursive"),
    ],
)
def test_the_state_after_new_rows_is_that_of_the_whole_history(tmp_path: Path, model: str, strategy: str) -> None:
    begun = Forecaster.fit(table(tmp_path, shops(0, 50)), config(model, strategy))
    schema = Schema(begun.columns, begun.frequency)
    after = begun.update(table(tmp_path, shops(50, 53), schema))
    after = after.update(table(tmp_path, shops(53, DAYS, shop_c_until=56), schema))  # of different lengths
    whole = table(tmp_path, shops(0, DAYS, shop_c_until=56))
    expected = begun.predict(whole, 3, complete=False)
    np.testing.assert_array_equal(after.cutoff, whole.ends)
    np.testing.assert_allclose(after.predict(None, 3, complete=False).quantiles, expected.quantiles, rtol=1e-5)
    fresh = Forecaster._of(whole, begun.asked, begun.encoding, Fitted(begun.spec, dict(begun.weights), {}), None)
    for name, value in state_tensors(fresh.state).items():
        np.testing.assert_allclose(state_tensors(after.state)[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


def test_what_was_known_ahead_moves_on_with_the_rows(tmp_path: Path) -> None:
    ahead = shops(0, 50) + "\n" + "\n".join(f"a,2024-02-{20 + i},,{i % 2},," for i in range(4))
    begun = Forecaster.fit(table(tmp_path, ahead), config("lstm", "auto"))
    np.testing.assert_array_equal(begun.known[0, :, 0], [0, 1, 0, 1])
    after = begun.update(table(tmp_path, shops(50, 51), Schema(begun.columns, begun.frequency)))
    np.testing.assert_array_equal(after.known[0, :, 0], [1, 0, 1, np.nan])
    assert begun.cutoff[0] + 1 == after.cutoff[0]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    """A model of three shops up to day 50."""
    return Forecaster.fit(table(tmp_path_factory.mktemp("held"), shops(0, 50)), config("window", "auto"))


REFUSED = {
    "overlap": (shops(49, 52), "begin at 2024-02-19, but the state already includes everything up to 2024-02-19"),
    "gap": (shops(52, 54), "series 'a' begin at 2024-02-22, but the state ends at 2024-02-19: 2 steps are missing"),
    "gap within": (shops(50, 52).replace("a,2024-02-21", "a,2024-02-22"), "1 row is missing"),
    "unknown series": (shops(50, 52).replace("\nb,", "\nd,"), "the model has no state for series 'd'"),
    "wrong frequency": (shops(50, 51).replace("2024-02-20", "2024-02-20 12:00"), "is not a time like 2024-12-31"),
    "no covariate": (shops(50, 51).replace("heat", "cold"), "no column 'heat', which the model was trained with"),
    "nothing known ahead": (shops(50, 51), "'promotion' of series 'a' is not known at 2024-02-21"),
    "not positive": (shops(50, 51).replace("2024-02-20,", "2024-02-20,-"), "in logs, on positive values only"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_follow_is_refused_by_name(held: Forecaster, tmp_path: Path, case: str) -> None:
    text, words = REFUSED[case]
    path = tmp_path / "new.csv"
    path.write_text(text)

    def taken_in() -> Forecast:
        new = read_table(str(path), replace(TABLE, gaps="error"), schema=Schema(held.columns, held.frequency))
        return held.update(new).predict()

    with pytest.raises(DataError) as caught:
        taken_in()
    assert words in caught.value.message


@pytest.fixture
def monthly(trained: Program, program: Program) -> Program:
    """A folder with a model of air passengers, its state that of month 140."""
    lines = AIR_PASSENGERS.read_text().splitlines()
    model = Forecaster.load(str(trained.folder / "rnncast.safetensors"))
    panel = read_table(str(AIR_PASSENGERS), model.source.table)
    early, fitted = panel.select(np.array([0]), np.array([140])), Fitted(model.spec, dict(model.weights), {})
    model = replace(Forecaster._of(early, model.asked, model.encoding, fitted, None), source=model.source)
    model.save(str(program.folder / "rnncast.safetensors"))
    (program.folder / "air_passengers.csv").write_text("\n".join(lines))
    return program


def numbers(text: str) -> np.ndarray:
    """The forecasts and intervals in CSV."""
    return np.loadtxt(text.splitlines()[1:], delimiter=",", usecols=range(1, 6))


def test_gaps_are_stepped_over_where_that_is_asked_for(monthly: Program) -> None:
    lines = AIR_PASSENGERS.read_text().splitlines()
    done = monthly("forecast", "-", "--continue", "--gaps", "mask", stdin="\n".join([lines[0], *lines[143:]]))
    holed = [*lines[:141], *(f"{line.split(',')[0]}," for line in lines[141:143]), *lines[143:]]
    refused = monthly("forecast", "-", "--continue", stdin="\n".join([lines[0], *lines[143:]]))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "2 steps are missing" in refused.stderr
    whole = monthly("forecast", "-", stdin="\n".join(holed))
    assert done.returncode == 0, done.stderr
    ours, theirs = (
        np.loadtxt(each.stdout.splitlines()[1:], delimiter=",", usecols=range(1, 6)) for each in (done, whole)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_month_at_a_time_as_cron_would(monthly: Program) -> None:
    program, lines = monthly, AIR_PASSENGERS.read_text().splitlines()
    assert (
        program("forecast", "-", "--continue", "--save-state", stdin="\n".join([lines[0], *lines[141:144]])).stderr
        == ""
    )
    for line in lines[144:]:
        done = program("forecast", "-", "--continue", "--save-state", stdin=f"{lines[0]}\n{line}\n")
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("1961-01,")
    again = program("forecast", "-", "--continue", stdin=f"{lines[0]}\n{lines[-1]}\n")
    assert "the state already includes everything up to 1960-12" in again.stderr
    assert program("forecast").stdout == done.stdout
    whole = program("forecast", AIR_PASSENGERS)
    ours, theirs = (
        np.loadtxt(each.stdout.splitlines()[1:], delimiter=",", usecols=range(1, 6)) for each in (done, whole)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_bare_column_goes_on_by_count(program: Program) -> None:
    program(
        "train", "-", "-H", "2", "--season", "4", "--epochs", "0", stdin="\n".join(str(10 + i % 4) for i in range(40))
    )
    assert program("forecast", "-", "--continue", "--save-state", stdin="10\n11\n").returncode == 0
    lines = program("forecast").stdout.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["43", "44"]
    assert [round(float(line.split(",")[1])) for line in lines[1:]] == [12, 13]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--continue"], "--continue needs new rows"),
        (["--save-state"], "--save-state needs new rows"),
        (["new.csv", "-m", "-", "--continue", "--save-state"], "cannot be written back"),
        (["-", "-m", "-"], "cannot both be standard input"),
    ],
)
def test_flags_that_make_no_sense(program: Program, flags: list[str], words: str) -> None:
    done = program("forecast", *flags)
    assert words in done.stderr
    assert done.returncode == 2


def test_a_value_without_a_logarithm_is_refused(tmp_path: Path) -> None:
    begun = Forecaster.fit(table(tmp_path, shops(0, 50)), config("gru", "auto"))
    with pytest.raises(DataError, match="at 2024-01-01 is -1, but the model was trained in logs, on positive"):
        begun.predict(table(tmp_path, shops(0, 50).replace("2024-01-01,50.126", "2024-01-01,-1")), complete=False)
