"""Ensembles whose members differ in their segments, and the choice among them by validation (`--segment`)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.choices.decide import resolve
from rnncast.choices.effort import LARGE_PANEL
from rnncast.config import Config
from rnncast.errors import InterruptedTrainingError, UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.nets.model import build_model, weights_of
from rnncast.runtime.members import Members
from rnncast.runtime.runtime import Runtime
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Best
from rnncast.training.fitted import together
from rnncast.training.kinds import INPUT, SCORES, chosen_kinds, nets_of
from rnncast.training.validation import Validation
from rnncast.training.watch import Watch
from tests.conftest import AIR_PASSENGERS, Program, small_config, waves


def spec_of(segments: tuple[int, ...], spans: tuple[int, ...] = (6, 12), members: int = 4) -> ModelSpec:
    config = small_config(members=members)
    net = replace(config.net, segment=segments, level_span=spans, window=7)
    return resolve(replace(config, net=net), waves())


def nets(spec: ModelSpec, number: int) -> list[Best]:
    """Untrained nets whose heads have weights, so that they differ."""
    random, made = np.random.default_rng(0), []
    for member in range(number):
        weights = {name: part.numpy() for name, part in weights_of(build_model(spec.of_one_net(member))).items()}
        heads = {n: random.normal(0, 0.1, w.shape).astype(np.float32) for n, w in weights.items() if "head." in n}
        made.append(Best({**weights, **heads}, 1, 0.0))
    return made


@given(st.integers(1, 6), st.integers(1, 2))
def test_each_span_meets_each_segment_before_any_pair_comes_again(spans: int, segments: int) -> None:
    spec = spec_of((1, 4)[:segments], tuple(range(6, 6 + spans)))
    pairs = [spec.kind_of(member) for member in range(2 * spec.pairs)]
    assert len(set(pairs[: spec.pairs])) == spec.pairs == spans * segments
    assert pairs[: spec.pairs] == pairs[spec.pairs :] or segments > 1
    for member, (span, segment) in enumerate(pairs):
        alone = spec.of_one_net(member)
        assert (alone.frame.level_span[0], alone.net.segment[0]) == (span, segment)


def test_members_of_both_kinds_step_as_each_does_alone() -> None:
    spec = spec_of((1, 4))
    made, random = nets(spec, 4), np.random.default_rng(1)
    members = Members(spec, together(made))
    inputs = random.normal(size=(2, 3, 11, members.spec.frame.window * 2 + 1)).astype(np.float32)
    begun = np.ones((3, 11), np.bool_)
    features, after = members.stepped(inputs, begun, members.init_state(3))
    _, half = members.stepped(inputs[:, :, :5], begun[:, :5], members.init_state(3))
    pieces, end = members.stepped(inputs[:, :, 5:], begun[:, 5:], half)
    np.testing.assert_allclose(pieces, features, atol=1e-6)
    for member in range(4):
        alone = Members(spec.of_one_net(member), made[member].weights)
        own, state = alone.stepped(inputs[member % 2][None], begun, alone.init_state(3))
        np.testing.assert_allclose(features[member], own[0], atol=1e-6)
        for part, ours, continued in zip(state, after[3 * member :], end[3 * member :], strict=False):
            np.testing.assert_allclose(ours, part, atol=1e-6)
            np.testing.assert_allclose(continued, part, atol=1e-6)


def test_a_net_that_steps_everywhere_needs_no_place_in_a_segment() -> None:
    """The input that members in segments have is always 0 for it."""
    spec, panel = spec_of((1, 4)), waves()
    made = nets(spec, 4)
    alone = nets_of(spec, spec.with_segments((1,)), made)
    assert alone[0].weights[INPUT].shape[1] == made[0].weights[INPUT].shape[1] - 1
    for place, net in zip((0, 3), alone, strict=True):
        one = spec.of_one_net(place)
        found = Runtime(one.with_segments((1,)), net.weights).forecast_panel(panel, 4)
        np.testing.assert_allclose(found, Runtime(one, made[place].weights).forecast_panel(panel, 4), rtol=1e-5)


@pytest.mark.parametrize(
    ("errors", "segments", "kept"),
    [
        ((0.7, 0.9, 0.8), (1,), [0, 3]),
        ((0.9, 0.3, 0.8), (4,), [2, 1]),
        ((0.9, 0.8, 0.3), (1, 4), [0, 1, 2, 3]),
        ((0.8, 0.8, 0.8), (1,), [0, 3]),
        ((0.8, 0.79, 0.795), (1,), [0, 3]),  # by too little to tell
        ((0.8, 0.39, 0.4), (1, 4), [0, 1, 2, 3]),  # both are clearly better, and the second is hardly better than these
    ],
)
def test_a_clearly_smaller_error_on_held_out_origins_decides(
    monkeypatch: pytest.MonkeyPatch, errors: tuple[float, ...], segments: tuple[int, ...], kept: list[int]
) -> None:
    spec = spec_of((1, 4))
    validation = Validation.of(waves(), spec)
    assert validation is not None
    left = list(errors)
    monkeypatch.setattr(Validation, "score_of", lambda self, quantiles: left.pop(0))
    made = nets(spec, spec.judged)
    found = chosen_kinds(spec, validation, made)
    assert found.spec == spec.with_segments(segments)
    assert found.validation.spec == found.spec.of_members(len(kept))
    assert found.scores == dict(zip(SCORES, errors, strict=True))
    for net, place in zip(found.nets, kept, strict=True):
        np.testing.assert_array_equal(net.weights["head.bias"], made[place].weights["head.bias"])


def test_the_error_of_both_is_that_of_their_mean() -> None:
    spec, panel = spec_of((1, 4)), waves()
    validation = Validation.of(panel, spec)
    assert validation is not None
    made = nets(spec, spec.judged)
    whole = replace(validation, spec=spec.of_members(4)).score(together(made))
    assert chosen_kinds(spec, validation, made).scores[SCORES[2]] == pytest.approx(whole, rel=1e-6)


def test_training_judges_each_pair_and_keeps_what_it_chose() -> None:
    config = small_config("lstm/1+4", validate=True, members=2, epochs=2)
    seen: list[str] = []
    model = Forecaster.fit(waves(), config, watch=Watch(lambda run, report: seen.append(run)))
    pairs = resolve(config, waves()).pairs
    assert {name for name in seen if "validation" in name} == {f"validation, net {k + 1}" for k in range(pairs)}
    scores = [model.scores[name] for name in SCORES]
    assert model.spec.net.segment in ((1,), [(1,), (4,), (1, 4)][int(np.argmin(scores))])
    assert model.spec.net.members == 2
    unjudged = Forecaster.fit(waves(), small_config("lstm/1+4", members=2, epochs=1))
    assert unjudged.spec.net.segment == (1, 4)  # nothing decides between them
    assert SCORES[0] not in unjudged.scores


def test_stopped_at_any_time_what_was_learnt_is_kept() -> None:
    config, kept = small_config("lstm/1+4", validate=True, members=2, epochs=2), []
    for updates in (3, 25, 45, 65, 75):
        asked = [0]

        def stopped(asked: list[int] = asked, updates: int = updates) -> bool:
            asked[0] += 1
            return asked[0] > updates

        with pytest.raises(InterruptedTrainingError) as caught:
            Forecaster.fit(waves(), config, watch=Watch(stopped=stopped))
        if caught.value.rescued is not None:
            assert np.isfinite(caught.value.rescued.predict().point).all()
            kept.append(caught.value.rescued.interruption.run)
    assert {"training", "validation"} <= set(kept)


def test_a_large_panel_with_a_long_season_is_open_and_others_are_not() -> None:
    def segments(series: int, season: int, config: Config | None = None) -> tuple[int, ...]:
        steps = np.arange(LARGE_PANEL // series + 1)
        panel = Panel.from_series({str(s): np.sin(2 * np.pi * steps / season) + 0.01 * steps for s in range(series)})
        asked = config or Config()
        return resolve(replace(asked, task=replace(asked.task, horizon=4, seasons=(season, 1))), panel).net.segment

    assert segments(20, 24) == (1, 24)
    assert segments(20, 7) == segments(20, 100) == segments(9, 24) == (1,)
    assert segments(20, 24, Config(validate=False)) == segments(20, 24, Config(model="window")) == (1,)
    assert segments(20, 24, Config(segment=24)) == (24,)
    assert segments(20, 7, Config(segment="auto")) == (1, 7)


def test_the_first_model_files_with_segments_have_a_number() -> None:
    spec = resolve(small_config("lstm/4"), waves())
    plain = spec.to_dict()
    assert ModelSpec.from_dict({**plain, "net": {**plain["net"], "segment": 4}}) == spec
    assert ModelSpec.from_dict(plain) == spec


def test_at_most_two_segments_are_compared() -> None:
    with pytest.raises(UsageError, match="at most 2"):
        Config(segment=(1, 2, 3))


def test_train_says_which_segments_held_out_data_chose(program: Program) -> None:
    brief = ["--epochs", "1", "--members", "2", "--hidden-size", "4", "--model", "lstm"]
    done = program("train", str(AIR_PASSENGERS), "--segment", "auto", *brief)
    assert done.returncode == 0, done.stderr
    assert "on held-out data, updates of the state at each step " in done.stderr
    assert Forecaster.load(str(program.folder / "rnncast.safetensors")).spec.net.segment in ((1,), (12,), (1, 12))
    assert program("train", str(AIR_PASSENGERS), "--segment", "day").returncode == 2
