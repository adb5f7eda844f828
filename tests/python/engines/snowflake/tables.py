"""The tables that a statement may read, as the analyzer is to see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analyzer.catalog import Table, type_name
from analyzer.names import encoded
from fakesnow.cursor import FakeSnowflakeCursor

Path = tuple[str, ...]
IS_TABLE = (
    "select 1 from duckdb_tables()"
    " where database_name = ? and schema_name = ? and table_name = ? limit 1"
)
IS_VIEW = (
    "select 1 from duckdb_views()"
    " where database_name = ? and schema_name = ? and view_name = ? limit 1"
)


def finder(
    cursor: FakeSnowflakeCursor, types_of: Callable[[Path], Mapping[str, Any]]
) -> Callable[[Path], Table | None]:
    """Return a function that finds the table of a path, of exactly that spelling."""

    def find(path: Path) -> Table | None:
        for place in places(cursor, path):
            columns = columns_of(cursor, place)
            if columns:
                return Table(spellings(path), shown(columns, types_of(place)))
        return None

    return find


def places(cursor: FakeSnowflakeCursor, path: Path) -> list[Path]:
    """Return the full paths that a path may mean: a temporary table's first."""
    database, schema = cursor._conn.database or "", cursor._conn.schema or ""
    if len(path) == 1:
        return [("temp", "main", *path), (database, schema, *path)]
    return [path if len(path) > 2 else (database, *path)]


def columns_of(cursor: FakeSnowflakeCursor, place: Path) -> list[tuple[str, str]]:
    """Return names and types of a table's columns; nothing where there is no such table."""
    run = cursor._duck_conn.execute
    if not any(run(question, list(place)).fetchone() for question in (IS_TABLE, IS_VIEW)):
        return []
    name = ".".join('"' + part.replace('"', '""') + '"' for part in place)
    described = run(f"describe from {name}").fetchall()
    return [(row[0], row[1]) for row in described]


def shown(columns: list[tuple[str, str]], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns under the names the analyzer sees, with the types it has given before."""
    names = [encoded(name) for name, _ in columns]
    if [name.lower() for name in known] == [name.lower() for name in names]:
        return dict(zip(names, known.values(), strict=True))
    return {encoded(name): type_name(kind) for name, kind in columns}


def spellings(path: Path) -> tuple[Path, ...]:
    """Return the path as the analyzer sees it."""
    return (tuple(encoded(part) for part in path),)
