"""Scores of sums over groups of series, such as regions, and over all series.

N rows of forecasts, S series, G sums: of each group, and the last of all series.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.evaluate.laid import Laid
from rnncast.evaluate.scoring import BY, Scores, score_forecasts, season_in_words, season_of
from rnncast.files.panels.forecast_table import Forecasts, ModelColumns, read_forecasts
from rnncast.files.panels.forecast_tables import ForecastSource, read_sources
from rnncast.plain import counted
from rnncast.series.covariates import Block
from rnncast.series.panel import KEY_MARK, Panel
from rnncast.series.sums import TOTAL, name_of_total, panel_of_sums, sum_of_each
from rnncast.values import Values


class Scored(NamedTuple):
    """Scores, with the observed values and the values before that they are of: those of sums, where these are
    scored."""

    scores: Scores
    actual: Panel
    history: Panel | None


def score_sources(
    sources: Sequence[ForecastSource],
    asked: TableConfig,
    actual: Panel,
    history: Panel | None,
    season: int | None,
    by: str = BY[0],
    weights: Values | None = None,
    *,
    tested: bool = False,
) -> Scored:
    """Read and score tables of forecasts: by one of the words of `BY`, else by "total" or id columns, for sums.

    Errors as `read_sources` and `score_forecasts`; UsageError for a column that is not an id.
    """
    if by in BY:
        given = read_sources(sources, asked, actual)
        scores = score_forecasts(given, actual, history, season, by, weights, tested=tested)
        return Scored(scores, actual, history)
    if weights is not None:
        raise UsageError(
            f"--weights: there are no weighted means of sums by {by}",
            hint=f"leave out --weights, or score by {', '.join(BY)}",
        )
    sums = Sums.of(actual, history, by)
    given = read_sources(sources, asked, actual, sums.read)
    before = history or actual
    used = season or season_of(before)
    scores = sums.score(given, used, tested=tested)
    if season is None and not before.frequency.seasons:
        scores.notes.extend(season_in_words(used))
    return Scored(scores, sums.actual, sums.history)


def read_with_groups(read: Callable[[TableConfig], Panel], asked: TableConfig, by: str) -> Panel:
    """Read a panel; once more, with the columns in `by`, if they are not ids but can be found."""
    panel = read(asked)
    columns = tuple(name for name in _names(by) if name not in panel.columns.ids)
    if not columns or by in BY:
        return panel
    try:
        return read(replace(asked, static=(*asked.static, *columns)))
    except UsageError:  # no such column: refused later, with the names of those that can be asked for
        return panel


def _names(by: str) -> tuple[str, ...]:
    return () if by == TOTAL else tuple(part.strip() for part in by.split(",") if part.strip())


def groups_of(panel: Panel, by: str, words: tuple[str, ...] = (TOTAL,)) -> tuple[tuple[str, ...], list[str]]:
    """Return the columns named in `by`, none for "total", and the group of each series [S] by them: by ids, or by
    columns that are constant in each series.

    words: what else can be asked for, for the hint. Raises UsageError for another column, or for none.
    """
    names = _names(by)
    if not names and by != TOTAL:
        raise UsageError("--by names nothing", hint=f"give id columns, or one of {', '.join(words)}")
    block = panel.covariates.static if panel.covariates is not None else Block()
    more = f"; --by also takes {' and '.join([', '.join(words[:-1]), words[-1]] if words[1:] else words)}"
    parts = []
    for name in names:
        if name in panel.columns.ids or name not in block.names:
            parts.append(sum_of_each(panel, (name,), more))
            continue
        place = block.names.index(name)
        levels = block.columns[place].levels
        cells = [None if np.isnan(value) else value for value in block.values[:, place].tolist()]
        parts.append(["" if v is None else levels[int(v)] if levels else f"{v:.15g}" for v in cells])
    return names, [KEY_MARK.join(each) for each in zip(*parts, strict=True)] if parts else sum_of_each(panel, ())


def members_of(ids: Sequence[str], keys: Sequence[str]) -> dict[str, list[str]]:
    """Return the series of each group, in order, from the group of each series."""
    members: dict[str, list[str]] = {}
    for name, key in zip(ids, keys, strict=True):
        members.setdefault(key, []).append(name)
    return members


class Level(NamedTuple):
    """Sums of a kind. name: what they are of. place [S]: of each series' sum in the panel of sums, -1 if it has none
    there. sizes [G]: number of series in each."""

    name: str
    place: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, name: str, keys: Sequence[str], panel: Panel) -> "Level":
        """Make one from the sum of each series [S]."""
        places = {key: place for place, key in enumerate(panel.ids)}
        place = np.array([places.get(key, -1) for key in keys], np.int64)
        return cls(name, place, np.bincount(place[place >= 0], minlength=len(panel)))


@dataclass(frozen=True)
class Sums:
    """Sums of observed values and of the values before, as panels of groups and their total.

    given: the panel whose series are summed. total: the id of the sum of all. notes: remarks for the user.
    """

    given: Panel
    actual: Panel
    history: Panel | None
    groups: Level
    whole: Level
    total: str
    by: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, actual: Panel, history: Panel | None, by: str) -> "Sums":
        """Sum panels over the series with the same values in the id columns `by`, "region,product", and over all; over
        all alone for "total".

        Raises UsageError for a column that is not an id; DataError if nothing can be summed.
        """
        names, keys = groups_of(actual, by, (*BY, TOTAL))
        total = name_of_total(keys, names)
        members = members_of(actual.ids, keys)
        several = {**members, total: list(actual.ids)}
        summed = panel_of_sums(actual, several, names)
        past = None if history is None else panel_of_sums(history, several, names)
        absent = [summed.columns.label(key) for key in several if key not in summed.ids]
        notes = [f"left out {name!r}: at no time do all of its series have a value" for name in absent]
        groups = Level.of(f"over {by}", keys if names else [""] * len(keys), summed)
        whole = Level.of("over all series", [total] * len(keys), summed)
        return cls(actual, summed, past, groups, whole, total, by, tuple(notes))

    def read(self, data: object, asked: TableConfig, actual: Panel) -> Forecasts:
        """Read a table of forecasts of series, or of the sums themselves, as forecasts of sums.

        Raises DataError if at no time all series of a sum are forecast and observed.
        """
        found = read_forecasts(data, asked, actual, self.actual)
        if not (found.series >= 0).any():
            return found
        known = found.series >= 0
        if not known.all():
            several = counted(int((~known).sum()), "forecast")
            found = _noted(found, f"left out {several} of series that have no actual values")
        rows = _rows(found, known)
        if not found.of_sums:
            Laid.of(rows, np.ones(len(rows.series), bool), actual)  # refuses a time that is forecast twice
            parts = [self._summed(rows, level) for level in (self.groups, self.whole) if (level.place >= 0).any()]
        else:
            parts = [rows, *self._total_of_groups(rows)]
        made = _joined(parts)
        if not len(made.series):
            raise self._nothing(rows)
        return made

    def score(self, forecasts: Forecasts, season: int, *, tested: bool) -> Scores:
        """Score forecasts of sums: a row for each group and the total of each model, with the errors of
        `score_forecasts`."""
        whole = forecasts.series == (self.actual.ids.index(self.total) if self.total in self.actual.ids else -2)
        parts = [_rows(forecasts, rows) for rows in (~whole, whole) if rows.any()]
        scores = [
            score_forecasts(_without_empty(part), self.actual, self.history, season, "series", tested=tested and not n)
            for n, part in enumerate(parts)
        ]
        names = [*dict.fromkeys(name for each in scores for name in each.names[:-1]), "season"]
        rows = [dict(zip(each.names, row, strict=True)) for each in scores for row in each.rows]
        rows.sort(key=lambda row: list(forecasts.models).index(row["model"]))
        table = [[row.get(name, float("nan")) for name in names] for row in rows]
        notes = [*self.notes, *forecasts.notes, *(note for each in scores for note in each.notes)]
        return replace(scores[0], names=names, rows=table, notes=list(dict.fromkeys(notes)))

    @property
    def _flags(self) -> str:
        """Flags of `forecast` for these sums."""
        ids = self.given.columns.ids
        more = [name for name in _names(self.by) if name not in ids]
        asked = f"--id {','.join([*more, *ids])} " if more else ""
        return "--total" if self.by == TOTAL else f"{asked}--by {self.by}"

    def _summed(self, rows: Forecasts, level: Level) -> Forecasts:
        """Return the sums of forecasts of series, where all series of a sum have one, with a note on the others."""
        place = level.place[rows.series]
        kept = _rows(rows._replace(series=place), place >= 0)
        alone = bool((level.sizes[level.sizes > 0] == 1).all())
        made, whole = _sums(kept, level.sizes, quantiles=alone)
        if not alone and any(model.probabilities for model in rows.models.values()):
            made = _noted(
                made,
                "quantiles do not add up, so the scores of intervals are left out; "
                f"rnncast forecast {self._flags} makes intervals of sums",
            )
        observed = _observed(made, self.actual)
        usable = whole & observed
        if not usable.all():
            made = _noted(
                made,
                f"left out {counted(int((~usable).sum()), 'sum')} {level.name}, of {len(usable):,}: a series has no "
                "forecast or no observed value at that time",
            )
        return _rows(made, usable)

    def _total_of_groups(self, rows: Forecasts) -> list[Forecasts]:
        """Return the total of forecasts of groups, unless it is forecast itself."""
        if self.total not in self.actual.ids or len(self.actual) == 1:
            return []
        place = self.actual.ids.index(self.total)
        if (rows.series == place).any():
            return []
        groups = len(np.unique(self.groups.place))
        made, whole = _sums(
            rows._replace(series=np.full(len(rows.series), place)), np.full(place + 1, groups), quantiles=False
        )
        return [_rows(made, whole & _observed(made, self.actual))]

    def _nothing(self, rows: Forecasts) -> DataError:
        names, there = self.given.columns, set(rows.series.tolist())
        lacking = next((name for s, name in enumerate(self.given.ids) if s not in there), None)
        hint = "give forecasts and observed values of all series at the same times"
        if lacking is not None and not rows.of_sums:
            hint = f"{hint}: {names.label(lacking)!r} has no forecast"
        return DataError(f"{rows.name}: at no time do all series of a sum have a forecast and an observed value", hint)


def _noted(forecasts: Forecasts, note: str) -> Forecasts:
    """Return the forecasts with one more note."""
    return forecasts._replace(notes=(*forecasts.notes, note))


def _rows(forecasts: Forecasts, chosen: NDArray[np.bool_]) -> Forecasts:
    """Return some rows of forecasts, each with its cutoff."""
    models = {
        name: ModelColumns(each.point[chosen], each.quantiles[chosen], each.probabilities)
        for name, each in forecasts.models.items()
    }
    return forecasts._replace(
        series=forecasts.series[chosen],
        positions=forecasts.positions[chosen],
        cutoff=None if forecasts.cutoff is None else forecasts.cutoff[chosen],
        models=models,
    )


def _sums(rows: Forecasts, sizes: NDArray[np.int64], *, quantiles: bool) -> tuple[Forecasts, NDArray[np.bool_]]:
    """Return the sums of forecasts with the same series, cutoff and time, and which have as many as `sizes` says.

    Without a column of cutoffs, they begin where all series of a sum are forecast.
    """
    cutoff = np.zeros_like(rows.positions) if rows.cutoff is None else rows.cutoff
    keys = np.stack([rows.series, cutoff, rows.positions])
    (series, cutoff, positions), group, counts = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
    group, whole = group.reshape(-1), counts == sizes[series]
    models = {}
    for name, each in rows.models.items():
        point = np.bincount(group, each.point, len(series)).astype(np.float64)
        kept = each.probabilities if quantiles else ()
        quantiles_there = np.empty((len(series), len(kept)))
        for q in range(len(kept)):
            quantiles_there[:, q] = np.bincount(group, each.quantiles[:, q], len(series))
        models[name] = ModelColumns(point, quantiles_there, kept)
    made = rows._replace(series=series, positions=positions, cutoff=cutoff, models=models, of_sums=True)
    if rows.cutoff is None:
        first = np.full(len(sizes), np.iinfo(np.int64).max)
        np.minimum.at(first, series[whole], positions[whole])
        made = made._replace(cutoff=first[series] - 1)
    return made, whole


def _observed(rows: Forecasts, panel: Panel) -> NDArray[np.bool_]:
    """Return which rows have an observed value in the panel of their series [N]."""
    return ~np.isnan(panel.values_at(rows.series, rows.positions))


def _joined(parts: Sequence[Forecasts]) -> Forecasts:
    """Return the rows of forecasts by the same models, one part after the other; NaN for quantiles that a part
    lacks."""
    models = {}
    for name in parts[0].models:
        columns = [part.models[name] for part in parts]
        probabilities = max((each.probabilities for each in columns), key=len)
        quantiles = [
            each.quantiles if each.probabilities else np.full((len(each.point), len(probabilities)), np.nan)
            for each in columns
        ]
        point = np.concatenate([each.point for each in columns])
        models[name] = ModelColumns(point, np.concatenate(quantiles), probabilities)
    return parts[0]._replace(
        series=np.concatenate([part.series for part in parts]),
        positions=np.concatenate([part.positions for part in parts]),
        cutoff=np.concatenate([part.cutoffs for part in parts]),
        models=models,
        of_sums=True,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _without_empty(forecasts: Forecasts) -> Forecasts:
    """Return the forecasts without models that have none, and without quantiles that are all missing."""
    models = {}
    for name, each in forecasts.models.items():
        if each.probabilities and np.isnan(each.quantiles).all():
            each = ModelColumns(each.point, np.empty((len(each.point), 0)), ())
        if each.probabilities or not np.isnan(each.point).all():
            models[name] = each
    return forecasts._replace(models=models or forecasts.models)
