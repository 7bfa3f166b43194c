"""Environment of a command: its streams, whether a person reads them, and how much they want to see."""

import os
import select
import shlex
import shutil
import stat
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, TextIO

from rnncast.cli.streams import standard_error, standard_output
from rnncast.errors import RnncastError, UsageError
from rnncast.files.formats.folders import Tables, tables_of
from rnncast.plain import json_text
from rnncast.report.harmless import harmless

if TYPE_CHECKING:
    from rich.console import Console


@dataclass
class Environment:
    """Streams of one run. Tests pass in their own. Messages may hold text from data, and are made harmless."""

    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=standard_output)
    stderr: TextIO = field(default_factory=standard_error)
    quiet: bool = False
    verbose: bool = False
    plots: bool = True  # unless --no-plot is given
    errors_as_json: bool = False
    log: Callable[[str], None] | None = None  # takes every remark too, even under --quiet
    arguments: tuple[str, ...] = ()  # the command line, after the name of the program

    def say(self, text: str) -> None:
        """Report a remark on stderr; nothing under --quiet."""
        self._note(text)
        if not self.quiet:
            self._tell(text)

    def warn(self, text: str) -> None:
        """Report a fault that does not end the run, on stderr, also under --quiet."""
        self._note(text)
        self._tell(f"rnncast: {text}")

    def complain(self, error: RnncastError) -> None:
        """Report the error that ended the run on stderr: a sentence, and a line on what to do; or one object."""
        if self.errors_as_json:
            self._note(error.message)
            return self._tell(json_text(error.to_dict()))
        self.warn(error.message)
        if error.hint:
            self._tell(f"  hint: {error.hint}")
        return None

    @property
    def command_line(self) -> str:
        """Return the command as a shell takes it."""
        return shlex.join(["rnncast", *self.arguments])

    def detail(self, text: str, *, log: bool = False) -> None:
        """Report a remark under --verbose only."""
        if self.verbose:
            self.say(text)
        elif log:
            self._note(text)

    @property
    def side_screen(self) -> "Console":
        """Console for progress."""
        from rnncast.report.screen import screen  # needed only for people

        return screen(self.stderr)

    @property
    def shows_progress(self) -> bool:
        """True if a person watches stderr without --verbose, whose lines would break a progress bar."""
        return self.stderr.isatty() and not self.quiet and not self.verbose

    @property
    def shows_tables(self) -> bool:
        """True if a person watches stdout."""
        return self.stdout.isatty()

    def draws_on(self, stream: TextIO) -> bool:
        """Return whether pictures are drawn on a stream: a terminal that can show them, unless they are switched
        off."""
        return self.plots and not self.quiet and stream.isatty() and os.environ.get("TERM") != "dumb"

    def data_or_stdin(self, data: Sequence[str] | None, command: str) -> Tables:
        """Return the data arguments, or "-" if data are piped in. Raises UsageError, with an example, if neither is
        there."""
        found = tables_of(data) or self.piped()
        if found is None:
            raise UsageError(
                "no data: name a file, or pipe a table in",
                hint=f"rnncast {command} sales.csv, or: cat sales.csv | rnncast {command} -",
            )
        return found

    def piped(self) -> str | None:
        """Return "-" if something is piped or redirected into stdin; None for a terminal, /dev/null or an empty
        pipe."""
        buffer: BinaryIO | None = getattr(self.stdin, "buffer", None)
        if buffer is None or self.stdin.closed:
            return None
        try:
            mode = os.fstat(self.stdin.fileno()).st_mode
        except OSError:
            return None
        if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
            return None
        return "-" if buffer.peek(1) else None  # type: ignore[attr-defined]

    def stdin_waits(self) -> bool:
        """Return whether stdin is a pipe or file with something to read at once, without reading any of it."""
        try:
            mode = os.fstat(self.stdin.fileno()).st_mode
        except (OSError, ValueError):
            return False
        if stat.S_ISREG(mode):
            return os.lseek(self.stdin.fileno(), 0, os.SEEK_CUR) < os.fstat(self.stdin.fileno()).st_size
        if not stat.S_ISFIFO(mode):
            return False
        waiting = select.poll()
        waiting.register(self.stdin, select.POLLIN)
        return any(event & select.POLLIN for _, event in waiting.poll(0))

    def _note(self, text: str) -> None:
        if self.log is not None:
            self.log(text)

    def _tell(self, text: str) -> None:
        print(self._folded(harmless(text)), file=self.stderr, flush=True)

    def _folded(self, text: str) -> str:
        """Return the text folded between words to the width of a terminal; unchanged elsewhere."""
        if not self.stderr.isatty():
            return text
        width = shutil.get_terminal_size().columns
        hanging = " " * (len(text) - len(text.lstrip()) + 2)
        folding = textwrap.TextWrapper(
            width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        folding.replace_whitespace = False
        return "\n".join("\n".join(folding.wrap(line)) for line in text.split("\n"))
