"""Files of a table: one, several, a folder of them, or those that a pattern matches. Standard library only.

A folder's files are those that lie in it, and in folders below that are named `key=value` (Hive's partitions, as Spark,
Dask and pyarrow write them), whose keys are columns too. Hidden files and markers such as `_SUCCESS` are no tables.
"""

import glob
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any
from urllib.parse import unquote

from rnncast.errors import DataError, UsageError
from rnncast.plain import counted

STDIN = "-"
PACKED = (".gz", ".zst")
KINDS = {
    "CSV": (".csv", ".tsv", ".txt"),
    "JSON": (".json", ".jsonl", ".ndjson"),
    "Parquet": (".parquet", ".pq"),
    "spreadsheet": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
}
_KIND_OF = {ending: kind for kind, endings in KINDS.items() for ending in endings}
NAMELESS = ""  # the kind of a file whose name has no ending, as engines write theirs; its bytes tell
NOTHING = "__HIVE_DEFAULT_PARTITION__"  # the value of a key that has none
MOST_NAMED = 3

Named = str | tuple[str, ...]  # what a command is given: a path, a folder or a pattern; or several
Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Part:
    """A file that holds a part of a table. keys: the columns that its folders are named by, with their value."""

    path: str
    keys: Keys = ()


@dataclass(frozen=True)
class Found:
    """Files of a table, sorted if from a folder or a pattern. passed_over: files not named like tables. given: what
    they were found by."""

    parts: tuple[Part, ...]
    passed_over: tuple[str, ...] = ()
    given: Named = ()


Tables = str | Found  # what a command reads: a file, standard input, or files that were found once


def is_paths(data: Any) -> bool:
    """Return whether data are a list of paths, rather than values."""
    return isinstance(data, list | tuple) and bool(data) and all(isinstance(each, str | os.PathLike) for each in data)


def find_files(data: Any) -> Found | None:
    """Return the files that hold a table; None if data are a single file, standard input, or not a path.

    Raises DataError if there is no file, or if a folder holds tables of several kinds.
    """
    if isinstance(data, Found):
        return data
    if is_paths(data):
        paths = tuple(map(os.fsdecode, data))
        found = _several(paths)
        return found and replace(found, given=paths)
    if not isinstance(data, str | os.PathLike) or (path := os.fsdecode(data)) == STDIN:
        return None
    if os.path.isdir(path):
        return replace(_in_folder(path), given=path)
    return replace(_matching(path), given=path) if glob.has_magic(path) and not os.path.lexists(path) else None


def files_of(data: Any) -> tuple[str, ...]:
    """Return the paths of all files that hold a table; none if data are not paths."""
    if (found := find_files(data)) is not None:
        return tuple(part.path for part in found.parts)
    single = data[0] if is_paths(data) else data
    return (os.fsdecode(single),) if isinstance(single, str | os.PathLike) else ()


def named(data: Any) -> str:
    """Return the name of data, given by one path or several, for a message."""
    if isinstance(data, Found):
        data = data.given or [part.path for part in data.parts]
    if not is_paths(data):
        return os.fsdecode(data)
    paths = list(map(os.fsdecode, data))
    if len(paths) > MOST_NAMED:
        return f"{paths[0]} and {len(paths) - 1} more"
    return " and ".join([", ".join(paths[:-1]), paths[-1]] if len(paths) > 1 else paths)


def given(paths: Sequence[str] | None) -> Named | None:
    """Return the data that arguments of a command line name; None without arguments."""
    return None if not paths else paths[0] if len(paths) == 1 else tuple(paths)


def tables_of(paths: Sequence[str] | None) -> Tables | None:
    """Return what arguments of a command line name, with its files, for which folders are walked here alone; None
    without arguments. Errors as `find_files`."""
    data = given(paths)
    return None if data is None else with_files(data)


def with_files(data: Named) -> Tables:
    """Return what was named, with its files as they are now. Errors as `find_files`."""
    return find_files(data) or (data if isinstance(data, str) else data[0])


def as_given(data: Tables) -> Named:
    """Return what tables were named by."""
    return data.given if isinstance(data, Found) else data


def would_be_read(output: str, data: Any) -> bool:
    """Return whether a file written there would belong to the table in a folder or of a pattern."""
    if isinstance(data, Found):
        data = data.given
    if is_paths(data):
        return any(would_be_read(output, each) for each in data)
    path = os.fsdecode(data)
    if os.path.isdir(path):
        there = os.path.realpath(os.path.dirname(output) or os.curdir) == os.path.realpath(path)
        return there and not _is_marker(os.path.basename(output)) and _ending(output) in _KIND_OF
    return glob.has_magic(path) and fnmatch(os.path.normpath(output), os.path.normpath(path))


