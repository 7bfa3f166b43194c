"""Memory of the machine, and sizes as people write them."""

import os
from pathlib import Path

from rnncast.errors import UsageError

NUMBER = 8  # bytes
UNITS = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}  # bytes
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


def check_paths(paths: int, values: int) -> None:
    """Raise UsageError if this machine cannot hold `paths` paths, each of `values` values over all series."""
    limit, needed = available(), 3.0 * NUMBER * paths * values  # three copies: by series, together, and as rows
    if limit is not None and needed > limit:
        wanted, there = size_in_words(needed), size_in_words(limit)
        raise UsageError(
            f"{paths:,} paths would need about {wanted} of memory, but this machine has {there}",
            hint="lower --paths or --horizon, or forecast fewer series at a time",
        )


def bytes_of(size: str) -> float:
    """Return the bytes of a size such as 4G or 500M. Raises UsageError if it is not one."""
    number, unit = size[:-1], size[-1:].upper()
    if unit not in UNITS or not number.replace(".", "", 1).isdecimal():
        raise UsageError(f"--memory-limit is {size!r}, but must be a size such as 4G or 500M")
    return float(number) * UNITS[unit]


def available() -> float | None:
    """Return the bytes of memory that this process may still take; None if the system does not say."""
    found = [int(text) for place in LIMITS if (text := _text(place)).isdigit()]
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            found.append(int(line.split()[1]) * 1024)
    if not found and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def _text(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except OSError:
        return ""


def size_in_words(size: float) -> str:
    """Return a size in bytes, for a message."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
