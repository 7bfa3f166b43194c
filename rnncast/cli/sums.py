"""`rnncast forecast --sum` and `--total`: sums over steps and over series, from sample paths."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rnncast.cli.environment import Environment
from rnncast.cli.follow import Shown
from rnncast.config import TaskConfig
from rnncast.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rnncast.files.output.forecasts import Decimals
    from rnncast.series.forecast import Paths

# Rows, a table and the formats of times, as `output.write` takes them.
Told = tuple[tuple[list[str], Iterable[Sequence[Any]]], Callable[[], "RenderableType"], Mapping[str, str]]


def is_summed(given: Mapping[str, Any]) -> bool:
    """Return whether sums are asked for."""
    return bool(given["sum_"] or given["total"] or given["by"])


def check_sums(given: Mapping[str, Any], drawn: Mapping[str, Any]) -> None:
    """Raise UsageError for options that cannot be combined with sums. drawn: flags about pictures, which sums do not
    have."""
    if given["followed"]:
        raise UsageError("--follow forecasts row by row, without sums", hint="leave out --sum, --total and --by")
    for flag, value in drawn.items():
        if value is not None:
            raise UsageError(f"{flag}: there are no pictures of sums", hint=f"leave out {flag}")


def sampled(given: Mapping[str, Any]) -> int | None:
    """Return the number of paths to sample; None if a plain forecast is asked for."""
    paths: int | None = given["paths"]
    if paths is not None or not is_summed(given):
        return paths
    from rnncast.series.sums import PATHS

    return PATHS


def summed(
    given: Mapping[str, Any], paths: "Paths", shown: Shown, environment: Environment, decimals: "Decimals"
) -> Told:
    """Return the sums asked for, as rows and as a table, and say on stderr which periods are incomplete.

    decimals: those of each series' forecasts; sums over series have the most of them.
    """
    from rnncast.files.output.forecasts import header_of, rows_of
    from rnncast.files.output.sums import partial_in_words, sums_header, sums_rows
    from rnncast.report.tables import forecast_table, sums_table
    from rnncast.series.digits import finest
    from rnncast.series.sums import forecast_of, sums_of, total_of

    probabilities = shown.probabilities or paths.probabilities or TaskConfig().quantiles
    if given["total"] or given["by"]:
        by = tuple(part.strip() for part in (given["by"] or "").split(",") if part.strip())
        paths = total_of(paths, by, whole=given["total"])
        decimals = None if decimals is None else finest(decimals, len(paths.ids))
    if given["sum_"] is None:
        found = forecast_of(paths, probabilities, by_level=shown.by_level)
        return (
            (header_of(found), rows_of(found, decimals=decimals)),
            lambda: forecast_table(found),
            found.columns.formats,
        )
    sums = sums_of(paths, str(given["sum_"]), probabilities, by_level=shown.by_level)
    if partial := partial_in_words(sums):
        environment.say(partial)
    times = dict.fromkeys(("from", "to"), sums.columns.time_format) if sums.columns.time_format else {}
    return (sums_header(sums), sums_rows(sums, decimals)), lambda: sums_table(sums), times
