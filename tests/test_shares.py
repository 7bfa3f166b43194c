"""`train` takes the pretrained net, as it is or finetuned, nets from scratch, or a mean, as held-out origins say."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.choices.decide import decide, resolve
from rnncast.choices.effort import FEW, Finetuning
from rnncast.choices.start import ODDS
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.frame.frame import Frame
from rnncast.report.words import name_of, shares_in_words
from rnncast.runtime.members import weight_shapes
from rnncast.runtime.pretrained import named_weights, package_weights
from rnncast.runtime.runtime import CONFORMAL, SHARE, SHARED, TEMPLATES
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training import shares as module
from rnncast.training.finetuning import finetuned
from rnncast.training.shares import ALONE, NONE, Shares, chosen_share
from rnncast.training.validation import Validation
from rnncast.values import Values
from tests.conftest import ROOT, Program, small_config, waves
from tests.test_cli import modules_after
from tests.test_pretrained_state import part

BOTH = 0.5


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 500))
def test_shares_are_likelihoods(learnt: float, trained: float, horizons: int) -> None:
    share = chosen_share(learnt, trained, horizons)
    assert share == pytest.approx(1 - chosen_share(trained, learnt, horizons))
    if share in (ALONE, NONE):  # the other would have less than a tenth
        assert horizons * abs(math.log(trained / learnt)) > math.log(9) - 1e-6
    else:
        assert share / (1 - share) == pytest.approx((trained / learnt) ** horizons)


@pytest.mark.parametrize(
    ("learnt", "trained", "horizons", "chosen"),
    [
        (1.0, 1.5, 1, 0.6),  # one horizon may be chance
        (1.0, 1.1, 40, ALONE),
        (1.5, 1.0, 40, NONE),
        (1.2, 1.2, 1000, BOTH),
        (0.0, 1.0, 9, ALONE),
        (1.0, 0.0, 9, NONE),
        (0.0, 0.0, 9, BOTH),
        (np.inf, np.inf, 9, BOTH),  # nothing could be scored
        (np.inf, 1.0, 9, NONE),
    ],
)
def test_the_surer_the_data_are_the_more_the_better_one_has(
    learnt: float, trained: float, horizons: int, chosen: float
) -> None:
    assert chosen_share(learnt, trained, horizons) == pytest.approx(chosen)


@pytest.mark.parametrize(("learnt", "trained"), [(1.0, 1.0), (1.0, 1.3), (1.3, 1.0)])
def test_the_pretrained_net_starts_ahead(learnt: float, trained: float) -> None:
    even, ahead = chosen_share(learnt, trained, 2), chosen_share(learnt, trained, 2, ODDS)
    assert ahead / (1 - ahead) == pytest.approx(ODDS * even / (1 - even))


def start_of(config: Config, panel: Panel | None = None) -> tuple[str, str]:
    made = {each.name: each for each in decide(config, waves() if panel is None else panel)[1]}["from"]
    return made.value, made.reason


def test_it_is_open_where_the_net_is() -> None:
    task = TaskConfig(horizon=4, seasons=(6,), levels=(50.0,))
    assert start_of(Config())[0] == start_of(Config(task=task, train=TrainConfig(seed=3)))[0] == "validation"
    assert start_of(Config(net=NetConfig(hidden_size=9))) == (
        "scratch",
        "because --hidden-size is given; --from validation compares it with the pretrained net",
    )
    assert start_of(Config(train=TrainConfig(epochs=2)))[0] == "scratch"
    assert "because --epochs is given" in start_of(Config(train=TrainConfig(epochs=2)))[1]
    assert "without held-out data" in start_of(Config(train=TrainConfig(validate=False)))[1]
    assert "the strategy is recursive" in start_of(Config(task=TaskConfig(strategy="recursive")))[1]
    assert "the loss is student-t" in start_of(Config(train=TrainConfig(loss="student-t")))[1]
    assert start_of(Config(train=TrainConfig(start="validation", epochs=2)))[0] == "validation"
    with pytest.raises(UsageError, match="--from validation needs validation"):
        start_of(Config(train=TrainConfig(start="validation", validate=False)))


@pytest.mark.parametrize(
    ("series", "steps", "start"), [(2, 12_000, "scratch"), (2, 9_000, "validation"), (50, 500, "validation")]
)
def test_much_of_long_series_leaves_it_out_unless_asked_for(series: int, steps: int, start: str) -> None:
    panel = Panel.from_series({f"{s}": np.arange(steps) % 7.0 + s for s in range(series)})
    task = TaskConfig(horizon=7, seasons=(7,))
    assert start_of(Config(task=task), panel)[0] == start
    assert start_of(Config(task=task, train=TrainConfig(start="validation")), panel)[0] == "validation"


@pytest.fixture(autouse=True)
def short_finetuning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any values, in a pass."""
    monkeypatch.setattr(module, "LONG", 0)
    monkeypatch.setattr("rnncast.training.finetuning.finetuning_of", lambda values: Finetuning(1, 1e-4))


