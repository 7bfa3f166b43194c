"""Training in a notebook, and the trained Model."""

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rnncast.api.forecast import Forecast, shown
from rnncast.api.keywords import ALL, table_and_config, takes
from rnncast.api.speaking import drawn_progress, panel_of, seen_by, speaker
from rnncast.config import ALL_BUT_BOUNDS, ANY_NET, SCRATCH, STARTS, Config, TableConfig, TaskConfig
from rnncast.files.formats.folders import Named, given, is_paths
from rnncast.forecaster.forecaster import Forecaster
from rnncast.forecaster.warm import check_further, further_config
from rnncast.settings import sorted_out, updated


@dataclass(frozen=True, repr=False)
class Model:
    """A trained net with the state of every series it was trained on. It is never modified."""

    forecaster: Forecaster

    @takes(TableConfig, TaskConfig, without=ALL_BUT_BOUNDS)
    def forecast(
        self,
        df: Any = None,
        horizon: int | None = None,
        level: Any = None,
        *,
        quantiles: Any = None,
        future: Any = None,
        quiet: bool = False,
        **settings: Any,
    ) -> Forecast:
        """Forecast the next values of each trained series, or of each series of a table, given as its whole history.

        df: a DataFrame, a path, or anything else `train` takes; None continues the trained series. horizon: steps; None
        for the trained one. level: intervals in percent, 80 or (80, 95), or quantiles: (0.1, 0.5, 0.9); None as
        trained. future: a table of known covariates in the steps ahead. min, max: bounds of the forecast. **settings:
        how to read df; as in training by default. Errors as `Forecaster.predict`.
        """
        from rnncast.forecaster.data import future_of

        say, forecaster = speaker(quiet), self.forecaster
        read, bounds = sorted_out(settings, forecaster.source.table, TaskConfig())
        asked = updated(forecaster.source.table, read)
        if bounds:
            task = updated(TaskConfig(), bounds)
            spec = forecaster.spec.bounded(task.minimum, task.maximum)
            forecaster = replace(forecaster, spec=spec)
        panel = None if df is None else panel_of(df, asked, lambda text: None)
        ahead = None if future is None else future_of(forecaster, panel, future, asked, horizon, say)
        values = forecaster.predict(panel, horizon, future=ahead)
        drawn = partial(forecaster.sample, panel=panel, horizon=horizon, future=ahead)
        seen = partial(seen_by, panel or forecaster)
        return Forecast(shown(values, level, quantiles), seen, forecaster.spec.task.seasons, drawn)

    @takes(TableConfig)
    def update(self, df: Any, **table: Any) -> "Model":
        """Return the same net after new rows of its series, which follow the saved state; the cost is in these rows
        only.

        gaps="mask": steps may be missing in front of them. Raises DataError for rows that do not follow.
        """
        from rnncast.files.panels.tables import read_table
        from rnncast.forecaster.data import continued

        asked = TableConfig.of(table, self.forecaster.source.table)
        return Model(continued(self.forecaster, read_table, df, asked, gaps=table.get("gaps") == "mask"))

    @property
    def horizon(self) -> int:
        """Number of steps that it was trained to forecast."""
        return self.forecaster.spec.task.horizon

    @property
    def scores(self) -> dict[str, float]:
        """MASE on data held out in training, of the model and of the naive forecasts; empty if none were held out."""
        return dict(self.forecaster.scores)

    def save(self, path: str = "rnncast.safetensors") -> None:
        """Write the model file, which `load` and the command line read. Raises OutputError if it cannot be written."""
        self.forecaster.save(str(path))

    def __repr__(self) -> str:
        return f"Model{repr(self.forecaster).removeprefix('Forecaster')}"

    def _repr_html_(self) -> str:
        from html import escape

        from rnncast.report.words import name_of, scores_in_words

        told = scores_in_words(name_of(self.forecaster.spec), self.forecaster.scores)
        return f"<p>{escape(repr(self))}<br>{escape(told)}</p>"


@takes(*ALL)
def train(df: Any, *, future: Any = None, device: str = "auto", quiet: bool = False, **settings: Any) -> Model:
    """Train on a table of time series, as `rnncast train` does, with its flags as keywords.

    df: a pandas DataFrame or Series, a polars or any other Arrow table, a path, a folder, a pattern such as
    "sales/*.csv", a list of these, an open file, or the values of one series. future: a table of known covariates in
    the steps ahead. start: as --from. quiet: print nothing on stderr.
    Raises DataError, UsageError or TrainingError, with a hint.
    """
    from rnncast.choices.decide import decide
    from rnncast.forecaster.data import extended
    from rnncast.report.course import WHOLE, Course
    from rnncast.report.words import choices_in_words, epoch_in_words, name_of, scores_in_words
    from rnncast.training.epoch import EpochReport
    from rnncast.training.watch import Watch

    (table, config, start), say = _asked(settings), speaker(quiet)
    panel = panel_of(df, table, say)
    if future is not None:
        panel = extended(panel, future, table, say)
    if config.net.model == ANY_NET:
        from rnncast.evaluate.picking import picked

        config, reason = picked(panel, config, device)
        say(f"net {config.net.model}: {reason}")
    spec, _ = decide(config, panel, None if start is None else start.encoding)
    course = Course(config.train.max_time)
    with drawn_progress(quiet) as advance:

        def told(run: str, report: EpochReport) -> None:
            course.told(run, report)
            advance(course.done, WHOLE, epoch_in_words(run, report, report))

        watch = Watch(told, device=device, planned=course.planned, ended=course.ended)
        forecaster = Forecaster.fit_spec(panel, spec, config, watch=watch, start=start)
    say(choices_in_words(config, forecaster.spec))
    if config.train.validate:
        say(scores_in_words(name_of(forecaster.spec), forecaster.scores))
    return Model(forecaster.from_source(_path(df), table))


def load(path: Any = "rnncast.safetensors", device: str = "cpu") -> Model:
    """Read a model file written by `Model.save` or the command line. Raises ModelFileError if it is not a sound one."""
    return Model(replace(Forecaster.load(str(path)), device=device))


def _asked(settings: dict[str, Any]) -> tuple[TableConfig, Config, Forecaster | None]:
    """Return the settings asked for, and the forecaster whose nets are trained further, with its own settings as
    defaults."""
    table, config = table_and_config(settings)
    if config.train.start == "auto" and settings.get("model", ANY_NET) != ANY_NET:  # by name, even if it is the default
        return table, replace(config, train=replace(config.train, start=SCRATCH)), None
    if config.train.start in STARTS:
        return table, config, None
    start = Forecaster.load(config.train.start)
    base = further_config(start.spec, config.train.start)
    table, config = table_and_config(settings, start.source.table, base)
    check_further(start.spec, config)
    return table, config, start


def _path(df: Any) -> Named:
    """Return where data can be found again; empty if nowhere."""
    paths = [df] if isinstance(df, str | os.PathLike) else df
    return given(list(map(os.fsdecode, paths))) or "" if is_paths(paths) else ""
