"""One build at a time: a file lock that dies with its process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from filelock import FileLock, Timeout

from customer360.errors import LockedError
from customer360.paths import Project


def holder(project: Project) -> str:
    """Say who holds the lock, as far as is known, in words that fit into a sentence."""
    try:
        info = json.loads(project.lock_info_file.read_text(encoding="utf-8"))
        return f" (process {int(info['pid'])}, started {info['started']} UTC)"
    except (OSError, ValueError, KeyError, TypeError):
        # The other process may not have written it yet.
        return ""


def is_locked(project: Project) -> bool:
    """Tell whether a build is running at this moment."""
    if not project.lock_file.exists():
        return False
    lock = FileLock(project.lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


@contextmanager
def build_lock(project: Project) -> Iterator[None]:
    """Hold the lock for the time of a build; raises LockedError at once when another has it."""
    lock = FileLock(project.lock_file, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(
            f"Another build is running{holder(project)}; wait for it or stop it."
        ) from None
    try:
        started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        info = {"pid": os.getpid(), "started": started}
        project.lock_info_file.write_text(json.dumps(info), encoding="utf-8")
        yield
    finally:
        project.lock_info_file.unlink(missing_ok=True)
        lock.release()
