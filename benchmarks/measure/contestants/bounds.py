"""What DuckDB itself needs to touch the same links: nothing that reads them can cost less."""

from __future__ import annotations

from pathlib import Path

import duckdb

COLUMNS = "record_no, identifier_type, identifier_value"


def scan(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Read every value of every usable link once."""
    read(connection, "usable_links")


def scan_strong(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Read every value of every strong link once."""
    read(connection, "strong_links")


def count_distinct(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Count the distinct usable links."""
    count(connection, "usable_links")


def count_distinct_strong(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Count the distinct strong links."""
    count(connection, "strong_links")


def write_distinct(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Write the distinct usable links into a table."""
    write(connection, "usable_links")


def write_distinct_strong(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Write the distinct strong links into a table."""
    write(connection, "strong_links")


def read(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Look at every value; max needs the text itself, where count would not."""
    connection.execute(
        "select max(record_no), max(identifier_type), max(identifier_value)"
        f" from given.{table} where record_no >= 0"
    ).fetchall()


def count(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Count distinct rows."""
    connection.execute(
        f"select count(*) from (select distinct {COLUMNS} from given.{table}) as links"
    ).fetchall()


def write(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Write distinct rows."""
    connection.execute(f"create table written as select distinct {COLUMNS} from given.{table}")
