"""`rnncast forecast --follow`: a forecast after each row as it arrives."""

import os
import select
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from rnncast.cli.dialects import dialect_of
from rnncast.cli.environment import Environment
from rnncast.cli.output import Format
from rnncast.config import TableConfig, TaskConfig
from rnncast.errors import DataError, ExitCode, UsageError
from rnncast.plain import counted

if TYPE_CHECKING:
    from rnncast.files.output.forecasts import Decimals
    from rnncast.files.output.rows import Write
    from rnncast.forecaster.following import Follower, Live
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.forecast import Forecast

PIECE = 1 << 16  # bytes read at a time, at most
MOST_SAID = 10  # rows left out that are named; more are only counted, unless --verbose
LONGEST_LINE = 1 << 20  # bytes: the rest of a longer line is dropped, and the line is not a row


class Shown(NamedTuple):
    """Intervals to show: the probabilities of the quantiles, None for those trained."""

    probabilities: tuple[float, ...] | None
    by_level: bool

    def __call__(self, forecast: "Forecast") -> "Forecast":
        """Return the forecast with those quantiles."""
        wanted = self.probabilities
        return forecast if wanted is None else forecast.at(wanted, by_level=self.by_level)


class StreamOptions(NamedTuple):
    """Options of --follow.

    asked: the task for the pretrained net. gaps: whether missing steps are stepped over. save: where the state is
    written at the end.
    """

    path: str
    table: TableConfig
    kind: Format
    asked: TaskConfig
    shown: Shown
    every: int
    gaps: bool
    save: str | None
    dialect: str = "same"
    digits: str = "auto"


def follow(forecaster: "Forecaster | None", options: StreamOptions, environment: Environment) -> ExitCode:
    """Forecast after each row until the rows end, the reader goes or a signal arrives; then save the state.

    Without a forecaster, the pretrained net is used, and the first rows are the history of the series. Raises DataError
    if the first line is not a header of these data or, under --strict, a row is bad.
    """
    from rnncast.cli.beginning import begun
    from rnncast.forecaster.following import Follower

    if options.table.resample is not None or (forecaster is not None and forecaster.source.table.resample is not None):
        raise UsageError(
            "--follow takes a step a row, and --resample makes steps of several rows",
            hint="forecast --continue takes the rows of whole steps; or resample what is piped in",
        )
    followed: dict[str, Live] = {}
    with _stopped_by_signals() as stopping:
        lines, after_history = _lines(options.path, stopping), forecaster is None
        if forecaster is None:
            forecaster, lines = begun(lines, options.table, options.asked, environment)
        follower = Follower(forecaster)
        try:
            stream = _Stream(lines, after_history)
            left_out = _followed(follower, followed, options, stream, environment)
        finally:
            if options.save is not None:
                follower.end(followed).save(options.save)
    if left_out > MOST_SAID:
        environment.warn(f"{counted(left_out, 'row was', 'rows were')} left out in all")
    if stopping.signals and stopping.signals[0] == signal.SIGINT:
        return ExitCode.INTERRUPTED
    return ExitCode.COULD_NOT if left_out else ExitCode.DONE


class Stopping(NamedTuple):
    """Signals that have arrived, and a file that becomes readable when one does."""

    signals: list[int]
    wake: int


class _Stream(NamedTuple):
    """Remaining lines, and whether they follow a history from which a forecast is made first."""

    lines: Iterator[str]
    after_history: bool


