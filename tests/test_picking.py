"""`--model auto`: the LSTM where it is clearly better than the window net, else the window net, which is simpler."""

from types import SimpleNamespace

import numpy as np
import pytest

from rnncast.config import Config, NetConfig, TrainConfig
from rnncast.errors import InterruptedTrainingError
from rnncast.evaluate import picking
from rnncast.evaluate.verdict import Duel
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel
from tests.conftest import AIR_PASSENGERS, Program

TINY = Config(
    net=NetConfig(model="auto", hidden_size=4), train=TrainConfig(epochs=2, members=1, validate=False, seed=1)
)


def noise(steps: int) -> Panel:
    return Panel.from_series({"a": np.random.default_rng(0).normal(10, 1, steps)})


@pytest.mark.parametrize(
    ("margin", "p", "net"),
    [(0.2, 0.01, "lstm"), (0.2, 0.2, "window"), (-0.2, 0.01, "window"), (0.2, None, "window"), (0.005, 0.01, "window")],
)
def test_the_lstm_needs_evidence(monkeypatch: pytest.MonkeyPatch, margin: float, p: float | None, net: str) -> None:
    """More than a tie, and surely: the rule of `compare`."""
    verdict = SimpleNamespace(duel=lambda rival: Duel(rival, margin, p, None, 3))
    found = SimpleNamespace(verdict=verdict, unfinished=0)
    monkeypatch.setattr(picking, "compare_candidates", lambda *given: found)
    config, reason = picking.picked(noise(60), TINY)
    assert config.net.model == net
    assert f"{abs(100 * margin):.1f} %" in reason
    assert ("no evidence" in reason) == (net == "window" and margin > 0)


def test_noise_is_no_evidence_and_the_simpler_net_is_taken() -> None:
    config, reason = picking.picked(noise(60), TINY)
    assert config.net.model == "window"
    assert "than window" in reason
    assert config == TINY.with_model("window")


def test_too_few_rows_to_compare() -> None:
    config, reason = picking.picked(noise(30), Config(horizon=20, model="auto"))
    assert config.net.model == "window"
    assert "too few rows" in reason


def test_of_the_time_there_is_half_goes_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def compared(panel: Panel, config: Config, plan: object, told: object) -> SimpleNamespace:
        asked.append(config.train.max_time)
        return SimpleNamespace(verdict=None, unfinished=0)

    monkeypatch.setattr(picking, "compare_candidates", compared)
    limited = Config(max_time=40, model="auto")
    assert picking.picked(noise(60), limited).config.train.max_time == 20
    assert asked == [10]  # of each of two nets


def test_an_interruption_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(verdict=None, unfinished=3)
    monkeypatch.setattr(picking, "compare_candidates", lambda *given: found)
    with pytest.raises(InterruptedTrainingError):
        picking.picked(noise(60), TINY)


def test_train_picks_the_net_and_says_why(program: Program) -> None:
    """The model file names the net that was picked; nobody is asked for it again."""
    brief = ["--epochs", "1", "--members", "1", "--hidden-size", "4", "--no-validate"]
    done = program("train", str(AIR_PASSENGERS), "--model", "AUTO", *brief)
    assert done.returncode == 0, done.stderr
    assert "net window: " in done.stderr or "net lstm: " in done.stderr
    assert "than window" in done.stderr
    net = Forecaster.load(str(program.folder / "rnncast.safetensors")).spec.net.model
    assert f"net {net}: " in done.stderr
    assert f'"model": "{net}"' in program("inspect", "--json").stdout


def test_a_net_must_be_named_where_nothing_is_compared(program: Program) -> None:
    done = program("compare", str(AIR_PASSENGERS), "--model", "auto")
    assert done.returncode == 2
    assert "no candidate called 'auto'" in done.stderr
