"""dbt in this process, on a lean copy of the project: rendered macros, statements, refused builds.

The copy has the macros, the models' SQL and the raw contracts, but no tests, no packages and only
the headers of the seeds, so that dbt reads it in a second or two.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[3]
SPLIT = "-- macro case "
CASES_MODEL = "macro_cases"

PROFILE = """
customer360:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{path}"
      schema: customer360
      threads: 1
      settings: {{TimeZone: UTC}}
"""


@dataclass(frozen=True)
class LeanProject:
    """A lean copy: its folder and the DuckDB file it builds in."""

    root: Path

    @property
    def database(self) -> Path:
        """The working file; it exists once dbt has opened it."""
        return self.root / "work.duckdb"

    def dbt(self, *arguments: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Run a dbt command; return dbt's own result, with success, exception and result."""
        # Here, because dbt takes seconds to import and most tests of a run may not need it.
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        where = ["--project-dir", self.root, "--profiles-dir", self.root, "--target", "dev"]
        outputs = ["--target-path", self.root / "target", "--log-path", self.root / "logs"]
        given = ["--vars", json.dumps(variables)] if variables else []
        try:
            return dbtRunner().invoke(
                ["--quiet", *arguments, *map(str, where + outputs), *given],
            )
        finally:
            # dbt keeps the file open for the whole process: the next command would write into the
            # old one even when it has been deleted, and what is read back would mean nothing.
            if DuckDBConnectionManager._ENV is not None:
                DuckDBConnectionManager._ENV.close()
                DuckDBConnectionManager.close_all_connections()

    def compiled(self, model: str) -> str:
        """The SQL of one model. Raises AssertionError where it does not compile."""
        outcome = self.dbt("compile", "--select", model)
        assert outcome.success, outcome.exception
        (compiled,) = outcome.result.results
        return str(compiled.node.compiled_code)

    def tables(self) -> list[str]:
        """Every table and view in the working file."""
        if not self.database.exists():
            return []
        with duckdb.connect(str(self.database)) as connection:
            found = connection.execute(
                "select table_schema || '.' || table_name from information_schema.tables"
            ).fetchall()
        return [name for (name,) in found]


def lean_project(folder: Path) -> LeanProject:
    """Make a lean copy of the project in a folder that does not exist yet."""
    for pattern in ("macros/**/*.sql", "models/**/*.sql", "models/**/_*__sources.yml"):
        copy_files(folder, pattern)
    for pattern in ("models/**/*.md", "python_models/**/*.py", "dbt_project.yml"):
        copy_files(folder, pattern)
    (folder / "models/staging/_instances__sources.yml").unlink(missing_ok=True)
    for seed in ROOT.glob("seeds/**/*.csv"):
        copy = folder / seed.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with seed.open(encoding="utf-8") as lines:
            copy.write_text(next(lines), encoding="utf-8")
    (folder / "profiles.yml").write_text(
        PROFILE.format(path=folder / "work.duckdb"), encoding="utf-8"
    )
    return LeanProject(folder)


def copy_files(folder: Path, pattern: str) -> None:
    """Copy the project's files of a pattern to the same places in a folder."""
    for source in ROOT.glob(pattern):
        copy = folder / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)


def render(project: LeanProject, templates: Mapping[str, str]) -> dict[str, str]:
    """Render many templates with one dbt command: name -> SQL."""
    text = "\n".join(f"{SPLIT}{name}\n{template}" for name, template in templates.items())
    (project.root / "models" / f"{CASES_MODEL}.sql").write_text(text, encoding="utf-8")
    parts = re.split(rf"^{SPLIT}(.+)$", project.compiled(CASES_MODEL), flags=re.MULTILINE)
    names, bodies = parts[1::2], parts[2::2]
    assert names == list(templates), "a template swallowed another's marker"
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}


@cache
def shared_project() -> LeanProject:
    """One lean copy for all tests of this process that only compile; gone when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="customer360-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return lean_project(folder / "project")
