"""What a command runs in: its streams, whether a person looks at them, and how much they want to hear."""

import os
import select
import shlex
import shutil
import stat
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, TextIO

from rnncast.cli.streams import standard_error, standard_output
from rnncast.errors import RnncastError, UsageError
from rnncast.plain import json_text
from rnncast.report.harmless import harmless

if TYPE_CHECKING:
    from rich.console import Console


@dataclass
class Environment:
    """The streams of one run. Tests hand in their own. What is said may hold text from data, and is made harmless."""

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
        """A remark for the person, on stderr; nothing under --quiet."""
        self._note(text)
        if not self.quiet:
            self._tell(text)

    def warn(self, text: str) -> None:
        """What went wrong but does not end the run, on stderr; under --quiet too."""
        self._note(text)
        self._tell(f"rnncast: {text}")

    def complain(self, error: RnncastError) -> None:
        """What ended the run, on stderr: one sentence on what was wrong, and a line on what to do; or an object."""
        if self.errors_as_json:
            self._note(error.message)
            return self._tell(json_text(error.to_dict()))
        self.warn(error.message)
        if error.hint:
            self._tell(f"  hint: {error.hint}")
        return None

    @property
    def command_line(self) -> str:
        """The command as a shell takes it."""
        return shlex.join(["rnncast", *self.arguments])

    def detail(self, text: str, *, log: bool = False) -> None:
        """A remark for --verbose only; log: and for a log file, whatever is said."""
        if self.verbose:
            self.say(text)
        elif log:
            self._note(text)

    @property
    def side_screen(self) -> "Console":
        """Where progress goes."""
        from rnncast.report.screen import screen  # of use to a person alone

        return screen(self.stderr)

    @property
    def shows_progress(self) -> bool:
        """Whether a person watches stderr, and is not told in lines, which a bar would be torn by."""
        return self.stderr.isatty() and not self.quiet and not self.verbose

    @property
    def shows_tables(self) -> bool:
        """Whether a person watches stdout."""
        return self.stdout.isatty()

    def draws_on(self, stream: TextIO) -> bool:
        """Whether pictures are drawn there: for a person, on a terminal that can show them, if they are wanted."""
        return self.plots and not self.quiet and stream.isatty() and os.environ.get("TERM") != "dumb"

    def data_or_stdin(self, data: str | None, command: str) -> str:
        """The data argument, or "-" where data are piped in. UsageError, with an example, where there is neither."""
        found = data or self.piped()
        if found is None:
            raise UsageError(
                "no data: name a file, or pipe a table in",
                hint=f"rnncast {command} sales.csv, or: cat sales.csv | rnncast {command} -",
            )
        return found

    def piped(self) -> str | None:
        """ "-" if something is piped or redirected into stdin, None for a terminal, /dev/null or an empty pipe."""
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
        """Whether something was piped or redirected into stdin and can be read at once, without taking any of it."""
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
        """The text as wide as a terminal, whose own folding would cut words; as it is elsewhere."""
        if not self.stderr.isatty():
            return text
        width = shutil.get_terminal_size().columns
        hanging = " " * (len(text) - len(text.lstrip()) + 2)
        folding = textwrap.TextWrapper(
            width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        folding.replace_whitespace = False
        return "\n".join("\n".join(folding.wrap(line)) for line in text.split("\n"))
