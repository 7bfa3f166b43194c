"""A small file that would become a huge one is refused, with the limit, before it fills the memory."""

import gzip
import io
import tracemalloc
import zlib
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from rnncast.errors import DataError
from rnncast.files.formats import sources
from rnncast.files.panels.tables import read_table

TABLE = b"ds,y\n" + b"".join(b"2024-01-%02d,%d\n" % (day, day) for day in range(1, 29))
SAID = "bytes that unpack to more than"


def gzipped(size: int) -> bytes:
    """A table and then zeros, so many bytes in all."""
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(TABLE)]
    pieces += [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join((*pieces, packer.flush()))


def zstandard(size: int) -> bytes:
    """The same as .zst."""
    out = io.BytesIO()
    with pyarrow.CompressedOutputStream(out, "zstd") as packer:
        packer.write(TABLE)
        for _ in range(size >> 20):
            packer.write(bytes(1 << 20))
        packer.flush()
        return out.getvalue()


@pytest.mark.parametrize("packed", [gzipped, zstandard])
def test_a_packed_bomb(tmp_path: Path, packed: object) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(packed(1 << 27))  # type: ignore[operator]
    tracemalloc.start()
    with pytest.raises(DataError, match=SAID) as caught:
        read_table(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "unpack it yourself" in caught.value.hint
    assert peak < 4 * sources.largest_unpacked(path.stat().st_size)
    assert sources.largest_unpacked(path.stat().st_size) < 1 << 28


def test_a_bomb_within_many_members_of_gzip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SURELY_FINE", 1 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(bytes(1 << 16)) * 100)
    with pytest.raises(DataError, match=SAID):
        read_table(str(path))


def test_a_parquet_bomb(tmp_path: Path) -> None:
    """Thirty million equal rows in a few kilobytes."""
    rows = 30_000_000
    path = tmp_path / "bomb.parquet"
    column = pyarrow.DictionaryArray.from_arrays(pyarrow.nulls(rows, pyarrow.int8()).fill_null(0), ["2024-01-01"])
    parquet.write_table(pyarrow.table({"ds": column}), path, row_group_size=rows)
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"bytes that unpack to 240,000,000, but at most 67,108,864 are allowed"):
        read_table(str(path))


def test_what_shrinks_well_is_read(tmp_path: Path) -> None:
    """A long table of an empty house: 0 at every minute of five months."""
    path = tmp_path / "even.csv.gz"
    lines = b"".join(b"%d,0\n" % minute for minute in range(200_000))
    path.write_bytes(gzip.compress(b"step,y\n" + lines, 1))
    assert len(read_table(str(path)).y) == 200_000
