"""Settings that say how a table is read; `rnncast.config` re-exports them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from rnncast.errors import UsageError
from rnncast.settings import check, setting, sorted_out, updated

LAYOUTS = ("auto", "long", "wide", "rows")
GAPS = ("mask", "error", "fill")
DUPLICATES = ("error", "first", "last", "mean", "sum")
HOWS = ("mean", "sum", "last")
PARTIALS = ("drop", "keep")
DECIMALS = ("auto", "point", "comma")


class Role(NamedTuple):
    """A role of covariates.

    by_step: whether they change from step to step or are constant in a series. ahead: whether they are known for future
    steps, as constants always are.
    """

    by_step: bool
    ahead: bool


ROLES = {"known": Role(by_step=True, ahead=True), "past": Role(by_step=True, ahead=False), "static": Role(False, True)}


@dataclass(frozen=True, kw_only=True)
class TableConfig:
    """Settings for reading a table; anything left out is recognised from the table."""

    time: str | None = setting(None, "The time column.")
    target: str | None = setting(None, "The column to forecast.")
    id: str | None = setting(None, "The id column, which names the series of each row; or several: region,store.")
    layout: str = setting(
        "auto",
        "long (a row per value), wide (a column per series) or rows (a row per series).",
        words=LAYOUTS,
        flags=("rare",),
    )
    freq: str | None = setting(None, "The frequency: D, B, W, W-MON, MS, ME, QS, YS, h, 15min... Default: recognised.")
    resample: str | None = setting(
        None,
        "Make regular steps: hour, day, month, 15min...",
    )
    how: str = setting(
        "mean",
        "With --resample: what a step is of its rows: mean, sum or last. Steps without a row are missing.",
        words=HOWS,
        flags=("rare",),
    )
    partial: str = setting(
        "drop",
        "With --resample: drop the first and last step where rows cover them in part only, or keep them.",
        words=PARTIALS,
        flags=("rare",),
    )
    gaps: str = setting(
        "mask",
        "Missing values: mask (keep them missing), error (refuse), or fill (interpolate).",
        words=GAPS,
        flags=("rare",),
    )
    duplicates: str = setting(
        "error",
        "Repeated times in a series: error, or keep the first, last, mean or sum.",
        words=DUPLICATES,
        flags=("rare",),
    )
    decimal: str = setting(
        "auto", "The decimal mark of numbers: point, comma, or auto.", words=DECIMALS, flags=("rare",)
    )
    missing: tuple[str, ...] = setting(
        (),
        "More words or numbers that mean a missing value, besides NA, null and the like: k.A.,-999.",
        flags=("rare",),
    )
    sheet: str | None = setting(
        None, "The sheet of a spreadsheet. Default: the first that holds a table.", flags=("rare",)
    )
    encoding: str = setting(
        "auto",
        "Text encoding: cp1252, latin-1, utf-16...; auto recognises UTF-8 and Windows-1252.",
        flags=("rare",),
    )
    time_format: str | None = setting(
        None,
        "Format of times, as in strptime: %d/%m/%Y; for numbers: excel, unix, unix-ms, unix-us or unix-ns. Default: "
        "recognised.",
        flags=("rare",),
    )
    known: tuple[str, ...] = setting((), "Covariates known ahead: a price, a holiday.")
    past: tuple[str, ...] = setting(
        (), "Covariates known only up to the last step, such as a temperature.", flags=("rare",)
    )
    static: tuple[str, ...] = setting(
        (), "Covariates that are constant in each series, such as a store type.", flags=("rare",)
    )
    zone: str | None = setting(
        None, "Time zone: Europe/Berlin. Default: that of the offsets in the data.", flags=("rare",)
    )
    strict: bool = setting(
        False, "Refuse the table if any series is bad, instead of leaving out that series.", flags=("rare",)
    )

    def __post_init__(self) -> None:
        check(self)
        if self.encoding != "auto" and not _is_encoding(self.encoding):
            raise UsageError(
                f"--encoding is {self.encoding!r}, which is not a text encoding",
                hint="use utf-8, cp1252, latin-1, utf-16...",
            )
        if self.resample is not None and self.freq is not None:
            raise UsageError(
                f"--resample {self.resample} makes the steps, and --freq {self.freq} says how the rows lie",
                hint="leave out --freq",
            )
        names = self.covariates
        twice = [name for i, name in enumerate(names) if name in (*names[:i], self.time, self.target, self.id)]
        if twice:
            raise UsageError(f"the column {twice[0]!r} is given two roles", hint="name it once")

    @classmethod
    def of(cls, settings: Mapping[str, Any], base: "TableConfig | None" = None) -> "TableConfig":
        """Return a TableConfig with settings, named by their flags, applied to `base`.

        Raises UsageError, naming the setting, if one is unknown or invalid.
        """
        base = base or cls()
        return updated(base, *sorted_out(settings, base))

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariate columns."""
        return tuple(name for role in ROLES for name in getattr(self, role))


def _is_encoding(name: str) -> bool:
    try:
        return bool(name.strip()) and "a".encode(name).decode(name) == "a"
    except (LookupError, ValueError):
        return False
