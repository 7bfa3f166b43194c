"""Partitions: a file of a table, the forecasts of its series in a file of their own, and a record of their origin.

A record holds hashes of the model, the settings, the input and the output. A part whose record still fits is finished.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from rnncast.config import PRETRAINED, TableConfig, TaskConfig
from rnncast.errors import EmptyTableError, RnncastError, UsageError
from rnncast.files.formats.folders import KINDS, PACKED, Found, Part
from rnncast.files.output.writing import written, written_text
from rnncast.plain import json_text
from rnncast.version import VERSION

if TYPE_CHECKING:
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.forecast import Forecast
    from rnncast.series.panel import Panel

PIECE = 1 << 20  # bytes hashed at a time
ENDINGS = {"csv": ".csv", "jsonl": ".jsonl", "parquet": ".parquet"}


@dataclass(frozen=True)
class Job:
    """Settings of the forecasts of every partition.

    model: the absolute path of a model file, or "pretrained"; model_hash: of its bytes. table: how partitions are read.
    task: the horizon, seasons and bounds asked for. probabilities: of the quantiles, None for those trained. form: csv,
    jsonl or parquet. digits, plain: how numbers and CSV are written.
    """

    model: str = PRETRAINED
    model_hash: str = ""
    table: TableConfig = field(default_factory=TableConfig)
    task: TaskConfig = field(default_factory=TaskConfig)
    probabilities: tuple[float, ...] | None = None
    by_level: bool = True
    form: str = "csv"
    digits: str = "auto"
    plain: bool = False

    @property
    def fingerprint(self) -> str:
        """Return a hash of everything that determines the forecasts of a partition, except its rows."""
        settings = {**asdict(self), "model": PRETRAINED if self.model == PRETRAINED else "file", "version": VERSION}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """Result of a partition. series: their number, None if an earlier run had finished it. error: why it failed. empty:
    whether it holds no row, and so nothing to work on."""

    path: str
    series: int | None = None
    error: str = ""
    empty: bool = False

    @property
    def failure(self) -> str:
        """Error, with the path before it unless it begins with that."""
        return self.error if self.error.startswith(self.path) else f"{self.path}: {self.error}"


@dataclass(frozen=True)
class Task:
    """Partition to forecast, and the file to write."""

    part: Part
    target: str


def tasks_of(found: Found, folder: str, form: str) -> tuple[Task, ...]:
    """Return a task for each file of a table, whose targets lie in a folder as the files do in theirs.

    Raises UsageError if two files would have the same target.
    """
    paths = [os.path.abspath(part.path) for part in found.parts]
    common = os.path.dirname(paths[0]) if len(paths) == 1 else os.path.commonpath([os.path.dirname(p) for p in paths])
    tasks: dict[str, Task] = {}
    for part, path in zip(found.parts, paths, strict=True):
        target = os.path.join(folder, _stem(os.path.relpath(path, common)) + ENDINGS[form])
        if target in tasks:
            raise UsageError(
                f"the forecasts of {tasks[target].part.path} and {part.path} would both be written to {target}",
                hint="rename one of the files",
            )
        tasks[target] = Task(part, target)
    return tuple(tasks.values())


def sharded(tasks: Sequence[Task], shard: str | None) -> tuple[Task, ...]:
    """Return every Nth task, beginning with the Ith, for a shard "I/N"; all for None. Raises UsageError if it is not
    one."""
    if shard is None:
        return tuple(tasks)
    first, _, number = shard.partition("/")
    if not (first.isdecimal() and number.isdecimal() and 1 <= int(first) <= int(number)):
        raise UsageError(f"--shard is {shard!r}, but must be I/N, with I from 1 to N", hint="the third of ten: 3/10")
    return tuple(tasks[int(first) - 1 :: int(number)])


def forecast_part(task: Task, job: Job, began: float = math.inf) -> Outcome:
    """Forecast the series of a partition and write them, unless an earlier run has done the same.

    began: when this run did, in seconds since 1970; what a worker finished since then, and died, is made again, so that
    it counts. An error that a user can mend is returned, so that other partitions go on; any other is raised.
    """

    def forecast() -> Outcome:
        record = {"job": job.fingerprint, "input": file_hash(task.part.path), "keys": list(map(list, task.part.keys))}
        if _finished(task.target, record, began):
            return Outcome(task.part.path)
        panel, values = _forecast(task.part, job)
        os.makedirs(os.path.dirname(task.target), exist_ok=True)
        _write(task.target, panel, values, job)
        with written_text(_record_of(task.target)) as file:
            file.write(json_text({**record, "output": file_hash(task.target)}, indent=1) + "\n")
        return Outcome(task.part.path, len(panel))

    return tried(task, forecast)


def tried(task: Task, work: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of work on a partition, or one with the error that a user can mend; none if it is empty."""
    try:
        return work()
    except EmptyTableError:
        return Outcome(task.part.path, series=0, empty=True)
    except OSError as error:
        return Outcome(task.part.path, error=f"{error.filename or task.part.path}: {error.strerror or error}")
    except RnncastError as error:
        return Outcome(task.part.path, error=error.message)


