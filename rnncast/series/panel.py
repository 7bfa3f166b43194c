"""The Panel: many series of different lengths in flat arrays, each on the same regular grid of times."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.plain import counted, from_plain
from rnncast.series.covariates import Block, Covariates, Future, ragged
from rnncast.times.formats import format_times
from rnncast.times.frequency import Frequency, Positions, Times

KEY_MARK = "\x1f"  # between the values of several id columns that together name a series: ASCII's unit separator


@dataclass(frozen=True)
class Columns:
    """The user's own names and time format, which go back out with the forecasts.

    ids: the id columns, none where the table had none. time: None where rows were merely numbered. time_format: as in
    `rnncast.times.formats`, "" for whole numbers. time_zone: in which the user writes times, "Europe/Berlin" or
    "+01:00"; "" where the table does not say. in_utc: whether the Panel's times are UTC (regular through changes of
    the clock) instead of the user's local ones. time_columns and time_formats: where a time stands in several columns,
    year and month, their names and how each is written; `time` then is what they are called together. separator,
    decimal and bom: how separated values were written, the first "" where the table was none; no part of what it says.
    """

    ids: tuple[str, ...] = ()
    time: str | None = None
    target: str = "value"
    time_format: str = ""
    time_zone: str = ""
    in_utc: bool = False
    time_columns: tuple[str, ...] = ()
    time_formats: tuple[str, ...] = ()
    separator: str = field(default="", compare=False)
    decimal: str = field(default=".", compare=False)
    bom: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        """ValueError for times that would be in UTC without a zone to show them in, and columns without a format."""
        if self.separator not in ("", ",", ";", "\t", "|") or self.decimal not in (".", ","):
            raise ValueError("the table was written as no table of separated values is")
        if len(self.time_columns) != len(self.time_formats):
            raise ValueError("the times stand in columns whose formats are not all there")
        if self.in_utc and not self.time_zone:
            raise ValueError("the times are in UTC, but no time zone says how to show them")

    def parts(self, series: str) -> list[str]:
        """What stood in each id column for a series."""
        return series.split(KEY_MARK) if len(self.ids) > 1 else [series] * len(self.ids)

    def label(self, series: str) -> str:
        """A series' id for a person: the values of its id columns."""
        return "/".join(self.parts(series))

    def of_series(self, series: str) -> str:
        """ " of series 'a'" for a message, nothing where the data are one series without an id."""
        return f" of series {self.label(series)!r}" if self.ids else ""

    def written(self, times: Times) -> NDArray[np.object_]:
        """Times as the user writes them; whole numbers stay numbers."""
        return format_times(times, self.time_format, self.time_zone, self.in_utc)

    def cells(self, times: Times) -> NDArray[np.object_]:
        """What goes into each time column that goes out [..., C], as the user writes it."""
        forms = self.time_formats or (self.time_format,)
        return np.stack([format_times(times, form, self.time_zone, self.in_utc) for form in forms], axis=-1)

    @property
    def time_name(self) -> str:
        """What the time is called."""
        return self.time or "step"

    @property
    def formats(self) -> dict[str, str]:
        """The format of each time column that goes out, by its name."""
        return dict(zip(self.time_names, self.time_formats or (self.time_format,), strict=True))

    @property
    def time_names(self) -> tuple[str, ...]:
        """The headers of the time columns that go out."""
        return self.time_columns or (self.time_name,)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "Columns":
        """The Columns that `to_dict` gave. UsageError or ValueError, by name, for what cannot be one."""
        columns: Columns = from_plain(cls, values, "columns' field")
        return columns


