"""Comparing and scoring: is a net worth it, and how good was a forecast?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnncast.api.forecast import Forecast, html
from rnncast.api.keywords import ALL, table_and_config, takes
from rnncast.api.model import Model
from rnncast.api.speaking import drawn_progress, panel_of, speaker
from rnncast.config import Config, NetConfig, TableConfig
from rnncast.errors import UsageError
from rnncast.evaluate.compare import Plan
from rnncast.evaluate.contest import Contest
from rnncast.evaluate.findings import Findings
from rnncast.files.panels.forecast_tables import ForecastSource

if TYPE_CHECKING:
    import pandas as pd

    from rnncast.series import forecast as series


@dataclass(frozen=True, repr=False)
class Comparison:
    """Result of a comparison."""

    findings: Findings

    @property
    def win(self) -> bool:
        """True if the model beats every baseline and the better naive forecast by more than chance."""
        verdict = self.findings.verdict
        return verdict is not None and verdict.win

    @property
    def verdict(self) -> str:
        """Answer in a sentence; empty if nothing could be judged."""
        verdict = self.findings.verdict
        return "" if verdict is None else verdict.sentence

    def to_frame(self) -> "pd.DataFrame":
        """Return a row for each candidate, the best first: MASE, sMAPE, MAE, rank, skill, coverage, p, seconds."""
        import pandas as pd

        return pd.DataFrame(self.findings.rows, columns=self.findings.names)

    def forecasts(self) -> "pd.DataFrame":
        """Return every forecast: a row for each series, origin and step, a column for each candidate and interval
        end."""
        import pandas as pd

        from rnncast.files.output.forecasts import side_by_side

        origins: dict[int, dict[str, series.Forecast]] = {}
        for outcome in self.findings.outcomes:
            origins.setdefault(outcome.origin, {})[outcome.candidate] = outcome.forecast
        names, rows = side_by_side([*origins.values()])
        return pd.DataFrame(rows, columns=names)

    def __repr__(self) -> str:
        shown = ["model", "mase", "rank", "skill", "mae", "p", "seconds"]
        table = self.to_frame()[shown].to_string(index=False, float_format=lambda value: f"{value:.3f}", na_rep="")
        return f"{table}\n{self.verdict}"

    def _repr_html_(self) -> str:
        return html(self.to_frame().round(3), self.verdict)


@takes(*ALL)
def compare(
    df: Any,
    *,
    model: Any = NetConfig.model,
    baseline: Any = None,
    with_: Any = None,
    folds: int | None = None,
    refit: str = "all",
    device: str = "auto",
    quiet: bool = False,
    **settings: Any,
) -> Comparison:
    """Compare nets with baselines and the naive forecasts, on the same origins of the same data.

    df: as `train` takes it. model, baseline: a net, "pretrained", a baseline, a model file, a Model (its settings are
    used, not its weights), or a list of these; baseline=[] trains no net besides the model. folds: number of origins, a
    horizon apart; None for as many as the data allow. refit: train nets anew at "all" origins, or at the "first".
    Errors as `compare_candidates`.
    """
    if refit not in ("all", "first"):
        raise UsageError(f"--refit is {refit!r}, but must be one of all, first")
    others = "window" if with_ is None else ()
    contest, say = _contest(model, others if baseline is None else baseline), speaker(quiet)
    table, _ = table_and_config(settings, contest.table)
    panel = panel_of(df, table, say)

    def configured(base: Config | None) -> Config:
        return table_and_config(settings, None, base)[1]

    given = contest.given(_sources(with_), table, panel)
    with drawn_progress(quiet) as advance:
        plan = Plan(folds=folds, refit=refit == "all", device=device, given=given)
        findings = contest.held(panel, configured, plan, lambda done, total, words: advance(done, total, words))
    return Comparison(findings)


def _sources(given: Any) -> list[ForecastSource]:
    """Return tables of forecasts, and what they are called."""
    if isinstance(given, Mapping):
        return [ForecastSource(_table(each), str(name)) for name, each in given.items()]
    several = given if isinstance(given, list | tuple) else [given] if given is not None else []
    return [ForecastSource(_table(each)) for each in several]


def _table(forecasts: Any) -> Any:
    return forecasts.to_frame() if isinstance(forecasts, Forecast) else forecasts


def _contest(models: Any, baselines: Any) -> Contest:
    """Return the candidates by name; a Model has the name of its net."""
    trained = {}

    def names(given: Any) -> list[str]:
        found = []
        for each in [given] if isinstance(given, str | Model) or not isinstance(given, Iterable) else given:
            name = each.forecaster.spec.net.model + "-trained.model" if isinstance(each, Model) else str(each)
            if isinstance(each, Model):
                trained[name] = each.forecaster
            found.append(name)
        return found

    contest = Contest.of(names(models), names(baselines))
    return contest._replace(trained={**contest.trained, **trained})


@takes(TableConfig, without=("known", "past", "static"))
def score(
    forecasts: Any,
    actual: Any,
    *,
    history: Any = None,
    by: str = "overall",
    season: int | None = None,
    weights: Any = None,
    test: bool = False,
    quiet: bool = False,
    **table: Any,
) -> "pd.DataFrame":
    """Score forecasts from any source against actual values: a row for each model, or for each model and series, lead
    time or sum of series.

    forecasts: a Forecast, a table as libraries write it, or a dict of such by name. actual: the observed values, as
    `train` takes data. history: the values before, by which errors are scaled; None takes those in `actual`. by:
    "overall", "series" or "lead"; or, for sums over series and their total, id columns, "region,product", or "total".
    season: the m of MASE; None for the calendar's, or one found in the data. weights:
    the weight of each series in means over series: a dict by id, a Series, or a table. test: test whether the best
    model is better than the others by more than chance, print the answer, and add p as a column. Errors as
    `read_forecasts` and `score_forecasts`.
    """
    import pandas as pd

    from rnncast.evaluate.levels import read_with_groups, score_sources
    from rnncast.evaluate.scoring import placed_after
    from rnncast.files.panels.weights import checked, read_weights

    asked, say = TableConfig.of(table), speaker(quiet)
    grouped = "overall" if hasattr(actual, "read") else by  # an open file is read once
    panel = read_with_groups(lambda each: panel_of(actual, each, lambda text: None), asked, grouped)
    past = None if history is None else panel_of(history, asked, lambda text: None)
    panel = placed_after(panel, past)
    by_id = isinstance(weights, Mapping) or (hasattr(weights, "to_dict") and not hasattr(weights, "columns"))
    weighed = None
    if weights is not None:
        weighed = checked(dict(weights), "weights", panel) if by_id else read_weights(weights, asked, panel)
    found = score_sources(_sources(forecasts), asked, panel, past, season, by, weighed, tested=test).scores
    for note in found.notes:
        say(note)
    return pd.DataFrame(found.rows, columns=found.names)
