"""Make docs/memory.md from real runs: every output and every picture on it.

    python docs/make_memory.py                     # all of it: about half an hour on one core
    python docs/make_memory.py --only rnn.jsonl    # only the blocks in which that stands
    python docs/make_memory.py --check             # write nothing: say which numbers are no longer true

A block of kind console holds commands, each after "$ ", with what they printed below; one of kind python is run, and
the block of kind text after it holds what it printed. Commands run in one folder, in the order of the page, with
--folder in one that stays, so that --only finds what earlier blocks left there. The benchmarks, which take most of the
time or measure time, are left out by --check.
"""

import argparse
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = HERE / "memory.md"
BLOCK = re.compile(r"^```(console|python|text)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
SECONDS = re.compile(r"(?:in )?\d[\d.]* s\b")  # depend on the machine
BENCHMARK = "benchmarks/"
TOLERANCE = 0.1  # of a number
DECADES = 1.0  # of a number written with an exponent


class Block(NamedTuple):
    """A block of the page: its kind, its text, and where that begins and ends."""

    kind: str
    text: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """Return the blocks that are run, and those that hold what the ones before printed."""
    return [Block(found[1], found[2], found.start(2), found.end(2)) for found in BLOCK.finditer(page)]


def commands(text: str) -> list[str]:
    """Return the commands of a console block."""
    return re.findall(r"^\$ (.*)$", text, re.MULTILINE)


def environment() -> dict[str, str]:
    """Return the environment of a plain terminal, with the `rnncast` and `python` that run this."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {"OMP_NUM_THREADS": "1", **os.environ, "PATH": path, "PYTHONPATH": search, "COLUMNS": "80", "NO_COLOR": "1"}


def prepared(folder: Path) -> Path:
    """Return a folder in which the commands of the page run."""
    for name in ("sample_data", "benchmarks"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    return folder


def printed(block: Block, folder: Path) -> str:
    """Return what a console block holds once its commands have run, or what a Python block prints."""
    if block.kind == "python":
        return _run([sys.executable, "-c", block.text], folder)
    return "".join(f"$ {line}\n{_run(['bash', '-o', 'pipefail', '-c', line], folder)}" for line in commands(block.text))


def _run(words: list[str], folder: Path) -> str:
    done = subprocess.run(
        words, cwd=folder, env=environment(), text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise SystemExit(f"{words[-1]}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout if done.stdout.endswith("\n") or not done.stdout else done.stdout + "\n"


def made(page: str, folder: Path, only: str | None, *, benchmarks: bool = True) -> Iterator[tuple[int, str, str]]:
    """Yield the blocks that hold output: the place of each among all, its text, and the new one."""
    there = blocks(page)
    for place, (block, after) in enumerate(zip(there, [*there[1:], None], strict=True)):
        if block.kind == "text" or (only is not None and only not in block.text):
            continue
        if not benchmarks and BENCHMARK in block.text:
            continue
        if block.kind == "console" and commands(block.text):
            yield place, block.text, printed(block, folder)
        elif block.kind == "python":
            text = printed(block, folder)
            if after is not None and after.kind == "text":
                yield place + 1, after.text, text


def drifts(old: str, new: str) -> list[str]:
    """Return what is no longer true in a block: words that differ, and numbers beyond their tolerance; no times."""
    old, new = (SECONDS.sub("", text) for text in (old, new))
    words = [NUMBER.sub("#", text).split() for text in (old, new)]
    if words[0] != words[1]:
        return [f"{' '.join(old.split())} -> {' '.join(new.split())}"]
    return [f"{a} -> {b}" for a, b in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True) if not alike(a, b)]


def alike(old: str, new: str) -> bool:
    """Return whether one number is near enough to another."""
    a, b = (float(text.replace(",", "")) for text in (old, new))
    if "e" in old:
        return a == b or (a * b > 0 and abs(math.log10(a / b)) <= DECADES)
    rounding = 10.0 ** -len(old.partition(".")[2])
    return abs(a - b) <= max(TOLERANCE * abs(a), 1.01 * rounding)


def main() -> None:
    """Run the page's blocks, rewrite it, and draw its pictures; or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="WORDS", help="run only the blocks in which these words stand")
    parser.add_argument("--check", action="store_true", help="write nothing, and exit with 1 if a number has drifted")
    parser.add_argument("--no-benchmarks", action="store_true", help="without the benchmarks")
    parser.add_argument("--no-pictures", action="store_true", help="without the pictures")
    parser.add_argument("--folder", type=Path, help="where to run the commands; a new one by default")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = prepared(given.folder or Path(temporary))
        page, apart = PAGE.read_text(), list[str]()
        for place, old, new in made(page, folder, given.only, benchmarks=not (given.check or given.no_benchmarks)):
            apart += drifts(old, new)
            if not given.check:
                page = PAGE.read_text()  # whose words may have changed since
                there = blocks(page)[place]
                PAGE.write_text(page[: there.start] + new + page[there.end :])
        print("\n".join(apart))
        if given.check:
            raise SystemExit(bool(apart))
        if not given.no_pictures:
            sys.path.insert(0, str(HERE))
            from memory_pictures import draw_all

            draw_all(folder, HERE / "pictures")


if __name__ == "__main__":
    main()