class Series(NamedTuple):
    """A view of one series: its id, the grid position of its first value, and its values [n] (NaN = missing)."""

    id: str
    start: int
    y: NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Panel:
    """Ragged series: series s is y[indptr[s]:indptr[s+1]], its first value at grid position start[s].

    ids [S]; start [S] int64; y [N] float64, NaN = missing, each series' first value observed; indptr [S+1] int64. The
    grid is regular, so times need not be stored: they follow from start and frequency. covariates: None if there are
    none.
    """

    ids: tuple[str, ...]
    start: Positions
    y: NDArray[np.float64]
    indptr: NDArray[np.int64]
    frequency: Frequency = field(default_factory=lambda: Frequency("step", phase=0))
    columns: Columns = field(default_factory=Columns)
    covariates: Covariates | None = None

    def __post_init__(self) -> None:
        assert len(self.ids) == len(self.start) == len(self.indptr) - 1
        assert self.indptr[0] == 0
        assert self.indptr[-1] == len(self.y)
        for array in (self.start, self.y, self.indptr):
            array.setflags(write=False)

    @classmethod
    def from_series(cls, series: dict[str, NDArray[np.float64]], **kept: Any) -> "Panel":
        """A Panel of arrays by id, each starting at grid position 1 unless `start` is given."""
        lengths = [len(y) for y in series.values()]
        flat = np.concatenate([np.asarray(y, np.float64) for y in series.values()])
        start = kept.pop("start", np.ones(len(series), np.int64))
        return cls(tuple(series), start, flat, np.cumsum([0, *lengths]).astype(np.int64), **kept)

    def __repr__(self) -> str:
        if not len(self):
            return "Panel(0 series)"
        first, last = self.columns.written(self.frequency.times(np.array([self.start.min(), self.ends.max()])))
        return f"Panel({len(self)} series, {counted(len(self.y), 'step')}, {self.frequency.name}, {first} to {last})"

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, s: int) -> Series:
        return Series(self.ids[s], int(self.start[s]), self.y[self.indptr[s] : self.indptr[s + 1]])

    def __iter__(self) -> Iterator[Series]:
        return (self[s] for s in range(len(self)))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each series [S], missing values counted."""
        return np.diff(self.indptr)

    @property
    def ends(self) -> Positions:
        """Grid position of each series' last value [S]: the cutoff of a forecast made from all of it."""
        return self.start + self.lengths - 1

    @property
    def time(self) -> Times:
        """The time of each value [N]."""
        within = np.arange(len(self.y)) - np.repeat(self.indptr[:-1], self.lengths)
        return self.frequency.times(np.repeat(self.start, self.lengths) + within)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that a net could learn from: ids, times, values, covariates."""
        digest = hashlib.sha256(repr((self.ids, self.frequency)).encode())
        for array in (self.start, self.y, self.indptr):
            digest.update(np.ascontiguousarray(array).tobytes())
        if self.covariates is not None:
            for block in self.covariates.blocks.values():
                digest.update(repr(block.columns).encode())
                digest.update(np.ascontiguousarray(block.values).tobytes())
        return digest.hexdigest()

    def sample(self, most: int) -> list[NDArray[np.float64]]:
        """The values of at most so many of the series, evenly chosen."""
        chosen = np.linspace(0, len(self) - 1, min(len(self), most)).astype(int)
        return [self[int(s)].y for s in chosen]

    def padded(self, rows: NDArray[np.int64], *, align: str) -> NDArray[np.float64]:
        """The chosen series [B] as one array [B, T], NaN where a series is shorter, at its "start" or "end" aligned."""
        lengths = self.lengths[rows]
        out = np.full((len(rows), int(lengths.max(initial=0))), np.nan)
        for b, s in enumerate(rows):
            y = self.y[self.indptr[s] : self.indptr[s + 1]]
            out[b, slice(0, len(y)) if align == "start" else slice(out.shape[1] - len(y), None)] = y
        return out

    def after(self, past: "Panel") -> "Panel":
        """The series that another panel has too, each begun where it ends there: of tables that count steps from 1."""
        ends = dict(zip(past.ids, past.ends, strict=True))
        keep = np.array([s for s, name in enumerate(self.ids) if name in ends], np.int64)
        kept = self.select(keep, self.lengths[keep])
        return replace(kept, start=np.array([ends[name] + 1 for name in kept.ids], np.int64))

    def select(self, keep: NDArray[np.int64], lengths: NDArray[np.int64]) -> "Panel":
        """The chosen series, each cut to its first `lengths` values; covariates known ahead stay known."""
        covariates = self.covariates
        pieces = [self.y[self.indptr[s] : self.indptr[s] + n] for s, n in zip(keep, lengths, strict=True)]
        return replace(
            self,
            ids=tuple(self.ids[s] for s in keep),
            start=self.start[keep],
            y=np.concatenate([np.empty(0), *pieces]),
            indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            covariates=None if covariates is None else covariates.select(keep, self.lengths, lengths),
        )

    def moved(self, by: Positions) -> "Panel":
        """Each series so many steps [S] later."""
        return replace(self, start=self.start + by)

    def begun_at(self, start: Positions) -> "Panel":
        """Each series from an earlier grid position [S] on, with missing steps before its first value."""
        before = self.start - start
        assert (before >= 0).all()
        lengths = self.lengths + before
        y = np.full(int(lengths.sum()), np.nan)
        ends = np.cumsum(lengths)
        y[ragged(ends - self.lengths, self.lengths)] = self.y
        indptr = np.concatenate([[0], ends]).astype(np.int64)
        covariates = self.covariates and self.covariates.begun_at(before, self.lengths)
        return replace(self, start=start, y=y, indptr=indptr, covariates=covariates)

    def extended(self, future: Future) -> "Panel":
        """With known covariates of steps to come."""
        assert self.covariates is not None
        return replace(self, covariates=self.covariates.extended(future, self.ids, self.start, self.lengths))

    def known_ahead(self, steps: int) -> Block:
        """Known covariates of the steps after each series' end: [S * steps], series by series."""
        if self.covariates is None:
            return Block()
        there = self.lengths + self.covariates.reach
        ahead = self.lengths[:, None] + np.arange(steps)  # [S, H]
        index = np.where(ahead < there[:, None], (np.cumsum(there) - there)[:, None] + ahead, -1)
        return self.covariates.known.take(index.reshape(-1))
