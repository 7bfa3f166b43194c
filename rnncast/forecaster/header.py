"""Header of a model file, as checked values: each against its own range, and all against each other.

A file may come from anyone. A header that passes can be forecast from, displayed and saved again.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rnncast.config import DATA_OF_MODEL, Config, TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.formats.folders import Named, files_of, named
from rnncast.files.output.model_file import FORMAT
from rnncast.frame.baselines import find_baseline
from rnncast.frame.frame import Frame
from rnncast.interruption import Interruption
from rnncast.plain import from_plain, shown, table, texts
from rnncast.runtime.checks import check_bases, check_strategy
from rnncast.series.encoding import Encoding
from rnncast.series.panel import KEY_MARK, Columns, Panel
from rnncast.spec import ModelSpec
from rnncast.times.formats import WHOLE_NUMBER, format_fault
from rnncast.times.frequency import Frequency, check_cycles
from rnncast.times.zones import check_zone

SCORES = (  # the first three are always there
    *("mase", "seasonal_naive_mase", "shrinkage", "naive_mase", "origins"),
    *("pretrained_mase", "finetuned_mase", "mean_mase", "scratch_mase", "base_mase", "pretrained", "finetuned"),
    *("linear_mase", "linear_mean_mase", "nets_mase", "linear"),
    *("first_segment_mase", "second_segment_mase", "both_segments_mase"),
)
NEEDED_SCORES = 3
PARTS = ("versions", "config", "spec", "frequency", "columns", "source", "scores", "encoding", "ids")
OPTIONAL_PARTS = ("interruption", "format")
LARGEST_SCORE = sys.float_info.max


@dataclass(frozen=True)
class Source:
    """Source of the training data, so that they can be found again.

    path and table: as they were given to `read_table`. fingerprint: `Panel.fingerprint` of the training data.
    """

    fingerprint: str
    path: Named = ""
    table: TableConfig = field(default_factory=TableConfig)

    @property
    def name(self) -> str:
        """Name of the data in a message."""
        return named(self.path)

    def read(self, note: Callable[[str], None], *, anywhere: bool = False) -> Panel:
        """Read the panel again; `note` is called with the file's name before it is opened.

        A model file may come from anyone, so a path in it that leads out of the working folder by any route, or to
        anything but a plain file, is followed only if `anywhere`. Raises DataError if it is not, or if the file is
        gone, has changed, or was a pipe.
        """
        from rnncast.files.panels.tables import read_table

        path = self.path
        if path in ("", "-"):
            raise DataError(
                "the model file does not say where its data are, because they came from a pipe",
                hint="name the data file",
            )
        for each in () if anywhere else _paths(path):
            if fault := _not_here(each):
                raise DataError(
                    f"the model file says that its data are in {each}, which {fault}",
                    hint=f"to read it anyway, name it, or add {DATA_OF_MODEL}",
                )
        note(f"reading the data that the model file names: {self.name}")
        panel = read_table(path, self.table, note=note)
        if panel.fingerprint != self.fingerprint:
            raise DataError(
                f"{self.name} has changed since the model was trained on it",
                hint=f"to use its present contents, name it: rnncast compare {self.name}",
            )
        return panel


def _paths(data: Named) -> Iterator[str]:
    """Yield each path of the data: those given, and then those of the files that a pattern matches."""
    yield from (data,) if isinstance(data, str) else data
    try:
        yield from files_of(data)
    except DataError:  # reported when they are opened
        return


def _not_here(path: str) -> str:
    """Return why a path is not a plain file in the working folder or below; empty if it is one, or does not exist."""
    try:
        real = Path(path).resolve()
        if not real.is_relative_to(Path.cwd().resolve()):
            return "lies outside the working folder"
        return "is not a plain file" if real.exists() and not real.is_file() else ""
    except (OSError, ValueError, RuntimeError) as error:  # a null character, or a circle of links
        return f"cannot be opened: {error}"


class Header(NamedTuple):
    """Contents of a model file except its tensors.

    spec: what was decided; asked: what was asked for. format: of the file it was read from; files are written in the
    present format.
    """

    spec: ModelSpec
    asked: Config
    frequency: Frequency
    columns: Columns
    encoding: Encoding
    source: Source
    ids: tuple[str, ...]
    scores: Mapping[str, float]
    versions: Mapping[str, str]
    interruption: Interruption | None = None
    format: int = FORMAT

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, in the order of a file."""
        return {
            "versions": dict(self.versions),
            "config": self.asked.to_dict(),
            "spec": self.spec.to_dict(),
            "frequency": self.frequency.to_dict(),
            "columns": self.columns.to_dict(),
            "source": asdict(self.source),
            "scores": dict(self.scores),
            "encoding": self.encoding.to_dict(),
            "ids": self.ids,
            **({} if self.interruption is None else {"interruption": asdict(self.interruption)}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Header":
        """Return the Header that `to_dict` wrote. Raises UsageError or ValueError, naming the field, if a value is
        invalid."""
        given = table(values, (*PARTS, *OPTIONAL_PARTS), PARTS, "part of the header")
        interruption = given.get("interruption")
        header = cls(
            spec=ModelSpec.from_dict(given["spec"]),
            asked=Config.from_dict(given["config"]),
            frequency=Frequency.from_dict(given["frequency"]),
            columns=Columns.from_dict(given["columns"]),
            encoding=Encoding.from_dict(given["encoding"]),
            source=_source(given["source"]),
            ids=texts(given["ids"], "the ids of the series"),
            scores=_scores(given["scores"]),
            versions=_versions(given["versions"]),
            interruption=None
            if interruption is None
            else from_plain(Interruption, interruption, "interruption's field"),
            format=given.get("format", FORMAT),
        )
        _check_spec(header.spec, header.frequency)
        if header.encoding.widths != header.spec.frame.covariates:
            raise UsageError("the encoding of the covariates does not fit the net")
        _check_columns(header.columns, header.frequency)
        _check_ids(header.ids, header.columns)
        return header


def _check_spec(spec: ModelSpec, frequency: Frequency) -> None:
    """Raise UsageError, naming the field, if the parts of a spec do not suit each other or the frequency of the
    data."""
    check_strategy(spec.net.model, spec.task.strategy, spec.train.training, spec.train.loss)
    if spec.loss.counts and spec.frame.log:
        raise UsageError(f"--loss {spec.train.loss} is for counts, which need no logs")
    check_cycles(spec.frame.calendar, frequency)
    frame = Frame.of(spec)
    for place, name in enumerate(frame.baselines):
        find_baseline(name)
        if name in frame.baselines[:place]:
            raise UsageError(f"the base forecast {name} is listed twice")
    if len(frame.matched) != (frame.known > 0 and frame.has_bases):
        raise UsageError("the base forecasts by known covariates do not suit the covariates")
    check_bases(spec.frame.base, frame)


def _source(values: Any) -> Source:
    given = table(values, ("fingerprint", "path", "table"), ("fingerprint", "table"), "field of the source")
    source: Source = from_plain(Source, given | {"table": from_plain(TableConfig, given["table"])}, "source's field")
    if source.path == ():
        raise UsageError("the source's path lists no file")
    return source


def _scores(values: Any) -> dict[str, float]:
    """Return scores by name; infinite if nothing could be scored, for which JSON has null."""
    needed = SCORES[:NEEDED_SCORES] if values else ()
    scores = table(values, SCORES, needed, "score")
    scores = {name: math.inf if score is None else score for name, score in scores.items()}
    for name, score in scores.items():
        number = isinstance(score, int | float) and not isinstance(score, bool)
        if not number or not (0 <= score <= LARGEST_SCORE or score == math.inf):
            raise UsageError(f"the score {name!r} cannot be {shown(score)}")
    for name in ("shrinkage", "pretrained", "finetuned"):
        if not scores.get(name, 0) <= 1:
            raise UsageError(f"the score {name!r} is {shown(scores[name])}, but must be at most 1")
    return {name: float(score) for name, score in scores.items()}


def _versions(values: Any) -> dict[str, str]:
    given = table(values, values if isinstance(values, Mapping) else (), (), "version")
    for name, version in given.items():
        if not isinstance(version, str):
            raise UsageError(f"the version of {shown(name)} cannot be {shown(version)}")
    return given


def _check_columns(columns: Columns, frequency: Frequency) -> None:
    """Raise UsageError for times that could not be written as the columns say."""
    if (columns.time_format == WHOLE_NUMBER) != (frequency.unit == "step"):
        raise UsageError(f"the times are {frequency.name}, which the time format {columns.time_format!r} cannot show")
    if columns.time is None and frequency.unit != "step":
        raise UsageError(f"there is no time column, but the times are {frequency.name}")
    if columns.time == "":
        raise UsageError("the time column has no name")
    for form in (columns.time_format, *columns.time_formats):
        if form != WHOLE_NUMBER and (fault := format_fault(form)):
            raise UsageError(f"the time format {shown(form)} cannot be written: {fault}")
    if WHOLE_NUMBER in columns.time_formats or (columns.time_columns and columns.time is None):
        raise UsageError("the columns of the time cannot be written")
    if columns.time_zone:
        check_zone(columns.time_zone)


def _check_ids(ids: tuple[str, ...], columns: Columns) -> None:
    """Raise UsageError, naming the id, if one occurs twice or does not fit the id columns."""
    if len(set(ids)) < len(ids):
        twice = next(name for i, name in enumerate(ids) if name in ids[:i])
        raise UsageError(f"two series are called {shown(twice)}")
    marks = len(columns.ids) - 1
    if marks > 0 and (wrong := next((name for name in ids if name.count(KEY_MARK) != marks), None)) is not None:
        raise UsageError(f"the id {shown(wrong)} does not hold a value for each of {len(columns.ids)} id columns")
