"""The model file: written whole, read with suspicion, the same everywhere."""

import json
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.errors import DataError, ForecastError, ModelFileError
from rnncast.files.output.model_file import read_model, write_model
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from rnncast.runtime.runtime import CONFORMAL, SHARED, TEMPLATES
from rnncast.series.panel import Columns, Panel
from rnncast.times.frequency import Frequency
from tests.conftest import Program, small_config, waves

DATED = Columns(time="year", time_format="%Y-%m-%d")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    Forecaster.fit(waves(), small_config()).save(str(path))
    return path


def rewritten(model: Path, path: Path, header: dict[str, object], **tensors: np.ndarray) -> Path:
    """The model file with parts of its header and tensors replaced."""
    old_header, old_tensors = read_model(str(model))
    write_model(str(path), {**old_header, **header}, {**old_tensors, **tensors})
    return path


def test_round_trip(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    tensors = {"a": np.arange(3.0), "b": np.ones((2, 2), np.float32)}
    write_model(path, {"words": "é"}, tensors)
    header, read = read_model(path)
    assert header["words"] == "é"
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(read[name], tensor)


def test_the_header_is_readable_json(model: Path) -> None:
    data = model.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["rnncast"])
    assert header["config"]["net"]["model"] == "lstm"
    assert header["ids"] == ["series-0", "series-1", "series-2"]
    assert len(header["source"]["fingerprint"]) == 64


def test_writing_fails_whole(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="cannot write"):
        write_model(str(tmp_path / "no" / "folder"), {}, {"a": np.ones(1)})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="there is no model file") as caught:
        Forecaster.load(str(tmp_path / "none"))
    assert "rnncast train" in caught.value.hint


@pytest.mark.parametrize(
    "data",
    [b"", b"month,sales\n2024-01,3\n", bytes(100), struct.pack("<Q", 2**60) + b"{}", struct.pack("<Q", 2) + b"{}"],
    ids=["empty", "csv", "zeros", "huge header", "no metadata"],
)
def test_not_a_model_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match="is not a rnncast model file"):
        Forecaster.load(str(path))


