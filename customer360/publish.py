"""Publishes the marts: a new file beside the old one, flushed, and renamed over it.

Whoever has the old file open keeps its version; whoever opens it next sees the new one. Until the
rename nothing that people read is touched, so a process may be killed at any moment.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from customer360.errors import BuildError
from customer360.paths import Project
from customer360.published import (
    META_SCHEMA,
    Publication,
    attach_readable,
    draft_path,
    fetch_publication,
)
from customer360.rawfiles import sql_name, sql_text
from customer360.state import STATE_SCHEMA, last_generation, state_tables

STORAGE_VERSION = "v1.2.0"
# Foreign keys are left out: they would dictate an order of copying, and the tests have proven them.
KEPT_CONSTRAINTS = ("CHECK", "PRIMARY KEY", "UNIQUE")


@dataclass(frozen=True)
class Release:
    """What is to be published; `tables` are (schema, name) pairs in the working file."""

    tables: Sequence[tuple[str, str]]
    as_of: str
    invocation_id: str
    is_sample_data: bool
    vars_hash: str
    code_version: str


@dataclass(frozen=True)
class Outcome:
    """Whether a new generation was published, and which one stands now."""

    is_new: bool
    generation: int


PUBLICATION_DDL = f"""
    create table fresh.{META_SCHEMA}.publication (
        generation bigint not null,
        published_at timestamp not null,
        as_of timestamp not null,
        invocation_id varchar not null,
        is_sample_data boolean not null,
        vars_hash varchar not null,
        code_version varchar not null,
        table_count bigint not null,
        state_generation bigint not null
    )
"""
TABLES_DDL = f"""
    create table fresh.{META_SCHEMA}.published_tables (
        schema_name varchar not null,
        table_name varchar not null,
        row_count bigint not null
    )
"""


def columns_of(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str
) -> list[tuple[Any, ...]]:
    """List a relation's columns in order: name, type, nullable, comment."""
    return connection.execute(
        "select column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where database_name = ? and schema_name = ? and table_name = ? order by column_index",
        [database, schema, table],
    ).fetchall()


def constraints_of(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str
) -> tuple[set[str], list[str]]:
    """List the columns that may not be null, and the other constraints as SQL."""
    rows = connection.execute(
        "select constraint_type, constraint_text, constraint_column_names from duckdb_constraints()"
        " where database_name = ? and schema_name = ? and table_name = ? order by constraint_index",
        [database, schema, table],
    ).fetchall()
    not_null = {name for kind, _, names in rows if kind == "NOT NULL" for name in names}
    return not_null, [text for kind, text, _ in rows if kind in KEPT_CONSTRAINTS]


def comment_of(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str
) -> str | None:
    """Read the comment of a table or view."""
    row = connection.execute(
        "select comment from duckdb_tables() where database_name = $1 and schema_name = $2 and "
        "table_name = $3 union all select comment from duckdb_views() where database_name = $1 "
        "and schema_name = $2 and view_name = $3",
        [database, schema, table],
    ).fetchone()
    return row[0] if row else None


def table_ddl(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str
) -> list[str]:
    """Render the statements that make an empty copy in the database `fresh`, comments included.

    Two relations with the same statements have the same columns, constraints and comments, so the
    result also serves to compare them.
    """
    columns = columns_of(connection, database, schema, table)
    not_null, constraints = constraints_of(connection, database, schema, table)
    name = f"fresh.{sql_name(schema)}.{sql_name(table)}"
    parts = [
        f"{sql_name(column)} {kind}{' not null' if column in not_null else ''}"
        for column, kind, _, _ in columns
    ]
    statements = [f"create table {name} ({', '.join([*parts, *constraints])})"]
    comment = comment_of(connection, database, schema, table)
    if comment:
        statements.append(f"comment on table {name} is {sql_text(comment)}")
    statements += [
        f"comment on column {name}.{sql_name(column)} is {sql_text(text)}"
        for column, _, _, text in columns
        if text
    ]
    return statements


def fingerprint(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str
) -> tuple[Any, ...]:
    """Reduce a relation's rows, as a multiset, to a count and two sums of row hashes.

    Both sides of a comparison are read by the same engine in the same process; 128 bits make an
    accidental match of different contents out of the question, at one pass and no memory.
    """
    names = ", ".join(sql_name(row[0]) for row in columns_of(connection, database, schema, table))
    row = connection.execute(
        f"select count(*), sum(hash({names})::hugeint), sum(hash('second', {names})::hugeint) "
        f"from {database}.{sql_name(schema)}.{sql_name(table)}"
    ).fetchone()
    return tuple(row or ())


def published_names(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """List the marts of the attached database `published`."""
    rows = connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = 'published' and schema_name not in (?, ?)",
        [META_SCHEMA, STATE_SCHEMA],
    ).fetchall()
    return {(schema, name) for schema, name in rows}


