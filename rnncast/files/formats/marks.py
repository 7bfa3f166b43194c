"""What a cell looks like that is missing, or a number as people write them: 1234.5, 1,234.5, 1.234,5, 1 234,5, with a
sign before or behind it or in brackets, with a currency or per cent. No pandas.
"""

import re

# Cells that stand for a missing value in a column of numbers.
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "#N/A", "?", "-", ".")
EXPONENT = r"(?:[eE][+-]?\d{1,4})?"
PLAIN = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){EXPONENT}", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)  # a whole number of 64 bits
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
    """A cell without currency, per cent and brackets, and with its sign in front; and which unit it had, "" if none.

    The cell as it is where it is no number so dressed.
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


def is_number(cell: str) -> bool:
    """Whether a cell is a number in any style."""
    text, _ = undressed(cell)
    return any(style.fullmatch(text) for style in STYLES.values())


def no_number(text: str, where: str) -> tuple[str, str]:
    """What is said of a cell that should be a number, and the hint. where: "in column 'y'"."""
    digits = any(map(str.isdigit, text))
    word = f"it is a word: if it stands for a missing value, --missing {text if text.isalnum() else repr(text)} says so"
    hint = "write a plain number, or leave the cell empty where the value is missing" if digits else word
    return f"{text!r} {where} is not a number", hint
