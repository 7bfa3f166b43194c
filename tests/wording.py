"""How docstrings open: functions with a verb, classes, properties and modules with a noun."""

import ast
from collections.abc import Iterator

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


def opening_faults(tree: ast.AST) -> list[str]:
    """What is wrong with the openings of a file's docstrings, each with its line."""
    return [
        f"line {getattr(node, 'lineno', 1)}: {fault}: {text.splitlines()[0]}"
        for kind, text, node in documented(tree)
        if (fault := opening_fault(kind, text))
    ]
