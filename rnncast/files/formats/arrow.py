"""Arrow columns, from Parquet or from tables in memory, as the texts or numbers that a text file would hold."""

from typing import Any

import pandas as pd

from rnncast.files.formats.cells import Coded, Column


def coded_arrow(column: Any, pyarrow: Any) -> Coded:
    """Return a column as texts, moments without needless zeros."""
    kind = column.type
    if pyarrow.types.is_timestamp(kind):
        # Nanoseconds, which pandas writes, are finer than any real clock.
        column = column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    if not pyarrow.types.is_dictionary(kind):
        column = column.dictionary_encode()
    texts = pd.Series(column.dictionary.cast(pyarrow.string()).to_pylist(), dtype=str).fillna("")
    if pyarrow.types.is_timestamp(kind):
        for needless in (r"\.000000(?=$|[+Z-])", r" 00:00:00$"):
            if texts.str.contains(needless, regex=True).all():
                texts = texts.str.replace(needless, "", regex=True)
    codes = column.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return Coded(codes, pd.concat([texts, pd.Series([""], dtype=str)], ignore_index=True)).used().stripped()


def numbers_of_arrow(column: Any, pyarrow: Any) -> Column:
    """Return a column as numbers, NaN where it is empty; as texts if it holds anything else."""
    kind = column.type
    if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_decimal(kind)):
        return coded_arrow(column, pyarrow)
    values: Column = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values
