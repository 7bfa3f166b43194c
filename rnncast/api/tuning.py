"""Search for settings in a notebook."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from rnncast.api.forecast import html
from rnncast.api.keywords import ALL, table_and_config, takes
from rnncast.api.speaking import drawn_progress, panel_of, speaker
from rnncast.api.terms import keyword
from rnncast.config import Config, TableConfig
from rnncast.errors import UsageError
from rnncast.settings import seconds_of, several, sorted_out
from rnncast.tuning.search import Found
from rnncast.tuning.space import TRIALS, asked_for, limit_and_column, searched
from rnncast.tuning.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Tuning:
    """Result of a search."""

    found: Found
    judged: Verdict
    table: TableConfig

    @property
    def settings(self) -> dict[str, Any]:
        """Keywords for `rnncast.train`: the best trial's if it beats the default by more than chance, else those asked
        for."""
        return _keywords(self.table, self.found.config_of(self.judged.chosen))

    @property
    def best_settings(self) -> dict[str, Any]:
        """Keywords for `rnncast.train`: those of the best trial, even if it may be better by chance."""
        return _keywords(self.table, self.found.config_of(self.judged.best))

    @property
    def beaten(self) -> bool:
        """True if the default settings are beaten by more than chance."""
        return self.judged.beaten

    @property
    def verdict(self) -> str:
        """Answer in a sentence."""
        return self.judged.sentence

    def to_frame(self) -> "pd.DataFrame":
        """Return a row for each trial, the default settings first: MASE, the settings, what ended it, seconds."""
        import pandas as pd

        return pd.DataFrame(self.found.rows, columns=self.found.names)

    def save(self, path: str = "tuned.toml", *, best: bool = False) -> None:
        """Write `settings` (or `best_settings`) as a settings file for `rnncast train --settings`.

        Raises OutputError if it cannot be written.
        """
        from rnncast.files.output.writing import written_text
        from rnncast.tuning.written import tuned_text

        with written_text(str(path)) as file:
            file.write(tuned_text(self.found, self.judged, self.table, "rnncast.tune(...)", best=best))

    def __repr__(self) -> str:
        finished = self.to_frame().dropna(subset="mase").sort_values("mase", kind="stable").head()
        return f"{finished.to_string(index=False)}\n{self.verdict}"

    def _repr_html_(self) -> str:
        return html(self.to_frame().sort_values("mase", kind="stable").round(4), self.verdict)


@takes(*ALL)
def tune(
    df: Any,
    *,
    trials: int = TRIALS,
    time: Any = None,
    search: Any = None,
    journal: str | None = None,
    future: Any = None,
    device: str = "auto",
    quiet: bool = False,
    **settings: Any,
) -> Tuning:
    """Search for settings that forecast better than the default ones, by the validation that `train` uses.

    df: as `train` takes it. trials: in all, including those in the journal. max_time, or time: seconds, or "10m"; any
    other time is the time column. search: settings to search, by the names of their flags. journal: a file from which a
    later search continues. Settings given by keyword are not searched. Errors as `tuning.search.search`.
    """
    from rnncast.forecaster.data import extended
    from rnncast.report.tuning import Searching
    from rnncast.tuning.search import Wanted, check_installed
    from rnncast.tuning.search import search as found_by
    from rnncast.tuning.verdict import judge

    check_installed()
    limit, column = limit_and_column(settings.pop("max_time", None), time)
    seconds = None if limit is None else seconds_of("max_time", str(limit))
    (table, config), say = table_and_config({**settings, "time": column}), speaker(quiet)
    if trials < 1:
        raise UsageError(f"--trials is {trials}, but must be at least 1")
    _, _, *each = sorted_out(settings, table, config.task, config.net, config.train)
    config, given = asked_for(config, {name for names in each for name in names})
    names = searched(None if search is None else several("search", search, str), given)
    wanted = Wanted(config, names, trials, seconds, None if journal is None else str(journal), device)
    panel = panel_of(df, table, say)
    if future is not None:
        panel = extended(panel, future, table, say)
    with drawn_progress(quiet) as advance:
        found = found_by(panel, wanted, Searching(wanted, advance).listener())
    verdict = judge(found)
    say(verdict.sentence)
    return Tuning(found, verdict, table)


def _keywords(table: TableConfig, config: Config) -> dict[str, Any]:
    """Return the settings that are not at their defaults, by the names that `train` takes."""
    return {
        keyword(spec.name): getattr(section, spec.name)
        for section in (table, config.task, config.net, config.train)
        for spec in fields(section)
        if getattr(section, spec.name) != spec.default
    }
