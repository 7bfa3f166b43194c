"""`rnncast compare` as its users meet it: candidates by name and by file, every form of output, Ctrl-C, processes."""

import csv
import io
import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rnncast.config import Config, TaskConfig
from rnncast.errors import DataError, UsageError
from rnncast.evaluate.compare import Entry, Plan, compare_candidates
from rnncast.series.panel import KEY_MARK, Columns, Panel
from rnncast.series.sums import panel_of_sums
from tests.conftest import AIR_PASSENGERS, Program
from tests.test_cli import in_a_terminal, modules_after

QUICK = ("--epochs", "1", "--members", "1", "--no-validate")
EXACT = ("--digits", "full")
PLAIN = ("--model", "drift", "--baseline", "mean")  # candidates that need no training, and so no torch


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_many_candidates_side_by_side(trained: Program) -> None:
    many = ["--model", "lstm", "--model", "gru", "--baseline", "window", "--baseline", "drift", "--folds", "3"]
    done = trained("compare", "air_passengers.csv", *many, *QUICK, "--digits", "full")
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    assert {row["model"] for row in found} == {"lstm", "gru", "window", "drift", "naive", "seasonal-naive"}
    assert [float(row["mase"]) for row in found] == sorted(float(row["mase"]) for row in found)
    assert sum(float(row["rank"]) for row in found) == pytest.approx(21)
    assert [row["model"] for row in found if row["skill"] == "0.0"] == ["seasonal-naive"]
    assert all(0 <= float(row["coverage-80"]) <= float(row["coverage-95"]) <= 100 for row in found)
    (untested,) = [row["model"] for row in found if not row["p"]]
    assert untested in ("lstm", "gru")
    assert "of 3 origins" in done.stderr


def test_a_model_file_is_a_candidate(trained: Program) -> None:
    beside = ["--model", "lstm", "--baseline", "rnncast.safetensors", "--folds", "1"]
    done = trained("compare", "air_passengers.csv", *beside, *QUICK)
    assert {row["model"] for row in rows(done.stdout)} == {"lstm", "rnncast", "naive", "seasonal-naive"}


def test_json_holds_the_verdict(trained: Program) -> None:
    done = trained("compare", "air_passengers.csv", "--folds", "3", "--format", "json", *PLAIN)
    found = json.loads(done.stdout)
    assert found["verdict"] in done.stderr
    assert found["win"] is False
    assert (found["model"], found["units"], found["unfinished"]) == ("drift", "origins", 0)
    assert {score["model"] for score in found["scores"]} == {"drift", "mean", "naive", "seasonal-naive"}
    assert [score["p"] for score in found["scores"] if score["model"] == "drift"] == [None]
    lines = trained("compare", "air_passengers.csv", "--folds", "3", "--format", "jsonl", *PLAIN).stdout.splitlines()
    assert [json.loads(line)["mase"] for line in lines] == [score["mase"] for score in found["scores"]]


def test_quiet_leaves_the_verdict_where_it_is_data(trained: Program) -> None:
    asked = ("compare", "air_passengers.csv", "--folds", "3", *PLAIN)
    loud = trained(*asked)
    sentence = loud.stderr.splitlines()[-1]
    silent = {kind: trained(*asked, "-q", "--format", kind) for kind in ("csv", "jsonl", "json", "table")}
    assert {done.stderr for done in silent.values()} == {""}
    written = [[(row["model"], row["mase"], row["p"]) for row in rows(done.stdout)] for done in (silent["csv"], loud)]
    assert written[0] == written[1]
    assert json.loads(silent["json"].stdout)["verdict"] == sentence
    assert " ".join(silent["table"].stdout.split()).endswith(sentence)
    assert sentence not in silent["csv"].stdout + silent["jsonl"].stdout
    assert "the verdict" in " ".join(trained("compare", "--help").stdout.split())


