"""Numbers as people write them: 1234.5, 1,234.5, 1.234,5, 1 234,5. Which mark is the decimal one, and the values."""

import re

import numpy as np
import pandas as pd

from rnncast.errors import DataError
from rnncast.files.formats.cells import Coded, Mask, Table
from rnncast.files.formats.marks import EXPONENT, MISSING
from rnncast.values import Values

_BLANKS = " \u00a0\u202f'’"  # thousands marks besides comma and point


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = rf"(?:\d+|\d{{1,3}}(?:[{thousands}{_BLANKS}]\d{{3}})+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{decimal}\d*)?|{decimal}\d+){EXPONENT}", re.ASCII)


STYLES = {"point": _pattern(r"\.", ","), "comma": _pattern(",", ".")}
_MINUS = str.maketrans({"−": "-"})


def is_number(cell: str) -> bool:
    """Whether a cell is a number in any style."""
    return any(style.fullmatch(cell.translate(_MINUS)) for style in STYLES.values())


def parse_numbers(texts: "pd.Series[str]", decimal: str, place: str) -> Values:
    """The value of each text; NaN for a missing one, infinity for one that is no number.

    DataError, beginning with `place`, where the marks can be read in two ways and `decimal` is "auto".
    """
    clean = texts.str.translate(_MINUS)
    asked = ~clean.isin(MISSING).to_numpy()
    fits = {name: clean.str.fullmatch(style.pattern).to_numpy(bool) for name, style in STYLES.items()}
    style = _style(clean, asked, fits) if decimal == "auto" else decimal
    if style is None:
        shown = clean[asked & clean.str.contains(",").to_numpy(bool)].iloc[0]
        raise DataError(
            f"{place}: {shown!r} can be read with a comma for thousands or for decimals",
            hint="say which with --decimal comma or --decimal point",
        )
    values = np.where(asked, np.inf, np.nan)
    good = asked & fits[style]
    values[good] = _values(clean[good], style)
    return values


def column_numbers(column: Coded, name: str, table: Table, decimal: str) -> Values:
    """The value of each row of a column, as `parse_numbers`."""
    return parse_numbers(column.texts, decimal, f"{table.name}, column {name!r}")[column.codes]


def finite_numbers(column: Coded, name: str, table: Table, decimal: str, empty: str) -> Values:
    """The value of each row of a column, NaN where it is missing. DataError, with the place, for one that is no number.

    empty: where a cell may be left empty, for the hint.
    """
    values = column_numbers(column, name, table, decimal)
    wrong = np.flatnonzero(np.isinf(values))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{table.at(row)}: {column[row]!r} in column {name!r} is not a number", hint=f"leave a cell empty {empty}"
        )
    return values


def _style(clean: "pd.Series[str]", asked: Mask, fits: dict[str, Mask]) -> str | None:
    point, comma = (int((fits[name] & asked).sum()) for name in ("point", "comma"))
    if point != comma:
        return "point" if point > comma else "comma"
    # Where both fit all cells, a comma is the only mark that has no usual reading.
    both = asked & fits["point"] & fits["comma"] & clean.str.contains(",").to_numpy(bool)
    return None if both.any() else "point"


def _values(texts: "pd.Series[str]", style: str) -> Values:
    thousands = _BLANKS + ("," if style == "point" else ".")
    drop = str.maketrans(dict.fromkeys(thousands) | ({",": "."} if style == "comma" else {}))
    return np.array([float(text.translate(drop)) for text in texts], np.float64)
