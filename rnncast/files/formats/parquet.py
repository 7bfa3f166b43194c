"""Parquet, read with pyarrow. Times and ids are taken as text, so that all that follows is as for CSV."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rnncast.errors import DataError
from rnncast.files.formats.cells import SAMPLE, Coded, Column, Table
from rnncast.files.formats.sources import ByteSource, arrow, largest_unpacked

MAGIC = b"PAR1"
NUMBER = 8  # bytes, of a cell at least


def open_parquet(source: ByteSource) -> Table:
    """The table in a Parquet file. DataError where it is damaged, or pyarrow is missing."""
    pyarrow = arrow(f"{source.name}: reading Parquet")
    from pyarrow import parquet

    damage = (pyarrow.ArrowException, OSError, ValueError)
    try:
        file = parquet.ParquetFile(source.stream)
        _check_size(source, file.metadata)
        names = [field.name for field in file.schema_arrow if not pyarrow.types.is_nested(field.type)]
        top = next(file.iter_batches(SAMPLE, columns=names), None)
        head = {name: _coded(top.column(name), pyarrow) for name in names} if top else {}
    except damage as error:
        raise _damaged(source, error) from None
    if top is None or not top.num_rows or not head:
        raise DataError(f"{source.name} has no rows")

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        try:
            table = file.read(columns=[*texts, *numbers])
            columns: dict[str, Column] = {name: _coded(table[name].combine_chunks(), pyarrow) for name in texts}
            return columns | {name: _numbers(table[name].combine_chunks(), pyarrow) for name in numbers}
        except damage as error:
            raise _damaged(source, error) from None

    cells = {name: [column[row] for row in range(top.num_rows)] for name, column in head.items()}
    return Table(source.name, cells, read, lambda row: row + 1, unit="row")


def _check_size(source: ByteSource, metadata: Any) -> None:
    """DataError if the file says that it is far larger in memory than a table of its size should be."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    size = max(sum(group.total_byte_size for group in groups), NUMBER * metadata.num_rows)
    if size > (most := largest_unpacked(source.size)):
        raise DataError(
            f"{source.name} is {source.size:,} bytes that unpack to {size:,}, and {most:,} are the most for its size",
            hint="if it is meant to be, write it as CSV, which may be of any size",
        )


def _damaged(source: ByteSource, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"{source.name} is not a Parquet file that can be read: {reason}")


def _coded(column: Any, pyarrow: Any) -> Coded:
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


def _numbers(column: Any, pyarrow: Any) -> Column:
    kind = column.type
    if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_decimal(kind)):
        return _coded(column, pyarrow)
    values: Column = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values