def shops(lengths: tuple[int, ...] = (60, 60, 60)) -> Panel:
    """Series of two regions, of different scales, that begin at the same time."""
    random, names = np.random.default_rng(1), (("n", "a"), ("n", "b"), ("s", "c"))
    values = [10.0 ** (s + 1) + random.normal(0, 2 + s, length) for s, length in enumerate(lengths)]
    ids = {KEY_MARK.join(name): each for name, each in zip(names, values, strict=True)}
    return Panel.from_series(ids, columns=Columns(("region", "shop"), None, "y"))


@pytest.mark.parametrize("by", ["total", "region"])
def test_sums_are_scored_as_if_they_were_series(by: str) -> None:
    """For baselines that forecast a sum as they do its parts, the same as to compare on a panel of the sums."""
    panel = shops()
    config = Config(task=TaskConfig(horizon=3, seasons=(4,)))
    plan = Plan((Entry("drift"),), (Entry("mean"),), folds=4)
    found = compare_candidates(panel, config, replace(plan, by=by))
    names = () if by == "total" else ("region",)
    members = {"total": panel.ids} if by == "total" else {"n": panel.ids[:2], "s": panel.ids[2:]}
    expected = compare_candidates(panel_of_sums(panel, members, names), config, plan)
    assert found.comparison is not None
    assert expected.comparison is not None
    assert found.comparison.levels == ()
    assert found.verdict is not None
    assert expected.verdict is not None
    assert found.verdict.sentence == expected.verdict.sentence
    for score in expected.comparison.scores:
        ours = found.comparison[score.name]
        for name in ("mase", "smape", "mae"):
            np.testing.assert_allclose(getattr(ours, name), getattr(score, name), rtol=1e-9, err_msg=name)


def test_sums_that_have_no_origin_are_refused() -> None:
    config = Config(task=TaskConfig(horizon=3, seasons=(4,)))
    plan = Plan((Entry("drift"),), (Entry("mean"),), folds=2)
    with pytest.raises(DataError, match=r"the series of 'n' end at different times, from 57 to 60"):
        compare_candidates(shops((60, 57, 60)), config, replace(plan, by="region"))
    with pytest.raises(UsageError, match="no id column of that name") as caught:
        compare_candidates(shops(), config, replace(plan, by="town"))
    assert caught.value.hint.endswith("region, shop; name several with --id; --by also takes total")


def test_sums_from_the_command_line(trained: Program) -> None:
    asked = ("compare", "air_passengers.csv", "--folds", "3", *PLAIN)
    alone, total = trained(*asked, *EXACT), trained(*asked, "--by", "total", *EXACT)
    assert total.returncode == 0, total.stderr
    assert [row["mase"] for row in rows(total.stdout)] == [row["mase"] for row in rows(alone.stdout)]
    assert "coverage-80" not in rows(total.stdout)[0]
    assert "scored are sums by total, without intervals" in total.stderr
    drawn = trained(*asked, "--by", "total", "--report", "r.html")
    assert (drawn.returncode, "--report: there are no pictures of sums" in drawn.stderr) == (2, True)


def test_a_table_fits_a_terminal(trained: Program) -> None:
    code, shown = in_a_terminal(trained, "compare", "air_passengers.csv", "--folds", "3", *PLAIN)
    assert code == 0
    assert "MASE with m = 12, p against drift" in shown
    table = [line.rstrip() for line in shown[shown.index("horizon 12, 3 origins") :].splitlines() if line.strip()]
    assert all(len(line) <= 80 for line in table)
    assert table[-1].endswith(".")
    assert any(line.lstrip().startswith("seasonal-naive") and line.endswith(" 0.0") for line in table)


def test_every_forecast_is_saved(trained: Program) -> None:
    done = trained("compare", "air_passengers.csv", "--folds", "2", "--save-forecasts", "all.csv", *PLAIN, *EXACT)
    assert done.returncode == 0, done.stderr
    saved = rows((trained.folder / "all.csv").read_text())
    assert [row["cutoff"] for row in saved] == ["1958-12"] * 12 + ["1959-12"] * 12
    assert [row["Month"] for row in saved[11:13]] == ["1959-12", "1960-01"]
    assert list(saved[0])[:3] == ["Month", "cutoff", "naive"]
    assert {"drift", "drift-lo-80", "drift-hi-80", "mean-hi-95", "seasonal-naive"} <= saved[0].keys()
    # The scores are those of the saved forecasts.
    known = {row["Month"]: float(row["#Passengers"]) for row in rows(AIR_PASSENGERS.read_text())}
    for score in rows(done.stdout):
        errors = [abs(known[row["Month"]] - float(row[score["model"]])) for row in saved]
        assert sum(errors) / 24 == pytest.approx(float(score["mae"]))
    lines = trained("compare", "air_passengers.csv", "--folds", "1", "--save-forecasts", "all.jsonl", *PLAIN)
    assert lines.returncode == 0
    assert len((trained.folder / "all.jsonl").read_text().splitlines()) == 12


