"""INSERT ... VALUES of many literal rows, as dbt loads seeds.

fakesnow would parse and rewrite every value; a seed of thousands of rows would take a minute.
"""

from __future__ import annotations

import re

import pyarrow as pa
from fakesnow.cursor import FakeSnowflakeCursor
from tokens import literal_text, object_name, tokenize

HEAD = re.compile(
    r"^\s*(?:/\*.*?\*/\s*)?insert\s+into\s+(?P<name>[\w.\"$]+)\s*(?P<columns>\([^()]*\))?"
    r"\s*values\s*(?=\()",
    re.IGNORECASE | re.DOTALL,
)
PART = re.compile(r"('(?:[^'\\]|\\.|'')*')|([(),])|\s+|(/\*.*?\*/)|([^\s(),']+)", re.DOTALL)
NUMBER_OR_WORD = re.compile(r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|true|false)\Z", re.I)
WORTH_IT = 20_000

Rows = list[list[str | None]]


def run(cursor: FakeSnowflakeCursor, sql: str) -> int | None:
    """Insert rows of literals and return their number; None for other statements."""
    head = HEAD.match(sql) if len(sql) > WORTH_IT else None
    rows = literal_rows(sql, head.end()) if head else None
    if head is None or not rows or any(len(row) != len(rows[0]) for row in rows):
        return None
    target = names(head["name"], ".")
    columns = f"({names(head['columns'][1:-1], ',')})" if head["columns"] else ""
    values = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    table = pa.table(values, names=[f"c{place}" for place in range(len(values))])
    cursor._duck_conn.register("literal_rows", table)
    try:
        cursor._duck_conn.execute(f"insert into {target} {columns} select * from literal_rows")
    finally:
        cursor._duck_conn.unregister("literal_rows")
    return len(rows)


def literal_rows(sql: str, start: int) -> Rows | None:
    """Return the rows behind `values`, each value as text; None where one is no literal."""
    rows: Rows = []
    depth = 0
    for text, mark, _, other in PART.findall(sql, start):
        if mark == "(":
            depth += 1
            rows.append([])
        elif mark == ")":
            depth -= 1
        elif text:
            rows[-1].append(literal_text(text))
        elif other:
            if other.lower() == "null":
                rows[-1].append(None)
            elif NUMBER_OR_WORD.match(other):
                rows[-1].append(other)
            elif other != ";":
                return None
        if depth > 1:
            return None
    return rows


def names(text: str, separator: str) -> str:
    """Return names, written for Snowflake, as DuckDB keeps them."""
    found = [object_name(token) for token in tokenize(text) if token != separator]
    return separator.join('"' + name.replace('"', '""') + '"' for name in found)


def first_row(sql: str) -> str | None:
    """Return the statement with its first row only, where it is of the kind; else None."""
    head = HEAD.match(sql) if len(sql) > WORTH_IT else None
    if head is None:
        return None
    depth = 0
    for match in PART.finditer(sql, head.end()):
        depth += (match[2] == "(") - (match[2] == ")")
        if match[2] == ")" and depth == 0:
            return sql[: match.end()]
    return None
