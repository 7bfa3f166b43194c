"""Covariates from a table: read as numbers or categories, and laid on the grid of a Panel."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.config import ROLES, TableConfig
from rnncast.errors import DataError
from rnncast.files.formats.cells import Coded, Column, Table
from rnncast.files.formats.marks import MISSING
from rnncast.files.formats.numbers import finite_numbers
from rnncast.files.panels.columns import ColumnKind, kind_of
from rnncast.files.panels.grid import Laid
from rnncast.series.covariates import Block, Covariate, Covariates, ragged
from rnncast.series.panel import Panel
from rnncast.values import Values


def read_covariates(names: tuple[str, ...], columns: Mapping[str, Column], table: Table, asked: TableConfig) -> Block:
    """Return the named columns of a table, one row for each of its rows: as numbers if all cells are, else as
    categories.

    Raises DataError if a column of numbers holds anything else.
    """
    parts = [_read(name, columns[name], table, asked) for name in names]
    return Block(tuple(part[0] for part in parts), np.stack([part[1] for part in parts], 1)) if parts else Block()


def with_covariates(panel: Panel, laid: Laid, asked: TableConfig) -> Panel:
    """Return the panel of laid rows with the covariates asked for.

    Known covariates extend as far as there are rows. Raises DataError if a static one changes within a series.
    """
    if not len(laid.covariates):
        return panel
    place = {name: s for s, name in enumerate(laid.rows.names)}
    own = np.array([place[name] for name in panel.ids], np.int64)  # among the laid series
    first = laid.indptr[own] + panel.start - laid.start[own]  # grid point of each series' first value
    there = laid.indptr[own + 1] - first
    picked = {name: [laid.covariates.names.index(column) for column in getattr(asked, name)] for name in ROLES}
    within, throughout = ragged(first, panel.lengths), ragged(first, there)
    blocks, reach = {}, np.zeros(len(panel), np.int64)
    for role, kind in ROLES.items():
        places = picked[role]
        block = Block(tuple(laid.covariates.columns[i] for i in places), laid.covariates.values[:, places])
        block = block.take(throughout if kind.ahead else within)
        blocks[role] = block if kind.by_step else _of_series(block, panel, there)
        if kind.by_step and kind.ahead and places:
            reach = there - panel.lengths
    return replace(panel, covariates=Covariates(**blocks, reach=reach))


def _read(name: str, column: Column, table: Table, asked: TableConfig) -> tuple[Covariate, Values]:
    if not isinstance(column, Coded):
        return Covariate(name), column
    kind = kind_of(name, table.head[name])
    if kind is ColumnKind.EMPTY and all(text in MISSING for text in column.texts):
        return Covariate(name), np.full(len(column), np.nan)
    if kind in (ColumnKind.NUMBER, ColumnKind.WHOLE, ColumnKind.COUNTER):
        values = finite_numbers(column, name, table, asked.decimal, "where the value is missing")
        return Covariate(name), values
    missing = column.texts.isin(MISSING).to_numpy()
    levels = column.texts[~missing].tolist()
    codes = np.where(missing, np.nan, np.cumsum(~missing) - 1.0)
    return Covariate(name, tuple(levels)), codes[column.codes]


def _of_series(block: Block, panel: Panel, there: NDArray[np.int64]) -> Block:
    """Return the one value of each series; NaN if it has none."""
    if not len(block):
        return block
    series = np.repeat(np.arange(len(panel)), there)
    values = np.full((len(panel), len(block)), np.nan)
    for i, column in enumerate(block.columns):
        own = pd.Series(block.values[:, i]).groupby(series)
        values[:, i] = own.first().to_numpy()
        lowest, highest = own.min().to_numpy(), own.max().to_numpy()
        changing = np.flatnonzero(highest > lowest)
        if len(changing):
            s = int(changing[0])
            ends = [column.levels[int(v)] if column.levels else f"{v:g}" for v in (lowest[s], highest[s])]
            where = panel.columns.of_series(panel.ids[s])
            raise DataError(
                f"{column.name!r}{where} is not the same throughout: {ends[0]} and {ends[1]}",
                hint=f"use --past {column.name}, or --known {column.name} if it is known ahead",
            )
    return replace(block, values=values)
