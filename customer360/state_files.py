"""Carries the state as files: out of a published file, and into a home or a warehouse without one.

One Parquet file per table of the state. Whoever has them has every id ever given, and the key of
every record.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import duckdb

from customer360.build import private_files
from customer360.errors import ConfigError
from customer360.lock import build_lock
from customer360.operations import DbtWarehouse, OperationFailed, unreachable
from customer360.paths import Project, ensure_home, ensure_profile
from customer360.published import published_database
from customer360.rawfiles import sql_name, sql_text
from customer360.state import STATE_SCHEMA, last_generation, state_tables
from customer360.targets import Target
from customer360.workfile import prepare_work_file

GENERATIONS = "generations"
# Rows that one call of dbt is given; the macro writes them in smaller statements.
ROWS_PER_CALL = 20_000

Columns = list[tuple[str, str]]  # name, DuckDB's type


class Operations(Protocol):
    """What is asked of a warehouse; operations.DbtWarehouse is one."""

    def call(self, macro: str, **arguments: Any) -> dict[str, Any]:
        """Run a macro of the project and return its answer; raises OperationFailed."""


# --- out ------------------------------------------------------------------------------------------


def export_state(project: Project, folder: Path) -> dict[str, int]:
    """Write the published state as Parquet files into a new or empty folder.

    Returns the number of rows by table. Raises ConfigError where there is no state, or the folder
    cannot be used.
    """
    with private_files(), published_database(project) as connection:
        if not last_generation(connection, "published"):
            raise ConfigError(
                "The published file holds no state yet; run `customer360 build` to publish anew."
            )
        make_empty(folder)
        counts = {}
        for schema, table in state_tables(connection, "published"):
            row = connection.execute(
                f"copy (from published.{sql_name(schema)}.{sql_name(table)} order by all) "
                f"to {sql_text(str(file_of(folder, table)))} (format parquet)"
            ).fetchone()
            counts[table] = int(row[0]) if row else 0
    return counts


def make_empty(folder: Path) -> None:
    """Make a folder for the owner alone; raises ConfigError where it holds something already."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise ConfigError(
            f"the folder '{folder}' cannot be written to ({error.strerror}); name another one."
        ) from error
    if not is_empty:
        raise ConfigError(f"the folder '{folder}' is not empty; name a new one for the state.")


def file_of(folder: Path, table: str) -> Path:
    """Name the file of a table of the state."""
    return folder / f"{table}.parquet"


# --- in -------------------------------------------------------------------------------------------


def restore_state(project: Project, target: Target, folder: Path) -> dict[str, int]:
    """Put an exported state where there is none yet; returns the number of rows by table.

    Raises ConfigError where a state stands already, or the files are no state of this project.
    """
    if not folder.is_dir():
        raise ConfigError(f"there is no folder '{folder}'; name the one of an exported state.")
    with private_files():
        ensure_home(project)
        with build_lock(project):
            ensure_profile(project)
            if target.is_warehouse:
                return restore_on_warehouse(
                    DbtWarehouse(project, target.name, {}), target.name, folder
                )
            return restore_file(project, target, folder)


def restore_file(project: Project, target: Target, folder: Path) -> dict[str, int]:
    """Write the state into the working file, from where the first build takes it over."""
    if project.published_file.exists():
        raise already(f"'{project.published_file}'")
    prepare_work_file(project)
    refuse_state_of(project)
    with duckdb.connect() as files:
        found = read_columns(files, folder)
    begin(DbtWarehouse(project, target.name, {}), target.name)
    with duckdb.connect(str(project.work_file)) as connection:
        standing = {
            table: columns_of(connection, f"{STATE_SCHEMA}.{sql_name(table)}")
            for table in names_in(connection)
        }
        check_columns(folder, found, standing)
        connection.execute("begin transaction")
        for table in found:
            connection.execute(
                f"insert into {STATE_SCHEMA}.{sql_name(table)} by name "
                f"from {parquet(folder, table)}"
            )
        connection.execute("commit")
        counts = {table: count_rows(connection, table) for table in found}
    project.work_file.chmod(0o600)
    return counts


