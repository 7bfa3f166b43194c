"""Covariates out of tables: which columns, which steps, and what is said where they do not fit."""

from pathlib import Path

import numpy as np
import pytest

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.panels.future import read_future
from rnncast.series.covariates import Covariates
from tests.conftest import ROOT, Program
from tests.tables import as_jsonl, as_parquet, read

DAYS = [f"2024-01-{day:02}" for day in range(1, 9)]
NAMES = ["day", "sales", "price", "weather", "kind"]
ROWS = [[day, 10.0 + i if i < 6 else None, 1.5 + i, ("wet", "dry")[i % 2], "shop"] for i, day in enumerate(DAYS)]
LONG = ",".join(NAMES) + "\n" + "".join(",".join("" if c is None else str(c) for c in row) + "\n" for row in ROWS)
ROLES = {"target": "sales", "known": ("price",), "past": ("weather",), "static": ("kind",)}


def covariates(folder: Path, data: bytes | str, name: str = "data.csv", **asked: object) -> Covariates:
    found = read(folder, data, name, **{**ROLES, **asked}).covariates
    assert found is not None
    return found


def test_known_ones_go_on_after_the_last_value(tmp_path: Path) -> None:
    found = covariates(tmp_path, LONG)
    assert found.names == {"known": ("price",), "past": ("weather",), "static": ("kind",)}
    assert found.reach.tolist() == [2]
    assert found.known.values[:, 0].tolist() == [1.5 + i for i in range(8)]
    levels = found.past.columns[0].levels
    assert [levels[int(code)] for code in found.past.values[:, 0]] == ["wet", "dry"] * 3
    assert found.static.columns[0].levels == ("shop",)


@pytest.mark.parametrize("form", ["jsonl", "parquet", "semicolon", "shuffled"])
def test_every_form_gives_the_same(form: str, tmp_path: Path) -> None:
    expected = covariates(tmp_path, LONG)
    data = {
        "jsonl": as_jsonl(NAMES, ROWS),
        "parquet": as_parquet(NAMES, ROWS) if form == "parquet" else b"",
        "semicolon": LONG.replace(",", ";").replace(".", ",").encode(),
        "shuffled": "\n".join([LONG.splitlines()[0], *reversed(LONG.splitlines()[1:])]).encode(),
    }
    found = covariates(tmp_path, data[form], f"again.{form}")
    for role in ("known", "static"):
        np.testing.assert_array_equal(getattr(found, role).values, getattr(expected, role).values)
    texts = [[each.past.columns[0].levels[int(c)] for c in each.past.values[:, 0]] for each in (found, expected)]
    assert texts[0] == texts[1]


def test_a_covariate_is_never_taken_for_a_series_or_a_target(tmp_path: Path) -> None:
    """Without --target, the one number that has no other role is it; a text column with a role is no id."""
    table = LONG.replace("sales,price", "count,price")
    panel = read(tmp_path, table, known=("price",), past=("weather",), static=("kind",))
    assert panel.columns.target == "count"
    assert panel.columns.ids == ()


def test_missing_cells_and_rows_stay_missing(tmp_path: Path) -> None:
    lines = LONG.splitlines()
    lines[3] = "2024-01-03,12.0,,NA,shop"
    del lines[5]  # 2024-01-05
    found = covariates(tmp_path, "\n".join(lines))
    assert np.isnan(found.known.values[:, 0]).nonzero()[0].tolist() == [2, 4]
    assert np.isnan(found.past.values[:, 0]).nonzero()[0].tolist() == [2, 4]


def test_a_wide_table_gives_its_covariates_to_every_series(tmp_path: Path) -> None:
    table = "day,a,b,holiday\n" + "".join(f"{day},{i},{2 * i},{int(i == 3)}\n" for i, day in enumerate(DAYS))
    panel = read(tmp_path, table, layout="wide", known=("holiday",))
    assert panel.ids == ("a", "b")
    assert panel.covariates is not None
    assert panel.covariates.known.values[:, 0].tolist() == [0, 0, 0, 1, 0, 0, 0, 0] * 2


def test_static_columns_do_not_change(tmp_path: Path) -> None:
    table = LONG.replace("2024-01-04,13.0,4.5,dry,shop", "2024-01-04,13.0,4.5,dry,kiosk")
    with pytest.raises(DataError, match="'kind' is not the same throughout: shop and kiosk"):
        covariates(tmp_path, table)


def test_a_word_among_numbers_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.csv:5: 'dear' in column 'price' is not a number"):
        covariates(tmp_path, LONG.replace("13.0,4.5", "13.0,dear"))


