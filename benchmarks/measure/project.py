"""A copy of the project that renders its identity statements and builds its links.

Nothing that a user has built is touched, and what is measured is the project's own code: dbt
renders the macros in the copy, and dbt builds the links there. dbt lives in the project's .venv,
so it runs as a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from measure.settings import BENCHMARKS, ROOT

PYTHON = ROOT / ".venv" / "bin" / "python"
VARS_FILE = BENCHMARKS / "population" / "sources.yml"
VARS_SCRIPT = Path(__file__).with_name("dbt_vars.py")
PLAIN_STEPS = Path(__file__).with_name("plain_steps.sql")
NOT_COPIED = (".*", "target", "logs", "warehouse", "build", "site", "__pycache__", "*.egg-info")
# What gives the links, and what the identity step itself is made of.
LINKS = ("+int_identity__links", "+int_identity__decisions")
IDENTITY = ("int_identity__touched", "int_identity__touched_links", "int_identity__steps")
WITHOUT_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")

# kind, name, SQL: a row of int_identity__steps.
Step = tuple[str, str, str]


class ProjectFailed(RuntimeError):
    """A command of the project did not succeed; the message is what it wrote."""


@dataclass(frozen=True)
class Statements:
    """What dbt makes of the identity models.

    touched, touched_links: the queries of the models that number the usable links by age. steps:
    the whole identity step under the project's policy. plain_steps: connect_members alone.
    """

    touched: str
    touched_links: str
    steps: tuple[Step, ...]
    plain_steps: tuple[Step, ...]

    def save(self, file: Path) -> None:
        """Write them for the contestants' processes."""
        file.write_text(json.dumps(vars(self)), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Statements:
        """Read what `save` wrote."""
        read = json.loads(file.read_text(encoding="utf-8"))
        steps = (tuple((k, n, s) for k, n, s in read[part]) for part in ("steps", "plain_steps"))
        return cls(read["touched"], read["touched_links"], *steps)


@dataclass(frozen=True)
class ProjectCopy:
    """A copy of the project with a population declared to it."""

    root: Path
    raw: Path
    variables: dict[str, Any]
    memory_limit: str
    threads: int

    @property
    def work_file(self) -> Path:
        """The file dbt builds in."""
        return self.root / "warehouse" / "work.duckdb"

    def dbt(self, *arguments: str) -> None:
        """Run a command of dbt; raises ProjectFailed."""
        text = json.dumps(self.variables)
        more = {
            "CUSTOMER360_MEMORY_LIMIT": self.memory_limit,
            "CUSTOMER360_THREADS": str(self.threads),
        }
        command = ["-m", "dbt.cli.main", *arguments, "--vars", text]
        run_python(self.root, self.raw, command, more)

    def render(self) -> tuple[Statements, str]:
        """Compile the identity models; also return a fingerprint of what gives the links."""
        self.dbt("compile", "--select", *LINKS, *IDENTITY, PLAIN_STEPS.stem, *WITHOUT_TESTS)
        compiled = {
            file.stem: file.read_text(encoding="utf-8")
            for file in sorted((self.root / "target" / "compiled").rglob("*.sql"))
        }
        touched, touched_links, steps = (compiled.pop(name) for name in IDENTITY)
        plain = compiled.pop(PLAIN_STEPS.stem)
        return (
            Statements(touched, touched_links, steps_of(steps), steps_of(plain)),
            fingerprint([*compiled.values(), *seed_texts(self.root)]),
        )

    def build_links(self) -> Path:
        """Build the links and what they stand on, from nothing; return the working file."""
        self.work_file.unlink(missing_ok=True)
        self.dbt("build", "--select", *LINKS, *WITHOUT_TESTS)
        return self.work_file


@contextmanager
def copied_project(raw: Path, memory_limit: str, threads: int, near: Path) -> Iterator[ProjectCopy]:
    """Give a copy of the project, in a folder in `near` that is gone afterwards."""
    near.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="project-", dir=near) as folder:
        root = Path(folder) / "project"
        shutil.copytree(ROOT, root, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
        (root / "warehouse").mkdir()
        shutil.copy(PLAIN_STEPS, root / "models" / "intermediate" / "identity" / PLAIN_STEPS.name)
        told = run_python(root, raw, [str(VARS_SCRIPT), str(VARS_FILE)], {})
        variables = json.loads(told.splitlines()[-1])
        yield ProjectCopy(root, raw, variables, memory_limit, threads)


def run_python(root: Path, raw: Path, arguments: Sequence[str], more: dict[str, str]) -> str:
    """Run the project's Python in a copy; return what it wrote. Raises ProjectFailed."""
    outer = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("CUSTOMER360_", "DBT_", "PYTHON"))
    }
    own = {
        "CUSTOMER360_RAW_DIR": str(raw),
        "PYTHONPATH": str(root),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(
        [str(PYTHON), *arguments],
        cwd=root,
        env={**outer, **own, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ProjectFailed(done.stdout + done.stderr)
    return done.stdout


def steps_of(query: str) -> tuple[Step, ...]:
    """The rows of a query like int_identity__steps, in their order, without the number."""
    with duckdb.connect() as connection:
        rows = sorted(connection.execute(query).fetchall())
    return tuple((kind, name, statement) for _, kind, name, statement in rows)


def seed_texts(root: Path) -> list[str]:
    """What stands in the reference seeds: links depend on them, too."""
    return [file.read_text(encoding="utf-8") for file in sorted((root / "seeds").rglob("*.csv"))]


def fingerprint(texts: Sequence[str]) -> str:
    """A short hash of many texts."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()[:16]
