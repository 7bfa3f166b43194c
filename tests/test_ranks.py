"""Ranks that train together learn what one process learns of the same batches, to the rounding of sums."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from rnncast.choices.decide import resolve
from rnncast.config import Config
from rnncast.errors import DataError, InterruptedTrainingError, RnncastError, UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.frame.frame import Frame
from rnncast.nets.model import build_model
from rnncast.series.covariates import Block, Covariate, Covariates
from rnncast.series.joining import joined_panel, panel_in_parts, panel_of_parts
from rnncast.series.panel import Columns, Panel
from rnncast.spec import ModelSpec
from rnncast.times.frequency import DAY, Frequency
from rnncast.training.batches import Batches
from rnncast.training.checkpoint import Checkpoint
from rnncast.training.learner import Learner
from rnncast.training.loop import _begun
from rnncast.training.ranks import ALONE, Ranks
from rnncast.training.watch import Watch
from tests.conftest import small_config, waves
from tests.side_by_side import in_ranks

CPU = torch.device("cpu")
PANEL = waves(series=7, steps=60)  # of different lengths, so that a batch ends at another step for each rank
DAILY = replace(PANEL, frequency=Frequency("span", count=DAY))


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def in_segments(net: str) -> Config:
    """Nets in segments that see the calendar, and so begin anywhere in one."""
    config = small_config(f"{net}/4", batch_size=4)
    return replace(config, net=replace(config.net, calendar=("week",)))


def with_gaps(panel: Panel) -> Panel:
    y = panel.y.copy()
    y[np.random.default_rng(1).random(len(y)) < 0.05] = np.nan
    y[panel.indptr[:-1]] = 100.0
    return replace(panel, y=y)


KINDS: dict[str, tuple[Panel, Config]] = {
    "lstm": (PANEL, small_config(batch_size=4)),
    "gaps": (with_gaps(PANEL), small_config("gru", batch_size=4)),
    "logs": (PANEL, replace(small_config(batch_size=6), task=replace(small_config().task, transform="log"))),
    "stride": (PANEL, small_config("rnn", batch_size=7, stride=3)),
    "free running": (waves(series=3, steps=30), small_config("jordan", batch_size=4, training="bptt")),
    "teacher forcing": (PANEL, small_config("jordan", batch_size=4, training="teacher-forcing")),
    "window": (PANEL, small_config("window", batch_size=4)),
    "segments": (DAILY, in_segments("gru")),
    "counts": (replace(PANEL, y=PANEL.y.round()), small_config(batch_size=4, loss="negative-binomial")),
}


def gradients(panel: Panel, spec: ModelSpec, ranks: Ranks) -> list[tuple[float, float, list[torch.Tensor]]]:
    """The weight, the loss and the gradient of each update of an epoch, without the update."""
    torch.set_num_threads(1)
    model = build_model(spec).double()
    with torch.no_grad():
        for parameter in model.parameters():  # some start at 0, where nothing flows back
            parameter.add_(0.1 * torch.rand(parameter.shape, generator=torch.Generator().manual_seed(1)))
    learner, state, found = Learner.of(model, spec, ranks), (), []
    for index, chunk in enumerate(Batches(panel, Frame.of(spec), spec.train, CPU, ranks).epoch()):
        if chunk.start == 0:
            state = _begun(model, chunk.rows, spec, (1, index), ranks)
        outcome = learner.outcome(chunk, state, 0.5)
        state = tuple(part.detach() for part in outcome.state)
        if outcome.weight > 0:
            before = [parameter.detach().clone() for parameter in model.parameters()]
            done = learner.update(outcome, 0.0, "")
            with torch.no_grad():
                for parameter, value in zip(model.parameters(), before, strict=True):
                    parameter.copy_(value)
            found.append((done.weight, done.loss, [each.grad.clone() for each in model.parameters()]))
    return found


@pytest.mark.parametrize(("kind", "size"), [*((kind, 2) for kind in KINDS), ("lstm", 3)])
def test_the_gradient_of_all_ranks_is_that_of_one_process(kind: str, size: int) -> None:
    panel, config = KINDS[kind]
    spec = resolve(replace(config, train=replace(config.train, clip_norm=1e9)), panel)
    alone = gradients(panel, spec, ALONE)
    for each in in_ranks(size, lambda ranks: gradients(panel, spec, ranks)):
        assert not isinstance(each, BaseException), each
        assert len(each) == len(alone)  # updates
        for (weight, loss, gradient), (weight_alone, loss_alone, gradient_alone) in zip(each, alone, strict=True):
            assert weight == pytest.approx(weight_alone, rel=1e-9)
            assert loss == pytest.approx(loss_alone, rel=1e-6)
            size_of = max(float(part.abs().max()) for part in gradient_alone)
            assert size_of > 0
            for ours, theirs in zip(gradient, gradient_alone, strict=True):
                assert float((ours - theirs).abs().max()) <= 1e-6 * size_of


@pytest.mark.parametrize(
    ("panel", "config"),
    [
        (PANEL, small_config(batch_size=6, epochs=2, validate=True, members=2, shrinkage=None)),
        (DAILY, in_segments("lstm")),
    ],
    ids=["two nets", "in segments"],
)
def test_a_model_of_several_ranks_is_that_of_one_process(panel: Panel, config: Config) -> None:
    """Two nets, validated, shrunk, calibrated and mixed with a linear forecast: all of it, on every rank."""
    alone = Forecaster.fit(panel, config)
    every = in_ranks(2, lambda ranks: Forecaster.fit(panel, config, watch=Watch(ranks=ranks)))
    for each in every:
        assert isinstance(each, Forecaster), each
        assert each.spec == alone.spec
        assert each.ids == alone.ids
        for name, weight in alone.weights.items():
            np.testing.assert_allclose(each.weights[name], weight, rtol=2e-3, atol=2e-4, err_msg=name)
        np.testing.assert_allclose(each.predict().quantiles, alone.predict().quantiles, rtol=1e-4)
        for name, score in alone.scores.items():
            assert each.scores[name] == pytest.approx(score, rel=1e-3), name
        for name, weight in every[0].weights.items():  # type: ignore[union-attr]
            assert (each.weights[name] == weight).all(), name  # ranks do not drift apart


def test_ranks_stop_and_resume_at_the_same_update() -> None:
    """One of them is asked to stop, and from the checkpoint of the first all reach the same bits."""
    config = replace(small_config(batch_size=6), net=replace(small_config().net, dropout=0.3))
    whole = in_ranks(2, lambda ranks: Forecaster.fit(PANEL, config, watch=Watch(ranks=ranks)))[0]
    assert isinstance(whole, Forecaster)
    reached: list[Checkpoint] = []

    def stopped(ranks: Ranks) -> Forecaster:
        asked = iter(range(1000))
        return Forecaster.fit(
            PANEL,
            config,
            watch=Watch(
                ranks=ranks,
                stopped=lambda: ranks.rank == 1 and next(asked) > 7,
                reached=reached.append if ranks.first else lambda checkpoint: None,
            ),
        )

    for each in in_ranks(2, stopped):
        assert isinstance(each, InterruptedTrainingError), each
    start = Checkpoint.from_parts(*reached[-1].to_parts())
    for each in in_ranks(2, lambda ranks: Forecaster.fit(PANEL, config, watch=Watch(ranks=ranks, start=start))):
        assert isinstance(each, Forecaster), each
        assert all((each.weights[name] == weight).all() for name, weight in whole.weights.items())
    with pytest.raises(RnncastError, match="of a training of 2 ranks, but this is one of 1 ranks"):
        Forecaster.fit(PANEL, config, watch=Watch(start=start))


def test_too_few_series_are_refused() -> None:
    found = in_ranks(3, lambda ranks: Forecaster.fit(waves(series=2), small_config(), watch=Watch(ranks=ranks)))
    for each in found:
        assert isinstance(each, UsageError), each
        assert each.message == "a batch of 2 series cannot be divided among 3 ranks"


def test_ranks_that_would_not_train_the_same_are_refused() -> None:
    def fit(ranks: Ranks) -> Forecaster:
        return Forecaster.fit(PANEL, small_config(epochs=1 + ranks.rank), watch=Watch(ranks=ranks))

    for each in in_ranks(2, fit):
        assert str(each).startswith("the ranks of this training differ in their settings"), each


def test_the_error_of_one_rank_is_that_of_all() -> None:
    def work(ranks: Ranks) -> None:
        def read() -> None:
            if ranks.rank == 1:
                raise DataError("part-1.csv:3: not a number", hint="mend it")

        ranks.together(read)

    for each in in_ranks(3, work):
        assert isinstance(each, RnncastError)
        assert (each.message, each.hint, each.exit_code) == ("part-1.csv:3: not a number", "mend it", 1)


def with_covariates(panel: Panel, levels: tuple[str, ...]) -> Panel:
    size, random = len(panel.y) + 2 * len(panel), np.random.default_rng(0)
    known = Block((Covariate("price"), Covariate("kind", levels)), random.integers(0, 2, (size, 2)).astype(float))
    static = Block((Covariate("area"),), random.normal(size=(len(panel), 1)))
    reach = np.full(len(panel), 2, np.int64)
    return replace(panel, covariates=Covariates(known=known, static=static, reach=reach))


def test_a_panel_in_parts_is_the_whole() -> None:
    whole = with_covariates(waves(series=5), ("red", "blue"))
    rows = np.array_split(np.arange(5), 2)
    parts = [panel_of_parts(*panel_in_parts(whole.select(part, whole.lengths[part]))) for part in rows]
    assert joined_panel(parts).fingerprint == whole.fingerprint
    # Levels are numbered by their names, whichever files they are in.
    one, other = with_covariates(waves(series=2), ("red", "blue")), with_covariates(waves(series=1), ("green", "red"))
    other = replace(other, ids=("z",))
    joined = joined_panel([one, other]).covariates
    assert joined is not None
    assert joined.known.columns[1].levels == ("red", "blue", "green")
    assert other.covariates is not None
    theirs = other.covariates.known.values[:, 1]
    assert (joined.known.values[-len(theirs) :, 1] == np.where(theirs == 0, 2, 0)).all()


def test_files_that_do_not_belong_together_are_refused() -> None:
    panel = replace(waves(series=2), columns=Columns(ids=("shop",)))
    with pytest.raises(DataError, match="the rows of series 'series-0' lie in the files of two ranks"):
        joined_panel([panel, panel])
    with pytest.raises(DataError, match="not read alike: their target differs"):
        joined_panel([panel, replace(panel, columns=Columns(ids=("shop",), target="sold"))])
