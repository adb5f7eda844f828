"""The rehearsal's virtual environments: .rehearsal/<name>, each made from its own hashed lock file.

dbt with all adapters, the stand-in for Snowflake and the one for BigQuery pin versions that exclude
each other, so each has an environment of its own. As a script: make all of them, or those named.

    python tests/python/engines/rehearsal/environments.py [dbt|snowflake|bigquery ...]
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

LOCKS = Path(__file__).resolve().parent
PROJECT = LOCKS.parents[3]
HOME = PROJECT / ".rehearsal"
STAMP = ".made_from"
# What an environment needs besides the packages of its lock file: a script, run by its interpreter
# with a folder of the environment as argument. It exits with a sentence where that cannot be had.
EXTRA_STEPS = {"snowflake": LOCKS.parent / "snowflake" / "fetch_analyzer.py"}
INSTALL_SECONDS = 900.0


class EnvironmentNotMade(RuntimeError):
    """An environment cannot be made; the rehearsal fails then and never skips."""


def lock_file(name: str) -> Path:
    """Return the lock file of an environment. Raises EnvironmentNotMade when there is none."""
    path = LOCKS / f"requirements-{name}.lock"
    if not path.is_file():
        raise EnvironmentNotMade(f"{path.name} is missing: there is no environment {name!r}.")
    return path


def names() -> list[str]:
    """Return the names of all environments: those that have a lock file, in alphabetical order."""
    return sorted(path.stem.removeprefix("requirements-") for path in LOCKS.glob("*.lock"))


def python_of(name: str) -> Path:
    """Return the interpreter of an environment, made or not."""
    return HOME / name / "bin" / "python"


def program_of(name: str, program: str) -> Path:
    """Return a program of an environment, such as dbt's."""
    return HOME / name / "bin" / program


def fingerprint(name: str) -> str:
    """Return a digest of what an environment is made from: lock file, extra step, this Python."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    step = EXTRA_STEPS[name].read_bytes() if name in EXTRA_STEPS else b""
    return hashlib.sha256(version + lock_file(name).read_bytes() + step).hexdigest()


def is_made(name: str) -> bool:
    """Tell whether an environment stands and was made from the lock file as it is now."""
    stamp = HOME / name / STAMP
    return stamp.is_file() and stamp.read_text("utf-8") == fingerprint(name)


def make(name: str) -> Path:
    """Make an environment unless it stands already; return its interpreter.

    Whoever asks at the same time waits. Raises EnvironmentNotMade with what pip said.
    """
    HOME.mkdir(exist_ok=True)
    with FileLock(HOME / f"{name}.making"):
        if not is_made(name):
            install(name)
            (HOME / name / STAMP).write_text(fingerprint(name), "utf-8")
    return python_of(name)


def install(name: str) -> None:
    """Make an environment anew: its lock file, hashes checked, and its extra step."""
    run(name, sys.executable, "-m", "venv", "--clear", str(HOME / name))
    pip = [str(python_of(name)), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    run(name, *pip, "--require-hashes", "-r", str(lock_file(name)))
    if name in EXTRA_STEPS:
        run(name, str(python_of(name)), str(EXTRA_STEPS[name]), str(HOME / name / "extra"))


def run(name: str, *command: str) -> None:
    """Run one step of making an environment. Raises EnvironmentNotMade when it fails."""
    ours = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_USER")
    env = {key: value for key, value in os.environ.items() if key not in ours}
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise EnvironmentNotMade(f"{name}: not made in {INSTALL_SECONDS:.0f} s.") from late
    if done.returncode != 0:
        raise EnvironmentNotMade(f"{name}: {done.stderr.strip() or done.stdout.strip()}")


def main(wanted: list[str]) -> int:
    """Make the environments named, or all; 0 when they stand, 1 with the reason when one cannot."""
    try:
        for name in wanted or names():
            made_before = is_made(name)
            make(name)
            print(f"environment {name}: {'stands' if made_before else 'made'}")
    except EnvironmentNotMade as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
