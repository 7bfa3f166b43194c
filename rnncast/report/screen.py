"""The one way to the terminal for tables and progress: what is text stays text."""

from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from rnncast.report.harmless import harmless


class _Screen(Console):
    """A console whose strings may come from data. Each, in a cell, a heading or a line, becomes a Text here."""

    def render_str(self, text: str, **how: Any) -> Text:
        """The string as it is, without markup, but for what `harmless` writes out."""
        return super().render_str(harmless(text), **{**how, "markup": False, "emoji": False})


def screen(file: TextIO, width: int | None = None) -> Console:
    """A console that draws on a stream; width in characters, that of the terminal unless given."""
    return _Screen(file=file, width=width)
