"""ALTER SCHEMA and ALTER TABLE ... SWAP WITH, which neither fakesnow nor DuckDB has."""

from __future__ import annotations

from typing import NamedTuple

import duckdb
from fakesnow.cursor import FakeSnowflakeCursor
from refusals import Refused
from tokens import object_name, parts, tokenize

DONE = "select 'Statement executed successfully.' as \"status\""


class Thing(NamedTuple):
    """A table or view of DuckDB's: the statement that made it, up to and behind its name."""

    name: str
    is_view: bool
    head: str
    tail: str


Move = tuple[list[str], str, list[str], Thing]


def swap(cursor: FakeSnowflakeCursor, sql: str) -> bool:
    """Execute a swap; False where the statement is none. Raises Refused."""
    tokens = tokenize(sql)
    words = [token.lower() for token in tokens]
    if "swap" not in words or words[-1] == "with":
        return False
    at = words.index("swap")
    start = 4 if words[2:4] == ["if", "exists"] else 2
    first, second = path(tokens[start:at]), path(tokens[at + 2 :])
    if words[1] == "schema":
        swap_schemas(cursor, first, second)
    else:
        swap_tables(cursor, first, second)
    return True


def path(tokens: list[str]) -> list[str]:
    """Return the parts of a name that may be qualified."""
    return [object_name(part[0]) for part in parts(tokens, ".")]


def quoted(*names: str) -> str:
    """Return a qualified name as DuckDB reads it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def swap_schemas(cursor: FakeSnowflakeCursor, first: list[str], second: list[str]) -> None:
    """Let two schemas change places: everything in one is then in the other."""
    database = cursor._conn.database or ""
    one, other = ([database, *name][-2:] for name in (first, second))
    for name in (one, other):
        if not schema_exists(cursor, *name):
            raise Refused(f"Schema '{'.'.join(name)}' does not exist or not authorized.")
    ours = [(one, thing.name, other, thing) for thing in things(cursor, *one)]
    theirs = [(other, thing.name, one, thing) for thing in things(cursor, *other)]
    move_all(cursor, [*ours, *theirs])


def schema_exists(cursor: FakeSnowflakeCursor, database: str, schema: str) -> bool:
    """Tell whether a schema of exactly this name exists."""
    found = cursor._duck_conn.execute(
        "select 1 from duckdb_schemas() where database_name = ? and schema_name = ?",
        [database, schema],
    ).fetchone()
    return found is not None


def things(cursor: FakeSnowflakeCursor, database: str, schema: str) -> list[Thing]:
    """Return the tables and views of a schema, each with the statement that makes it."""
    rows = cursor._duck_conn.execute(
        "select table_name, false, sql from duckdb_tables()"
        " where database_name = $1 and schema_name = $2 union all"
        " select view_name, true, sql from duckdb_views()"
        " where database_name = $1 and schema_name = $2 and not internal",
        [database, schema],
    ).fetchall()
    return [Thing(name, is_view, *around_name(sql, is_view)) for name, is_view, sql in rows]


def around_name(sql: str, is_view: bool) -> tuple[str, str]:
    """Return what stands before and behind the name in a statement of DuckDB's own spelling."""
    word = "VIEW" if is_view else "TABLE"
    head_end = sql.index(f" {word} ") + len(word) + 2
    end = head_end
    in_quotes = False
    while in_quotes or sql[end] not in " (":
        in_quotes ^= sql[end] == '"'
        end += 1
    return sql[:head_end], sql[end:].rstrip().rstrip(";")


def move_all(cursor: FakeSnowflakeCursor, moves: list[Move]) -> None:
    """Move tables and views, all at once: each (place, name, new place, thing with its new name).

    Views come last, because DuckDB makes none on what is not there. Raises Refused where one would
    read what has moved away: on Snowflake it would be there and fail whoever reads it.
    """
    run = cursor._duck_conn.execute
    run("begin")
    try:
        for number, (place, name, _, thing) in enumerate(moves):
            if not thing.is_view:
                run(f"create or replace temp table held_{number} as from {quoted(*place, name)}")
            run(f"drop {'view' if thing.is_view else 'table'} {quoted(*place, name)}")
        for number, (_, _, target, thing) in enumerate(moves):
            if not thing.is_view:
                make(cursor, thing, target)
                run(f"insert into {quoted(*target, thing.name)} from temp.main.held_{number}")
                run(f"drop table temp.main.held_{number}")
        for _, _, target, thing in moves:
            if thing.is_view:
                make(cursor, thing, target)
        run("commit")
    except duckdb.CatalogException as missing:
        run("rollback")
        raise Refused(f"a view would read what the swap has moved away: {missing}") from missing
    except Exception:
        run("rollback")
        raise


def make(cursor: FakeSnowflakeCursor, thing: Thing, target: list[str]) -> None:
    """Make a table without rows, or a view, in a schema."""
    cursor._duck_conn.execute(f"{thing.head}{quoted(*target, thing.name)}{thing.tail}")


def swap_tables(cursor: FakeSnowflakeCursor, first: list[str], second: list[str]) -> None:
    """Let two tables change names and places."""
    full = [cursor._conn.database or "", cursor._conn.schema or ""]
    one, other = ([*full[: 3 - len(name)], *name] for name in (first, second))
    moves: list[Move] = []
    for (*place, name), (*target, new_name) in ((one, other), (other, one)):
        here = [thing for thing in things(cursor, *place) if thing.name == name]
        if not here or here[0].is_view:
            raise Refused(f"Table '{name}' does not exist or not authorized.")
        moves.append((place, name, target, here[0]._replace(name=new_name)))
    move_all(cursor, moves)