def test_unknown_columns_and_double_roles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column 'promo'"):
        covariates(tmp_path, LONG, known=("promo",))
    with pytest.raises(UsageError, match="'price' is given two roles"):
        TableConfig(known=("price",), past=("price",))
    with pytest.raises(UsageError, match="has no covariates"):
        read(tmp_path, "id,v1,v2\na,1,2\n", layout="rows", known=("v1",))


def test_the_future_comes_in_a_file_of_its_own(tmp_path: Path) -> None:
    known = "\n".join(LONG.splitlines()[:7])
    asked = TableConfig(**ROLES)  # type: ignore[arg-type]
    panel = read(tmp_path, known, **ROLES)
    (tmp_path / "future.csv").write_text("price,day\n8.5,2024-01-08\n7.5,2024-01-07\n")
    future = read_future(str(tmp_path / "future.csv"), asked, panel.columns, panel.frequency)
    expected = covariates(tmp_path, LONG)
    extended = panel.extended(future).covariates
    assert extended is not None
    np.testing.assert_array_equal(extended.known.values, expected.known.values)
    assert extended.reach.tolist() == expected.reach.tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day,cost\n2024-01-07,1\n", "no column 'price'"),
        (
            "day,price\n2024-01-07 12:00,1\n",
            "future.csv:2: 2024-01-07 12:00 is off the grid of the data, which are daily",
        ),
        ("day,price\nsoon,1\n2024-01-07,1\n2024-01-08,1\n", "future.csv:2: 'soon'"),
    ],
)
def test_a_future_that_does_not_fit_says_where(text: str, message: str, tmp_path: Path) -> None:
    panel = read(tmp_path, LONG, **ROLES)
    (tmp_path / "future.csv").write_text(text)
    asked = TableConfig(**ROLES)  # type: ignore[arg-type]
    with pytest.raises(DataError) as error:
        read_future(str(tmp_path / "future.csv"), asked, panel.columns, panel.frequency)
    assert message in error.value.message


def test_the_commands_take_them_from_end_to_end(program: Program) -> None:
    """Train on the stores until the last week, whose promotions are known; forecast it twice; compare."""
    lines = (ROOT / "sample_data" / "store_sales.csv").read_text().splitlines()
    header, rows = lines[0], [line for line in lines[1:] if line.split(",")[0] in ("store-01", "store-02", "store-03")]
    last = "2023-12-25"
    shown = [line for line in rows if line.split(",")[1] < last]
    hidden = [line.split(",") for line in rows if line.split(",")[1] >= last]
    blank = [",".join([*cells[:2], "", *cells[3:]]) for cells in hidden]
    future = ["store,date,promotion", *(",".join((*cells[:2], cells[3])) for cells in hidden)]
    (program.folder / "shown.csv").write_text("\n".join([header, *shown]) + "\n")
    (program.folder / "both.csv").write_text("\n".join([header, *shown, *blank]) + "\n")
    (program.folder / "future.csv").write_text("\n".join(future) + "\n")
    roles = ("--target", "sales", "--known", "promotion", "--past", "temperature", "--static", "store_type")
    settings = ("-H", "7", "--epochs", "1", "--no-validate", "--no-calendar")

    done = program("train", "shown.csv", *roles, *settings)
    assert done.returncode == 0, done.stderr
    assert "known 'promotion', past 'temperature', static 'store_type'" in done.stderr
    without = program("forecast")
    assert without.returncode == 1
    assert "'promotion' of series 'store-01' is not known at 2023-12-25" in without.stderr
    assert "--future FILE" in without.stderr
    given = program("forecast", "--future", "future.csv")
    assert given.returncode == 0, given.stderr
    assert len(given.stdout.splitlines()) == 1 + 3 * 7
    assert program("forecast", "both.csv").stdout == given.stdout
    assert program("forecast", "shown.csv", "--future", "future.csv").stdout == given.stdout

    assert program("train", "both.csv", *roles, *settings).returncode == 0
    assert program("forecast").stdout == given.stdout
    assert program("train", "shown.csv", "--future", "future.csv", *roles, *settings).returncode == 0
    assert program("forecast").stdout == given.stdout

    compared = program("compare", "shown.csv", *roles, *settings, "--folds", "1")
    assert compared.returncode == 0, compared.stderr
    checked = program("check", "both.csv", *roles, "--json")
    assert '"known": [\n  "promotion"\n ]' in checked.stdout
