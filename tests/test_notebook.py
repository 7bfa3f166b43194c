"""What a notebook calls: docs/python.md runs, frames come back as they went in, and looking at a thing costs little."""

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import rnncast
from rnncast.api.model import Model
from rnncast.api.terms import as_keywords
from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from tests.conftest import AIR_PASSENGERS, ROOT, Program

TINY = {"epochs": 1, "members": 1, "validate": False, "hidden_size": 4, "quiet": True}


def passengers() -> pd.DataFrame:
    return pd.read_csv(AIR_PASSENGERS, parse_dates=["Month"])


@pytest.fixture(scope="module")
def model() -> Model:
    return rnncast.train(passengers(), horizon=6, **TINY)


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks one after the other, as in one notebook; what is trained is trained as briefly as can be."""
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    monkeypatch.chdir(tmp_path)
    train = rnncast.train
    monkeypatch.setattr(rnncast, "train", lambda df, **given: train(df, **{**TINY, **given}), raising=False)
    page, names = (ROOT / "docs" / "python.md").read_text(), {"__name__": "page"}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        exec(compile(block, "docs/python.md", "exec"), names)
    assert (tmp_path / "rnncast.safetensors").is_file()


def test_importing_costs_nothing() -> None:
    """Neither does the list of names, which completion asks for."""
    script = (
        "import rnncast, sys; dir(rnncast); print(sorted({'numpy', 'pandas', 'torch', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_is_there() -> None:
    for name in rnncast.__all__:
        assert getattr(rnncast, name) is not None


def test_a_frame_comes_back_as_it_went_in(model: Model) -> None:
    """Its names and its kind of time; a row per step, with the ends of each interval."""
    frame = model.forecast(level=(50, 90)).to_frame()
    ends = [f"forecast-{side}-{level}" for level in (50, 90) for side in ("lo", "hi")]
    assert list(frame.columns) == ["Month", "forecast", *ends]
    assert frame.Month.tolist() == pd.date_range("1961-01-01", periods=6, freq="MS").tolist()
    assert (frame["forecast-lo-90"] < frame["forecast-hi-90"]).all()
    assert model.forecast(quantiles=0.9).to_frame().columns[-1] == "forecast-ql0.9"
    assert pl.DataFrame(model.forecast()).shape == (6, 6)


def test_ids_and_zones_come_back() -> None:
    times = pd.date_range("2024-03-25", periods=200, freq="h", tz="Europe/Berlin")
    table = pd.concat([pd.DataFrame({"shop": shop, "at": times, "y": np.arange(200.0)}) for shop in ("a", "b")])
    frame = rnncast.forecast(table, horizon=3, quiet=True).to_frame()
    assert frame["shop"].tolist() == ["a"] * 3 + ["b"] * 3
    assert frame["at"].iloc[0] == times[-1] + pd.Timedelta("1h")
    assert frame["at"].dtype == table["at"].dtype


def test_a_notebook_forecasts_as_the_command_line_does(program: Program, model: Model) -> None:
    model.save(str(program.folder / "rnncast.safetensors"))
    shutil.copy(AIR_PASSENGERS, program.folder)
    for given in ((), ("air_passengers.csv",)):
        done = program("forecast", *given, "--digits", "full", "-o", "out.csv")
        assert done.returncode == 0, done.stderr
        told, found = pd.read_csv(program.folder / "out.csv"), model.forecast(*(AIR_PASSENGERS for _ in given))
        assert told["forecast"].to_numpy() == pytest.approx(found.point[0], rel=1e-6)
    done = program("forecast", "air_passengers.csv", "-m", "pretrained", "-H", "3", "--digits", "full", "-o", "out.csv")
    assert done.returncode == 0, done.stderr
    told = pd.read_csv(program.folder / "out.csv")
    assert told["forecast"].to_numpy() == pytest.approx(
        rnncast.forecast(passengers(), 3, quiet=True).point[0], rel=1e-6
    )


def test_new_rows_go_on_from_the_state(model: Model) -> None:
    seen, new = passengers().iloc[:-5], passengers().iloc[-5:]
    before = rnncast.train(seen, horizon=6, **TINY)
    assert before.update(new).forecast().point == pytest.approx(before.forecast(passengers()).point, rel=1e-4)
    with pytest.raises(DataError, match="4 steps are missing"):
        before.update(new.iloc[4:])
    assert before.update(new.iloc[4:], gaps="mask").forecast().time[0, 0] == model.forecast().time[0, 0]


def test_what_is_shown_is_short(model: Model) -> None:
    assert repr(model) == "Model(lstm, 1 series, monthly, horizon 6, season 12)"
    assert len(repr(model.forecast()).splitlines()) <= 12
    for each in (model, model.forecast()):
        assert each._repr_html_().startswith("<p>")
    assert len(repr(rnncast.forecast(ROOT / "sample_data" / "store_sales.csv", target="sales", quiet=True))) < 2000


def test_a_forecast_is_drawn(tmp_path: Path, model: Model) -> None:
    """One series, several, and a total after the total of what was seen."""
    shops = pd.concat([passengers().assign(shop=shop) for shop in ("a", "b")])
    forecast = rnncast.forecast(shops, horizon=6, quiet=True)
    for place, figure in enumerate([model.forecast().plot(), forecast.plot(), forecast.plot("b")]):
        figure.savefig(tmp_path / f"{place}.png")
    total = forecast.total(paths=20)
    assert total.seen()[0] == pytest.approx(2 * passengers()["#Passengers"].to_numpy())
    total.plot().savefig(tmp_path / "total.png")
    assert all(path.stat().st_size > 1000 for path in tmp_path.iterdir())
    with pytest.raises(UsageError, match="no series 'c'"):
        forecast.plot("c")


def test_settings_are_those_of_the_command_and_no_others() -> None:
    shown = inspect.signature(rnncast.train).parameters
    assert shown["horizon"].default is None
    assert shown["known"].default == ()
    assert "season" in shown
    assert "seasons" not in shown
    assert set(TableConfig.__dataclass_fields__) <= set(shown)
    with pytest.raises(UsageError, match="nearest is horizon"):
        rnncast.train(passengers(), horizn=3)
    with pytest.raises(UsageError, match="called 'epochs'"):
        rnncast.forecast(passengers(), epochs=3)
    with pytest.raises(UsageError, match="has no series"):
        rnncast.forecast(None)
    with pytest.raises(UsageError, match="cannot use covariates"):
        rnncast.forecast(passengers(), known="price")
    with pytest.raises(DataError, match="forecasts 6 steps ahead, not 40"):
        rnncast.train(passengers(), horizon=6, **TINY).forecast(horizon=40)


def test_quiet_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    rnncast.forecast(passengers(), quiet=True)
    assert capfd.readouterr() == ("", "")
    rnncast.forecast(passengers())
    told = capfd.readouterr()
    assert told.out == ""
    assert "pretrained" in told.err


def test_compare_and_score_can_be_called(model: Model) -> None:
    found = rnncast.compare(passengers(), model=[model, "drift"], baseline="mean", folds=1, quiet=True, epochs=1)
    assert set(found.to_frame()["model"]) == {"lstm", "drift", "mean", "naive", "seasonal-naive"}
    assert not found.win
    assert found.verdict in repr(found)
    assert len(found.forecasts()) == 6
    seen = passengers().iloc[:-6]
    scores = rnncast.score(model.forecast(seen), passengers(), quiet=True)
    assert scores["values"].tolist() == [6]
    assert len(rnncast.score(model.forecast(seen).to_frame(), passengers(), by="lead", quiet=True)) == 6
    with pytest.raises(UsageError, match="no candidate called 'lsmt'"):
        rnncast.compare(passengers(), model="lsmt", quiet=True)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("--horizon is 0, but must be at least 1", "horizon is 0, but must be at least 1"),
        ("use --decimal comma or --decimal point", "use decimal='comma' or decimal='point'"),
        ("--level and --quantiles both choose", "level and quantiles both choose"),
        ("say which with --target NAME, or --layout wide", "say which with target='NAME', or layout='wide'"),
        ("--layout rows reads a series in each row", "layout='rows' reads a series in each row"),
        ("say which with --time-format '%d/%m/%Y'", "say which with time_format='%d/%m/%Y'"),
        ("try a smaller --learning-rate than 0.1", "try a smaller learning_rate than 0.1"),
        ("train again with --horizon 18, or longer", "train again with horizon=18, or longer"),
        ("train with --from scratch", "train with start='scratch'"),
        ("leave out --no-validate", "leave out validate=False"),
        ("train one: rnncast train sales.csv --horizon 18", "train one: rnncast train sales.csv --horizon 18"),
        ("from 2024-01-01--2024-02-01", "from 2024-01-01--2024-02-01"),
    ],
)
def test_errors_speak_of_keywords(told: str, meant: str) -> None:
    assert as_keywords(told) == meant


def test_a_mistake_in_a_notebook_is_told_in_its_terms(model: Model) -> None:
    frame = passengers()
    calls = [
        lambda: rnncast.train(frame, horizon=0),
        lambda: model.forecast(quantiles=2),
        lambda: rnncast.forecast(frame, level=80, quantiles=0.5),
        lambda: rnncast.forecast(frame, min=3, max=2),
        lambda: rnncast.forecast(frame, quiet=True).sum(by="week"),
        lambda: rnncast.compare(frame, refit="never"),
        lambda: rnncast.score(frame, frame, by="day"),
    ]
    for call in calls:
        with pytest.raises(rnncast.RnncastError) as raised:
            call()
        assert "--" not in str(raised.value)


def test_bounds_of_forecasts_in_a_notebook(model: Model) -> None:
    """By the pretrained net, whose bounds the data may not contradict, and by a model that was trained without them."""
    free, bounded = (rnncast.forecast(passengers(), quiet=True, **bound).to_frame() for bound in ({}, {"max": 622}))
    assert free["forecast-hi-95"].max() > bounded["forecast-hi-95"].max() == 622
    values = model.forecast(min=380, max=420).to_frame().filter(like="forecast")
    assert (values.min().min(), values.max().max()) == (380, 420)
    assert model.forecast().to_frame()["forecast-lo-95"].min() < 380


@pytest.mark.parametrize("number", [0, -1])
def test_there_are_no_fewer_paths_than_one(model: Model, number: int) -> None:
    with pytest.raises(UsageError, match="number is"):
        model.forecast().paths(number)
    with pytest.raises(UsageError, match="paths is"):
        model.forecast().total(paths=number)
