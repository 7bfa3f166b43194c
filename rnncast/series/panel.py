"""Panel: many series of different lengths in flat arrays, all on the same regular grid of times."""

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

KEY_MARK = "\x1f"  # joins the values of several id columns into the id of a series: ASCII's unit separator


@dataclass(frozen=True)
class Columns:
    """User's own column names and time format, which are used again in the output.

    ids: the id columns, if any. time: None if rows were merely numbered. time_format: as in `rnncast.times.formats`, ""
    for whole numbers. time_zone: the zone of the user's times, "Europe/Berlin" or "+01:00"; "" if the table does not
    say. in_utc: whether the Panel's times are UTC (regular through clock changes) instead of the user's local times.
    time_columns and time_formats: names and formats of the columns of a time spread over several, which `time` names as
    a whole. separator, decimal and bom: how the table was written (separator "" if it was not separated values); they
    do not affect its meaning.
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
        """Raise ValueError for UTC times without a zone to show them in, and for time columns without a format."""
        if self.separator not in ("", ",", ";", "\t", "|") or self.decimal not in (".", ","):
            raise ValueError("no table of separated values is written with such a separator and decimal mark")
        if len(self.time_columns) != len(self.time_formats):
            raise ValueError("some of the time columns have no format")
        if self.in_utc and not self.time_zone:
            raise ValueError("the times are in UTC, but no time zone says how to show them")

    def parts(self, series: str) -> list[str]:
        """Return the value in each id column for a series."""
        return series.split(KEY_MARK) if len(self.ids) > 1 else [series] * len(self.ids)

    def label(self, series: str) -> str:
        """Return a series' id for people: the values of its id columns."""
        return "/".join(self.parts(series))

    def of_series(self, series: str) -> str:
        """Return " of series 'a'" for a message; empty if the data are one series without an id."""
        return f" of series {self.label(series)!r}" if self.ids else ""

    def written(self, times: Times) -> NDArray[np.object_]:
        """Return times as the user writes them; whole numbers stay numbers."""
        return format_times(times, self.time_format, self.time_zone, self.in_utc)

    def cells(self, times: Times) -> NDArray[np.object_]:
        """Return the cells of each time column in the output [..., C], as the user writes them."""
        forms = self.time_formats or (self.time_format,)
        return np.stack([format_times(times, form, self.time_zone, self.in_utc) for form in forms], axis=-1)

    @property
    def time_name(self) -> str:
        """Name of the time."""
        return self.time or "step"

    @property
    def formats(self) -> dict[str, str]:
        """Format of each time column in the output, by name."""
        return dict(zip(self.time_names, self.time_formats or (self.time_format,), strict=True))

    @property
    def time_names(self) -> tuple[str, ...]:
        """Headers of the time columns in the output."""
        return self.time_columns or (self.time_name,)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "Columns":
        """Return the Columns that `to_dict` wrote. Raises UsageError or ValueError, naming the field, if a value is
        invalid."""
        columns: Columns = from_plain(cls, values, "columns' field")
        return columns


class Series(NamedTuple):
    """A view of one series: its id, the grid position of its first value, and its values [n] (NaN = missing)."""

    id: str
    start: int
    y: NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Panel:
    """Ragged series: series s is y[indptr[s]:indptr[s+1]], with its first value at grid position start[s].

    ids [S]; start [S] int64; y [N] float64, NaN = missing, the first value of each series observed; indptr [S+1] int64.
    The grid is regular, so times follow from start and frequency and are not stored. covariates: None if there are
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
        """Make a Panel from arrays by id, each starting at grid position 1 unless `start` is given."""
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
        """Steps of each series [S], including missing values."""
        return np.diff(self.indptr)

    @property
    def ends(self) -> Positions:
        """Grid position of each series' last value [S]: the cutoff of a forecast made from all of it."""
        return self.start + self.lengths - 1

    @property
    def time(self) -> Times:
        """Time of each value [N]."""
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
        """Return the values of at most `most` of the series, evenly chosen."""
        chosen = np.linspace(0, len(self) - 1, min(len(self), most)).astype(int)
        return [self[int(s)].y for s in chosen]

    def padded(self, rows: NDArray[np.int64], *, align: str, steps: int = 0) -> NDArray[np.float64]:
        """Return the chosen series [B] as one array [B, T], aligned at "start" or "end", with NaN where a series is
        shorter. T: at least `steps`."""
        lengths = self.lengths[rows]
        out = np.full((len(rows), int(lengths.max(initial=steps))), np.nan)
        for b, s in enumerate(rows):
            y = self.y[self.indptr[s] : self.indptr[s + 1]]
            out[b, slice(0, len(y)) if align == "start" else slice(out.shape[1] - len(y), None)] = y
        return out

    def values_at(self, series: NDArray[np.int64], positions: Positions) -> NDArray[np.float64]:
        """Return the values at grid positions of series, which broadcast; NaN where a series has none."""
        at = positions - self.start[series]
        there = (at >= 0) & (at < self.lengths[series])
        return np.where(there, self.y[np.where(there, self.indptr[series] + at, 0)], np.nan)

    def after(self, past: "Panel") -> "Panel":
        """Return the series that another panel has too, each moved to begin where it ends there.

        For tables that count steps from 1.
        """
        ends = dict(zip(past.ids, past.ends, strict=True))
        keep = np.array([s for s, name in enumerate(self.ids) if name in ends], np.int64)
        kept = self.select(keep, self.lengths[keep])
        return replace(kept, start=np.array([ends[name] + 1 for name in kept.ids], np.int64))

    def select(self, keep: NDArray[np.int64], lengths: NDArray[np.int64]) -> "Panel":
        """Return the chosen series, each cut to its first `lengths` values; covariates known ahead stay known."""
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
        """Return the panel with each series moved `by` [S] steps later."""
        return replace(self, start=self.start + by)

    def begun_at(self, start: Positions) -> "Panel":
        """Return the panel with each series starting at an earlier grid position [S], with missing steps in front."""
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
        """Return the panel with known covariates of future steps."""
        assert self.covariates is not None
        return replace(self, covariates=self.covariates.extended(future, self.ids, self.start, self.lengths))

    def known_ahead(self, steps: int) -> Block:
        """Return the known covariates of the steps after each series' end: [S * steps], series by series."""
        if self.covariates is None:
            return Block()
        there = self.lengths + self.covariates.reach
        ahead = self.lengths[:, None] + np.arange(steps)  # [S, H]
        index = np.where(ahead < there[:, None], (np.cumsum(there) - there)[:, None] + ahead, -1)
        return self.covariates.known.take(index.reshape(-1))
