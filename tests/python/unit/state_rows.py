"""A state with something of everything in its tables, written to a file and read again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from unit.macro_runner import render, shared_project

# Keys as people write them: quotes, backslashes, other scripts, braces that Jinja would read.
KEYS = [
    "crm:contacts:O'Hara",
    "crm:contacts:a\\b",
    "crm:contacts:\u0416\u00e9\U0001f600",
    "x:{{ 1 }}",
]
GENERATION = (datetime(2026, 1, 1, 10), False, "p", "0-0", "0.1.0", "run", "hash")
COLUMNS = """
{% set found = {} -%}
{%- for name in ['generations'] + state_tables().keys() | list -%}
    {%- do found.update({name: state_columns(name)}) -%}
{%- endfor %}
-- {{ tojson(found) }}
"""

Rows = dict[str, list[tuple[Any, ...]]]


@cache
def tables() -> dict[str, dict[str, str]]:
    """The tables of the state as the macros declare them: name -> column -> type."""
    rendered = render(shared_project(), {"state": COLUMNS})["state"]
    found: dict[str, dict[str, str]] = json.loads(rendered.removeprefix("--"))
    return found


def some_value(column: str, kind: str, place: int) -> Any:
    """A value for a column of a row, none now and then."""
    if "generation" in column and kind == "bigint":
        return None if column.startswith("valid_to") else 1 + place % 2
    if place % 5 == 4:
        return None
    if kind == "bigint":
        return 10**15 + place
    if kind.startswith("decimal"):
        return Decimal("-1234567890.57") + place
    if kind == "boolean":
        return place % 2 == 0
    if kind == "timestamp":
        return datetime(1999, 12, 31, 23, 59, 59, 500_000) + timedelta(days=place)
    return KEYS[place % len(KEYS)]


def some_rows() -> Rows:
    """Seven rows for each table, of the generations two."""
    return {
        name: [
            tuple(
                some_value(column, kind.lower(), place + shift)
                for shift, (column, kind) in enumerate(columns.items())
            )
            for place in range(7)
        ]
        for name, columns in tables().items()
        if name != "generations"
    } | {"generations": [(number, *GENERATION) for number in (1, 2)]}


def write_state(file: Path, state: Rows) -> None:
    """Make a file with a state."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema customer360_state")
        for table, rows in state.items():
            columns = ", ".join(f"{name} {kind}" for name, kind in tables()[table].items())
            connection.execute(f"create table customer360_state.{table} ({columns})")
            marks = ", ".join("?" for _ in tables()[table])
            if rows:
                connection.executemany(
                    f"insert into customer360_state.{table} values ({marks})", rows
                )


def read_state(file: Path) -> Rows:
    """Read a state as sorted rows, the columns by name."""
    found = {}
    with duckdb.connect(str(file), read_only=True) as connection:
        for table, columns in tables().items():
            found[table] = connection.execute(
                f"select {', '.join(columns)} from customer360_state.{table} order by all"
            ).fetchall()
    return found
