"""Settings file written by a search: settings for training, and what is known about them."""

from textwrap import wrap

from rnncast.files.output.settings import comment, settings_text
from rnncast.table_config import TableConfig
from rnncast.tuning.search import Found
from rnncast.tuning.verdict import Verdict

WIDTH = 98  # of a comment


def tuned_text(found: Found, verdict: Verdict, table: TableConfig, command: str, *, best: bool) -> str:
    """Return the settings file, with the verdict in comments.

    It has the settings of the best trial if the default is beaten or `best` is asked for, else those that were given,
    with the best trial's in comments. table: how the data were read.
    """
    taken = verdict.best if best else verdict.chosen
    text = comment(f"Written by: {command}") + comment("\n".join(wrap(verdict.sentence, WIDTH)))
    text += settings_text(table, found.config_of(taken))
    if taken is not verdict.best:
        text += comment(f"Trial {verdict.best.number}, instead of the default settings:")
        text += comment(settings_text(TableConfig(), found.config_of(verdict.best)))
    return text
