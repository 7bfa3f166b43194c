"""Patterns of cells: missing values, and numbers as people write them. No pandas.

Numbers may be 1234.5, 1,234.5, 1.234,5 or 1 234,5, with a sign before or after or in brackets, and with a currency or a
per cent sign.
"""

import re
from collections.abc import Sequence

# Cells that stand for a missing value in a column of numbers.
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "#N/A", "?", "-", ".")
EXPONENT = r"(?:[eE][+-]?\d{1,4})?"
PLAIN = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){EXPONENT}", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)  # an integer that fits in 64 bits
BLANKS = " \u00a0\u202f'’"  # thousands marks besides comma and point


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = rf"(?:\d+|\d{{1,3}}(?:[{thousands}{BLANKS}]\d{{3}})+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{decimal}\d*)?|{decimal}\d+){EXPONENT}", re.ASCII)


STYLES = {"point": _pattern(r"\.", ","), "comma": _pattern(",", ".")}
_MINUS = str.maketrans({"−": "-", "–": "-"})
_CURRENCY = (
    r"(?:US\$|A\$|C\$|R\$|[€$£¥₹₽₺₩₪₫฿₴]|Fr\.|kr\.?|zł|Kč|Ft|EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|INR|BRL|CAD|AUD|"
    r"NZD|ZAR|MXN|TRY|RUB|KRW)"
)
_BLANK = f"[{BLANKS[:3]}]*"
_DRESSED = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-]?){_BLANK}(?P<before>{_CURRENCY})?{_BLANK}(?P<after>[+-]?)"
    rf"(?P<number>[\d.,](?:[\d.,{BLANKS}]*[\d.,])?{EXPONENT})(?P<even>[.,]-{{1,2}})?{_BLANK}"
    rf"(?P<unit>{_CURRENCY}|%|‰)?{_BLANK}(?P<behind>-?)(?P<close>\))?",
    re.ASCII,
)


def undressed(cell: str) -> tuple[str, str]:
    """Return a cell without currency, per cent sign and brackets, with its sign in front; and the unit, "" if it had
    none.

    A cell that is not a number is returned as it is.
    """
    text = cell.translate(_MINUS)
    if not text or PLAIN.fullmatch(text):
        return text, ""
    found = _DRESSED.fullmatch(text)
    if not found or bool(found["open"]) != bool(found["close"]):
        return text, ""
    if found["before"] and found["unit"] and found["unit"] != found["before"]:
        return text, ""
    signs = [sign for sign in (found["sign"], found["after"], found["behind"], "-" if found["open"] else "") if sign]
    if len(signs) > 1:
        return text, ""
    return "".join(signs).replace("+", "") + found["number"], found["before"] or found["unit"] or ""


def missing_numbers(words: Sequence[str]) -> tuple[float, ...]:
    """Return the numbers among the user's words for a missing value, such as -999."""
    return tuple(float(word) for word in words if PLAIN.fullmatch(word))


def is_missing(cell: str, words: Sequence[str] = ()) -> bool:
    """Return whether a cell of numbers stands for a missing value, for anyone or in the user's words."""
    if cell in MISSING or cell in words:
        return True
    return bool(words) and PLAIN.fullmatch(cell) is not None and float(cell) in missing_numbers(words)


def is_number(cell: str) -> bool:
    """Return whether a cell is a number in any style."""
    text, _ = undressed(cell)
    return any(style.fullmatch(text) for style in STYLES.values())


def no_number(text: str, where: str) -> tuple[str, str]:
    """Return the message about a cell that should be a number, and its hint. where: "in column 'y'"."""
    digits = any(map(str.isdigit, text))
    word = f"if it means a missing value, add --missing {text if text.isalnum() else repr(text)}"
    hint = "write a plain number, or leave the cell empty where the value is missing" if digits else word
    return f"{text!r} {where} is not a number", hint
