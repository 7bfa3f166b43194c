"""Stamps: a time column parsed into times, with its format and zone, each distinct text once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.formats.cells import SAMPLE, CellCodes, Coded, Mask, Table
from rnncast.files.formats.marks import WHOLE
from rnncast.times.formats import (
    COMPACT_TIMES,
    DIRECTIVE,
    EXAMPLE,
    WHOLE_NUMBER,
    format_fault,
    format_times,
    formats_of,
    refined,
)
from rnncast.times.frequency import FIRST_DATE, LAST_DATE, Times
from rnncast.times.inference import zone_of
from rnncast.times.numeric import NUMERIC, UNIX, numeric_format, times_of_numbers
from rnncast.times.zones import check_zone, offset_of, utc_offsets, wall_to_utc

FAULT_HINT = "correct it, or give the format of times with --time-format"
SPREAD = 2000  # evenly spaced texts from which the padding of a format is judged
ISO = ("%Y-%m-%d", *(f"%Y-%m-%d{mark}{clock}" for mark in " T" for clock in ("%H:%M", "%H:%M:%S")))
_ZONE = re.compile(r"( ?%:{0,3}z|Z| UTC)$")
_ZONE_TEXT = r"(Z| UTC| ?[+-]\d\d:?(?:\d\d)?)$"


@dataclass(frozen=True)
class Stamps:
    """Times of a table's rows, each distinct one stored once: row r is at times[codes[r]].

    faults: what is wrong with texts that are not times, by code; times there are meaningless. zone and in_utc: as in
    `Columns`; wall: the local times [K], if `times` are UTC and either could be the regular ones.
    """

    codes: CellCodes
    times: Times
    form: str
    zone: str = ""
    in_utc: bool = False
    wall: Times | None = None
    faults: Mapping[int, str] = field(default_factory=dict)

    @property
    def sound(self) -> Mask:
        """True for the distinct texts that are times [K]."""
        sound = np.ones(len(self.times), bool)
        sound[list(self.faults)] = False
        return sound

    def shown(self, row: int) -> str:
        """Return the time of a row as the user writes it."""
        code = int(self.codes[row])
        return str(format_times(self.times[code : code + 1], self.form, self.zone, self.in_utc)[0])

    def in_local_time(self) -> "Stamps":
        """Return the same rows by local time."""
        assert self.wall is not None
        return replace(self, times=self.wall, in_utc=False, wall=None)


def read_stamps(cells: Coded, name: str, whole: bool, table: Table, asked: TableConfig) -> Stamps:
    """Parse a time column. Raises DataError if most cells are not times, or if times can be read in two ways.

    whole: whether the column holds whole numbers that count steps.
    """
    form = WHOLE_NUMBER if whole and not asked.time_format else _format(cells, name, table, asked)
    if form == WHOLE_NUMBER:
        return Stamps(cells.codes, _whole_times(cells, name, table), WHOLE_NUMBER)
    times = _plain_times(cells, form)
    times = _parsed(cells.texts, form) if times is None else times
    wrong = np.isnat(times) | (times < FIRST_DATE) | (times > LAST_DATE)
    faults = {int(code): _fault(str(cells.texts.iloc[code]), name, form) for code in np.flatnonzero(wrong)}
    if 2 * len(faults) > len(times):
        row = _first_row(cells, wrong)
        raise DataError(f"{table.at(row)}: {faults[int(cells.codes[row])]}", hint=FAULT_HINT)
    times = np.where(wrong, times[~wrong][0], times)
    form = refined(form, cells.some(max(1, int((~wrong).sum()) // SPREAD), ~wrong))
    if form in UNIX and asked.zone:
        check_zone(asked.zone)
        wall = times + utc_offsets(times, asked.zone).astype("timedelta64[us]")
        stamps = Stamps(cells.codes, times, form, asked.zone, in_utc=True, wall=wall)
    elif _ZONE.search(form):
        stamps = _aware(cells, times, form, table, asked)
    elif asked.zone:
        stamps = _in_zone(cells.codes, times, form, asked.zone, table)
    else:
        stamps = Stamps(cells.codes, times, form)
    return replace(stamps, faults=faults)


def tell_repeats_apart(stamps: Stamps, series: CellCodes, asked: TableConfig) -> Stamps:
    """Move repeated times in the hour when the clocks of --zone were set back: a series' second row is the later
    moment."""
    moments = "z" in stamps.form or stamps.form in UNIX
    if not asked.zone or not stamps.in_utc or moments or stamps.wall is None:
        return stamps
    late, _ = wall_to_utc(stamps.wall, asked.zone, np.ones(len(stamps.wall), bool))
    doubtful = late != stamps.times
    rows = np.flatnonzero(doubtful[stamps.codes])
    again = pd.DataFrame({"series": series[rows], "time": stamps.codes[rows]}).duplicated().to_numpy()
    codes = np.array(stamps.codes, np.int64)
    codes[rows[again]] += len(stamps.times)
    return replace(stamps, codes=codes, times=np.concatenate([stamps.times, late]), wall=None)


def _format(cells: Coded, name: str, table: Table, asked: TableConfig) -> str:
    if asked.time_format is not None:
        _check_format(asked.time_format)
        return asked.time_format
    sample = cells.some(1, slice(SAMPLE))
    formats = formats_of(sample)
    compact = set(formats) <= set(COMPACT_TIMES)  # Unix times may look like these, in another century
    if compact and not (formats and all(text.startswith(("19", "20")) for text in sample)):
        # A column named with --time is a time whatever it is called.
        numeric = numeric_format(sample, "time" if name == asked.time else name) or numeric_format(sample, name)
        formats = [numeric] if numeric else formats
    if not formats:
        return WHOLE_NUMBER  # refused later
    if len(formats) == 1:
        return formats[0]
    parsed = {form: _parsed(cells.texts, form) for form in formats}
    form = min(parsed, key=lambda form: int(np.isnat(parsed[form]).sum()))
    rivals = [other for other in formats if not np.isnat(parsed[other]).any() and (parsed[other] != parsed[form]).any()]
    if rivals:
        raise DataError(
            f"{table.at(_first_row(cells, parsed[form] != parsed[rivals[0]]))}: "
            f"{cells.texts[parsed[form] != parsed[rivals[0]]].iloc[0]!r} can be read as {form} or as {rivals[0]}",
            hint=f"say which with --time-format '{form}' or --time-format '{rivals[0]}'",
        )
    return form


def _check_format(form: str) -> None:
    if fault := format_fault(form):
        raise UsageError(
            f"--time-format {form!r} is not a time format: {fault}",
            hint="write it like %d/%m/%Y or %Y-%m-%d %H:%M; "
            "of times as numbers, it is excel, unix, unix-ms, unix-us or unix-ns",
        )


def _plain_times(cells: Coded, form: str) -> Times | None:
    """Return the times of cells that are kept as bytes, in a form of ISO 8601 that NumPy parses; None if one may not
    be a time."""
    if form not in ISO or isinstance(cells.stored, pd.Series):
        return None
    shape = DIRECTIVE.sub(lambda match: "0000" if match[2] == "Y" else "00", form).encode()
    if cells.stored.dtype.itemsize != len(shape):
        return None
    letters = cells.stored.view(np.uint8).reshape(-1, len(shape))
    for place, mark in enumerate(shape):
        column = letters[:, place]
        if not (((column >= 48) & (column <= 57)) if mark == 48 else column == mark).all():
            return None
    try:
        return cells.stored.astype("datetime64[us]")
    except ValueError:  # such as the 30th of February
        return None


def _parsed(texts: "pd.Series[str]", form: str) -> Times:
    """Return the local time that each text shows; NaT if it does not fit the format."""
    if form in NUMERIC:
        return times_of_numbers(texts.tolist(), form)
    plain = _ZONE.sub("", form)
    if plain != form:
        texts = texts.str.replace(_ZONE_TEXT, "", regex=True)
    if "%q" in form:
        texts, plain = texts.str.replace(r"Q([1-4])", _first_month, regex=True), plain.replace("Q%q", "Q%m")
    if "%V" in form:
        texts, plain = texts + "-1", plain + "-%u"
    plain = DIRECTIVE.sub(lambda match: "%p" if match[2] == "P" else f"%{match[2]}", plain)
    stamps = pd.to_datetime(texts, format=plain, errors="coerce")
    times: Times = stamps.to_numpy("datetime64[us]")
    return times


def _first_month(quarter: "re.Match[str]") -> str:
    return f"Q{3 * int(quarter[1]) - 2:02d}"


def _aware(cells: Coded, wall: Times, form: str, table: Table, asked: TableConfig) -> Stamps:
    """Return times with offsets, as UTC and as local times; the regular ones of the two are used later."""
    suffix = cells.texts.str.extract(_ZONE_TEXT)[0].fillna("")
    codes, texts = pd.factorize(suffix)
    offsets = np.array([offset_of(str(text)) for text in texts], np.int64)[codes]
    offsets = np.where(suffix == "", offsets[(suffix != "").to_numpy().argmax()], offsets)  # texts that are not times
    utc = wall - offsets.astype("timedelta64[us]")
    if asked.zone:
        check_zone(asked.zone)
        wrong = utc_offsets(utc, asked.zone) != offsets
        if wrong.any():
            row = _first_row(cells, wrong)
            raise DataError(
                f"{table.at(row)}: the clocks of {asked.zone} do not show {cells[row]}",
                hint="give the zone that the times were written in, or leave out --zone",
            )
    zone = asked.zone or zone_of(utc, offsets)
    if zone is None:
        row = _first_row(cells, offsets != offsets[0])
        raise DataError(
            f"{table.at(row)}: the offset changes from {texts[0]} to {suffix[offsets != offsets[0]].iloc[0]}, "
            "and no time zone has all the offsets in this column",
            hint="give all times in UTC",
        )
    return Stamps(cells.codes, utc, form, zone, in_utc=True, wall=wall)


def _in_zone(codes: CellCodes, wall: Times, form: str, zone: str, table: Table) -> Stamps:
    """Return times without offsets, in a zone that was asked for."""
    check_zone(zone)
    utc, skipped = wall_to_utc(wall, zone, np.zeros(len(wall), bool))
    stamps = Stamps(codes, utc, form, zone, in_utc=True, wall=wall)
    if skipped.any() and (wall != wall.astype("datetime64[D]")).any():
        row = int(skipped[codes].argmax())
        shown = format_times(wall[codes[row] : codes[row] + 1], form)[0]
        raise DataError(
            f"{table.at(row)}: {shown} does not exist: the clocks of {zone} were set forward past it",
            hint="leave out --zone, or give the zone that the times were written in",
        )
    return stamps


def _whole_times(cells: Coded, name: str, table: Table) -> Times:
    whole = cells.texts.str.fullmatch(WHOLE.pattern).to_numpy(bool)
    if not whole.all():
        row = _first_row(cells, ~whole)
        raise DataError(
            f"{table.at(row)}: {cells[row]!r} in column {name!r} is not a time",
            hint="write times like 2024-12-31, 2024-12-31 23:00, 2024-12, 2024Q4, or give their --time-format",
        )
    return cells.texts.to_numpy(object).astype(np.int64)


def _fault(text: str, name: str, form: str) -> str:
    if not text:
        return f"there is no time in column {name!r}"
    if not pd.isna(_parsed(pd.Series([text]), form)[0]):
        return f"{text!r} in column {name!r} is too close to the ends of the calendar (years 1 to 9999)"
    shown = format_times(EXAMPLE, form)[0]
    return f"{text!r} in column {name!r} is not a time like {shown}"


def _first_row(cells: Coded, chosen: Mask) -> int:
    """Return the first row that holds one of the chosen texts."""
    return int(chosen[cells.codes].argmax())
