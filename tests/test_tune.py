"""Tuning: the same trials again, in one go or in several; evidence before the default settings are given up; and
settings that train the model which was reported."""

import io
import re
import signal
import subprocess
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import rnncast
from rnncast.config import Config
from rnncast.errors import DataError, JournalError, TrainingError, UsageError
from rnncast.evaluate.significance import best_of_many_p
from rnncast.forecaster.forecaster import Forecaster
from rnncast.forecaster.judged import Judge
from rnncast.report.screen import screen
from rnncast.report.tuning import trials_table
from rnncast.series.panel import Panel
from rnncast.training.shares import trains_none  # noqa: F401 - with torch, before any clock runs
from rnncast.tuning import search as searching
from rnncast.tuning.search import Found, Listener, Wanted, search
from rnncast.tuning.space import SEARCHABLE, SEARCHED, asked_for, searched, space_of
from rnncast.tuning.trial import Trial
from rnncast.tuning.verdict import judge
from tests.conftest import Program, small_config, waves

BRIEF = ["--epochs", "2", "--members", "1", "--hidden-size", "4", "--from", "scratch", "-H", "4"]


SMALL = waves(2, 50)


def asked(seed: int = 1, **settings: object) -> Wanted:
    """A search over small nets, each trial of a moment."""
    config = small_config(validate=True, epochs=4, seed=seed)
    wanted = Wanted(config, names=("model", "layers", "learning_rate", "dropout"), trials=6)
    return replace(wanted, **settings)  # type: ignore[arg-type]


def tried(wanted: Wanted, panel: Panel | None = None, listener: Listener | None = None) -> list[Trial]:
    """The trials of a search, without what they took."""
    found = search(panel or SMALL, wanted, listener or Listener())
    return [replace(trial, seconds=0.0) for trial in found.trials]


@pytest.fixture(scope="module")
def in_one_go() -> list[Trial]:
    return tried(asked())


def test_the_same_seed_tries_the_same(in_one_go: list[Trial]) -> None:
    assert tried(asked()) == in_one_go
    assert [trial.number for trial in in_one_go] == list(range(6))
    other = tried(asked(seed=2, trials=2))
    assert other[1].settings != in_one_go[1].settings


def test_the_first_trial_is_the_training_that_nobody_tuned(in_one_go: list[Trial]) -> None:
    trained = Forecaster.fit(SMALL, asked().config)
    assert in_one_go[0].scores == trained.scores
    assert in_one_go[0].settings == {"model": "lstm", "layers": 1, "learning_rate": 0.005, "dropout": 0.0}


def test_the_settings_of_a_trial_train_the_model_that_it_reports(in_one_go: list[Trial]) -> None:
    wanted = asked()
    others = [trial for trial in in_one_go if trial.number and trial.finished]
    config = Found(tuple(in_one_go), wanted.config, "scratch", ()).config_of(others[0])
    assert Forecaster.fit(SMALL, config).scores == others[0].scores


def test_several_goes_are_one(in_one_go: list[Trial], tmp_path: Path) -> None:
    """One of them was interrupted within a trial, one killed while it wrote a line."""
    path = str(tmp_path / "trials.jsonl")
    assert tried(asked(trials=3, journal=path)) == in_one_go[:3]
    epochs = iter(range(3))
    stopping = Listener(stopped=lambda: next(epochs, None) is None)
    assert tried(asked(journal=path), listener=stopping) == in_one_go[:3]
    _leave_one_running(path)
    assert tried(asked(trials=5, journal=path)) == in_one_go[:5]
    with open(path, "a") as file:
        file.write('{"op_code": 8, "work')
    assert tried(asked(journal=path)) == in_one_go
    assert tried(asked(journal=path)) == in_one_go
    assert tried(asked(trials=2, journal=path)) == in_one_go[:2]


def _leave_one_running(path: str) -> None:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    storage = optuna.storages.JournalStorage(JournalFileBackend(path))
    optuna.load_study(study_name="rnncast", storage=storage).ask()


