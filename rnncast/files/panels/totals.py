"""Rows of totals, which end many reports and are not values of any series."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnncast.errors import DataError
from rnncast.files.formats.cells import Coded, Table
from rnncast.files.panels.stamps import Stamps

TOTALS = frozenset(
    (
        "total",
        "totals",
        "grand total",
        "subtotal",
        "sum",
        "summe",
        "gesamt",
        "gesamtsumme",
        "gesamtergebnis",
        "zwischensumme",
        "insgesamt",
        "ergebnis",
        "somme",
        "total général",
        "suma",
        "totale",
        "totaal",
        "average",
        "mean",
        "mittelwert",
        "durchschnitt",
        "moyenne",
    )
)
LAST = 3  # rows at the end that are checked if rows have no time


def refuse_totals(table: Table, stamps: Stamps | None, numbers: Sequence[int], others: Sequence[str]) -> None:
    """Raise DataError at the first row that is a total: a row without a time of its own, and with a word that says so.

    stamps: of the table's rows at `numbers`, None if rows are numbered. others: columns that may hold the word.
    """
    if stamps is not None and not stamps.faults:
        return
    if stamps is None:
        doubtful = np.arange(max(0, len(numbers) - LAST), len(numbers))
    else:
        doubtful = np.flatnonzero(~stamps.sound[stamps.codes])
    read = table.read(list(others), []) if len(doubtful) and others else {}
    columns: Mapping[str, Coded] = {name: column for name, column in read.items() if isinstance(column, Coded)}
    said = {
        name: column.texts.str.strip(" :.*").str.lower().isin(TOTALS).to_numpy() for name, column in columns.items()
    }
    for row in np.asarray(numbers, np.int64)[doubtful].tolist():
        for name, column in columns.items():
            if said[name][column.codes[row]] and (stamps is not None or (column.codes == column.codes[row]).sum() == 1):
                raise DataError(
                    f"{table.at(row)}: {column[row]!r} in column {name!r} says that this row is a total, not a "
                    "value of a series",
                    hint="delete that row, or export the table without totals",
                )
