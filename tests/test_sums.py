"""Sums over steps and over series: they are what they say, and their intervals cover what they say."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import rnncast
from rnncast import Panel
from rnncast.errors import DataError, UsageError
from rnncast.forecaster.pretrained import Pretrained
from rnncast.intervals.copula import Copula
from rnncast.series.forecast import Paths
from rnncast.series.panel import KEY_MARK, Columns
from rnncast.series.splits import aligned_origins
from rnncast.series.sums import forecast_of, sums_of, total_of
from rnncast.times.frequency import DAY, Frequency
from tests.conftest import ROOT, Program, fitted, small_config, waves

STORES = str(ROOT / "sample_data" / "store_sales.csv")
DAILY = Frequency("span", count=DAY)


def paths(cutoff: list[int], steps: int = 40) -> Paths:
    """Three paths of two regions' shops: 1 a step, times the number of the series, plus the number of the path."""
    ids = tuple(KEY_MARK.join(name) for name in (("n", "a"), ("n", "b"), ("s", "c")))[: len(cutoff)]
    values = np.broadcast_to(np.arange(1.0, len(cutoff) + 1)[:, None, None] + np.arange(3), (len(cutoff), steps, 3))
    columns = Columns(("region", "shop"), "day", "y", "%Y-%m-%d")
    return Paths(ids, np.array(cutoff), values, DAILY, columns)


def test_months_are_added_up_as_far_as_they_are_forecast() -> None:
    """From 20 January on: the rest of January, all of February, and what of nothing else is forecast."""
    found = sums_of(paths([18, 18, 18]), "month", (0.1, 0.5, 0.9), by_level=True)
    assert found.period == ("1970-01", "1970-02") * 3
    assert found.steps.tolist() == [12, 28] * 3
    assert found.point.tolist() == [24, 56, 36, 84, 48, 112]
    assert found.whole.tolist() == [False, True] * 3
    assert sums_of(paths([18]), "quarter", (0.5,), by_level=True).period == ("1970Q1",)
    assert sums_of(paths([18]), "all", (0.5,), by_level=True).point.tolist() == [80]


def test_totals_are_of_the_times_that_all_forecast() -> None:
    total = total_of(paths([18, 20, 19]))
    assert (total.ids, total.cutoff.tolist(), total.values.shape) == (("total",), [20], (1, 38, 3))
    assert total.values[0, 0].tolist() == [6, 9, 12]
    by = total_of(paths([18, 20, 19]), ("region",))
    assert by.ids == ("n", "s")
    assert by.values[:, 0].tolist() == [[3, 5, 7], [3, 4, 5]]
    both = total_of(paths([18, 20, 19]), ("region",), whole=True)
    assert both.ids == ("n", "s", "total")
    assert (both.values[:2] == by.values).all()
    assert (both.values[2:] == total.values).all()
    assert total_of(paths([18, 20, 19]), whole=True).ids == total.ids
    each = total_of(paths([18, 20, 19]), ("region", "shop"), whole=True)
    assert [each.columns.parts(name) for name in each.ids][-1] == ["total", ""]
    assert forecast_of(by, (0.5,), by_level=False).point[:, 0].tolist() == [5, 4]
    with pytest.raises(DataError, match="no time in common"):
        total_of(paths([18, 100, 19]))
    with pytest.raises(UsageError, match="no id column of that name") as caught:
        total_of(paths([18]), ("town",))
    assert "region, shop" in caught.value.hint


def test_a_group_called_total_is_not_taken_for_it() -> None:
    named = replace(paths([18, 20]), ids=tuple(KEY_MARK.join((name, "a")) for name in ("total", "s")))
    assert total_of(named, ("region",), whole=True).ids == ("total", "s", "all")


def test_groups_and_their_total_are_written_together_and_scored(program: Program) -> None:
    """Also if each series is a group of its own, so that there are more sums than series."""
    lines = [f"{k},{s},{t},{10 + t % 4 + s}" for k in ("n", "s") for s in (1, 2) for t in range(48)]
    (program.folder / "shops.csv").write_text("\n".join(["region,shop,step,y", *lines]) + "\n")
    asked = ("forecast", "shops.csv", "-m", "pretrained", "--id", "region,shop", "-H", "4", "--paths", "20", "--total")
    done = program(*asked, "--by", "region", "--format", "csv")
    assert done.returncode == 0, done.stderr
    told = pd.read_csv(io.StringIO(done.stdout))
    assert list(dict.fromkeys(told["region"])) == ["n", "s", "total"]
    assert len(told) == 12
    each = pd.read_csv(io.StringIO(program(*asked, "--by", "region,shop", "--sum", "all", "--format", "csv").stdout))
    assert each["region"].tolist() == ["n", "n", "s", "s", "total"]
    assert each["forecast"].iloc[-1] == pytest.approx(told["forecast"][8:].sum(), rel=0.02)
    (program.folder / "told.csv").write_text(done.stdout)
    (program.folder / "actual.csv").write_text(
        "\n".join(["region,shop,step,y", *(f"{k},{s},{t},12" for k in "ns" for s in (1, 2) for t in range(48, 52))])
    )
    observed = ("--actual", "actual.csv", "--history", "shops.csv", "--id", "region,shop")
    scores = program("score", "told.csv", *observed, "--by", "region")
    assert scores.returncode == 0, scores.stderr
    assert pd.read_csv(io.StringIO(scores.stdout))["region"].tolist() == ["n", "s", "total"]


def test_numbered_steps_have_no_months() -> None:
    with pytest.raises(UsageError, match="needs dates"):
        sums_of(fitted(small_config()).sample(2), "month", (0.5,), by_level=True)


