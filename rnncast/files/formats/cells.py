"""Tables as the reader sees them: the first cells of every column, and whole columns on demand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.files.formats.marks import missing_numbers
from rnncast.values import Values

CellCodes = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]
ByteTexts = NDArray[np.bytes_]

SAMPLE = 500  # rows from which the kind of a column is judged
UNNAMED = "Unnamed: "  # with its place: the name, as in pandas, of a column whose header is empty


@dataclass(frozen=True)
class Coded:
    """A column of texts, with each distinct text stored once and stripped: row r holds texts[codes[r]].

    stored: the texts; or, of one length and in ASCII, their bytes, which become texts when these are asked for.
    """

    codes: CellCodes
    stored: "pd.Series[str] | ByteTexts"

    @classmethod
    def of(cls, column: "pd.Series[str]") -> "Coded":
        """Make one from the texts of a column, "" where it has none."""
        codes, texts = pd.factorize(column.fillna(""))
        return cls(codes, pd.Series(texts, dtype=str)).stripped()

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def texts(self) -> "pd.Series[str]":
        """Texts, each distinct one once."""
        return self.stored if isinstance(self.stored, pd.Series) else _decoded(self.stored)

    def some(self, step: int, chosen: "slice | Mask" = slice(None)) -> list[str]:
        """Return every `step`-th of the chosen distinct texts."""
        if isinstance(self.stored, pd.Series):
            return [str(text) for text in self.stored[chosen].iloc[::step]]
        return [str(text) for text in _decoded(self.stored[chosen][::step])]

    def blank(self) -> Mask:
        """Return which distinct texts are empty."""
        if isinstance(self.stored, pd.Series):
            return (self.stored == "").to_numpy(bool)
        return np.zeros(len(self.stored), bool)

    def stripped(self) -> "Coded":
        """Return the column without blanks around its texts."""
        texts = self.texts.tolist()
        clean = list(map(str.strip, texts))  # without a loop of Python's own, as pandas has for strings of its own
        return self if clean == texts else Coded(self.codes, pd.Series(clean, dtype=str)).without_doubles()

    def without_doubles(self) -> "Coded":
        """Return the column with each distinct text stored once."""
        codes, texts = pd.factorize(self.texts)
        return Coded(codes[self.codes], pd.Series(texts, dtype=str))

    def used(self) -> "Coded":
        """Return the column without texts that no row holds, in the order of their first rows."""
        codes, kept = pd.factorize(self.codes)
        return Coded(codes, self.texts.iloc[kept].reset_index(drop=True))

    def rows(self, kept: NDArray[np.int64]) -> "Coded":
        """Return the chosen rows, with only the texts that they hold."""
        return Coded(self.codes[kept], self.texts).used()

    def __getitem__(self, row: int) -> str:
        """Return the text of a row."""
        return str(self.texts.iloc[int(self.codes[row])])


Column = Coded | Values


def joined(columns: list[Column]) -> Column:
    """Return concatenate columns, either all of numbers or all of texts."""
    if len(columns) == 1:
        return columns[0]
    if not isinstance(columns[0], Coded):
        return np.concatenate([column for column in columns if not isinstance(column, Coded)])
    coded = [column for column in columns if isinstance(column, Coded)]
    assert len(coded) == len(columns)
    stored = [column.stored for column in coded if not isinstance(column.stored, pd.Series)]
    if len(stored) == len(coded) and len({each.dtype for each in stored}) == 1 and is_rising(np.concatenate(stored)):
        return Coded(np.arange(sum(map(len, stored))), np.concatenate(stored))
    before = np.cumsum([0, *(len(column.texts) for column in coded)])
    codes = np.concatenate([column.codes + first for column, first in zip(coded, before.tolist(), strict=False)])
    return Coded(codes, pd.concat([column.texts for column in coded], ignore_index=True)).without_doubles()


def without_words(column: Column, words: Sequence[str]) -> Column:
    """Return a column with cells that hold one of the words made empty, or one of the numbers among them NaN."""
    if not isinstance(column, Coded):
        numbers = missing_numbers(words)
        return np.where(np.isin(column, numbers), np.nan, column) if numbers else column
    return Coded(column.codes, column.texts.where(~column.texts.isin(words), "")).without_doubles()


def is_rising(texts: ByteTexts) -> bool:
    """Return whether each text comes after the one before it, so that all are distinct."""
    return bool((texts[1:] > texts[:-1]).all())


def _decoded(texts: ByteTexts) -> "pd.Series[str]":
    return pd.Series(texts.astype(str).astype(object), dtype=str)


class Place(NamedTuple):
    """Place of a row: the file, and its number there, counted in `unit`s."""

    file: str
    number: int
    unit: str

    @property
    def within(self) -> str:
        """Return "line 1042", for the middle of a message."""
        return f"{self.unit} {self.number}"

    def __str__(self) -> str:
        """Return "sales.csv:1042", for the head of a message."""
        return f"{self.file}:{self.number}" if self.unit == "line" else f"{self.file}: {self.within}"


Reader = Callable[[Sequence[str], Sequence[str]], dict[str, Column]]


@dataclass(frozen=True)
class Table:
    """An open table.

    head: the first cells of each column, stripped, "" where missing. read: maps the names of text columns and of number
    columns to all their cells; a number column comes as texts if a cell is not a plain number. number: maps a row to
    its place in the file, counted in `unit`s; located: the same for a table in several files. notes: remarks for the
    user, all of them once the table has been read. separator: between cells, "" in a form without one; bom: whether the
    file begins with a byte order mark. keys: columns that come from the names of folders. files: the
    path of each of several files and the number of its rows, once they have been read.
    """

    name: str
    head: dict[str, list[str]]
    read: Reader
    number: Callable[[int], int]
    unit: str = "line"
    notes: Sequence[str] = ()
    separator: str = ""
    bom: bool = False
    located: Callable[[int], Place] | None = None
    keys: tuple[str, ...] = ()
    files: Callable[[], Sequence[tuple[str, int]]] = tuple

    def locate(self, row: int) -> Place:
        """Return the place of a row."""
        return Place(self.name, self.number(row), self.unit) if self.located is None else self.located(row)

    def place(self, row: int, beside: int) -> str:
        """Return the place of a row for the middle of a message about the row `beside`: "line 1042", or
        "sales.csv:1042" if that is in another file."""
        place = self.locate(row)
        return place.within if self.locate(beside).file == place.file else str(place)

    def at(self, row: int) -> str:
        """Return the place of a row for the head of a message: "sales.csv:1042"."""
        return str(self.locate(row))

    def of_rows(self, rows: NDArray[np.int64] | None) -> "Table":
        """Return the table with only the chosen rows counted, from 0, in messages; None for all."""
        return self if rows is None else replace(self, located=lambda row: self.locate(int(rows[row])))
