"""A table that fits a narrow screen."""

from copy import copy

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

FOLDED = 4  # columns of that width that a screen has room for
NATURAL = 10_000  # characters, in which any table is as wide as it needs to be


class FittingTable(Table):
    """A table that, where a screen is too narrow, folds its first columns and leaves out its last ones, rather than cut
    cells; and says which.

    folded: how many columns may be folded. needed: how many are always shown. at_once: how many belong together, as the
    two ends of an interval do. instead: what shows all of them on any screen.
    """

    folded = 0
    needed = 0
    at_once = 1
    instead = "--format csv"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fitted, natural = copy(self), options.update(width=NATURAL)
        fitted.columns = [copy(column) for column in self.columns]

        def too_wide() -> bool:
            return Table.__rich_measure__(fitted, console, natural).maximum > options.max_width

        if too_wide():
            for column in fitted.columns[: self.folded]:
                column.max_width, column.no_wrap, column.overflow = options.max_width // FOLDED, False, "fold"
        while len(fitted.columns) - self.at_once >= self.needed and too_wide():
            del fitted.columns[-self.at_once :]
        yield from Table.__rich_console__(fitted, console, options)
        if left_out := [str(column.header) for column in self.columns[len(fitted.columns) :]]:
            yield Text(f"too narrow for {', '.join(left_out)}: widen the window, or {self.instead}")
