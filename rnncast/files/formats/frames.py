"""Tables in memory: pandas, and anything with Arrow's C interface (polars, pyarrow, DuckDB).

Cells become the texts that a file would hold, so that everything after this is as for a file; numbers stay numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnncast.errors import DataError
from rnncast.files.formats.arrow import coded_arrow, numbers_of_arrow
from rnncast.files.formats.cells import SAMPLE, Coded, Column, Table
from rnncast.files.formats.folders import is_paths
from rnncast.files.formats.sources import arrow

ARROW = "__arrow_c_stream__"
TIME, VALUE = "time", "value"  # names given to an index of times, and to a series, that have none
ROW = "iloc"  # the pandas word for a row's place, counted from 0


def is_frame(data: Any) -> bool:
    """Return whether data are a table or a column in memory, rather than paths or a file."""
    if is_paths(data):
        return False
    return isinstance(data, pd.DataFrame | pd.Series | Mapping | list | tuple | np.ndarray) or hasattr(data, ARROW)


def open_frame(data: Any) -> Table:
    """Return the table in a DataFrame or Series, an Arrow table, a mapping of columns, or an array of values.

    Raises DataError if it has no rows, or columns with the same name.
    """
    if isinstance(data, pd.DataFrame | pd.Series) or not hasattr(data, ARROW):
        return _of_pandas(_frame(data))
    return _of_arrow(data)


def _frame(data: Any) -> pd.DataFrame:
    """Return data as a DataFrame, with its index as columns."""
    if isinstance(data, Mapping):
        try:
            data = pd.DataFrame(dict(data))
        except ValueError as error:
            raise DataError(f"this is not a mapping of columns: {error}", hint="give a DataFrame") from None
    elif not isinstance(data, pd.DataFrame | pd.Series):
        values = np.asarray(data)
        if values.ndim != 1:
            raise DataError(
                f"an array of shape {values.shape} does not name its columns",
                hint="give a DataFrame, or the values of one series",
            )
        data = pd.Series(values)
    if isinstance(data, pd.Series):
        data = data.to_frame(VALUE if data.name is None else data.name)
    return _with_index(data)


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its index as columns, unless that merely counts the rows or repeats a column."""
    index = frame.index
    if index.nlevels == 1 and index.name is None:
        if pd.api.types.is_integer_dtype(index.dtype):
            return frame
        if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and TIME not in frame.columns:
            frame = frame.rename_axis(TIME)
    told = [level for level, name in enumerate(frame.index.names) if name in frame.columns]
    if len(told) == index.nlevels:
        return frame
    return frame.reset_index(level=told, drop=True).reset_index() if told else frame.reset_index()


def _of_pandas(frame: pd.DataFrame) -> Table:
    name = "the DataFrame"
    if frame.columns.nlevels > 1:
        raise DataError(f"{name} has columns of several levels", hint="give it one row of names: df.columns = [...]")
    names = list(map(str, frame.columns))
    twice = next((each for i, each in enumerate(names) if each in names[:i]), None)
    if twice is not None:
        raise DataError(f"{name}: two columns are called {twice!r}", hint="give each its own name")
    if not len(frame) or not names:
        raise DataError(f"{name} has no rows")
    columns = {each: frame.iloc[:, i] for i, each in enumerate(names)}

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        return {each: _coded(columns[each]) for each in texts} | {each: _numbers(columns[each]) for each in numbers}

    return Table(name, {each: _cells(_coded(columns[each].iloc[:SAMPLE])) for each in names}, read, int, unit=ROW)


def _of_arrow(data: Any) -> Table:
    name = f"the {type(data).__name__}"
    pyarrow = arrow(f"reading {name} of {type(data).__module__.partition('.')[0]}")
    try:
        table = pyarrow.table(data)
    except (TypeError, ValueError, pyarrow.ArrowException) as error:
        raise DataError(f"{name} is not a table: {str(error).splitlines()[0]}", hint="give a DataFrame") from None
    names = [field.name for field in table.schema if not pyarrow.types.is_nested(field.type)]
    if not table.num_rows or not names:
        raise DataError(f"{name} has no rows")

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        columns: dict[str, Column] = {each: coded_arrow(table[each].combine_chunks(), pyarrow) for each in texts}
        return columns | {each: numbers_of_arrow(table[each].combine_chunks(), pyarrow) for each in numbers}

    top = table.slice(0, SAMPLE)
    head = {each: _cells(coded_arrow(top[each].combine_chunks(), pyarrow)) for each in names}
    return Table(name, head, read, int, unit=ROW)


def _cells(column: Coded) -> list[str]:
    return [column[row] for row in range(len(column))]


def _coded(column: "pd.Series[Any]") -> Coded:
    """Return a column as the texts that a file would hold, "" where it is empty."""
    codes, distinct = pd.factorize(column)
    texts = [*_texts(pd.Series(distinct)), ""]
    return Coded(np.where(codes < 0, len(texts) - 1, codes), pd.Series(texts, dtype=str)).used().stripped()


def _texts(distinct: "pd.Series[Any]") -> list[str]:
    kind = distinct.dtype
    if isinstance(kind, pd.PeriodDtype):
        weekly = "W" in str(kind)
        return [str(each.start_time.date() if weekly else each) for each in distinct]
    if pd.api.types.is_datetime64_dtype(kind) and len(distinct):
        days = bool((distinct.dt.normalize() == distinct).all())
        return list(distinct.dt.strftime("%Y-%m-%d" if days else _clock(distinct)))
    return [repr(float(each)) if isinstance(each, float | np.floating) else str(each) for each in distinct]


def _clock(times: "pd.Series[Any]") -> str:
    return "%Y-%m-%d %H:%M:%S" + (".%f" if times.dt.microsecond.any() else "")


def _numbers(column: "pd.Series[Any]") -> Column:
    """Return a column as numbers, NaN where it is empty; as texts if it holds anything else."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(np.float64, na_value=np.nan)
    return _coded(column)