def transformed(made: Forecaster) -> Values:
    """The point forecasts of a model [S, H] in the units that its parts are mixed in."""
    return Frame.of(made.spec).transform(made.predict().point)


def judged(panel: Panel, **train: object) -> Forecaster:
    return Forecaster.fit(panel, replace(small_config("gru", validate=True, start="validation", epochs=1, **train)))


def test_what_validation_says_is_in_the_model(tmp_path: Path) -> None:
    made = judged(waves(steps=150))
    scores, horizons = made.scores, 3 * int(made.scores["origins"])
    so_far = chosen_share(scores["finetuned_mase"], scores["pretrained_mase"], horizons)
    assert scores["finetuned"] == so_far
    assert NONE < so_far < ALONE  # in a pass at a low rate it hardly learns
    share = made.spec.net.pretrained
    assert share == scores["pretrained"]
    assert made.spec.net.finetuned == (share > 0)
    assert NONE < share < ALONE
    assert scores["mase"] == scores["mean_mase"]
    odds = share / (1 - share) / ODDS
    learnt = scores["scratch_mase"] * odds ** (-1 / (scores["origins"] * math.sqrt(3)))  # of three series at once
    assert min(scores["finetuned_mase"], scores["pretrained_mase"]) * 0.99 < learnt
    assert learnt < max(scores["finetuned_mase"], scores["pretrained_mase"]) * 1.01
    made.save(path := str(tmp_path / "model.safetensors"))
    assert Forecaster.load(path).scores == made.scores
    assert made.spec.to_config().train.start == "validation"  # compare lets validation decide anew at each origin


@pytest.mark.parametrize("chosen", [ALONE, 0.3, NONE])
def test_whatever_is_chosen_is_what_forecasts(chosen: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chosen_share", lambda *_: chosen)
    monkeypatch.setattr(module, "LONG", 10**9)
    made = judged(waves(steps=150))
    spec = made.spec
    assert (spec.net.pretrained, spec.net.members) == (chosen, 0 if chosen == ALONE else 1)
    assert CONFORMAL in made.weights
    assert set(weight_shapes(spec)) == set(made.weights) - {CONFORMAL, TEMPLATES, SHARED, SHARE}
    parts = [
        Forecaster.fit(waves(steps=150), small_config("gru", validate=True, start=start, epochs=1))
        for start in ("pretrained", "scratch")
    ]
    learnt, trained = map(transformed, parts)
    np.testing.assert_allclose(transformed(made), chosen * learnt + (1 - chosen) * trained, rtol=1e-6)
    if chosen in (ALONE, NONE):
        same = parts[chosen == NONE]
        np.testing.assert_allclose(same.predict().quantiles, made.predict().quantiles, rtol=1e-6)
        assert same.scores["mase"] == pytest.approx(made.scores["mase"])


def test_the_pretrained_net_is_finetuned_as_far_as_the_data_are_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = waves(steps=150)
    monkeypatch.setattr(module, "chosen_share", lambda *_: 0.3)
    made = judged(panel)
    assert (made.spec.net.finetuned, made.scores["finetuned"]) == (True, 0.3)
    for name, weight in named_weights(package_weights()).items():
        learnt = finetuned(panel, made.spec)[name]
        np.testing.assert_allclose(made.weights[name], weight + 0.3 * (learnt - weight), rtol=1e-5, atol=1e-7)
    monkeypatch.setattr(module, "chosen_share", lambda *_: NONE)
    assert not judged(panel).spec.net.finetuned
    assert "finetuned (by 30%)" in shares_in_words(made.spec, made.scores)


def test_all_are_judged_by_the_same_values_which_none_has_seen() -> None:
    panel = waves(steps=60)
    spec = resolve(small_config("gru", validate=True, start="validation"), panel)
    validation = Validation.of(panel, spec)
    assert validation is not None
    naive = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(validation.spec).items()}
    before = Shares.of(validation, validation.quantiles(naive), {0.0: {}})
    first = validation.splits[0]
    changed = panel.y.copy()
    for s, length in enumerate(first.seen.lengths):
        changed[panel.indptr[s] + length : panel.indptr[s + 1]] *= 3
    other = Validation.of(replace(panel, y=changed), spec)
    assert other is not None
    after = Shares.of(other, other.quantiles(naive), {0.0: {}})
    for share in (ALONE, BOTH, NONE):
        ours, theirs = before.quantiles(share), after.quantiles(share)
        np.testing.assert_array_equal(ours[0], theirs[0])
        assert before.scores(share, ours)["mase"] != after.scores(share, theirs)["mase"]


