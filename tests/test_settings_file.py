"""Settings from a file and from the environment: what is written is read again, and the command line goes first."""

import json
import shutil
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.config import Config, TableConfig, TaskConfig, TrainConfig
from rnncast.files.output.settings import settings_text
from rnncast.forecaster.forecaster import Forecaster
from tests.conftest import AIR_PASSENGERS, Program

BRIEF = "--epochs 0 --members 1 --quiet"


@pytest.fixture
def sales(program: Program) -> Program:
    shutil.copy(AIR_PASSENGERS, program.folder / "sales.csv")
    return program


def asked(program: Program, line: str, **variables: str) -> Any:
    """The model that a training line made."""
    before = dict(program.environment)
    program.environment.update(variables)
    try:
        done = program(*f"train sales.csv {BRIEF} {line}".split())
    finally:
        program.environment = before
    assert done.returncode == 0, done.stderr
    return Forecaster.load(str(program.folder / "rnncast.safetensors")).spec


def test_flags_go_before_variables_and_these_before_the_file(sales: Program) -> None:
    (sales.folder / "s.toml").write_text("horizon = 5\nhidden-size = 3\nbptt_steps = 9\n")
    spec = asked(sales, "--settings s.toml")
    assert (spec.task.horizon, spec.net.hidden_size, spec.train.bptt_steps) == (5, 3, 9)
    assert asked(sales, "--settings s.toml", RNNCAST_HORIZON="6").task.horizon == 6
    assert asked(sales, "--settings s.toml -H 7", RNNCAST_HORIZON="6").task.horizon == 7
    assert asked(sales, "", RNNCAST_HIDDEN_SIZE="4").net.hidden_size == 4


def test_lists_and_switches(sales: Program) -> None:
    (sales.folder / "s.toml").write_text("level = [50, 90]\nvalidate = false\nno-calendar = true\nmodel = 'GRU'\n")
    spec = asked(sales, "--settings s.toml")
    assert spec.task.levels == (50, 90)
    assert (spec.net.model, spec.train.validate, spec.frame.calendar) == ("gru", False, ())


def test_a_table_is_for_its_command(sales: Program) -> None:
    (sales.folder / "s.toml").write_text("epochs = 0\nmembers = 1\n[compare]\nfolds = 2\nmodel = ['drift']\n")
    done = sales("compare", "sales.csv", "--settings", "s.toml", "--baseline", "mean", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert {each["model"] for each in json.loads(done.stdout)["scores"]} >= {"drift", "mean"}
    assert asked(sales, "--settings s.toml").train.epochs == 0


def test_a_model_setting_is_no_model_file(sales: Program) -> None:
    """`model` is a net for train, and is not taken for the model file of forecast, whose option has the same name."""
    (sales.folder / "s.toml").write_text("model = 'gru'\nhorizon = 3\n")
    asked(sales, "--settings s.toml")
    done = sales("forecast", "--settings", "s.toml", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("horizn = 3\n", "s.toml: there is no setting called 'horizn'"),
        ("[train]\nfolds = 3\n", "s.toml: train has no option called 'folds'"),
        ("horizon = 3\nhorizon == 4\n", "s.toml:2: this is not TOML"),
        ("horizon = 'many'\n", "many"),
        ("gaps = 'hide'\n", "--gaps is 'hide', but must be one of"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(sales: Program, text: str, said: str) -> None:
    (sales.folder / "s.toml").write_text(text)
    done = sales("train", "sales.csv", "--settings", "s.toml")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_file_is_said(sales: Program) -> None:
    done = sales("check", "sales.csv", "--settings", "none.toml")
    assert (done.returncode, "the settings file none.toml cannot be read" in done.stderr) == (2, True)


def test_what_train_saves_it_reads(sales: Program) -> None:
    line = "-H 5 --level 50,90 --hidden-size 3 --no-calendar --no-carry --base last-12,mean-12 --loss mae"
    spec = asked(sales, f"{line} --save-settings s.toml")
    model = (sales.folder / "rnncast.safetensors").read_bytes()
    saved = (sales.folder / "s.toml").read_text()
    assert "no-calendar = true" in saved
    assert "carry = false" in saved
    assert asked(sales, "--settings s.toml") == spec
    assert (sales.folder / "rnncast.safetensors").read_bytes() == model


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=","), min_size=1).filter(
    lambda t: t == t.strip()
)


@given(
    name=NAMES,
    known=st.lists(NAMES, unique=True, max_size=3),
    level=st.floats(1, 99),
    rate=st.floats(1e-9, 1000),
    horizon=st.integers(1, 10**6),
)
def test_settings_survive_a_file(name: str, known: list[str], level: float, rate: float, horizon: int) -> None:
    """Whatever is in a Config stands in the file as TOML that has the same values."""
    import tomllib

    table = TableConfig(target=name, known=tuple(each for each in known if each != name))
    config = Config(task=TaskConfig(horizon=horizon, levels=(level,)), train=TrainConfig(learning_rate=rate))
    read = tomllib.loads(settings_text(table, config))
    assert read.pop("target") == name
    assert tuple(read.pop("known", ())) == table.known
    assert tuple(read.pop("level", TaskConfig().levels)) == (level,) or (level,) == TaskConfig().levels
    assert read.pop("learning-rate", TrainConfig().learning_rate) == rate
    assert read.pop("horizon") == horizon
    assert read == {}
    assert settings_text(TableConfig(), Config()) == ""
    assert {spec.name for spec in fields(table)} >= {"target", "known"}
