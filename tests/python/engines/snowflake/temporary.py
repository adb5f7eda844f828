"""Temporary tables whose names have a schema, which DuckDB does not have.

They become tables of that schema, and go when the session that made them ends.
"""

from __future__ import annotations

import re
from collections import defaultdict
from weakref import WeakKeyDictionary

from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor

GAP = r"(?:\s|/\*.*?\*/|--[^\n]*\n)"
CREATE = re.compile(
    rf"^(?P<create>{GAP}*create{GAP}+(?:or{GAP}+replace{GAP}+)?)"
    rf"(?:(?:scoped|local|global|volatile){GAP}+)?temp(?:orary)?{GAP}+"
    rf"(?P<kind>table|view){GAP}+(?P<unless>if{GAP}+not{GAP}+exists{GAP}+)?(?P<name>[^\s(]*\.[^\s(]*)",
    re.IGNORECASE | re.DOTALL,
)
made: WeakKeyDictionary[FakeSnowflakeConnection, dict[str, str]] = WeakKeyDictionary()


def as_permanent(cursor: FakeSnowflakeCursor, sql: str) -> str:
    """Return a statement as it is, or without `temporary` where its name has a schema."""
    match = CREATE.match(sql)
    if match is None:
        return sql
    made.setdefault(cursor._conn, defaultdict(str))[match["name"]] = match["kind"]
    start = f"{match['create']}{match['kind']} {match['unless'] or ''}{match['name']}"
    return start + sql[match.end() :]


def drop_all(connection: FakeSnowflakeConnection) -> None:
    """Drop what a session that ends has left."""
    for name, kind in made.pop(connection, {}).items():
        connection.cursor().execute(f"drop {kind} if exists {name}")