def test_too_little_to_judge_by_is_too_little_to_learn_from(program: Program) -> None:
    (program.folder / "short.csv").write_text("month,y\n2024-01,5\n2024-02,7\n2024-03,6\n2024-04,8\n")
    assert "torch" not in modules_after(program, "train short.csv -H 2 -q")
    made = Forecaster.load(str(program.folder / "rnncast.safetensors"))
    assert (made.spec.net.pretrained, made.scores) == (1.0, {})
    told = program("train", "short.csv", "-H", "2", "--explain").stderr
    assert "pretrained forecasts: too few rows to hold any out, and so to learn from" in told


def test_of_few_values_no_net_is_trained(program: Program) -> None:
    """Half a second of processor, where to import torch takes one; the base forecast stands in for what nets learn."""
    (program.folder / "air.csv").write_text(part(1, FEW))
    assert "torch" not in modules_after(program, "train air.csv -q")
    made = Forecaster.load(str(program.folder / "rnncast.safetensors"))
    share = chosen_share(made.scores["pretrained_mase"], made.scores["base_mase"], int(made.scores["origins"]), ODDS)
    assert share == made.spec.net.pretrained
    assert not made.spec.train.epochs
    told = program("train", "air.csv")
    assert "of so few values no net is trained" in told.stderr
    assert "took the mean of the base forecast and pretrained" in told.stderr
    assert "the mean of the base forecast and pretrained" in program("inspect").stdout
    asked = made.spec.to_config()
    assert (asked.train.epochs, asked.train.members, asked.train.start) == (None, None, "validation")
    assert "torch" in modules_after(program, "train air.csv -q --model lstm --epochs 1 --members 1")


@pytest.mark.parametrize("chosen", [ALONE, 0.3, NONE])
def test_of_few_values_the_base_forecast_has_its_share(chosen: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chosen_share", lambda *_: chosen)
    panel = waves(series=1, steps=40)
    made = Forecaster.fit(panel, small_config("gru", validate=True, start="validation"))
    learnt = Forecaster.fit(panel, small_config("gru", validate=True, start="pretrained"))
    base = Forecaster.fit(panel, small_config("gru", validate=True, start="scratch", epochs=0))
    point, ours, theirs = map(transformed, (made, learnt, base))
    np.testing.assert_allclose(point, chosen * ours + (1 - chosen) * theirs, rtol=1e-6)
    assert (
        name_of(made.spec)
        == {
            ALONE: "pretrained",
            0.3: "the mean of the base forecast and pretrained",
            NONE: "the base forecast",
        }[chosen]
    )


def test_the_odds_that_the_share_starts_from_are_said() -> None:
    made = judged(waves(steps=150))
    spec = replace(made.spec, net=replace(made.spec.net, pretrained=0.61, finetuned=False))
    words = shares_in_words(spec, {"pretrained_mase": 0.9, "scratch_mase": 0.9, "mean_mase": 0.8, "finetuned": 0.0})
    odds = f"how likely either is, starting from odds of {ODDS} to 1 for the pretrained net"
    assert words.endswith(f"the forecasts are 61% pretrained and 39% gru, {odds}")


def test_it_is_said(program: Program) -> None:
    made = judged(waves(steps=150))
    names = ("pretrained_mase", "finetuned_mase", "scratch_mase", "mean_mase")
    each = [f"{made.scores.get(name, 0):.3f}" for name in names]
    of_all = f"on held-out data, pretrained {each[0]}, finetuned {each[1]}, gru {each[2]}"
    share = made.spec.net.pretrained
    learnt = f"finetuned (by {made.scores['finetuned']:.0%})"
    told = f", together {each[3]} (MASE): the forecasts are {share:.0%} {learnt} and {1 - share:.0%} gru, how likely"
    alone = f" (MASE): {name_of(made.spec)} forecasts alone, as the other is clearly worse"
    words = shares_in_words(made.spec, made.scores)
    assert words.startswith(of_all + told) or words == of_all + alone
    (program.folder / "air.csv").write_text(part(1, 144))
    said = program("train", "air.csv", "--explain").stderr
    assert shares_in_words(*of_file(program)) in said
    assert "scratch" in program("train", "air.csv", "--explain", "--model", "lstm", "--epochs", "1").stderr
    assert "model lstm," in program("inspect").stdout


def of_file(program: Program) -> tuple[ModelSpec, Mapping[str, float]]:
    """The spec and the scores of the model file."""
    made = Forecaster.load(str(program.folder / "rnncast.safetensors"))
    return made.spec, made.scores


def test_why_it_is_no_candidate_is_said(program: Program) -> None:
    sales = ROOT / "sample_data" / "store_sales.csv"
    told = program("train", sales, "--target", "sales", "--known", "promotion", "--explain", "--max-time", "0.1")
    assert "the pretrained net is not a candidate: it has learnt nothing of covariates" in " ".join(told.stderr.split())
