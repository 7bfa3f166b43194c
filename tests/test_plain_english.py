"""Docstrings open with a verb or a noun, and no text falls back on wordings that once had to be mended."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = sorted((ROOT / "rnncast").rglob("*.py"))
TEXTS = sorted(
    {
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "docs").glob("*.py"),
        ROOT / "pretraining" / "README.md",
    }
)
# What a function may open with. A new verb is added here; a noun or a pronoun is not one.
_VERBS = """
Add Advance Announce Answer Append Apply Arrange Ask Backtest Build Calibrate Check Choose Claim Clear Close Collect
Compare Concatenate Convert Copy Count Create Cut Decide Delete Derive Describe Detect Discard Distribute Divide Do
Draw Drop Embed Emit Encode Estimate Evaluate Examine Exit Explain Export Extend Fill Filter Find Finetune Fit Fold
Follow Forecast Forget Format Gather Give Group Hide Hold Import Impute Interpolate Invert Iterate Join Judge Keep
Label Lay Learn Let List Load Lock Make Map Mark Mask Match Measure Merge Mix Move Multiply Name Normalise Note
Number Open Pad Parse Partition Pick Place Plan Plot Predict Prepare Print Process Project Prune Put Raise Rank Read
Rebuild Recode Record Reduce Refuse Regress Remove Render Repeat Replace Report Resample Rescale Reset Resize
Resolve Restore Resume Return Reverse Rewrite Round Run Sample Save Say Scale Schedule Score Search Select Send
Serialise Set Show Shrink Smooth Solve Sort Split Spread Stack Start Step Stop Store Subtract Sum Summarise Suppress
Switch Take Test Track Train Transform Trim Try Turn Unfold Unpack Update Use Validate Verify Wait Walk Warn Weigh
Wrap Write Yield
"""
VERBS = frozenset(_VERBS.split())
# What classes, properties and modules may not open with: words that are neither a noun nor a verb.
_EMPTY = """
After All Also And Any As At Back Because Before Both But By Down Each Either Every Everything For From Here How If
In It Its No Not Nothing Of On One Only Or So Such That The Their There These They This Those To Two Until Up Upon
What When Where Whether Which While Who Whoever Whose Why With Without
"""
EMPTY = frozenset(_EMPTY.split())
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


def documented(tree: ast.AST) -> Iterator[tuple[str, str, ast.AST]]:
    """Each docstring, with the kind of what it documents."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_property(node)
                yield ("function" if function else "noun"), text, node


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
    return bool(names & {"property", "cached_property"})


def opening_fault(kind: str, text: str) -> str:
    """Why a docstring does not open as it should; empty if it does."""
    first = text.split()[0]
    word = first.strip("`.,:;()[]'\"")
    if first.startswith(("`", "rnncast:")):  # a command, or the package, by its name
        return ""
    if not word[:1].isupper():
        return f"{first!r} is not in capitals"
    if kind == "function":
        return "" if word in VERBS else f"{first!r} is not a verb that this test knows"
    return f"{first!r} is neither a noun nor a verb" if word in EMPTY else ""


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_open_with_a_verb_or_a_noun(source: Path) -> None:
    faults = [
        f"{source.name}:{getattr(node, 'lineno', 1)}: {fault}: {text.splitlines()[0]}"
        for kind, text, node in documented(ast.parse(source.read_text()))
        if (fault := opening_fault(kind, text))
    ]
    assert not faults, "\n".join(faults)


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
