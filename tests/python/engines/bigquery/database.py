"""The emulator's database with seeds loaded at once instead of row by row."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import functions
from crucible.engine import Engine, Session


class Cursor:
    """A cursor of DuckDB whose executemany takes one statement for all rows."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cursor, name)

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run an insert of one row for many: the rows are handed over as one JSON text.

        DuckDB casts the texts in it to the columns' types; what JSON cannot hold goes row by row.
        """
        target, found, marks = sql.partition(" VALUES ")
        if not found or any(isinstance(value, bytes) for row in rows for value in row):
            self.cursor.executemany(sql, rows)
            return
        text = json.dumps([[as_text(value) for value in row] for row in rows])
        cells = ", ".join(f"cells[{place + 1}]" for place in range(marks.count("?")))
        read = """from_json(?, '[["VARCHAR"]]')"""
        self.cursor.execute(
            f"{target} SELECT {cells} FROM (SELECT unnest({read}) AS cells)", [text]
        )


def as_text(value: Any) -> str | None:
    """Return a cell as text that DuckDB's casts read; null stays null."""
    return value if value is None or isinstance(value, str) else str(value)


class Database(Engine):
    """The emulator's engine, in memory, with BigQuery's functions and such cursors."""

    def __init__(self) -> None:
        super().__init__(None)
        functions.install(self._con)

    @contextmanager
    def cursor(self, session: Session) -> Generator[Any]:
        """The session's transaction cursor if one is open, else a new one for this request."""
        with session.lock:
            cursor: Any = session.transaction or Cursor(self._con.cursor())
            try:
                yield cursor
            finally:
                if session.transaction is not cursor:
                    cursor.close()
