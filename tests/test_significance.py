"""Equal candidates are called different as often as promised, and no more; what is clearly better is found."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import ttest_rel

from rnncast.evaluate.scores import Comparison, Score
from rnncast.evaluate.significance import critical_distance, mean_ranks, paired_p
from rnncast.evaluate.verdict import Sides, Verdict, judge

TRIALS = 1500
NETS = {name: name for name in ("window", "rnn", "gru", "lstm")}
MOST = 0.065  # of equal candidates: 5 % and 2.7 standard errors of that many trials
Draw = Callable[[np.random.Generator], np.ndarray]


def comparison(**mase: np.ndarray) -> Comparison:
    """Scores by mean MASE [O, S] of each candidate, with nothing else in them."""
    horizon = 6
    scores = [
        Score(
            name.replace("_", "-"),
            values,
            values,
            values,
            values[None],
            np.repeat(values[:, 0], horizon) if values.shape[1] == 1 else np.empty(0),
            0.0,
            1.0,
        )
        for name, values in mase.items()
    ]
    return Comparison(tuple(sorted(scores, key=lambda score: score.mean)), horizon, 12, (80.0,))


def origins(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


def judged(baseline: str, **mase: np.ndarray) -> Verdict:
    return judge(comparison(**mase), Sides(("lstm",), (baseline,), NETS))


def test_without_lags_it_is_the_paired_t_test() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 9))
    assert paired_p(a - b) == pytest.approx(ttest_rel(a, b).pvalue, rel=1e-12)


def test_with_lags_it_is_that_of_harvey_leybourne_and_newbold() -> None:
    """By hand, n = 9, h = 3: mean 5/9; autocovariances at lags 0, 1, 2 over n; their factor is (n+1-2h+h(h-1)/n)/n."""
    d = np.array([1.0, 2, 1, 0, -1, 0, 1, 2, -1])
    c = d - 5 / 9
    covariance = [np.dot(c, c) / 9, np.dot(c[1:], c[:-1]) / 9, np.dot(c[2:], c[:-2]) / 9]
    variance = (covariance[0] + 2 * covariance[1] + 2 * covariance[2]) / 9
    assert covariance[1] + covariance[2] < 0  # so the variance without lags is the larger, and is taken
    expected = ttest_rel(d, 0 * d).statistic * np.sqrt((9 + 1 - 6 + 6 / 9) / 8)
    assert variance < covariance[0] / 9
    from scipy.stats import t

    assert paired_p(d, 2) == pytest.approx(2 * t.sf(expected, 8), rel=1e-12)
    e = np.repeat([1.0, 3, -1], 3)
    c = e - 1
    variance = (np.dot(c, c) + 2 * np.dot(c[1:], c[:-1]) + 2 * np.dot(c[2:], c[:-2])) / 81
    statistic = 1 / np.sqrt(variance) * np.sqrt((9 + 1 - 6 + 6 / 9) / 9)
    assert paired_p(e, 2) == pytest.approx(2 * t.sf(statistic, 8), rel=1e-12)


def test_too_few_differences_are_no_test() -> None:
    assert paired_p(np.array([1.0, 1.0])) is None
    assert paired_p(np.arange(8.0), lags=2) is None
    assert paired_p(np.zeros(5)) == 1
    assert paired_p(np.ones(5)) == 0


@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.normal(size=4),
        lambda random: random.normal(size=8),
        lambda random: random.standard_t(3, size=5),
        lambda random: random.exponential(size=8) - random.exponential(size=8),
        lambda random: random.lognormal(0, 1, 50) - random.lognormal(0, 1, 50),
    ],
    ids=["4 origins", "8 origins", "heavy tails", "losses", "series"],
)
def test_equal_candidates_are_seldom_called_different(draw: Draw) -> None:
    random = np.random.default_rng(11)
    p = np.array([paired_p(draw(random)) for _ in range(TRIALS)])
    assert (p < 0.05).mean() < MOST


def losses_by_step(random: np.random.Generator, folds: int, horizon: int) -> np.ndarray:
    """Differences [O, H] of the errors of two equal forecasters of a random walk: each is off by as much, at random."""
    walk = np.cumsum(random.normal(size=(folds, horizon)), axis=1)
    off = random.normal(0, 0.5, (2, folds, 1)) * np.sqrt(np.arange(1, horizon + 1))
    return np.abs(walk - off[0]) - np.abs(walk - off[1])


def test_why_a_test_over_steps_does_not_decide() -> None:
    random = np.random.default_rng(5)
    differences = [losses_by_step(random, 5, 12) for _ in range(TRIALS)]
    over_origins = np.mean([paired_p(each.mean(axis=1)) < 0.05 for each in differences])  # type: ignore[operator]
    over_steps = np.mean([paired_p(each.reshape(-1), 11) < 0.05 for each in differences])  # type: ignore[operator]
    assert over_origins < MOST
    assert over_steps > 0.09


def verdicts(count: int, folds: int, series: int, better: float, models: tuple[str, ...] = ("lstm",)) -> list[Verdict]:
    """Judgements of models whose MASE is lower by `better` on average, of log-normal errors that they share in part."""
    random = np.random.default_rng(2)
    made = []
    for _ in range(count):
        shared = random.lognormal(0, 0.3, (folds, series))

        def own(mean: float, shared: np.ndarray = shared) -> np.ndarray:
            return mean * shared * random.lognormal(0, 0.2, shared.shape)

        scores = {name: own(1 - better) for name in models}
        made.append(
            judge(comparison(**scores, window=own(1.0), seasonal_naive=own(2.0)), Sides(models, ("window",), NETS))
        )
    return made


@pytest.mark.parametrize(("folds", "series"), [(4, 1), (8, 1), (4, 30)])
def test_verdicts_on_equal_candidates(folds: int, series: int) -> None:
    wins = [verdict.duel("window") for verdict in verdicts(TRIALS // 3, folds, series, 0.0)]
    called = np.mean([duel is not None and duel.sure for duel in wins])
    assert called < MOST + 0.02  # fewer trials
    several = verdicts(TRIALS // 3, folds, series, 0.0, ("lstm", "gru", "rnn"))
    assert np.mean([verdict.win for verdict in several]) < MOST


def test_luck_that_all_series_share_is_not_taken_for_skill() -> None:
    random = np.random.default_rng(8)
    shared, own = random.normal(0, 0.1, (TRIALS, 4, 1)), random.normal(0, 0.2, (TRIALS, 4, 20))
    found = [comparison(lstm=1 + each, window=np.ones((4, 20))) for each in shared + own]
    over_series = [paired_p((each["lstm"].mase - 1).mean(axis=0)) or 0 for each in found]
    assert np.mean([(each.p("lstm", "window") or 0) < 0.05 for each in found]) < MOST
    assert np.mean(np.array(over_series) < 0.05) > 0.3


@pytest.mark.parametrize(("folds", "series"), [(8, 1), (4, 30)])
def test_a_clear_difference_is_found(folds: int, series: int) -> None:
    assert np.mean([verdict.win for verdict in verdicts(200, folds, series, 0.4)]) > 0.9


def test_ranks() -> None:
    losses = np.array([[1.0, 1, 5], [2, 1, 4], [3, 3, 3]])
    np.testing.assert_allclose(mean_ranks(losses), [(1 + 1.5 + 3) / 3, (2 + 1.5 + 2) / 3, (3 + 3 + 1) / 3])


def test_the_critical_distance_is_that_of_published_tables() -> None:
    # Demsar (2006), table 5a: q over the root of 2 is 2.343 for 3, 2.728 for 5 and 3.164 for 10 candidates.
    for candidates, quantile in ((3, 2.343), (5, 2.728), (10, 3.164)):
        expected = quantile * np.sqrt(candidates * (candidates + 1) / (6 * 30))
        assert critical_distance(candidates, 30) == pytest.approx(expected, rel=3e-4)


def test_few_equal_candidates_seem_worse_than_the_best() -> None:
    random = np.random.default_rng(4)
    distance = critical_distance(4, 25)
    apart = [np.ptp(mean_ranks(random.normal(size=(4, 25)))) > distance for _ in range(TRIALS)]
    assert np.mean(apart) < MOST


@pytest.mark.parametrize(
    ("mase", "win", "words"),
    [
        (
            {"lstm": origins(0.5, 0.6, 0.5, 0.4), "window": origins(1, 1.2, 0.9, 0.9), "naive": origins(2, 2, 2, 2.0)},
            True,
            "lstm beats window by 50 % (p = 0.001) and naive by 75 % (p < 0.001); it is ahead on 4 of 4 origins.",
        ),
        (
            {"lstm": origins(0.6, 0.6, 1.1, 1.1), "window": origins(1, 1, 1, 1), "naive": origins(3, 3.0, 3, 3)},
            False,
            "lstm beats naive by 72 % (p < 0.001), but there is no evidence that a learnt state helps here: it is "
            "15 % ahead of window (p = 0.38, ahead on 2 of 4 origins), which may be chance; window is simpler. So few "
            "origins show only large, steady differences: more --folds.",
        ),
        (
            {"lstm": origins(5, 7, 5, 6, 6, 5), "window": origins(6, 6, 6, 5, 6, 6), "naive": origins(*[6] * 6)},
            False,
            "No evidence that a learnt state helps here: lstm is 3 % ahead of window (p = 0.70, ahead on 3 of 6 "
            "origins), which may be chance; window is simpler.",
        ),
        (
            {"lstm": origins(2, 2.1, 2, 2), "window": origins(1, 1, 1, 1), "naive": origins(3, 3, 3, 3)},
            False,
            "window beats lstm by 51 % (p < 0.001, 4 origins): a learnt state does not help here.",
        ),
        (
            {"lstm": origins(2, 2.1, 2, 2), "window": origins(3, 3, 3, 3), "naive": origins(1, 1, 1, 1)},
            False,
            "naive beats lstm by 51 % (p < 0.001, 4 origins): no net is worth its training here.",
        ),
        (
            {"lstm": origins(0.5, 0.5), "window": origins(1, 1), "naive": origins(3, 3)},
            False,
            "No verdict: lstm is 50 % ahead of window, but 2 origins cannot tell skill from chance; ask for more "
            "--folds.",
        ),
        (
            {"lstm": origins(1, 1, 1, 1), "window": origins(1, 1, 1, 1), "naive": origins(3, 3, 3, 3)},
            False,
            "lstm beats naive by 67 % (p < 0.001), but there is no evidence that a learnt state helps here: it is "
            "0 % ahead of window (p = 1.00, ahead on 0 of 4 origins), which may be chance; window is simpler. So few "
            "origins show only large, steady differences: more --folds.",
        ),
        (
            {"lstm": 0.995 * np.ones((2, 9)), "window": np.ones((2, 9)), "naive": 3 * np.ones((2, 9))},
            False,
            "lstm beats naive by 67 % (p < 0.001), but there is no evidence that a learnt state helps here: it is "
            "0.5 % ahead of window (p < 0.001, ahead on 9 of 9 series), too little to matter; window is simpler.",
        ),
        (
            {"lstm": 0.9 * np.ones((2, 9)), "window": np.ones((2, 9)), "naive": 3 * np.ones((2, 9))},
            True,
            "lstm beats window by 10 % (p < 0.001) and naive by 70 % (p < 0.001); it is ahead on 9 of 9 series. So few "
            "origins do not show what all series share: more --folds.",
        ),
    ],
)
def test_verdicts(mase: dict[str, np.ndarray], win: bool, words: str) -> None:
    verdict = judged("window", **mase)
    contrast = " lstm and window see the same frame, which looks back too: what differs is a learnt state."
    assert (verdict.win, verdict.sentence) == (win, words + contrast)


def test_a_verdict_says_which_contrast_it_is_about() -> None:
    found = comparison(lstm=origins(2, 2.1, 2, 2), window=origins(1, 1, 1, 1), naive=origins(3, 3, 3, 3))
    sides = Sides(("lstm",), ("window",), NETS)
    pure = sides._replace(frames={"lstm": "a", "window": "a"}, pure=frozenset(("lstm", "window")))
    other = sides._replace(frames={"lstm": "a", "window": "b"})
    said = {judge(found, each).contrast: judge(found, each).sentence for each in (sides, pure, other)}
    lost = "window beats lstm by 51 % (p < 0.001, 4 origins):"
    names, end = "lstm and window see", "what differs is"
    assert said == {
        "learnt state": f"{lost} a learnt state does not help here. "
        f"{names} the same frame, which looks back too: {end} a learnt state.",
        "memory": f"{lost} memory does not help here. {names} nothing beyond their window: {end} memory.",
        None: f"{lost} lstm does not help here.",
    }


def test_the_best_of_several_models_is_judged_with_a_correction() -> None:
    found = comparison(
        lstm=origins(0.5, 0.9, 0.8, 0.6), gru=origins(2, 2, 2, 2), window=origins(1, 1, 1, 1), naive=origins(1, 1, 1, 1)
    )
    alone, both = (judge(found, Sides(models, ("window",), NETS)) for models in (("lstm",), ("lstm", "gru")))
    assert both.model == "lstm"
    ours, theirs = alone.duel("window"), both.duel("window")
    assert ours is not None
    assert theirs is not None
    assert (ours.p, theirs.p) == (found.p("lstm", "window"), 2 * (found.p("lstm", "window") or 0))