@pytest.mark.parametrize("together", [0.0, 0.3, 0.7])
def test_what_series_share_is_learnt_and_drawn(together: float) -> None:
    """The correlation between series, at each lead time; the paths of each stay standard normal."""
    random = np.random.default_rng(1)
    common, own = random.standard_normal((400, 1, 3)), random.standard_normal((400, 8, 3))
    scores = np.sqrt(together) * common + np.sqrt(1 - together) * own
    scores[random.random(scores.shape) < 0.1] = np.nan
    drawn = Copula.of(scores).scores(4000, 1, [f"s{s}" for s in range(8)])  # [S, H, P]
    for lead in range(3):
        correlation = np.corrcoef(drawn[:, lead])
        assert correlation[~np.eye(8, dtype=bool)].mean() == pytest.approx(together, abs=0.06)
    assert drawn.std(axis=2) == pytest.approx(1, abs=0.07)


def test_a_total_over_independent_series_gets_no_wider() -> None:
    """What they seem to share by chance is not taken for more: over 14 steps of 20 series, at 30 past origins."""
    wider, names = [], [f"s{s}" for s in range(20)]
    for seed in range(30):
        found = Copula.of(np.random.default_rng(seed).standard_normal((30, 20, 14)))
        alone = found._replace(share=np.zeros(14))
        spread, own = (each.scores(300, seed, names).sum(axis=(0, 1)).std() for each in (found, alone))
        wider.append(spread / own)
    assert np.mean(wider) < 1.02
    assert max(wider) < 1.1


def test_origins_that_series_share_are_at_the_same_time() -> None:
    """Also where series begin and end at different times; what came is what came after each past."""
    panel = waves(4).moved(np.array([0, 5, 9, 2]))
    aligned = aligned_origins(panel, 6)
    assert len(aligned.split.seen) > 50
    ends = aligned.split.seen.ends
    for origin in range(aligned.shape[0]):
        assert len(set(ends[aligned.origin == origin].tolist())) == 1
    row = int(np.argmax(aligned.series == 2))
    first = int(ends[row] - panel.start[2]) + 1
    assert aligned.split.actual[row].tolist() == panel[2].y[first : first + 6].tolist()
    assert aligned.laid(aligned.split.actual).shape == (*aligned.shape, 6)


def moving_together(share: float, seed: int, series: int = 10, steps: int = 300) -> np.ndarray:
    """Autoregressive series [S, T] whose shocks have a correlation of `share`."""
    random = np.random.default_rng(seed)
    shocks = np.sqrt(share) * random.standard_normal((1, steps))
    shocks = shocks + np.sqrt(1 - share) * random.standard_normal((series, steps))
    values = np.zeros((series, steps))
    for t in range(1, steps):
        values[:, t] = 0.8 * values[:, t - 1] + shocks[:, t]
    return 100 + 3 * values


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.4, 0.8])
def test_totals_cover_what_they_say(share: float) -> None:
    """Of 80 % intervals for the total of ten series over ten steps; as if series were independent, they cover less."""
    covered, alone, horizon = [], [], 10
    for seed in range(40):
        y = moving_together(share, seed)
        panel = Panel.from_series({f"s{s}": values[:-horizon] for s, values in enumerate(y)})
        found = Pretrained(horizon, ()).sample(panel, 300).values
        actual = y[:, -horizon:].sum()
        shuffled = np.array([each[:, np.random.default_rng(s).permutation(300)] for s, each in enumerate(found)])
        for each, hits in ((found, covered), (shuffled, alone)):
            low, high = np.quantile(each.sum(axis=(0, 1)), [0.1, 0.9])
            hits.append(low <= actual <= high)
    assert 0.65 <= np.mean(covered) <= 0.95
    if share:
        assert np.mean(alone) < np.mean(covered) - 0.15


def test_one_command_adds_up(program: Program) -> None:
    """Months of each store, and the total of all stores, which a frame in a notebook has too."""
    given = ("forecast", STORES, "--target", "sales", "-m", "pretrained", "-H", "30", "--paths", "50")
    done = program(*given, "--sum", "month", "--format", "csv")
    assert done.returncode == 0, done.stderr
    told = pd.read_csv(io.StringIO(done.stdout))
    assert list(told.columns[:6]) == ["store", "month", "from", "to", "steps", "forecast"]
    assert told.groupby("store")["steps"].sum().unique().tolist() == [30]
    assert "only the forecast steps are summed" in done.stderr
    done = program(*given, "--total", "--sum", "all", "--level", "80", "--format", "csv")
    assert done.returncode == 0, done.stderr
    total = pd.read_csv(io.StringIO(done.stdout))
    assert total["series"].tolist() == ["total"]
    assert total["forecast"][0] == pytest.approx(told["forecast"].sum(), rel=0.02)
    frame = rnncast.forecast(STORES, 30, 80, target="sales", quiet=True).total(paths=50).sum(paths=50)
    assert frame["forecast"][0] == pytest.approx(total["forecast"][0])
    assert frame["from"].dtype.kind == "M"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--total", "--by", "town"), "no id column of that name"),
        (("--sum", "month", "--series", "a"), "--series: there are no pictures of sums"),
        (("--total", "--follow"), "without sums"),
    ],
)
def test_what_cannot_be_added_up_is_refused(trained: Program, flags: tuple[str, ...], said: str) -> None:
    done = trained("forecast", *flags, stdin="Month,y\n1961-01,1\n" if "--follow" in flags else "")
    assert done.returncode == 2
    assert said in done.stderr
