"""`train` takes the pretrained net, as it is or finetuned, nets from scratch, or a mean, as held-out origins say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncast.choices.decide import decide, resolve
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.runtime.members import weight_shapes
from rnncast.runtime.runtime import CONFORMAL, SHARE, SHARED, TEMPLATES
from rnncast.series.panel import Panel
from rnncast.training import shares as module
from rnncast.training.finetuning import finetuned
from rnncast.training.fitted import fitted_alone
from rnncast.training.shares import ALONE, BOTH, NONE, Shares, chosen_share, taken_early
from rnncast.training.validation import Validation
from tests.conftest import ROOT, Program, small_config, waves
from tests.test_cli import modules_after
from tests.test_pretrained_state import part


@pytest.mark.parametrize(
    ("alone", "both", "none", "horizons", "chosen"),
    [
        (1.0, 1.1, 1.5, 4, BOTH),  # 10 % worse in four horizons may be chance
        (1.0, 1.1, 1.5, 40, ALONE),
        (1.5, 1.1, 1.0, 40, NONE),
        (1.2, 1.0, 1.2, 1000, BOTH),  # the best of all
        (1.0, 3.0, 6.0, 1, ALONE),
        (0.0, 0.5, 1.0, 9, ALONE),
        (0.0, 0.0, 0.0, 9, BOTH),
        (np.inf, np.inf, np.inf, 9, BOTH),  # nothing could be scored
    ],
)
def test_one_alone_is_taken_where_the_mean_is_clearly_worse(
    alone: float, both: float, none: float, horizons: int, chosen: float
) -> None:
    assert chosen_share({ALONE: alone, BOTH: both, NONE: none}, horizons) == chosen


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


def judged(panel: Panel, **train: object) -> Forecaster:
    return Forecaster.fit(panel, replace(small_config("gru", validate=True, start="validation", epochs=1, **train)))


def test_what_validation_says_is_in_the_model(tmp_path: Path) -> None:
    made = judged(waves(steps=150))
    alone = {False: made.scores["pretrained_mase"], True: made.scores["finetuned_mase"]}
    assert alone[False] != alone[True]
    scores = {ALONE: min(alone.values()), BOTH: made.scores["mean_mase"], NONE: made.scores["scratch_mase"]}
    horizons = 3 * int(made.scores["origins"])
    assert made.spec.net.pretrained == made.scores["pretrained"] == chosen_share(scores, horizons)
    assert made.spec.net.finetuned == (made.spec.net.pretrained > 0 and alone[True] < alone[False])
    assert made.scores["mase"] == scores[made.spec.net.pretrained]
    made.save(path := str(tmp_path / "model.safetensors"))
    assert Forecaster.load(path).scores == made.scores
    assert made.spec.to_config().train.start == "validation"  # compare lets validation decide anew at each origin


@pytest.mark.parametrize("chosen", [ALONE, BOTH, NONE])
def test_whatever_is_chosen_is_what_forecasts(chosen: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chosen_share", lambda scores, horizons: chosen)
    made = judged(waves(steps=150))
    spec = made.spec
    assert (spec.net.pretrained, spec.net.members) == (chosen, 0 if chosen == ALONE else 1)
    assert CONFORMAL in made.weights
    assert set(weight_shapes(spec)) == set(made.weights) - {CONFORMAL, TEMPLATES, SHARED, SHARE}
    if chosen != BOTH:
        alone = "finetuned" if spec.net.finetuned else "pretrained"
        other = alone if chosen == ALONE else "scratch"
        same = Forecaster.fit(waves(steps=150), small_config("gru", validate=True, start=other, epochs=1))
        np.testing.assert_allclose(same.predict().quantiles, made.predict().quantiles, rtol=1e-6)
        assert same.scores["mase"] == pytest.approx(made.scores["mase"])


def test_all_are_judged_by_the_same_values_which_none_has_seen() -> None:
    panel = waves(steps=60)
    spec = resolve(small_config("gru", validate=True, start="validation"), panel)
    validation = Validation.of(panel, spec)
    assert validation is not None
    naive = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(validation.spec).items()}
    before = Shares.of(validation, validation.quantiles(naive), {False: {}})
    first = validation.splits[0]
    changed = panel.y.copy()
    for s, length in enumerate(first.seen.lengths):
        changed[panel.indptr[s] + length : panel.indptr[s + 1]] *= 3
    other = Validation.of(replace(panel, y=changed), spec)
    assert other is not None
    after = Shares.of(other, other.quantiles(naive), {False: {}})
    for share in (ALONE, BOTH, NONE):
        np.testing.assert_array_equal(before.quantiles[share][0], after.quantiles[share][0])
        assert before.scores[share] != after.scores[share]


def test_too_little_to_judge_by_is_too_little_to_learn_from(program: Program) -> None:
    assert taken_early(None, resolve(Config(), waves()))
    (program.folder / "short.csv").write_text("month,y\n2024-01,5\n2024-02,7\n2024-03,6\n2024-04,8\n")
    assert "torch" not in modules_after(program, "train short.csv -H 2 -q")
    made = Forecaster.load(str(program.folder / "rnncast.safetensors"))
    assert (made.spec.net.pretrained, made.scores) == (1.0, {})
    told = program("train", "short.csv", "-H", "2", "--explain").stderr
    assert "pretrained forecasts: too few rows to hold any out, and so to learn from" in told


def test_it_is_taken_early_where_an_untrained_net_is_far_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = waves(series=1, steps=40)
    spec = resolve(Config(task=TaskConfig(horizon=4, seasons=(6,))), panel)
    monkeypatch.setattr(module, "chosen_share", lambda scores, horizons: ALONE)
    found = fitted_alone(panel, spec, finetuned)
    assert found is not None
    assert found.scores["mase"] == found.scores["pretrained_mase"]
    long = waves(series=1, steps=140)
    assert fitted_alone(long, resolve(Config(task=TaskConfig(horizon=4, seasons=(6,))), long), finetuned) is None


def test_it_is_said(program: Program) -> None:
    (program.folder / "air.csv").write_text(part(1, 144))
    quick = ("--from", "validation", "--epochs", "1", "--members", "1")
    told = program("train", "air.csv", "--explain", *quick)
    assert told.returncode == 0, told.stderr
    made = Forecaster.load(str(program.folder / "rnncast.safetensors"))
    names = ("pretrained_mase", "finetuned_mase", "scratch_mase", "mean_mase")
    alone, tuned, trained, both = (f"{made.scores[name]:.3f}" for name in names)
    better = "finetuned" if made.scores["finetuned_mase"] < made.scores["pretrained_mase"] else "pretrained"
    of_all = f"pretrained {alone}, finetuned {tuned}, lstm {trained}, the mean of lstm and {better} {both}"
    said = f"on held-out data, {of_all} (MASE): "
    assert said in told.stderr
    assert "scratch" in program("train", "air.csv", "--explain", "--model", "lstm", "--epochs", "1").stderr
    shown = program("inspect").stdout
    assert "model lstm," in shown


def test_why_it_is_no_candidate_is_said(program: Program) -> None:
    sales = ROOT / "sample_data" / "store_sales.csv"
    told = program("train", sales, "--target", "sales", "--known", "promotion", "--explain", "--max-time", "0.1")
    assert "the pretrained net is not a candidate: it has learnt nothing of covariates" in " ".join(told.stderr.split())
