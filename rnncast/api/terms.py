"""Errors in Python terms: the flag --horizon 18 of the command line is the keyword horizon=18 here."""

import re
from collections.abc import Callable, Collection
from dataclasses import fields
from functools import wraps
from keyword import iskeyword
from typing import Any, TypeVar

from rnncast.config import STARTS, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import RnncastError
from rnncast.settings import FLAGS

Function = TypeVar("Function", bound=Callable[..., Any])


def keyword(name: str) -> str:
    """Return the name of a setting as an argument: that of its flag, unless Python reserves the word."""
    called = FLAGS.get(name, name)
    return name if iskeyword(called) else called


SPECS = {
    keyword(spec.name): spec
    for section in (TableConfig, TaskConfig, NetConfig, TrainConfig)
    for spec in fields(section)
}
_OF_FLAGS = {FLAGS.get(spec.name, spec.name): name for name, spec in SPECS.items()}
# A flag at the start of a word, with a value only if it is unmistakable: quoted, a number, or a PLACEHOLDER.
_FLAG = re.compile(
    r"(?<![\w-])--(no-)?([a-z][a-z-]*)(?: (?P<value>'[^']*'|[0-9][0-9.,]*(?![\w,.])|[A-Z]{2,}\b|[\w-]+))?"
)


def in_python_terms(function: Function) -> Function:
    """Make a function raise its errors with flags in their texts rewritten as keyword arguments."""

    @wraps(function)
    def called(*args: Any, **given: Any) -> Any:
        try:
            return function(*args, **given)
        except RnncastError as error:
            error.message, error.hint = as_keywords(error.message), as_keywords(error.hint)
            error.args = (error.message,)
            raise

    return called  # type: ignore[return-value]


def as_keywords(text: str) -> str:
    """Rewrite the flags in a text as keyword arguments; shell commands stay as they are."""
    told, command, rest = text.partition("rnncast ")
    return _FLAG.sub(_keyword, told) + command + rest


def _keyword(found: re.Match[str]) -> str:
    negated, flag, value = found[1], found[2].replace("-", "_"), found["value"]
    flag = _OF_FLAGS.get(flag, flag)
    after = f" {value}" if value else ""
    if negated:
        empty = "False" if flag in SPECS and isinstance(SPECS[flag].default, bool) else "()"
        return f"{flag}={empty}{after}"
    if value is None or not (value[0] in "'0123456789" or value.isupper() or value in _words(flag)):
        return flag + after
    return f"{flag}={value}" if value[0] in "'0123456789" else f"{flag}={value!r}"


def _words(flag: str) -> Collection[str]:
    return STARTS if flag == "start" else SPECS[flag].metadata["words"] if flag in SPECS else ()
