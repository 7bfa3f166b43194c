"""Parquet, read with pyarrow. Times and ids become text, so that everything after this is as for CSV."""

from collections.abc import Sequence
from typing import Any

from rnncast.errors import DataError, EmptyTableError
from rnncast.files.formats.arrow import coded_arrow, numbers_of_arrow
from rnncast.files.formats.cells import SAMPLE, Column, Table
from rnncast.files.formats.sources import ByteSource, arrow, largest_unpacked

MAGIC = b"PAR1"
NUMBER = 8  # bytes, at least, that a cell takes in memory


def open_parquet(source: ByteSource) -> Table:
    """Return the table in a Parquet file. Raises DataError if it is damaged or pyarrow is not installed."""
    pyarrow = arrow(f"{source.name}: reading Parquet")
    from pyarrow import parquet

    damage = (pyarrow.ArrowException, OSError, ValueError)
    try:
        file = parquet.ParquetFile(source.stream)
        _check_size(source, file.metadata)
        names = [field.name for field in file.schema_arrow if not pyarrow.types.is_nested(field.type)]
        top = next(file.iter_batches(SAMPLE, columns=names), None)
        head = {name: coded_arrow(top.column(name), pyarrow) for name in names} if top else {}
    except damage as error:
        raise _damaged(source, error) from None
    if top is None or not top.num_rows or not head:
        raise EmptyTableError(f"{source.name} has no rows")

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        try:
            table = file.read(columns=[*texts, *numbers])
            columns: dict[str, Column] = {name: coded_arrow(table[name].combine_chunks(), pyarrow) for name in texts}
            return columns | {name: numbers_of_arrow(table[name].combine_chunks(), pyarrow) for name in numbers}
        except damage as error:
            raise _damaged(source, error) from None

    cells = {name: [column[row] for row in range(top.num_rows)] for name, column in head.items()}
    return Table(source.name, cells, read, lambda row: row + 1, unit="row")


def _check_size(source: ByteSource, metadata: Any) -> None:
    """Raise DataError if the file claims to be far larger in memory than a table of its size should be."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    size = max(sum(group.total_byte_size for group in groups), NUMBER * metadata.num_rows)
    if size > (most := largest_unpacked(source.size)):
        raise DataError(
            f"{source.name} is {source.size:,} bytes that unpack to {size:,}, but at most {most:,} are allowed",
            hint="if that is intended, write it as CSV, which may be of any size",
        )


def _damaged(source: ByteSource, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"{source.name} is not a Parquet file that can be read: {reason}")