def test_a_journal_is_of_one_search(tmp_path: Path) -> None:
    path = str(tmp_path / "trials.jsonl")
    tried(asked(trials=1, journal=path))
    before = Path(path).read_bytes()
    for panel, wanted, what in (
        (waves(seed=1), asked(journal=path), "other data"),
        (SMALL, asked(seed=2, journal=path), "other settings"),
        (SMALL, asked(journal=path, names=("layers",)), "another search space"),
    ):
        with pytest.raises(JournalError, match=f"is the journal of a search with {what}") as raised:
            search(panel, wanted, Listener())
        assert "--journal" in raised.value.hint
    assert Path(path).read_bytes() == before
    for text in ("month,sales\n2020-01,3\n", '{"a": 1}\n', "[1]\n", "x" * 10, '{"op_code": 77}\n'):
        other = tmp_path / "other"
        other.write_text(text)
        with pytest.raises(JournalError, match="is not a journal of rnncast tune"):
            search(SMALL, asked(journal=str(other)), Listener())
        assert other.read_text() == text


def test_a_journal_is_one_search_s_at_a_time(tmp_path: Path) -> None:
    path = str(tmp_path / "trials.jsonl")

    def another(trial: Trial) -> None:
        with pytest.raises(JournalError, match="another search writes"):
            search(SMALL, asked(trials=1, journal=path), Listener())

    tried(asked(trials=1, journal=path), listener=Listener(tried=another))


def test_the_seed_is_never_searched() -> None:
    assert "seed" not in SEARCHABLE
    spec = Judge(SMALL).decided(asked().config)
    for name in ("seed", "--seed"):
        with pytest.raises(UsageError, match="best of several seeds is luck"):
            searched([name], ())
    for dimension in space_of(spec, SEARCHABLE):
        assert dimension.words or dimension.low <= dimension.default <= dimension.high, dimension
        assert not dimension.words or dimension.default in dimension.words


def test_what_is_given_is_not_searched() -> None:
    names = ("hidden_size", "layers", "learning_rate", "epochs")
    assert searched(None, {"model", "window", "dropout", "seed"}) == names
    with pytest.raises(UsageError, match="--layers is given"):
        searched(["layers"], {"layers"})
    with pytest.raises(UsageError, match="every setting that is searched is given"):
        searched(None, SEARCHABLE)
    with pytest.raises(UsageError, match="cannot search 'layer'") as raised:
        searched(["layer"], ())
    assert raised.value.hint == "the nearest is layers"


def test_a_net_that_is_named_is_trained_from_scratch_as_in_training() -> None:
    assert asked_for(Config(model="lstm"), {"model"})[0].train.start == "scratch"
    assert asked_for(Config(), {"epochs"}) == (Config(), {"epochs"})
    assert asked_for(Config(model="auto"), {"model", "epochs"}) == (Config(), {"epochs"})


def test_on_white_noise_the_default_is_not_beaten() -> None:
    random = np.random.default_rng(3)
    noise = Panel.from_series({f"series-{s}": 100 + random.normal(0, 5, 60) for s in range(12)})
    wanted = asked(config=small_config(validate=True, epochs=4), trials=12)
    found = search(noise, wanted, Listener())
    verdict = judge(found)
    assert not verdict.beaten
    assert verdict.chosen.number == 0
    assert found.config_of(verdict.chosen) == wanted.config
    assert "The default settings are not beaten" in verdict.sentence or "No trial is better" in verdict.sentence


@pytest.mark.parametrize("alike", [0.0, 0.9])
def test_the_best_of_many_equals_is_called_better_as_often_as_promised(alike: float) -> None:
    random, repeats, called = np.random.default_rng(0), 300, 0
    for _ in range(repeats):
        shared = random.normal(size=(1, 30))
        differences = alike * shared + np.sqrt(1 - alike**2) * random.normal(size=(20, 30))
        chosen = int(differences.mean(axis=1).argmax())
        called += (best_of_many_p(differences, chosen) or 0.0) < 0.05
    assert called / repeats < 0.09  # 5 % and three standard errors


def test_what_is_clearly_the_best_of_many_is_found() -> None:
    differences = np.random.default_rng(0).normal(size=(20, 30))
    differences[7] += 1.5
    assert (best_of_many_p(differences, 7) or 1.0) < 0.001
    assert best_of_many_p(differences[:, :4], 7) is None
    assert best_of_many_p(np.zeros((3, 9)), 0) == 1.0


def trial(number: int, *by_series: float, why: str = "") -> Trial:
    mase = None if why else float(np.nanmean(by_series))
    return Trial(number, {}, 1.0, mase, why, by_series, by_series[:1])


def found(*trials: Trial) -> Found:
    return Found(trials, Config(), "scratch", ())


