"""Reads the published file, and names the files that a process may write beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from customer360.errors import ConfigError
from customer360.paths import Project
from customer360.rawfiles import sql_text

META_SCHEMA = "customer360_internal"


@dataclass(frozen=True)
class Publication:
    """What a published file says about itself."""

    generation: int
    published_at: datetime
    as_of: datetime
    invocation_id: str
    is_sample_data: bool
    vars_hash: str
    code_version: str
    table_count: int
    state_generation: int


def attach_readable(
    connection: duckdb.DuckDBPyConnection, path: Path, alias: str, scratch: Path
) -> None:
    """Attach a published file for reading; a file that somebody writes to is read from a copy.

    Raises duckdb.Error when the file is no DuckDB database.
    """
    try:
        connection.execute(f"attach {sql_text(str(path))} as {alias} (read_only)")
    except duckdb.Error:
        # A program that opened it for writing keeps everybody else out, though not from its bytes.
        shutil.copyfile(path, scratch)
        scratch.chmod(0o600)
        connection.execute(f"attach {sql_text(str(scratch))} as {alias} (read_only)")


@contextmanager
def published_database(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file for reading as the database `published`; raises ConfigError."""
    if not project.published_file.exists():
        raise ConfigError("Nothing has been published yet; run `make demo` or `customer360 build`.")
    scratch = draft_path(project, "read")
    try:
        with duckdb.connect() as connection:
            attach_readable(connection, project.published_file, "published", scratch)
            yield connection
    except duckdb.Error:
        raise ConfigError(
            f"The published file '{project.published_file}' cannot be read; "
            "restore it from a backup, or move it away and build again."
        ) from None
    finally:
        scratch.unlink(missing_ok=True)


def read_publication(project: Project) -> Publication | None:
    """Read what the published file says about itself; None when there is no such file."""
    if not project.published_file.exists():
        return None
    with published_database(project) as connection:
        return fetch_publication(connection)


def fetch_publication(connection: duckdb.DuckDBPyConnection) -> Publication:
    """Read the one row of the publication table of the attached database `published`."""
    row = connection.execute(
        "select generation, published_at, as_of, invocation_id, is_sample_data, vars_hash, "
        f"code_version, table_count, state_generation from published.{META_SCHEMA}.publication"
    ).fetchone()
    if row is None:
        raise duckdb.DataError("the publication table is empty")
    return Publication(*row)


def draft_path(project: Project, purpose: str) -> Path:
    """Name a file that only this process writes and that any later build may remove."""
    return project.published_file.with_name(
        f"{project.published_file.name}.{purpose}.{os.getpid()}.tmp"
    )


def remove_drafts(project: Project) -> None:
    """Delete what killed builds left half written. Call it only with the lock held."""
    for path in project.home.glob(f"{project.published_file.name}.*.tmp*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