def _followed(
    follower: "Follower",
    followed: "dict[str, Live]",
    options: StreamOptions,
    stream: _Stream,
    environment: Environment,
) -> int:
    """Take in every row, record each series' state in `followed`, write the forecasts, and return the number of bad
    rows."""
    from rnncast.files.output.forecasts import header_of, rows_of
    from rnncast.files.panels.stream import BadRow, stream_rows
    from rnncast.forecaster.new_rows import MOST_GAP
    from rnncast.series.blocks import in_blocks

    model, left_out, taken = follower.forecaster, 0, 0
    passed: dict[str, set[int]] = defaultdict(set)  # steps with bad rows since a series' last good one
    frequency = model.frequency
    texts = in_blocks(lambda positions: model.columns.cells(frequency.times(positions)), frequency)
    horizon = options.asked.horizon

    def shown(series: "Live") -> "Forecast":
        return options.shown(follower.forecast(series, horizon))

    begun = (follower.begin(name) for name in model.ids)
    first = next(begun)
    write, places = _writing(model, header_of(shown(first)), options, environment)
    for series in chain([first], begun) if stream.after_history else ():
        forecast = shown(series)
        write(rows_of(forecast, texts, places.get(forecast.ids[0])))
    environment.stdout.flush()
    for row in stream_rows(stream.lines, model.columns, model.frequency, options.table):
        step = row.step if isinstance(row, BadRow) else row
        try:
            if isinstance(row, BadRow):
                raise DataError(row.reason)
            series = followed.get(row.series) or follower.begin(row.series)
            series = follower.after(
                series, row.value, row.positions, gaps=options.gaps, passed=passed.get(row.series, frozenset())
            )
        except DataError as error:
            left_out += 1
            message = f"line {row.line}: {error.message}"
            if options.table.strict:
                raise DataError(message, error.hint) from None
            if left_out <= MOST_SAID or environment.verbose:
                environment.warn(f"left out {message}")
            elif left_out == MOST_SAID + 1:
                environment.warn("further rows left out are only counted; -v lists each")
            if step is not None and len(passed[step.series]) < MOST_GAP:
                passed[step.series].update(step.positions)
            continue
        followed[row.series] = series
        passed.pop(row.series, None)
        taken += 1
        if taken % options.every == 0:
            forecast = shown(series)
            write(rows_of(forecast, texts, places.get(forecast.ids[0])))
            environment.stdout.flush()
    return left_out


def _writing(
    model: "Forecaster", header: list[str], options: StreamOptions, environment: Environment
) -> "tuple[Write, dict[str, Decimals]]":
    """Write the header, and return a function that writes rows under it, and the decimals of each series' numbers."""
    from rnncast.files.output.rows import stream_csv, stream_jsonl
    from rnncast.series.digits import decimals_of

    digits = decimals_of(options.digits, list(model.recent))
    places: dict[str, Decimals] = {} if digits is None else dict(zip(model.ids, digits[:, None], strict=True))
    if options.kind is Format.jsonl:
        return stream_jsonl(header, environment.stdout), places
    return stream_csv(header, environment.stdout, dialect_of(model.columns, options.dialect)), places


def _lines(path: str, stopping: Stopping) -> Iterator[str]:
    """Yield the lines of a file or of standard input as they arrive, until they end or a signal arrives."""
    with _descriptor(path) as source:
        rest = b""
        while not stopping.signals:
            ready, _, _ = select.select([source, stopping.wake], [], [])
            if source not in ready:
                return
            piece = os.read(source, PIECE)
            *lines, rest = (rest + piece).split(b"\n")
            rest = rest[:LONGEST_LINE]  # a stream without line ends must not fill the memory
            for line in lines if piece else [rest]:
                if stopping.signals:
                    return
                yield line.decode("utf-8", "replace")
            if not piece:
                return


@contextmanager
def _descriptor(path: str) -> Iterator[int]:
    if path == "-":
        yield sys.stdin.fileno()
        return
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    with file:
        yield file.fileno()


@contextmanager
def _stopped_by_signals() -> Iterator[Stopping]:
    """Let SIGTERM and SIGINT end the stream in good order while the block runs."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    stopping = Stopping([], wake)
    handled = {
        each: signal.signal(each, lambda number, frame: stopping.signals.append(number))
        for each in (signal.SIGTERM, signal.SIGINT)
    }
    before = signal.set_wakeup_fd(woken)
    try:
        yield stopping
    finally:
        signal.set_wakeup_fd(before)
        for each, handler in handled.items():
            signal.signal(each, handler)
        os.close(wake)
        os.close(woken)