def names_in(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List the tables of the state in the file that is open."""
    row = connection.execute("select current_database()").fetchone()
    return [table for _, table in state_tables(connection, str(row[0]) if row else "")]


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Count the rows of a table of the state."""
    row = connection.execute(f"select count(*) from {STATE_SCHEMA}.{sql_name(table)}").fetchone()
    return int(row[0]) if row else 0


def refuse_state_of(project: Project) -> None:
    """Refuse a working file that has a state; raises ConfigError."""
    if not project.work_file.exists():
        return
    with duckdb.connect(str(project.work_file), read_only=True) as connection:
        if GENERATIONS in names_in(connection) and count_rows(connection, GENERATIONS):
            raise already(f"'{project.work_file}'")


def already(place: str) -> ConfigError:
    """Return the error for a place that has a state."""
    return ConfigError(
        f"There is a state in {place} already, whose ids would be lost; set CUSTOMER360_HOME (on a "
        "warehouse CUSTOMER360_SCHEMA) to another place, or move that away."
    )


def begin(operations: Operations, target: str) -> dict[str, Any]:
    """Make the empty tables of the state; returns what the macro tells of the place."""
    try:
        answer = operations.call("begin_restoring")
    except OperationFailed as failed:
        raise unreachable(target, failed) from failed
    if answer["is_taken"]:
        raise already(f"the target '{target}'")
    return answer


def restore_on_warehouse(operations: Operations, target: str, folder: Path) -> dict[str, int]:
    """Write the state through dbt, the generations last: without them the other rows count nothing.

    What an attempt that was cut off left is taken back when the next one begins.
    """
    with duckdb.connect() as connection:
        found = read_columns(connection, folder)
        tables = begin(operations, target)["tables"]
        check_names(folder, found, tables)
        counts = dict.fromkeys(found, 0)
        for table in sorted(found, key=lambda name: name == GENERATIONS):
            names = [name for name, _ in found[table]]
            for rows in pages(connection, folder, table):
                add_rows(operations, target, table, names, rows)
                counts[table] += len(rows)
    return counts


def add_rows(
    operations: Operations, target: str, table: str, columns: list[str], rows: list[list[Any]]
) -> None:
    """Write some rows; raises ConfigError, after which restoring can be begun again."""
    try:
        # As text of its own: dbt reads arguments as YAML, slowly, and not all that JSON may hold.
        operations.call("add_state_rows", name=table, columns=columns, rows=json.dumps(rows))
    except OperationFailed as failed:
        raise ConfigError(
            f"The state could not be written to the target '{target}' "
            f"({str(failed).rstrip('.')}); restore it again, what was written counts nothing."
        ) from failed


def pages(
    connection: duckdb.DuckDBPyConnection, folder: Path, table: str
) -> Iterator[list[list[Any]]]:
    """Read a file in pieces, its values as JSON knows them."""
    cursor = connection.execute(f"from {parquet(folder, table)}")
    while rows := cursor.fetchmany(ROWS_PER_CALL):
        yield [[plain(value) for value in row] for row in rows]


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: a time as text, UTC; an exact number in a wrapping."""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return {"number": f"{value:f}"} if isinstance(value, Decimal) else value


# --- what the files hold --------------------------------------------------------------------------


def parquet(folder: Path, table: str) -> str:
    """Return the SQL that reads a file."""
    return f"read_parquet({sql_text(str(file_of(folder, table)))})"


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> Columns:
    """List the columns of a relation with their types."""
    rows = connection.execute(f"describe from {relation}").fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def read_columns(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Columns]:
    """List the columns of the files of a folder; raises ConfigError where they are no state."""
    found = {}
    for file in sorted(folder.glob("*.parquet")):
        try:
            found[file.stem] = columns_of(connection, parquet(folder, file.stem))
        except duckdb.Error as error:
            raise ConfigError(
                f"the file '{file}' cannot be read; export the state again."
            ) from error
    if GENERATIONS not in found:
        raise no_state(folder, f"there is no {GENERATIONS}.parquet")
    row = connection.execute(f"select count(*) from {parquet(folder, GENERATIONS)}").fetchone()
    if not row or not row[0]:
        raise no_state(folder, f"{GENERATIONS}.parquet is empty")
    return found


def no_state(folder: Path, reason: str) -> ConfigError:
    """Return the error for files that are something else."""
    return ConfigError(
        f"'{folder}' holds no state of this version ({reason}); name a folder that "
        "`customer360 state export` wrote."
    )


def check_names(
    folder: Path, found: dict[str, Columns], standing: dict[str, Sequence[str]]
) -> None:
    """Compare the files with the tables they go into, by names; raises ConfigError."""
    for table in sorted(set(found) ^ set(standing)):
        raise no_state(
            folder, f"{table}.parquet is {'missing' if table in standing else 'unknown'}"
        )
    for table, columns in found.items():
        if sorted(name for name, _ in columns) != sorted(standing[table]):
            raise no_state(folder, f"{table}.parquet has other columns")


def check_columns(folder: Path, found: dict[str, Columns], standing: dict[str, Columns]) -> None:
    """Compare the files with the tables they go into, by names and types; raises ConfigError."""
    check_names(folder, found, {table: [c for c, _ in each] for table, each in standing.items()})
    for table, columns in found.items():
        if sorted(columns) != sorted(standing[table]):
            raise no_state(folder, f"{table}.parquet has columns of other types")
