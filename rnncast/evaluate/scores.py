"""Scores from outcomes: paired, so that every candidate is scored on exactly the same series and origins.

K candidates, O origins, S series, H steps, L interval levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.evaluate.backtest import FoldForecast
from rnncast.evaluate.significance import FEWEST, critical_distance, mean_ranks, paired_p
from rnncast.series.forecast import Forecast
from rnncast.series.metrics import coverage, mae, mase, seasonal_error, smape
from rnncast.series.splits import Split
from rnncast.values import Values


@dataclass(frozen=True)
class Score:
    """Scores of a candidate.

    mase, smape, mae [O, S]: NaN where a series was not scored at an origin. covered [L, O, S]: the coverage of each
    interval, in percent. steps [O * H]: for a single series, the scaled error of each step; else empty. seconds: of all
    its work. rank: the mean over the units of the comparison, 1 being best. by_lead [H]: the mean scaled error at each
    lead time, averaged as `mean` is; NaN without observed values.
    """

    name: str
    mase: Values
    smape: Values
    mae: Values
    covered: Values
    steps: Values
    seconds: float
    rank: float = float("nan")
    by_lead: Values = field(default_factory=lambda: np.empty(0))

    @property
    def mean(self) -> float:
        """Mean MASE, over the series of each origin, then over origins."""
        return overall(self.mase)

    @property
    def by_series(self) -> Values:
        """Mean MASE of each series [S] over its origins; NaN if it was scored at none."""
        return _means(self.mase, axis=0)


@dataclass(frozen=True)
class Comparison:
    """Scores of candidates on the same origins, the best (by mean MASE) first. season: the m of MASE.

    levels: of the intervals, in percent. lags: number of origins that a forecast reaches beyond its own, 0 if none
    overlap.
    """

    scores: tuple[Score, ...]
    horizon: int
    season: int
    levels: tuple[float, ...]
    lags: int = 0

    @property
    def origins(self) -> int:
        """Number of origins scored."""
        return int((~np.isnan(self.scores[0].mase)).any(axis=1).sum())

    @property
    def series(self) -> int:
        """Number of series scored."""
        return int((~np.isnan(self.scores[0].mase)).any(axis=0).sum())

    @property
    def unscored(self) -> int:
        """Number of series scored at no origin."""
        return int(self.scores[0].mase.shape[1]) - self.series

    @property
    def units(self) -> str:
        """Units that are ranked and counted: "series", or "origins" if there are more of those."""
        return "series" if self.series > self.origins else "origins"

    @property
    def reference(self) -> Score | None:
        """Naive forecast that skill is relative to: seasonal naive, or naive if there is no season."""
        named = [score for name in ("seasonal-naive", "naive") for score in self.scores if score.name == name]
        return named[0] if named else None

    def __getitem__(self, name: str) -> Score:
        return next(score for score in self.scores if score.name == name)

    def losses(self, name: str) -> Values:
        """Return the mean MASE of a candidate in each unit [n]."""
        return by_unit(self[name].mase, self.units)

    def skill(self, score: Score, than: Score) -> float:
        """Return the relative reduction of one mean MASE from another: 0.2 is 20 % better, negative is worse."""
        return 1 - score.mean / than.mean if than.mean else float(np.sign(than.mean - score.mean))

    def p(self, ours: str, theirs: str) -> float | None:
        """Return the p-value of equal skill, as `panel_p`."""
        return panel_p(self[ours].mase - self[theirs].mase, self.lags)

    def by_step_p(self, ours: str, theirs: str) -> float | None:
        """Return the p-value of the Diebold-Mariano test over every step of every origin, with horizon - 1 lags.

        None unless there is a single series whose forecasts do not overlap.
        """
        if self.lags:
            return None
        difference = self[ours].steps - self[theirs].steps
        return paired_p(difference[~np.isnan(difference)], self.horizon - 1)

    @property
    def critical(self) -> float | None:
        """Distance at which mean ranks over series differ; None if series are not the units."""
        if self.units == "origins" or self.series < FEWEST or len(self.scores) < 2:
            return None
        return critical_distance(len(self.scores), self.series)

    @property
    def near_best(self) -> tuple[str, ...]:
        """Candidates whose ranks are not distinguishable from the best rank; none if series are not the units."""
        distance, best = self.critical, min(score.rank for score in self.scores)
        return () if distance is None else tuple(s.name for s in self.scores if s.rank < best + distance)


def compared(
    outcomes: Sequence[FoldForecast],
    splits: list[Split],
    ids: tuple[str, ...],
    horizon: int,
    season: int,
    lags: int = 0,
) -> Comparison | None:
    """Return the comparison of what is finished: every candidate that has an outcome, at the origins that all of them
    have.

    None if nothing is finished, or no series could be scored. A series that any of them could not forecast at an origin
    is not scored there.
    """
    done: dict[str, dict[int, FoldForecast]] = {}
    for outcome in outcomes:
        done.setdefault(outcome.candidate, {})[outcome.origin] = outcome
    shared = sorted(set.intersection(*(set(each) for each in done.values()))) if done else []
    if not shared:
        return None
    scales = [seasonal_error(splits[origin].seen, season) for origin in shared]
    at = [(splits[origin], scale) for origin, scale in zip(shared, scales, strict=True)]
    scores = [_score(name, [each[origin] for origin in shared], at, ids) for name, each in done.items()]
    missing = np.any([np.isnan(score.mase) for score in scores], axis=0)  # [O, S]
    if missing.all():
        return None
    scores = [_without(score, missing) for score in scores]
    leads = [_by_lead([done[score.name][origin] for origin in shared], at, ids, missing) for score in scores]
    scores = [replace(score, by_lead=lead) for score, lead in zip(scores, leads, strict=True)]
    levels = outcomes[0].forecast.levels
    return _ranked(Comparison(tuple(scores), horizon, season, levels, lags))


def joined(parts: Sequence[Comparison]) -> Comparison:
    """Return the comparison of the series of several parts of a table, from comparisons of the same candidates in
    each.

    Origins are counted back from the last. It is the one of the whole table, but without scores by lead time and the
    test over every step.
    """
    origins = max(len(part.scores[0].mase) for part in parts)

    def over(name: str, metric: str) -> Values:
        values = [getattr(part[name], metric) for part in parts]
        missing = [(each.shape[:-2], origins - each.shape[-2], each.shape[-1]) for each in values]
        before = [np.full((*front, number, series), np.nan) for front, number, series in missing]
        pairs = zip(before, values, strict=True)
        return np.concatenate([np.concatenate(pair, axis=-2) for pair in pairs], axis=-1)

    names = [score.name for score in parts[0].scores]
    scores = [
        Score(
            name,
            *(over(name, "mase"), over(name, "smape"), over(name, "mae"), over(name, "covered")),
            steps=np.empty(0),
            seconds=sum(part[name].seconds for part in parts),
        )
        for name in names
    ]
    return _ranked(replace(parts[0], scores=tuple(scores)))


def _ranked(first: Comparison) -> Comparison:
    """Return a comparison with the ranks of its candidates, the best first."""
    scores = first.scores
    ranks = mean_ranks(np.array([first.losses(score.name) for score in scores]))
    ranked = [replace(score, rank=float(rank)) for score, rank in zip(scores, ranks, strict=True)]
    return replace(first, scores=tuple(sorted(ranked, key=lambda score: score.mean)))


def _score(name: str, outcomes: list[FoldForecast], at: list[tuple[Split, Values]], ids: tuple[str, ...]) -> Score:
    place = {series: s for s, series in enumerate(ids)}
    levels = len(outcomes[0].forecast.levels)
    metrics = np.full((3 + levels, len(outcomes), len(ids)), np.nan)
    steps = []
    for o, (outcome, (split, scale)) in enumerate(zip(outcomes, at, strict=True)):
        point = outcome.forecast.point
        rows = [place[series] for series in split.seen.ids]
        metrics[:3, o, rows] = mase(split.actual, point, scale), smape(split.actual, point), mae(split.actual, point)
        if levels:
            metrics[3:, o, rows] = _covered(split.actual, outcome.forecast)
        if len(ids) == 1:
            steps.append(np.abs(split.actual - point)[0] / scale)
    seconds = sum(outcome.seconds for outcome in outcomes)
    scaled, symmetric, absolute = metrics[:3]
    return Score(name, scaled, symmetric, absolute, metrics[3:], np.concatenate([np.empty(0), *steps]), seconds)


def _by_lead(
    outcomes: list[FoldForecast],
    at: list[tuple[Split, Values]],
    ids: tuple[str, ...],
    missing: NDArray[np.bool_],
) -> Values:
    """Return the mean scaled error at each lead time [H] of everything not `missing` [O, S]."""
    place = {series: s for s, series in enumerate(ids)}
    means = []
    for o, (outcome, (split, scale)) in enumerate(zip(outcomes, at, strict=True)):
        scored = ~missing[o, [place[series] for series in split.seen.ids]]
        errors = np.abs(split.actual - outcome.forecast.point)[scored] / scale[scored, None]
        means.append(_means(errors, axis=0))
    return _means(np.array(means), axis=0)


def _covered(actual: Values, forecast: Forecast) -> list[Values]:
    """Return, for each level, the coverage of each series [S], in percent; NaN without values or interval."""
    return [coverage(actual, *forecast.interval(level)) for level in forecast.levels]


def _without(score: Score, missing: NDArray[np.bool_]) -> Score:
    def kept(values: Values) -> Values:
        return np.where(missing, np.nan, values)

    return replace(
        score, mase=kept(score.mase), smape=kept(score.smape), mae=kept(score.mae), covered=kept(score.covered)
    )


def panel_p(difference: Values, lags: int = 0) -> float | None:
    """Return the p-value of "the mean difference [O, S] is 0": the larger of that over series and that over origins.

    None if there are not enough of either. Over series alone, luck shared by all series at an origin would count once
    for each series. Forecasts from origins no more than `lags` apart overlap.
    """
    tested = [paired_p(by_unit(difference, "series")), paired_p(by_unit(difference, "origins"), lags)]
    return max((p for p in tested if p is not None), default=None)


def by_unit(values: Values, units: str) -> Values:
    """Return the means of [O, S] over the other axis, for the units that have any value [n]."""
    means = _means(values, axis=0 if units == "series" else 1)
    return means[~np.isnan(means)]


def _means(values: Values, axis: int) -> Values:
    """Return the means of known values over an axis; NaN where there are none."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def overall(values: Values) -> float:
    """Return the mean of [O, S] over the series of each origin, then over origins; NaN if there are none."""
    means = by_unit(values, "origins")
    return float(means.mean()) if means.size else float("nan")
