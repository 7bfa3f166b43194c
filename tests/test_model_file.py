"""The model file: written whole, read with suspicion, the same everywhere."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from rnncast.errors import ModelFileError
from rnncast.files.model_file import read_model, write_model
from rnncast.forecaster import Forecaster
from tests.conftest import small_config, waves


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    Forecaster.fit(waves(), small_config()).save(str(path))
    return path


def rewritten(model: Path, path: Path, header: dict[str, object], **tensors: np.ndarray) -> Path:
    """The model file with parts of its header and tensors replaced."""
    old_header, old_tensors = read_model(str(model))
    old_header.pop("format")
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


@pytest.mark.parametrize("share", [0.01, 0.3, 0.99])
def test_a_truncated_file_is_refused(model: Path, tmp_path: Path, share: float) -> None:
    data = model.read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelFileError):
        Forecaster.load(str(path))


def test_a_newer_format_is_refused(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "new"
    path.write_bytes(model.read_bytes().replace(rb"{\"format\":1,", rb"{\"format\":2,"))
    with pytest.raises(ModelFileError, match="format 2, and this version reads format 1"):
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
    [{"config": {"net": {"model": "oracle"}}}, {"config": {"task": {"horizn": 3}}}, {"ids": 3}, {"frequency": {}}],
    ids=["unknown net", "unknown setting", "ids", "frequency"],
)
def test_headers_that_make_no_sense_are_refused(model: Path, tmp_path: Path, header: dict[str, object]) -> None:
    path = rewritten(model, tmp_path / "odd", header)
    with pytest.raises(ModelFileError, match="damaged model file"):
        Forecaster.load(str(path))
