"""MERGE, executed by DuckDB's own; fakesnow's translation fails on the statements of dbt."""

from __future__ import annotations

from collections import Counter

from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from refusals import Refused
from sqlglot import exp

ACTIONS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}
SOURCE_ROWS = "merge_source_rows"


def run(cursor: FakeSnowflakeCursor, sql: str) -> str:
    """Execute a MERGE; return a query that gives the counts Snowflake answers. Raises Refused."""
    merge = parse_one(sql)
    assert isinstance(merge, exp.Merge)
    refuse_several_matches(cursor, merge)
    without_target_names(merge)
    statement = cursor._transform(merge.copy(), None).sql(dialect="duckdb")
    rows = cursor._duck_conn.execute(f"{statement} returning merge_action").fetchall()
    counts = Counter(action for (action,) in rows)
    done = [
        f'{counts[action]} as "number of rows {name}"'
        for action, name in ACTIONS.items()
        if any(action in when_action(when) for when in merge.args["whens"].expressions)
    ]
    return "select " + ", ".join(done)


def without_target_names(merge: exp.Merge) -> None:
    """Write `set name = ...` for `set target.name = ...`, which DuckDB does not read."""
    for when in merge.args["whens"].expressions:
        if isinstance(when.args["then"], exp.Update):
            for change in when.args["then"].expressions:
                change.set("this", exp.column(change.this.this.copy()))


def when_action(when: exp.When) -> str:
    """Return what a WHEN clause does: INSERT, UPDATE or DELETE."""
    then = when.args["then"]
    return then.name.upper() if isinstance(then, exp.Var) else then.key.upper()


def refuse_several_matches(cursor: FakeSnowflakeCursor, merge: exp.Merge) -> None:
    """Raise Refused where one row of the target would be changed by several rows of the source.

    Snowflake refuses that unless its parameter ERROR_ON_NONDETERMINISTIC_MERGE is switched off. Two
    rows of the source that delete the same row are deterministic.
    """
    changes = [when for when in merge.args["whens"].expressions if when_action(when) == "UPDATE"]
    if not changes:
        return
    target, source = merge.this, merge.args["using"]
    conditions = [when.args["condition"] or exp.true() for when in changes]
    matched = exp.and_(merge.args["on"], exp.or_(*conditions))
    query = (
        exp.select("1")
        .from_(exp.alias_(target.copy(), target.alias_or_name, table=True))
        .join(source.copy(), on=matched, join_type="inner")
        .group_by(exp.column("rowid", table=target.alias_or_name))
        .having("count(*) > 1")
        .limit(1)
    )
    statement = cursor._transform(query, None).sql(dialect="duckdb")
    if cursor._duck_conn.execute(statement).fetchone():
        raise Refused("Duplicate row detected during DML action (MERGE is nondeterministic).")
