"""The private working file: what a killed run left in it, and whether it can be used at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from customer360.errors import LockedError
from customer360.paths import Project
from customer360.rawfiles import sql_name

LEFTOVERS = """
    select schema_name, table_name, 'table' from duckdb_tables()
    where not internal and regexp_matches(table_name, '__dbt_(tmp|backup)')
    union all
    select schema_name, view_name, 'view' from duckdb_views()
    where not internal and regexp_matches(view_name, '__dbt_(tmp|backup)')
"""


def is_lock_conflict(error: Exception) -> bool:
    """Tell a file that another program holds from one that is damaged."""
    text = str(error)
    return "Could not set lock" in text or "Conflicting lock" in text


def remove_database(path: Path) -> None:
    """Delete a DuckDB file with its log and its spill folder."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)


def prepare_work_file(project: Project) -> str | None:
    """Remove what a killed run left; returns a sentence when the file had to be deleted.

    Raises LockedError when another program has the file open. Call it only with the lock held.
    """
    path = project.work_file
    shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)
    if not path.exists():
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
        return None
    try:
        with duckdb.connect(str(path)) as connection:
            for schema, name, kind in connection.execute(LEFTOVERS).fetchall():
                connection.execute(f"drop {kind} if exists {sql_name(schema)}.{sql_name(name)}")
    except duckdb.Error as error:
        if is_lock_conflict(error):
            raise LockedError(
                f"Another program has '{path.name}' open; close it (read the published file "
                f"'{project.published_file.name}' instead) and build again."
            ) from None
        remove_database(path)
        return f"The working file '{path.name}' could not be read and is built anew."
    path.chmod(0o600)
    return None
