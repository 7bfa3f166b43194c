"""Tables in memory are read as the same table in a file is: pandas, polars, Arrow, open files, and plain lists."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from rnncast import read_table
from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from tests.conftest import ROOT

STORES = ROOT / "sample_data" / "store_sales.csv"
ASKED = TableConfig(target="sales", known=("promotion",), past=("temperature",), static=("store_type",))


def stores() -> pd.DataFrame:
    return pd.read_csv(STORES, parse_dates=["date"])


FORMS: dict[str, Callable[[], Any]] = {
    "a path": lambda: STORES,
    "an open file of bytes": lambda: io.BytesIO(STORES.read_bytes()),
    "an open file of text": lambda: io.StringIO(STORES.read_text()),
    "pandas": stores,
    "pandas, times as text": lambda: pd.read_csv(STORES),
    "pandas, times in the index": lambda: stores().set_index("date"),
    "pandas, ids and times in the index": lambda: stores().set_index(["store", "date"]),
    "pandas, an index that says what a column says": lambda: stores().set_index("date", drop=False),
    "pandas, some rows gone and others moved": lambda: stores().sample(frac=1, random_state=1).sort_values("store"),
    "pandas, categories": lambda: stores().astype({"store": "category", "store_type": "category"}),
    "pandas, numbers that may be missing": lambda: stores().convert_dtypes(),
    "pandas, periods": lambda: stores().assign(date=lambda frame: frame.date.dt.to_period("D")),
    "polars": lambda: pl.read_csv(STORES, try_parse_dates=True),
    "Arrow": lambda: pa.Table.from_pandas(stores()),
    "a mapping of columns": lambda: stores().to_dict("list"),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_in_memory_is_read_as_the_file_is(form: str) -> None:
    """To the same series and covariates, whose order is that of the rows."""
    whole, found = read_table(str(STORES), ASKED), read_table(FORMS[form](), ASKED)
    order = [found.ids.index(name) for name in whole.ids]
    same = found.select(np.array(order), found.lengths[order])
    assert same.fingerprint == whole.fingerprint
    assert found.columns.time == "date"
    assert found.columns.target == "sales"


def test_a_series_with_times_needs_no_names() -> None:
    times = pd.date_range("2024-01-31", periods=30, freq="ME")
    panel = read_table(pd.Series(np.arange(30.0), index=times))
    assert (panel.columns.time, panel.columns.target, panel.frequency.name) == ("time", "value", "monthly")
    weekly = read_table(pd.Series(np.arange(30.0), index=pd.period_range("2024-01-01", periods=30, freq="W")))
    assert weekly.frequency.name == "weekly (Monday)"


@pytest.mark.parametrize("values", [[1.0, 2, 3, 4], (1, 2, 3, 4), np.arange(1, 5), pd.Series([1, 2, 3, 4])])
def test_values_alone_are_one_series(values: Any) -> None:
    panel = read_table(values)
    assert panel.y.tolist() == [1, 2, 3, 4]
    assert panel.columns.time is None


def test_a_zone_is_kept() -> None:
    times = pd.date_range("2024-03-29", periods=100, freq="h", tz="Europe/Berlin")
    panel = read_table(pd.DataFrame({"at": times, "y": np.arange(100.0)}))
    assert (panel.columns.time_zone, panel.frequency.name) == ("Europe/Berlin", "hourly")
    assert np.isfinite(panel.y).all()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (3, "from this int"),
        (None, "from this NoneType"),
        (pl.DataFrame({"a": [1]}).lazy(), "from this LazyFrame"),
        (np.ones((3, 2)), "does not name its columns"),
        (pd.DataFrame({"a": []}), "has no rows"),
        (pl.DataFrame({"a": []}), "has no rows"),
        ({"a": [1, 2], "b": [1]}, "not a mapping of columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are called 'a'"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "several levels"),
        (pd.DataFrame({"date": ["2024-01-01", "2024-01-02", "2024-02-40"], "y": [1, 2, 3]}), "the DataFrame: iloc 2"),
    ],
)
def test_what_is_no_table_is_refused_as_such(data: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_table(data)


def test_a_series_in_each_row_is_for_files() -> None:
    with pytest.raises(UsageError, match="rows is for files"):
        read_table(stores(), TableConfig(layout="rows"))


def test_polars_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DataError, match="reading the DataFrame of polars needs pyarrow") as caught:
        read_table(pl.DataFrame({"y": [1, 2, 3]}))
    assert "pip install" in caught.value.hint
    assert read_table(pd.DataFrame({"y": [1, 2, 3]})).y.tolist() == [1, 2, 3]
