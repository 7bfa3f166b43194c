"""How much memory there is, and sizes as people write them."""

import os
from pathlib import Path

from rnncast.errors import UsageError

NUMBER = 8  # bytes
UNITS = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}  # bytes
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


def check_paths(paths: int, values: int) -> None:
    """Refuse so many paths, each of so many values over all series, where this machine cannot hold them. UsageError."""
    limit, needed = available(), 3.0 * NUMBER * paths * values  # by series, together, and as rows
    if limit is not None and needed > limit:
        wanted, there = size_in_words(needed), size_in_words(limit)
        raise UsageError(
            f"{paths:,} paths would need about {wanted} of memory, and this machine has {there}",
            hint="lower --paths or --horizon, or forecast fewer series at a time",
        )


def bytes_of(size: str) -> float:
    """The bytes of a size such as 4G or 500M. UsageError if it is none."""
    number, unit = size[:-1], size[-1:].upper()
    if unit not in UNITS or not number.replace(".", "", 1).isdecimal():
        raise UsageError(f"--memory-limit is {size!r}, but must be a size such as 4G or 500M")
    return float(number) * UNITS[unit]


def available() -> float | None:
    """Bytes of memory that this process may still take, as far as the system says; None where it does not."""
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
    """A size in bytes, for a message."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
