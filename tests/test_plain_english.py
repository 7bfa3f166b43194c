"""No text falls back on wordings that once had to be mended. tests/test_house.py holds how docstrings open."""

import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.wording import opening_fault

SOURCES = sorted((ROOT / "rnncast").rglob("*.py"))
TEXTS = sorted(
    {
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "docs").glob("*.py"),
        ROOT / "pretraining" / "README.md",
    }
)
# Wordings that were coined here, or that no native writer would use, as they stood in docstrings, messages and docs.
COINED = (
    r"told of",
    r"hangs? together",
    r"go(?:es)? back towards",
    r"errs? (?:differently|as|by|least|\d|\{)",
    r"\bso many (?:steps|series|values|places|works|nets|rows|of the)\b",
    r"unless given",
    r"held against",
    r"held back",
    r"heap up",
    r"beg[iua]ns? anew",
    r"if need be",
    r"of no use",
    r"stands? twice",
    r"whole futures",
    r"cannot be told (?:from|apart)",
    r"is told from it",
    r"measure differently",
    r"what came\b",
    r"\bis none of (?:it|them)\b",
    r"\bis no (?:finite )?number\b",
    r"by name, (?:for|if)",
    r"several long works",
    r"its like\b",
    r"\bwants to (?:know|hear)\b",
)
SPACES = re.compile(r"\s+")


def words_of(source: Path) -> str:
    """The comments, docstrings and messages of a file, or all of a text; spaces and line ends alike."""
    text = source.read_text()
    if source.suffix == ".py":
        kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        text = " ".join(token.string for token in tokens if token.type in kinds)
    return SPACES.sub(" ", text)


@pytest.mark.parametrize("source", [*SOURCES, *TEXTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_coined_wording_comes_back(source: Path) -> None:
    words = words_of(source)
    found = [match[0] for wording in COINED for match in re.finditer(wording, words, re.IGNORECASE)]
    assert not found


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("function", "The mean of the values."),
        ("function", "What a net sees at each step."),
        ("function", "Quantiles of what follows."),
        ("noun", "How a table is read."),
        ("noun", "All that is remembered of B series."),
        ("noun", "a lower-case opening"),
    ],
)
def test_the_rule_refuses_what_once_stood_here(kind: str, text: str) -> None:
    assert opening_fault(kind, text)
