"""Columns of numbers as people write them: the decimal mark, and the values."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from rnncast.errors import DataError
from rnncast.files.formats.cells import Coded, Mask, Table
from rnncast.files.formats.marks import BLANKS, MISSING, STYLES, no_number, undressed
from rnncast.values import Values


def parse_numbers(texts: "pd.Series[str]", decimal: str, place: str) -> Values:
    """Return the value of each text; NaN for a missing one, infinity for one that is not a number.

    Raises DataError, opening with `place`, if the marks can be read in two ways and `decimal` is "auto".
    """
    parts = [undressed(text) for text in texts]
    clean = pd.Series([text for text, _ in parts], dtype=str)
    asked = ~texts.isin(MISSING).to_numpy()
    _check_units(texts, parts, asked, place)
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
    """Return the value of each row of a column, as `parse_numbers` does."""
    return parse_numbers(column.texts, decimal, f"{table.name}, column {name!r}")[column.codes]


def finite_numbers(column: Coded, name: str, table: Table, decimal: str, empty: str) -> Values:
    """Return the value of each row of a column, NaN where it is missing. Raises DataError for a cell that is not a
    number.

    empty: where a cell may be left empty, for the hint.
    """
    values = column_numbers(column, name, table, decimal)
    wrong = np.flatnonzero(np.isinf(values))
    if len(wrong):
        row = int(wrong[0])
        message, hint = no_number(column[row], f"in column {name!r}")
        raise DataError(
            f"{table.at(row)}: {message}", hint=f"{hint}; leave a cell empty {empty}" if "missing" not in hint else hint
        )
    return values


def decimal_of(cells: Iterable[str]) -> str | None:
    """Return "comma" or "point", whichever most of the unambiguous cells use; None if there are none."""
    votes = dict.fromkeys(STYLES, 0)
    for cell in cells:
        text, _ = undressed(cell)
        fits = [name for name, style in STYLES.items() if style.fullmatch(text)]
        if len(fits) == 1:
            votes[fits[0]] += 1
    return max(votes, key=votes.__getitem__) if any(votes.values()) else None


def _check_units(texts: "pd.Series[str]", parts: list[tuple[str, str]], asked: Mask, place: str) -> None:
    """Raise DataError if amounts are in different units: in two currencies, or in per cent beside plain numbers."""
    units: dict[str, str] = {}
    for text, (plain, unit), counts in zip(texts, parts, asked, strict=True):
        if counts and (unit or plain.strip("0.,-")):  # zero is the same in any unit
            units.setdefault(unit, text)
    if len(units) < 2 or (len(units) == 2 and "" in units and not {"%", "‰"} & set(units)):
        return
    first, second = list(units.values())[:2]
    raise DataError(
        f"{place}: {first!r} and {second!r} are in different units", hint="give a column in one unit, or without units"
    )


def _style(clean: "pd.Series[str]", asked: Mask, fits: dict[str, Mask]) -> str | None:
    point, comma = (int((fits[name] & asked).sum()) for name in ("point", "comma"))
    if point != comma:
        return "point" if point > comma else "comma"
    # If both styles fit all cells, only a comma is ambiguous: a point is read as usual.
    both = asked & fits["point"] & fits["comma"] & clean.str.contains(",").to_numpy(bool)
    return None if both.any() else "point"


def _values(texts: "pd.Series[str]", style: str) -> Values:
    thousands = BLANKS + ("," if style == "point" else ".")
    drop = str.maketrans(dict.fromkeys(thousands) | ({",": "."} if style == "comma" else {}))
    return np.array([float(text.translate(drop)) for text in texts], np.float64)
