"""Console for all tables and progress, on which text is never interpreted as markup."""

from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from rnncast.report.harmless import harmless


class _Screen(Console):
    """A console for strings that may come from data: each cell, heading or line becomes plain Text here."""

    def render_str(self, text: str, **how: Any) -> Text:
        """Return the string as it is, without markup, except for what `harmless` escapes."""
        return super().render_str(harmless(text), **{**how, "markup": False, "emoji": False})


def screen(file: TextIO, width: int | None = None) -> Console:
    """Return a console that draws on a stream. width: in characters; None for that of the terminal."""
    return _Screen(file=file, width=width)