def test_forecasts_of_a_panel_keep_their_ids(program: Program) -> None:
    days = [f"{shop};{day:02d}.01.2024;{day * (day % 7)}" for shop in ("north", "south") for day in range(1, 31)]
    (program.folder / "shops.csv").write_text("\n".join(["shop;day;sold", *days]))
    line = (
        "rnncast compare shops.csv -H 3 --folds 2 --model drift --baseline mean --save-forecasts - -o scores.csv | cat"
    )
    done = program.shell(line)
    saved = rows(done.stdout)
    assert [(row["shop"], row["day"], row["cutoff"]) for row in saved[:4]] == [
        ("north", "25.01.2024", "24.01.2024"),
        ("north", "26.01.2024", "24.01.2024"),
        ("north", "27.01.2024", "24.01.2024"),
        ("south", "25.01.2024", "24.01.2024"),
    ]
    assert len(saved) == 12
    assert len(rows((program.folder / "scores.csv").read_text())) == 4


@pytest.mark.parametrize("jobs", ["1", "4"])  # of four processes, two have nothing left to do
def test_ctrl_c_shows_what_is_finished(trained: Program, jobs: str) -> None:
    """A real interruption, sent to every process of the job as a terminal does, once the naive forecasts are there."""
    endless = ("--folds", "1", "--epochs", "100000")
    process = subprocess.Popen(
        ["rnncast", "compare", "air_passengers.csv", *endless, "-v", "--jobs", jobs, "--save-forecasts", "some.csv"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=trained.folder,
        env=trained.environment,
        start_new_session=True,
        # A test run in the background of a shell ignores Ctrl-C, and so would what it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stderr is not None
        finished: set[str] = set()
        while not finished >= {"naive", "seasonal-naive"}:
            line = process.stderr.readline()
            assert line, "it ended by itself"
            finished |= {line.split(",")[0]} if ", origin 1 (" in line else set()
        time.sleep(0.5)  # into the work on a net, wherever that is
        os.killpg(process.pid, signal.SIGINT)
        shown, said = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert [row["model"] for row in rows(shown)] == ["seasonal-naive", "naive"]
    assert "interrupted: " in said
    assert "Traceback" not in said
    assert (trained.folder / "some.csv").read_text().startswith("Month,cutoff,naive,")


def test_what_makes_no_sense_is_refused(trained: Program, tmp_path: Path) -> None:
    unknown = trained("compare", "air_passengers.csv", "--baseline", "oracle")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "there is no candidate called 'oracle'" in unknown.stderr
    assert "naive, seasonal-naive, drift, mean, ets, arima, theta, mstl" in unknown.stderr
    twice = trained("compare", "air_passengers.csv", "--model", "gru", "--model", "gru")
    assert (twice.returncode, twice.stdout) == (2, "")
    assert "gru is named twice" in twice.stderr
    nowhere = trained("compare", "air_passengers.csv", "--model", "nowhere.safetensors")
    assert "there is no model file nowhere.safetensors" in nowhere.stderr
    nothing = trained("compare", "--model", "gru")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "no data: name a file" in nothing.stderr


def test_what_a_comparison_does_without(trained: Program) -> None:
    loaded = modules_after(trained, "compare air_passengers.csv --folds 3 --model drift --baseline mean -q")
    assert "scipy.special" in loaded
    assert not {"torch", "scipy.stats", "statsforecast"} & loaded
    assert not {"scipy", "statsforecast"} & modules_after(trained, "forecast")
