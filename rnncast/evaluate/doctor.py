"""Report on the installation, for bug reports or before a long training run."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from importlib.util import find_spec
from typing import Any

from rnncast.runtime.memory import available, size_in_words
from rnncast.version import VERSION

NOT_FOR_USERS = ("dev", "bench")  # extras


def examine() -> dict[str, dict[str, Any]]:
    """Return the versions of dependencies, the optional parts by extra, the devices, and the resources of this
    process."""
    memory = available()
    return {
        "rnncast": {"version": VERSION},
        "system": {"python": platform.python_version(), "platform": platform.platform()},
        "needed": {name: _version(name) for name in _required(None)},
        **{f"rnncast[{extra}]": {name: _version(name) for name in _required(extra)} for extra in _extras()},
        "devices": _devices(),
        "limits": {
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "not set"),
            "memory": "unknown" if memory is None else size_in_words(memory),
        },
    }


def _extras() -> list[str]:
    try:
        named = metadata("rnncast").get_all("Provides-Extra") or []
    except PackageNotFoundError:  # run from a folder without being installed
        return []
    return [name for name in named if name not in NOT_FOR_USERS]


def _required(extra: str | None) -> list[str]:
    """Return the packages required by rnncast itself, or by one of its extras."""
    try:
        asked = requires("rnncast") or []
    except PackageNotFoundError:
        return []
    return [_name(each) for each in asked if _extra(each) == extra]


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return found[0] if found else requirement


def _extra(requirement: str) -> str | None:
    found = re.search(r"extra == ['\"]([^'\"]+)", requirement)
    return found[1] if found else None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _devices() -> dict[str, str]:
    if find_spec("torch") is None:
        return {"cpu": "forecasts only: training needs torch"}
    from rnncast.training.device import devices

    return devices()