def _several(paths: Sequence[str]) -> Found | None:
    parts: list[Part] = []
    passed_over: list[str] = []
    seen: set[str] = set()
    for path in paths:
        if path == STDIN and len(paths) > 1:
            raise UsageError("standard input cannot be one of several tables", hint="name files, or pipe in all rows")
        found = find_files(path)
        if found is None:
            if len(paths) == 1:
                return None
            if not os.path.lexists(path):
                raise DataError(f"there is no file {path}", hint="check the name")
            found = Found((Part(path),))
        for part in found.parts:
            if (real := os.path.realpath(part.path)) in seen:
                raise UsageError(f"{part.path} is given twice", hint="name each file once")
            seen.add(real)
        parts += found.parts
        passed_over += found.passed_over
    return Found(tuple(parts), tuple(passed_over))


def _matching(pattern: str) -> Found:
    """Return the files that match a pattern, including those in matching folders."""
    pieces = pattern.split(os.sep)
    fixed = next(i for i, piece in enumerate(pieces) if glob.has_magic(piece))  # pieces before it name no keys
    parts: list[Part] = []
    passed_over: list[str] = []
    for path in sorted(glob.glob(pattern, recursive=True)):
        matched = path.rstrip(os.sep).split(os.sep)
        if any(map(_is_marker, matched[fixed:])):
            continue
        if not os.path.isdir(path):
            parts.append(Part(path, tuple(filter(None, map(_key, matched[fixed:-1])))))
        elif pieces[-1] != "**":
            found = _in_folder(path, tuple(filter(None, map(_key, matched[fixed:]))))
            parts += found.parts
            passed_over += found.passed_over
    if not parts and not any(mark in pattern for mark in "*?"):  # a name that happens to hold brackets
        raise DataError(f"there is no file {pattern}", hint="check the name")
    if not parts:
        raise DataError(f"no file matches {pattern}", hint="check the pattern")
    return Found(tuple(parts), tuple(passed_over))


def _in_folder(folder: str, keys: Keys = ()) -> Found:
    kinds: dict[str, list[Part]] = defaultdict(list)
    others: list[str] = []
    for part in _walk(folder, keys):
        ending = _ending(part.path)
        if ending in ("", *_KIND_OF):
            kinds[_KIND_OF.get(ending, NAMELESS)].append(part)
        else:
            others.append(part.path)
    if len(kinds) > 1:
        others += [part.path for part in kinds.pop(NAMELESS, [])]
    if len(kinds) > 1:
        some, more = list(kinds)[:2]
        raise DataError(
            f"{folder} holds tables of several kinds: {_shown(some, kinds[some])}; {_shown(more, kinds[more])}",
            hint=f"say which with a pattern in quotes: '{os.path.join(folder, '*' + _ending(kinds[some][0].path))}'",
        )
    if not kinds:
        raise _no_table(folder)
    return Found(tuple(next(iter(kinds.values()))), tuple(sorted(others)))


def _no_table(folder: str) -> DataError:
    below = [entry.name for entry in _entries(folder) if entry.is_dir()]
    if below:
        pattern = os.path.join(folder, "*", "*.csv")
        return DataError(
            f"{folder} holds no table: it holds {counted(len(below), 'folder')}, {named(below)}",
            hint=f"say where they are with a pattern in quotes: '{pattern}'",
        )
    return DataError(
        f"{folder} is a folder without a table in it", hint=f"tables are named {', '.join(_KIND_OF)}, or packed so"
    )


def _shown(kind: str, parts: list[Part]) -> str:
    return f"{kind} ({counted(len(parts), 'file')}, {os.path.basename(parts[0].path)})"


def _walk(folder: str, keys: Keys) -> Iterator[Part]:
    """Yield the files in a folder and in the partitions below it, in the order of their paths."""
    for entry in _entries(folder):
        if not entry.is_dir():
            yield Part(entry.path, keys)
        elif (key := _key(entry.name)) is not None:
            yield from _walk(entry.path, (*keys, key))


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return sorted((each for each in entries if not _is_marker(each.name)), key=lambda each: each.name)
    except OSError as error:
        raise DataError(f"cannot read {folder}: {error.strerror or error}") from None


def _is_marker(name: str) -> bool:
    """Return whether a file is hidden, or a marker that engines put beside their tables."""
    return name.startswith((".", "_")) and _key(name) is None


def _key(name: str) -> tuple[str, str] | None:
    """Return the key and the value in the name of a folder."""
    key, mark, value = name.partition("=")
    if not mark or not key or key.startswith("."):
        return None
    return unquote(key), "" if value == NOTHING else unquote(value)


def _ending(path: str) -> str:
    """Return the ending of a name, without that of a compressed file."""
    stem, ending = os.path.splitext(path)
    return (os.path.splitext(stem)[1] if ending.lower() in PACKED else ending).lower()