def test_the_default_is_beaten_by_evidence_alone() -> None:
    default = trial(0, *[1.0] * 12, float("nan"))
    clear = judge(found(default, trial(1, *np.linspace(0.8, 0.9, 12), float("nan")), trial(2, why="pruned")))
    assert clear.beaten
    assert clear.chosen.number == 1
    assert "Trial 1 beats the default settings: MASE 0.850 against 1.000" in clear.sentence
    assert "by which it was selected" in clear.sentence
    lucky = judge(found(default, trial(1, *[1.02] * 9, 0.1, 0.2, 1.1, float("nan"))))
    assert not lucky.beaten
    assert "may be chance" in lucky.sentence
    tiny = judge(found(default, trial(1, *[0.995] * 12, float("nan"))))
    assert (tiny.beaten, "too little to matter" in tiny.sentence) == (False, True)
    few = judge(found(trial(0, 1.0), trial(1, 0.5)))
    assert (few.p, few.beaten) == (None, False)
    assert "1 origin of 1 series cannot tell skill from luck" in few.sentence
    assert "No trial is better than the default" in judge(found(default, trial(1, *[1.1] * 13))).sentence


def test_a_trial_that_cannot_be_trained_does_not_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, calls = Judge.judged, []

    def sometimes(self: Judge, config: Config, watch: object) -> object:
        calls.append(config)
        if len(calls) == 2:
            raise TrainingError("training diverged")
        return judged(self, config, watch)  # type: ignore[arg-type]

    monkeypatch.setattr(Judge, "judged", sometimes)
    trials = tried(asked(trials=3))
    assert [each.finished for each in trials] == [True, False, True]
    assert trials[1].why == "training diverged"


def test_there_must_be_something_to_tune() -> None:
    panel = waves()
    with pytest.raises(UsageError, match="tuned by validation"):
        search(panel, Wanted(small_config(validate=False)), Listener())
    with pytest.raises(UsageError, match="--from pretrained trains no nets"):
        search(panel, Wanted(Config(start="pretrained", horizon=4)), Listener())
    with pytest.raises(DataError, match="too few rows to hold any out"):
        search(waves(1, 9), Wanted(Config(start="scratch", horizon=4)), Listener())
    with pytest.raises(DataError, match="constant and cannot be scored"):
        search(Panel.from_series({"flat": np.ones(80)}), asked(trials=1), Listener())
    with pytest.raises(TrainingError, match="too short for the first trial"):
        search(panel, asked(seconds=0.0), Listener())


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, table: Program) -> None:
    monkeypatch.setattr(searching, "find_spec", lambda name: None)
    done = table("tune", "data.csv")
    assert done.returncode == 2
    assert "optuna, which is not installed" in done.stderr
    assert "pip install 'rnncast[tune]'" in done.stderr


@pytest.fixture
def table(program: Program) -> Program:
    """The program beside a table of three series."""
    rows = [f"{each},{step},{y:.4f}" for each, _, values in waves() for step, y in enumerate(values)]
    (program.folder / "data.csv").write_text("\n".join(["shop,step,sales", *rows]) + "\n")
    return program


def test_the_settings_file_trains_the_model_that_was_reported(table: Program) -> None:
    done = table(
        *("tune", "data.csv", *BRIEF, "--target", "sales", "--trials", "5", "--best", "--save-trials", "t.csv")
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split(",") for line in (table.folder / "t.csv").read_text().splitlines()]
    best = min((row for row in rows[1:] if row[1]), key=lambda row: float(row[1]))
    taken = "the default settings" if best[0] == "0" else f"trial {best[0]}"
    assert f"wrote tuned.toml, with {taken}\n" in done.stderr
    train = table("train", "data.csv", "--settings", "tuned.toml")
    assert train.returncode == 0, train.stderr
    model = Forecaster.load(str(table.folder / "rnncast.safetensors"))
    assert model.scores["mase"] == float(best[1])
    assert (model.spec.net.model, model.spec.net.layers) == (best[2], int(best[3]))
    assert model.spec.net.hidden_size == 4


