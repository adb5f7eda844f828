"""Reads what a build of a copy of the project has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a file whose marts need no schema before their names; times are UTC."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{file}' as db (read_only)")
        connection.execute("use db.customer360")
        return connection.execute(sql).fetchall()
