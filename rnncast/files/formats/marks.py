"""What a cell looks like that is missing, or a number. No pandas."""

import re

# Cells that stand for a missing value in a column of numbers.
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "#N/A", "?", "-", ".")
EXPONENT = r"(?:[eE][+-]?\d{1,4})?"
PLAIN = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){EXPONENT}", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)  # a whole number of 64 bits
