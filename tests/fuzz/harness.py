"""How the targets of this folder are fuzzed: by coverage where atheris is installed, else by a mutator of its own.

A target is a module with `try_input(data)`, which ends in silence, whatever the bytes, or shows a bug by an exception.
`python tests/fuzz/rows.py` fuzzes one for ever; libFuzzer's options are understood: -runs=N, -max_total_time=SECONDS.
The corpus that it begins with is in corpus/NAME; what it finds goes to the folder named first, if one is.
"""

import importlib
import random
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
TARGETS = ("cells", "rows", "settings", "follow", "tables", "future", "model")
SPLICED = (b"", b",", b'"', b"\n", b"\0", b"-", b"9" * 40, b"1e999", b"NaN", b"{", b"[", b"%", b"\xff", b"\xef\xbb\xbf")


def fuzz(name: str) -> None:
    """Fuzz a target until it breaks, or as long as the command line says."""
    sys.path[0] = str(HERE.parent.parent)  # as a script, this folder, whose names may be those of libraries
    try:
        import atheris
    except ImportError:
        _without_coverage(importlib.import_module(f"tests.fuzz.{name}").try_input, seeds(name))
        return
    for module in [each for each in sys.modules if each.split(".")[0] == "rnncast"]:
        del sys.modules[module]  # to be imported again, counting
    with atheris.instrument_imports(include=["rnncast"]):
        target = importlib.import_module(f"tests.fuzz.{name}")
    folders = [each for each in sys.argv[1:] if not each.startswith("-")] or [_scratch()]
    options = [each for each in sys.argv[1:] if each.startswith("-")]
    atheris.Setup([sys.argv[0], *options, *folders, str(CORPUS / name)], target.try_input)
    atheris.Fuzz()


def seeds(name: str) -> list[bytes]:
    """The corpus of a target, in order."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few places replaced, cut out, doubled, or written over with something awkward."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(out) + 1), chance.choice([0, 1, 1, 2, 8, 40])
        put = (chance.choice(SPLICED), chance.randbytes(chance.randint(1, 4)), bytes(out[at : at + 60]))
        out[at : at + length] = chance.choice(put)
    return bytes(out)


def _without_coverage(try_input: Callable[[bytes], None], corpus: list[bytes]) -> None:
    limits = dict(each[1:].split("=") for each in sys.argv[1:] if each.startswith("-"))
    chance, runs = random.Random(int(limits.get("seed", 1))), int(limits.get("runs", -1))
    began, longest, done = monotonic(), float(limits.get("max_total_time", "inf")), 0
    while done != runs and monotonic() - began < longest:
        data = mutated(chance.choice(corpus), chance)
        try:
            try_input(data)
        except BaseException:
            print(f"broken by {data!r}", file=sys.stderr)
            raise
        done += 1
    print(f"Done {done} runs in {monotonic() - began:.0f} second(s), without coverage: atheris is not installed")


def _scratch() -> str:
    from tempfile import mkdtemp

    return mkdtemp(prefix="fuzz-")