@given(place=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(model: Path, place: float) -> None:
    data = model.read_bytes()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cut"
        path.write_bytes(data[: int(len(data) * place)])
        with pytest.raises(ModelFileError):
            Forecaster.load(str(path))


def test_a_newer_format_is_refused(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "new"
    path.write_bytes(model.read_bytes().replace(rb"{\"format\":3,", rb"{\"format\":4,"))
    with pytest.raises(ModelFileError, match="format 4, and this version reads formats 1 to 3"):
        Forecaster.load(str(path))


@pytest.mark.parametrize(
    "tensors",
    [
        {"head.bias": np.zeros(3, np.float32)},
        {"net.extra": np.zeros(3, np.float32)},
        {"state.pending": np.zeros(9)},
        {"series.cutoff": np.zeros(9, np.int64)},
        {"head.highway": np.full((4, 7), np.nan, np.float32)},
    ],
    ids=lambda tensors: next(iter(tensors)),
)
def test_tensors_that_do_not_fit_are_refused(model: Path, tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    path = rewritten(model, tmp_path / "odd", {}, **tensors)
    with pytest.raises(ModelFileError, match="damaged model file"):
        Forecaster.load(str(path))


@pytest.mark.parametrize(
    "header",
    [{"spec": {"net": {"model": "oracle"}}}, {"config": {"task": {"horizn": 3}}}, {"ids": 3}, {"frequency": {}}],
    ids=["sections missing", "unknown setting", "ids", "frequency"],
)
def test_headers_that_make_no_sense_are_refused(model: Path, tmp_path: Path, header: dict[str, object]) -> None:
    path = rewritten(model, tmp_path / "odd", header)
    with pytest.raises(ModelFileError, match="damaged model file"):
        Forecaster.load(str(path))


@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_changed_byte_is_noticed(model: Path, place: float, change: int) -> None:
    data = bytearray(model.read_bytes())
    data[int(place * len(data))] ^= change
    with TemporaryDirectory() as folder:
        path = Path(folder) / "changed"
        path.write_bytes(data)
        with pytest.raises(ModelFileError):
            Forecaster.load(str(path))


def test_a_changed_or_missing_byte_of_the_header_takes_no_memory(model: Path, tmp_path: Path) -> None:
    """The header is where a change could ask for the most: its length, and places all through it."""
    data, path = model.read_bytes(), tmp_path / "changed"
    (length,) = struct.unpack_from("<Q", data)
    tracemalloc.start()
    for place in (*range(8), *range(8, 8 + length, 41)):
        for changed in (data[:place], data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :]):
            path.write_bytes(changed)
            with pytest.raises(ModelFileError):
                read_model(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20 + 20 * len(data)


@pytest.mark.parametrize(
    ("mutate", "words"),
    [
        (lambda data: data[: len(data) // 2], "its end is missing"),
        (lambda data: data[:4], "is not a rnncast model file"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "its checksum is wrong"),
        (lambda data: data.replace(b"F32", b"F16", 1), "damaged model file"),
        (lambda data: b"\xff" * 8 + data[8:], "is not a rnncast model file"),
    ],
    ids=["half", "four bytes", "last byte", "type", "length"],
)
@pytest.mark.parametrize("command", [("forecast", "-m"), ("inspect",)], ids=lambda command: command[0])
def test_the_command_line_says_one_sentence(
    trained: Program, program: Program, command: tuple[str, ...], mutate: Callable[[bytes], bytes], words: str
) -> None:
    (program.folder / "bad").write_bytes(mutate((trained.folder / "rnncast.safetensors").read_bytes()))
    done = program(*command, "bad")
    assert (done.returncode, done.stdout) == (1, "")
    sentence, hint = done.stderr.splitlines()
    assert sentence.startswith("rnncast: bad is ")
    assert words in sentence
    assert hint.startswith("  hint: ")


JUNK = st.sampled_from([None, True, -1, 0, 10**9, 2**70, 0.5, "", "a", [], [[1]], {}, {"a": 1}, "last-0", "%Q"])


@settings(max_examples=300)
@given(data=st.data())
def test_a_header_of_junk_that_was_signed_is_refused_or_read(model: Path, data: st.DataObject) -> None:
    """Every value of the header in turn becomes something else: one sentence, or a model, but nothing else."""
    header, tensors = read_model(str(model))
    places = list(leaves(header))
    *way, last = data.draw(st.sampled_from(places))
    junk = data.draw(JUNK)
    inner = header
    for name in way:
        inner = inner[name]
    inner[last] = junk
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "signed")
        write_model(path, header, tensors)
        with suppress(ModelFileError):
            assert Forecaster.load(path).predict(horizon=2).point.shape == (3, 2)


def leaves(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within tables of names and values."""
    for name, value in tree.items():
        yield (*way, name)
        if isinstance(value, dict):
            yield from leaves(value, (*way, name))


@given(data=st.data())
def test_tensors_of_junk_that_were_signed_are_refused(model: Path, data: st.DataObject) -> None:
    header, tensors = read_model(str(model))
    name = data.draw(st.sampled_from(sorted(tensors)))
    bad = np.array(tensors[name], copy=True)
    spoilt = {
        "gone": lambda: None,
        "infinite": lambda: np.full_like(bad, np.inf) if bad.dtype.kind == "f" else np.full_like(bad, 2**62),
        "longer": lambda: np.concatenate([bad, bad]),
        "flat": lambda: bad.reshape(-1)[: bad.size - 1],
        "other": lambda: bad.astype(np.float16),
    }
    if name in (CONFORMAL, TEMPLATES):  # a model can do without
        del spoilt["gone"]
    if name in (TEMPLATES, SHARED):  # of which there may be any number
        del spoilt["longer"]
    kind = data.draw(st.sampled_from([each for each in spoilt if bad.size or each in ("gone", "other")]))
    tensors[name] = spoilt[kind]()
    if tensors[name] is None:
        del tensors[name]
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "signed")
        write_model(path, header, tensors)
        with pytest.raises(ModelFileError, match="damaged model file"):
            Forecaster.load(path)


def test_a_header_of_a_gigabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:  # a sparse file: it takes no room
        file.write(struct.pack("<Q", 2**30) + b"{")
        file.truncate(2**30 + 9)
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="is not a rnncast model file"):
        Forecaster.load(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def test_what_follows_the_end_is_refused(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(ModelFileError, match="something follows its end"):
        Forecaster.load(str(path))


def test_sizes_that_the_config_asks_for_are_not_believed(model: Path, tmp_path: Path) -> None:
    header, _ = read_model(str(model))
    for section, name in (("net", "layers"), ("net", "members"), ("frame", "window"), ("net", "hidden_size")):
        spec = {**header["spec"], section: {**header["spec"][section], name: 10**9}}
        path = rewritten(model, tmp_path / "odd", {"spec": spec})
        with pytest.raises(ModelFileError, match="damaged model file"):
            Forecaster.load(str(path))


@pytest.mark.parametrize("optimised", [[], ["-O"]], ids=["plain", "without asserts"])
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("unit", "fortnight", "the unit of a frequency is 'fortnight', but must be one of step, span"),
        ("day", 99, "the day of a frequency is 99, but must be from 1 to 31"),
        ("count", 10**30, "the count of a frequency is 10"),
    ],
)
def test_a_frequency_that_cannot_be_is_refused_with_the_reason(
    model: Path, tmp_path: Path, field: str, value: object, words: str, optimised: list[str]
) -> None:
    header, _ = read_model(str(model))
    path = rewritten(model, tmp_path / "odd", {"frequency": {**header["frequency"], field: value}})
    command = [sys.executable, *optimised, "-m", "rnncast", "inspect", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"is a damaged model file: {words}" in done.stderr


def test_a_forecast_that_is_not_finite_is_refused(model: Path, tmp_path: Path) -> None:
    """Weights may be finite and still too large."""
    _, tensors = read_model(str(model))
    path = rewritten(model, tmp_path / "odd", {}, **{"head.weight": np.full_like(tensors["head.weight"], 3e38)})
    large = Forecaster.load(str(path))
    words = "the forecast of the lstm model is not a finite number"
    with pytest.raises(ForecastError, match=words):
        large.predict()
    with pytest.raises(ForecastError, match=words):
        large.sample(3)
    follower = Follower(large)
    with pytest.raises(ForecastError, match=words):
        follower.forecast(follower.begin("series-0"), None)


def test_a_forecast_ends_with_the_calendar() -> None:
    years = Frequency("month", 12, 0, 1)
    at = np.array([years.reach[1] - 3])
    panel = Panel.from_series({"a": np.arange(30.0)}, start=at - 29, frequency=years, columns=DATED)
    config = small_config()
    model = Forecaster.fit(panel, replace(config, task=replace(config.task, seasons=(1,), horizon=4)))
    assert model.predict(horizon=3).point.shape == (1, 3)
    with pytest.raises(DataError, match="4 steps after 9996-01-01 are beyond the end of the calendar"):
        model.predict()
    follower = Follower(model)
    with pytest.raises(DataError, match="the calendar"):
        follower.forecast(follower.begin("a"), None)


def test_a_name_that_stands_twice_is_refused(model: Path, tmp_path: Path) -> None:
    """Of two tensors or settings of one name, another program might take the other."""
    data, path = model.read_bytes(), tmp_path / "twice"
    first = data.index(b'"head.bias"')
    tensor = data[:first] + b'"head.bias":{},' + data[first:]
    for changed in (tensor, data.replace(rb"{\"format\":3", rb"{\"format\":3,\"format\":3")):
        (length,) = struct.unpack_from("<Q", changed)
        path.write_bytes(struct.pack("<Q", length + len(changed) - len(data)) + changed[8:])
        with pytest.raises(ModelFileError, match="is not a rnncast model file"):
            read_model(str(path))


def test_scores_that_could_not_be_had_are_said_to_be_unknown(model: Path, tmp_path: Path, program: Program) -> None:
    scores = {"mase": float("inf"), "seasonal_naive_mase": float("inf"), "shrinkage": 0.0}
    path = rewritten(model, tmp_path / "odd", {"scores": scores})
    told = json.loads(program("inspect", "--json", path).stdout, parse_constant=pytest.fail)
    assert told["scores"] == {"mase": None, "seasonal_naive_mase": None, "shrinkage": 0.0}
    assert "constant and cannot be scored" in program("inspect", path).stdout


def test_a_base_forecast_that_stands_twice_is_refused(model: Path, tmp_path: Path) -> None:
    header, _ = read_model(str(model))
    spec = header["spec"]
    names = [spec["frame"]["baselines"][-1], *spec["frame"]["baselines"][1:]]
    path = rewritten(model, tmp_path / "odd", {"spec": {**spec, "frame": {**spec["frame"], "baselines": names}}})
    with pytest.raises(ModelFileError, match=f"the base forecast {names[0]} is listed twice"):
        Forecaster.load(str(path))
