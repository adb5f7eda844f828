"""What is remembered from one build to the next, and how it moves with the published file.

The published file holds the state of the generation that it shows. A build begins from there, in
whatever condition the working file is; so a build that was cut off, or whose tests failed, leaves
nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from customer360.errors import BuildError
from customer360.paths import Project
from customer360.published import attach_readable, draft_path, fetch_publication
from customer360.rawfiles import sql_name, sql_text

STATE_SCHEMA = "customer360_state"


def state_tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str]]:
    """List the tables of the state in an attached database as (schema, name)."""
    rows = connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = ? and schema_name = ? order by table_name",
        [database, STATE_SCHEMA],
    ).fetchall()
    return [(schema, name) for schema, name in rows]


def last_generation(connection: duckdb.DuckDBPyConnection, database: str) -> int | None:
    """Return the number of the last generation of an attached database; None without a state."""
    if (STATE_SCHEMA, "generations") not in state_tables(connection, database):
        return None
    row = connection.execute(
        f"select coalesce(max(generation_no), 0) from {database}.{STATE_SCHEMA}.generations"
    ).fetchone()
    return int(row[0]) if row else 0


def replace_state(connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]) -> None:
    """Put the published state, or none, in the place of the working file's, in one transaction."""
    connection.execute("begin transaction")
    connection.execute(f"drop schema if exists work.{STATE_SCHEMA} cascade")
    if tables:
        connection.execute(f"create schema work.{STATE_SCHEMA}")
    for _, table in tables:
        name = f"{STATE_SCHEMA}.{sql_name(table)}"
        connection.execute(f"create table work.{name} as select * from published.{name}")
    connection.execute("commit")


def begin_from_published(project: Project, is_sample: bool, work_file: Path | None = None) -> None:
    """Let a build begin from the published state. Call it only with the lock held.

    `work_file` is where it builds, the project's own where left out. Without a published file the
    working file's own state stays: plain dbt keeps it there. Data of the other kind (sample, own)
    begins without any. Raises BuildError when a file cannot be used.
    """
    if not project.published_file.exists():
        return
    work_file = work_file or project.work_file
    scratch = draft_path(project, "state")
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach {sql_text(str(work_file))} as work")
            attach_readable(connection, project.published_file, "published", scratch)
            published = fetch_publication(connection)
            same_kind = published.is_sample_data == is_sample
            replace_state(connection, state_tables(connection, "published") if same_kind else ())
    except (duckdb.Error, OSError) as error:
        raise BuildError(
            f"The state in '{project.published_file}' could not be taken over "
            f"({type(error).__name__}), so nothing was built; make room on the disk, or restore "
            "that file from a backup, and build again."
        ) from error
    finally:
        scratch.unlink(missing_ok=True)
    work_file.chmod(0o600)
