"""Covariates that do not help cost nothing: they are left out; those that help are kept."""

from dataclasses import replace

import numpy as np
import pytest

from rnncast.choices.decide import decide
from rnncast.choices.relevance import FEWEST, Task, unused_of
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import DataError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.covariates import Block, Covariate, Covariates
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Panel
from tests.conftest import ROOT, Program

STORES = ROOT / "sample_data" / "store_sales.csv"
H, WEEK, SERIES, STEPS = 7, 7, 4, 200


def beside(panel: Panel, known: dict[str, np.ndarray], past: dict[str, np.ndarray], static: tuple[str, ...]) -> Panel:
    """The panel with covariates: known [N + S * H], past [N], and static ones without a meaning."""

    def block(columns: dict[str, np.ndarray]) -> Block:
        return Block(tuple(map(Covariate, columns)), np.stack(list(columns.values()), 1)) if columns else Block()

    kinds = Block(tuple(map(Covariate, static)), np.arange(len(panel))[:, None] % 2.0) if static else Block()
    reach = np.full(len(panel), H if known else 0)
    return replace(panel, covariates=Covariates(block(known), block(past), kinds, reach))


def shops() -> tuple[Panel, np.ndarray]:
    """Shops with a week, a trend and noise; and when they lower their prices, which sells more [S, T + H]."""
    random = np.random.default_rng(0)
    lower = (random.random((SERIES, STEPS + H)) < 0.2).astype(float)
    week = 20 * np.sin(2 * np.pi * np.arange(STEPS) / WEEK)
    y = 100 + week + 30 * lower[:, :STEPS] + random.normal(0, 3, (SERIES, STEPS))
    return Panel.from_series({f"s{s}": each for s, each in enumerate(y)}), lower


def asked(**net: str) -> Config:
    return Config(
        task=TaskConfig(horizon=H, seasons=(WEEK,)),
        net=NetConfig(model="gru", hidden_size=4, **net),  # type: ignore[arg-type]
        train=TrainConfig(epochs=2, members=1, validate=False),
    )


def test_what_does_not_help_costs_nothing() -> None:
    """The model is, to the bit, the one without these columns; nothing of them need be known ahead."""
    random, (panel, lower) = np.random.default_rng(1), shops()
    wind = random.normal(size=lower.size)
    wind.reshape(lower.shape)[:, -H:] = np.nan
    past = {"heat": random.normal(size=len(panel.y))}
    whole = beside(panel, {"lower": lower.ravel(), "wind": wind}, past, ("kind",))
    spec, told = decide(asked(), whole)
    assert spec.frame.unused == ("wind", "heat", "kind")
    (choice,) = (each for each in told if each.name == "covariates")
    assert choice.value == "lower"
    assert choice.reason.startswith("wind, heat, kind left out: no clear improvement")
    found, plain = (
        Forecaster.fit(whole, asked()),
        Forecaster.fit(beside(panel, {"lower": lower.ravel()}, {}, ()), asked()),
    )
    assert found.weights.keys() == plain.weights.keys()
    for name, weight in plain.weights.items():
        np.testing.assert_array_equal(found.weights[name], weight)
    np.testing.assert_array_equal(found.predict().quantiles, plain.predict().quantiles)
    np.testing.assert_array_equal(found.predict(whole).quantiles, plain.predict().quantiles)
    everything = Forecaster.fit(whole, asked(covariate_selection="none"))
    assert everything.spec.frame.covariates == {"known": 4, "past": 2, "static": 2}
    with pytest.raises(DataError, match=r"'wind'.* is not known at"):
        everything.predict()


def test_settings_that_leave_nothing_open_ask_for_the_same() -> None:
    panel, lower = shops()
    whole = beside(panel, {"lower": lower.ravel()}, {"heat": np.random.default_rng(1).normal(size=len(panel.y))}, ())
    for config in (asked(), asked(covariate_selection="none")):
        spec, _ = decide(config, whole)
        assert decide(spec.to_config(), whole)[0].frame == spec.frame


@pytest.mark.parametrize("shape", ["a step", "a valley", "a past cause"])
def test_what_helps_is_kept(shape: str) -> None:
    """Whether its effect is a step, as of a closed shop; a valley, as of the temperature; or comes a step later."""
    random, steps = np.random.default_rng(3), 400
    x = random.normal(size=steps + H)
    if shape == "a step":
        x = (x > 1).astype(float)
    effect = {"a step": 3 * x, "a valley": 1.5 * x**2, "a past cause": 3 * np.roll(x, 1)}[shape][:steps]
    panel = Panel.from_series({"a": 50 + effect + random.normal(size=steps)})
    named = ({}, {"x": x[:steps]}) if shape == "a past cause" else ({"x": x}, {})
    whole = beside(panel, *named, ())
    assert unused_of(Config(), whole, Encoding.of(whole), Task(False, 1, 1, ())) == (
        (),
        "each improves a linear forecast of held-out values",
    )


def test_chance_is_rarely_taken_for_a_cause() -> None:
    """Noise and random walks beside 60 autoregressive series, known ahead or not."""
    kept = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        n = int(random.integers(FEWEST + 50, 900))
        y, shocks = np.zeros(n), random.normal(size=n)
        for t in range(1, n):
            y[t] = 0.8 * y[t - 1] + shocks[t]
        noise, walk = random.normal(size=n + H), random.normal(size=n + H).cumsum()
        whole = beside(Panel.from_series({"a": y}), {"noise": noise, "walk": walk}, {"past": random.normal(size=n)}, ())
        kept += 3 - len(unused_of(Config(), whole, Encoding.of(whole), Task(False, 1, H, ()))[0])
    assert kept <= 6  # of 180


def test_of_few_values_nothing_is_judged() -> None:
    random = np.random.default_rng(0)
    whole = beside(Panel.from_series({"a": random.normal(size=60)}), {}, {"x": random.normal(size=60)}, ())
    unused, why = unused_of(Config(), whole, Encoding.of(whole), Task(False, 7, H, ()))
    assert not unused
    assert "too few to judge them by" in why


def test_the_temperature_of_the_sample_stores_is_left_out_and_said(program: Program) -> None:
    given = ("--target", "sales", "--known", "promotion", "--past", "temperature", "--static", "store_type")
    done = program("train", STORES, *given, "-H", "7", "--epochs", "0", "--no-validate", "--explain")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stderr.split())
    assert "temperature, store_type left out: no clear improvement of a linear forecast of held-out values" in told
    assert "covariates without use: temperature, store_type" in told
