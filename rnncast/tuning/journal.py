"""Journal of a search: optuna's own file of JSON lines, from which a later run continues, but no other search may."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rnncast.errors import JournalError
from rnncast.files.output.writing import check_writable

if TYPE_CHECKING:
    from optuna import Study

NAME = "rnncast"  # of the study in a journal
WHAT = {  # what identifies a search, in the words of a refusal
    "data": "other data",
    "settings": "other settings",
    "space": "another search space",
    "versions": "other versions of rnncast, numpy or torch",
}
END = b"\n"
READ_AT_ONCE = 1 << 20  # bytes


@contextmanager
def opened(path: str | None, search: Mapping[str, Any]) -> "Iterator[Study]":
    """Open the study in a journal, or begin one; in memory only without a path. search: the values that `WHAT` names.

    Raises JournalError if the journal is that of another search, is used by another process, or is not a journal.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # remarks are made elsewhere
    search = json.loads(json.dumps(search))
    if path is None:
        yield _begun(optuna.create_study(study_name=NAME), search)
        return
    with _claimed(path) as handle:
        whole = _whole_lines(handle, path)
        try:
            storage = optuna.storages.JournalStorage(JournalFileBackend(path))
            open_ = optuna.load_study if whole else optuna.create_study  # which would write, before it is checked
            study = open_(storage=storage, study_name=NAME)
        except OSError as error:
            raise _unusable(path, error) from None
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            AssertionError,
        ):  # from lines that optuna did not write
            raise _no_journal(path) from None
        if whole:
            _check(study.user_attrs, search, path)
        yield _begun(study, search)


def _begun(study: "Study", search: Mapping[str, Any]) -> "Study":
    """Return the study with its search recorded, and no trial left running by a killed process."""
    from optuna.trial import TrialState

    for name, value in search.items():
        if name not in study.user_attrs:
            study.set_user_attr(name, value)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _check(known: Mapping[str, Any], search: Mapping[str, Any], path: str) -> None:
    if not known:  # killed before anything was recorded
        return
    for name, what in WHAT.items():
        if known.get(name) != search[name]:
            raise JournalError(
                f"{path} is the journal of a search with {what}",
                hint="give the same data and flags to continue it, or name another --journal",
            )


@contextmanager
def _claimed(path: str) -> Iterator[int]:
    """Open the file, which no other process can claim meanwhile."""
    check_writable(path)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(f"another search writes to {path}", hint="name another --journal") from None
        yield handle
    finally:
        os.close(handle)


def _whole_lines(handle: int, path: str) -> bool:
    """Return whether a journal holds any line; an incomplete last line, left by a killed process, is removed.

    Raises JournalError for a file that does not begin as a journal does.
    """
    size = os.fstat(handle).st_size
    head = os.pread(handle, READ_AT_ONCE, 0)
    first = head.partition(END)[0]
    try:
        if first and END in head and "op_code" not in json.loads(first):
            raise _no_journal(path)
    except (ValueError, TypeError):
        raise _no_journal(path) from None
    end = size
    while end > 0:
        start = max(0, end - READ_AT_ONCE)
        last = os.pread(handle, end - start, start).rfind(END)
        if last >= 0:
            end = start + last + 1
            break
        end = start
    if size and not end:
        raise _no_journal(path)
    if end < size:
        os.ftruncate(handle, end)
    return end > 0


def _no_journal(path: str) -> JournalError:
    return JournalError(f"{path} is not a journal of rnncast tune, or is damaged", hint="name another file")


def _unusable(path: str, error: OSError) -> JournalError:
    return JournalError(f"cannot keep a journal in {path}: {error.strerror}")
