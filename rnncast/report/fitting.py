"""Tables that fit a narrow screen."""

from copy import copy

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

FOLDED = 4  # folded columns that fit on a screen side by side
NATURAL = 10_000  # characters, enough for the natural width of any table


class FittingTable(Table):
    """A table that, on a narrow screen, folds its first columns and drops its last ones, by name, instead of cutting
    cells.

    folded: number of columns that may be folded. needed: number that are always shown. at_once: number that belong
    together, as the two ends of an interval do.
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
