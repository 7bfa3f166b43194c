"""Columns of Arrow as the texts or numbers that a file would hold; those of Parquet, and of tables in memory."""

from typing import Any

import pandas as pd

from rnncast.files.formats.cells import Coded, Column


def coded_arrow(column: Any, pyarrow: Any) -> Coded:
    """A column as texts; moments without needless zeros."""
    kind = column.type
    if pyarrow.types.is_timestamp(kind):
        # Nanoseconds, which pandas writes, are finer than anybody's clock.
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
    """A column of numbers, NaN where it is empty; texts where it holds something else."""
    kind = column.type
    if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_decimal(kind)):
        return coded_arrow(column, pyarrow)
    values: Column = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values
