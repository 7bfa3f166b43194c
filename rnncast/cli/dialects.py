"""Writing of forecasts: in the dialect of the data, and with the digits that the data justify."""

from typing import TYPE_CHECKING

from rnncast.errors import UsageError
from rnncast.settings import AUTO, FULL

if TYPE_CHECKING:
    from rnncast.files.output.rows import Dialect
    from rnncast.series.panel import Columns

SAME, PLAIN = "same", "plain"
MOST_DIGITS = 15


def check_written(dialect: str, digits: str) -> None:
    """Raise UsageError for an unknown dialect or number of digits."""
    check_digits(digits)
    if dialect not in (SAME, PLAIN):
        raise UsageError(f"--dialect is {dialect!r}, but must be {SAME} or {PLAIN}")


def check_digits(digits: str) -> None:
    """Raise UsageError for an unknown number of digits."""
    if digits not in (AUTO, FULL) and not (digits.isdecimal() and digits.isascii() and int(digits) <= MOST_DIGITS):
        raise UsageError(f"--digits is {digits!r}, but must be {AUTO}, {FULL}, or decimals from 0 to {MOST_DIGITS}")


def dialect_of(columns: "Columns", asked: str) -> "Dialect":
    """Return the dialect of separated values that match a table with these columns."""
    from rnncast.files.output import rows

    return rows.PLAIN if asked == PLAIN else rows.Dialect.of(columns)
