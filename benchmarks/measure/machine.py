"""Where a run took place, as far as its figures depend on it: no names, no folders."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("duckdb", "splink", "networkx", "scipy", "numpy", "pyarrow")


def describe_machine() -> dict[str, str | int | float]:
    """Cores, memory and kind of the machine."""
    return {
        "cores": os.cpu_count() or 0,
        "memory_gb": round(memory_bytes() / 1024**3, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def memory_bytes() -> int:
    """Memory that this process can have: the machine's, or its container's where that is less."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text("ascii").strip() if limit.is_file() else "max"
    return min(whole, int(text)) if text.isdigit() else whole


def describe_versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of Python and of what takes part; packages that are not there are left out."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