def file_hash(path: str) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _stem(path: str) -> str:
    """Return a path without the endings that say what a table is, and how it is compressed."""
    stem, ending = os.path.splitext(path)
    if ending.lower() in PACKED:
        stem, ending = os.path.splitext(stem)
    return stem if ending.lower() in {each for endings in KINDS.values() for each in endings} else stem + ending


def _record_of(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.json")


def _finished(target: str, record: Mapping[str, object], began: float) -> bool:
    """Return whether a target is as a run before this one, which had the same record, left it."""
    try:
        with open(_record_of(target), encoding="utf-8") as file:
            earlier, written = json.load(file), os.fstat(file.fileno()).st_mtime
        return written < began and bool(earlier == {**record, "output": file_hash(target)})
    except (OSError, ValueError):
        return False


def _forecast(part: Part, job: Job) -> "tuple[Panel, Forecast]":
    from rnncast.files.panels.tables import read_table

    panel = read_table(Found((part,)), job.table)
    if job.model == PRETRAINED:
        from rnncast.forecaster.pretrained import Pretrained

        probabilities = TaskConfig().quantiles if job.probabilities is None else job.probabilities
        return panel, Pretrained.of(panel, job.task).predict(panel, probabilities, by_level=job.by_level)
    forecast = _model(job.model, job.model_hash).predict(panel, job.task.horizon)
    return panel, forecast if job.probabilities is None else forecast.at(job.probabilities, by_level=job.by_level)


@lru_cache(maxsize=2)  # of a worker, that forecasts many partitions by one model
def _model(path: str, expected: str) -> "Forecaster":
    from rnncast.forecaster.forecaster import Forecaster

    if file_hash(path) != expected:
        raise UsageError(f"{path} has changed since this run began", hint="begin again")
    return Forecaster.load(path)


def _write(target: str, panel: "Panel", forecast: "Forecast", job: Job) -> None:
    from rnncast.files.output import rows
    from rnncast.files.output.binary import write_parquet
    from rnncast.files.output.forecasts import header_of, rows_of
    from rnncast.series.digits import decimals_of

    columns = forecast.columns
    names = header_of(forecast)
    found = rows_of(forecast, decimals=decimals_of(job.digits, [y for _, _, y in panel]))
    if job.form == "parquet":
        made = BytesIO()
        write_parquet(names, found, made, columns.formats)
        with written(target) as binary:
            binary.write(made.getbuffer())
        return
    with written_text(target) as file:
        if job.form == "jsonl":
            rows.write_jsonl(names, found, file)
        else:
            rows.write_csv(names, found, file, rows.PLAIN if job.plain else rows.Dialect.of(columns))