def test_where_the_default_is_kept_the_file_trains_it(table: Program) -> None:
    done = table("tune", "data.csv", *BRIEF, "--trials", "3", "-o", "kept.toml", "--errors", "json", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    text = (table.folder / "kept.toml").read_text()
    assert text.startswith("# Written by: rnncast tune data.csv ")
    assert table("train", "data.csv", "--settings", "kept.toml", "-o", "a.safetensors").returncode == 0
    assert table("train", "data.csv", *BRIEF, "-o", "b.safetensors").returncode == 0
    a, b = (table.folder / name for name in ("a.safetensors", "b.safetensors"))
    assert "are not beaten" in text or "No trial is better" in text
    assert Forecaster.load(str(a)).spec == Forecaster.load(str(b)).spec


def test_errors_are_typed_and_a_log_has_the_trials(table: Program) -> None:
    for line, said in (
        ("--search seed", "the best of several seeds is luck"),
        ("--max-time soon", "--max-time is 'soon'"),
        ("--time 5m --max-time 3m", "both say how long to search"),
        ("--from some.safetensors", "not those of a model file"),
        ("--journal data.csv", "is read, and would be replaced"),
    ):
        done = table("tune", "data.csv", *line.split(), "--errors", "json")
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        assert done.stderr.startswith('{"code": 2')
    done = table("tune", "data.csv", *BRIEF, "--trials", "2", "--time", "10m", "--log", "run.log", "-o", "-")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# Written by: ")
    log = (table.folder / "run.log").read_text()
    assert re.search(r"trial default: MASE [\d.]+ in [\d.]+ s \(model lstm, layers 1, ", log)
    assert "trial default:" not in done.stderr


def test_the_tables_fit_eighty_columns(in_one_go: list[Trial]) -> None:
    spec = Judge(SMALL).decided(asked().config)
    space = space_of(spec, SEARCHED)
    settings = {each.name: each.high if not each.words else max(each.words, key=len) for each in space}
    settings["learning_rate"] = 0.00056
    longest = [replace(each, settings=settings, seconds=99.0) for each in in_one_go]
    console = screen(io.StringIO(), 80)
    with console.capture() as drawn:
        console.print(trials_table(Found(tuple(longest), Config(), "scratch", space), every=True))
    lines = drawn.get().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "learning" in drawn.get()
    assert "too narrow" not in drawn.get()


def test_ctrl_c_writes_the_best_so_far_and_keeps_the_journal(table: Program) -> None:
    line = ["tune", "data.csv", *BRIEF, "--trials", "4000", "--journal", "trials.jsonl"]
    process = subprocess.Popen(
        ["rnncast", *line],
        cwd=table.folder,
        env=table.environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # ignored by what a shell runs with &
    )
    journal = table.folder / "trials.jsonl"
    while process.poll() is None and (not journal.exists() or journal.read_text().count('"number":') < 3):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    words = re.search(r"rnncast: interrupted after (\d+) of 4000 trials: tuned.toml holds their result\n", said)
    assert words is not None, said
    assert said.endswith("  hint: the same command continues from trials.jsonl\n")
    assert (table.folder / "tuned.toml").read_text().startswith("# Written by: ")
    more = table(*line[:-4], "--trials", str(int(words[1]) + 1), "--journal", "trials.jsonl")
    assert more.returncode == 0, more.stderr
    assert f"{int(words[1]) + 1} trials, {words[1]} of them from the journal" in more.stderr


def test_a_notebook_tunes_too(tmp_path: Path) -> None:
    df = {"sales": waves(1)[0].y}
    import pandas as pd

    frame = pd.DataFrame(df)
    settings = {"epochs": 2, "members": 1, "horizon": 4, "start": "scratch", "hidden_size": 4}
    tuning = rnncast.tune(frame, trials=3, time="10m", search=["layers", "model"], quiet=True, **settings)
    assert list(tuning.to_frame().columns) == ["trial", "mase", "layers", "model", "ended", "seconds"]
    assert tuning.verdict in repr(tuning)
    assert "<table" in tuning._repr_html_()
    model = rnncast.train(frame, quiet=True, **tuning.best_settings)
    assert model.scores["mase"] == tuning.to_frame()["mase"].min()
    assert tuning.settings == (tuning.best_settings if tuning.beaten else settings)
    tuning.save(str(tmp_path / "tuned.toml"), best=True)
    assert "hidden-size = 4" in (tmp_path / "tuned.toml").read_text()
    with pytest.raises(UsageError, match="both say how long"):
        rnncast.tune(frame, time=5, max_time=3)


def test_settings_that_come_again_are_not_trained_again(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, configs = Judge.judged, []

    def counted(self: Judge, config: Config, watch: object) -> object:
        configs.append(config)
        return judged(self, config, watch)  # type: ignore[arg-type]

    monkeypatch.setattr(Judge, "judged", counted)
    trials = tried(asked(names=("layers",), trials=8))
    assert len(configs) == len({each.settings["layers"] for each in trials}) <= 3
    assert len(trials) == 8
