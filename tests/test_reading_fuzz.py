"""Bytes that nobody meant: the reader reads them or refuses them, soon, and never breaks."""

import random
from pathlib import Path

import numpy as np
import pytest

from rnncast.config import TableConfig
from rnncast.errors import RnncastError
from rnncast.files.formats import delimited
from rnncast.files.panels.tables import study_table
from tests.fuzz.tables import ASKED
from tests.tables import as_csv, as_gz, as_json, as_jsonl, as_parquet, as_zst

NAMES = ["id", "ds", "y"]
ROWS = [[s, f"2024-0{1 + d // 28}-{1 + d % 28:02d}", d + 0.5] for s in ("a", "b") for d in range(56)]
WIDE = [["ds", "a", "b"], *([f"2024-01-01 {h:02d}:00:00+01:00", 1.5 * h, h] for h in range(24))]
SEEDS = [
    as_csv(NAMES, ROWS),
    as_csv(WIDE[0], WIDE[1:]),  # type: ignore[arg-type]
    as_csv(None, [[1.0], [2.0], [3.5], [7.0]]),
    as_csv(["d", "v"], [[f"{d}.1.2024", "1.234,5"] for d in range(1, 29)]),
    as_jsonl(NAMES, ROWS),
    as_json(NAMES, ROWS),
    as_parquet(NAMES, ROWS),
    as_gz(as_csv(NAMES, ROWS)),
    as_zst(as_csv(NAMES, ROWS)),
    as_csv(NAMES, ROWS).decode().encode("utf-16"),
]
WORDS = [
    b",",
    b"\n",
    b'"',
    b";",
    b"\t",
    b"\0",
    b"\r",
    b"-",
    b"9" * 400,
    b"\xff",
    b"NA",
    b"1e999",
    b"{",
    b"[[",
    b"%",
    b"\xef\xbb\xbf",
]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few places replaced, cut out, doubled, or written over with something awkward."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out) + 1)
        length = chance.choice([0, 1, 1, 2, 8, 40])
        put = chance.choice(
            [b"", chance.choice(WORDS), chance.randbytes(chance.randint(1, 4)), bytes(out[at : at + 60])]
        )
        out[at : at + length] = put
    return bytes(out)


def survives(folder: Path, data: bytes, asked: TableConfig) -> None:
    path = folder / "fuzz"
    path.write_bytes(data)
    try:
        panel = study_table(str(path), asked).panel
    except RnncastError:
        return
    assert len(panel.y) < 200_000
    assert np.isfinite(panel.y[~np.isnan(panel.y)]).all()


@pytest.mark.parametrize("engine", ["arrow", "pandas"])
@pytest.mark.parametrize("kind", range(len(SEEDS)))
def test_mutated_tables(tmp_path: Path, kind: int, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "pandas":
        monkeypatch.setattr(delimited, "_with_arrow", lambda *_: None)
    chance = random.Random(kind)
    for _ in range(40):
        survives(tmp_path, mutated(SEEDS[kind], chance), chance.choice(ASKED))


def test_random_bytes(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(150):
        letters = chance.choice(
            [bytes(range(256)), b"0123456789,.-\n", b'ab,"\n;1 ', b"\x1f\x8b\x28\xb5\x2f\xfdPAR1{}[]:"]
        )
        data = bytes(chance.choices(letters, k=chance.randint(0, 400)))
        head = chance.choice([b"", b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"{", b"[{", b"\xff\xfe", b"ds,y\n"])
        survives(tmp_path, head + data, chance.choice(ASKED))


@pytest.mark.slow
def test_very_many_mutated_tables(tmp_path: Path) -> None:
    chance = random.Random(99)
    for _ in range(20_000):
        survives(tmp_path, mutated(chance.choice(SEEDS), chance), chance.choice(ASKED))