def is_unchanged(
    connection: duckdb.DuckDBPyConnection, release: Release, published: Publication
) -> bool:
    """Tell whether publishing would bring nothing new: same settings, tables and contents."""
    if published.is_sample_data != release.is_sample_data:
        return False
    if published.vars_hash != release.vars_hash:
        return False
    if last_generation(connection, "work") != last_generation(connection, "published"):
        return False
    if published_names(connection) != set(release.tables):
        return False
    for schema, table in release.tables:
        # Views become tables, so their statements are compared in the form of tables, too.
        if table_ddl(connection, "work", schema, table) != table_ddl(
            connection, "published", schema, table
        ):
            return False
    return all(
        fingerprint(connection, "work", *table) == fingerprint(connection, "published", *table)
        for table in release.tables
    )


def copy_tables(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]
) -> list[tuple[str, str, int]]:
    """Copy every relation into the database `fresh` in the order its rows are stored.

    Returns schema, name and row count of each.
    """
    counts: list[tuple[str, str, int]] = []
    for schema in sorted({schema for schema, _ in tables}):
        connection.execute(f"create schema if not exists fresh.{sql_name(schema)}")
    for schema, table in tables:
        for statement in table_ddl(connection, "work", schema, table):
            connection.execute(statement)
        name = f"{sql_name(schema)}.{sql_name(table)}"
        row = connection.execute(f"insert into fresh.{name} select * from work.{name}").fetchone()
        counts.append((schema, table, int(row[0]) if row else 0))
    return counts


def write_fresh(
    connection: duckdb.DuckDBPyConnection, draft: Path, release: Release, generation: int
) -> None:
    """Write the new file and close it; nothing stays in a write-ahead log."""
    version = f"storage_version {sql_text(STORAGE_VERSION)}"
    connection.execute(f"attach {sql_text(str(draft))} as fresh ({version})")
    connection.execute("begin transaction")
    connection.execute(f"create schema fresh.{META_SCHEMA}")
    connection.execute(PUBLICATION_DDL)
    connection.execute(TABLES_DDL)
    counts = copy_tables(connection, release.tables)
    copy_tables(connection, state_tables(connection, "work"))
    connection.executemany(
        f"insert into fresh.{META_SCHEMA}.published_tables values (?, ?, ?)", counts
    )
    connection.execute(
        f"insert into fresh.{META_SCHEMA}.publication "
        "values (?, ?, ?::timestamp, ?, ?, ?, ?, ?, ?)",
        [
            generation,
            datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            release.as_of,
            release.invocation_id,
            release.is_sample_data,
            release.vars_hash,
            release.code_version,
            len(counts),
            last_generation(connection, "work") or 0,
        ],
    )
    connection.execute("commit")
    connection.execute("checkpoint fresh")
    connection.execute("detach fresh")


def flush(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_published(project: Project, draft: Path) -> None:
    """Put the finished draft in the place of the published file."""
    draft.chmod(0o600)
    flush(draft)
    # A log that some client left beside the old file must never be replayed onto the new one.
    published = project.published_file
    published.with_name(published.name + ".wal").unlink(missing_ok=True)
    draft.replace(published)
    flush(project.home)


def publish(project: Project, release: Release) -> Outcome:
    """Publish the marts of the working file unless they are what is published already.

    Raises BuildError when the copy cannot be made, with the old file untouched.
    """
    if not release.tables:
        raise BuildError(
            "The build made no table in the marts' schema, so nothing was published; "
            "check the models under models/marts."
        )
    draft, scratch = draft_path(project, "new"), draft_path(project, "old")
    try:
        with duckdb.connect(config={"preserve_insertion_order": True}) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"attach {sql_text(str(project.work_file))} as work (read_only)")
            published: Publication | None = None
            if project.published_file.exists():
                attach_readable(connection, project.published_file, "published", scratch)
                published = fetch_publication(connection)
                if is_unchanged(connection, release, published):
                    return Outcome(is_new=False, generation=published.generation)
            generation = published.generation + 1 if published else 1
            write_fresh(connection, draft, release, generation)
        replace_published(project, draft)
    except (duckdb.Error, OSError) as error:
        raise BuildError(
            f"The marts could not be published ({reason(error)}) and the published file is as it "
            "was; make room on the disk or correct the permissions of "
            f"'{project.home}' and build again."
        ) from error
    finally:
        for path in (draft, draft.with_name(draft.name + ".wal"), scratch):
            path.unlink(missing_ok=True)
    return Outcome(is_new=True, generation=generation)


def reason(error: Exception) -> str:
    """Name an error by its kind alone: its text may quote data."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
