"""Which customer each record belongs to, and which links were refused on the way.

Found by taking the steps of int_identity__steps in order. This file knows only the kinds of steps;
what their statements say is in the macro identity_steps. It runs wherever dbt can hand it a session
that executes SQL.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

Run = Callable[[str], list[Any]]

# More passes of a loop than any input can need.
MAX_PASSES = 10_000


class NotConverged(RuntimeError):
    """A loop did not come to an end: nothing of what it found may be used."""


class Step(NamedTuple):
    """One step: what to do (see the macro step), the loop or block it belongs to, the SQL."""

    kind: str
    name: str
    statement: str


def model(dbt: Any, session: Any) -> Any:
    """Return one row per record, per refused link and per decision set aside.

    Columns: record_no, customer_no (the oldest own record), record_role, component_no and
    weak_component_no (what the record could be joined with), identifier_type, identifier_value,
    reason. Raises NotConverged.
    """
    dbt.config(materialized="table")
    rows = rows_of(dbt.ref("int_identity__steps"))
    dbt.ref("int_identity__touched")
    dbt.ref("int_identity__touched_links")
    dbt.ref("int_identity__decisions")

    def run(statement: str) -> list[Any]:
        return run_statement(session, statement)

    steps = [Step(*row[1:]) for row in sorted(tuple(row) for row in rows)]
    take_steps(steps, run)
    return session.sql(f"select * from {result_table(steps)}")


def run_statement(session: Any, statement: str) -> list[Any]:
    """Execute one statement and return its rows: DuckDB's cursor or a Snowpark session."""
    if hasattr(session, "execute"):
        return list(session.execute(statement).fetchall())
    return list(session.sql(statement).collect())


def rows_of(relation: Any) -> list[Any]:
    """Return the rows of a dbt.ref() relation: DuckDB's or Snowpark's."""
    return list(relation.fetchall() if hasattr(relation, "fetchall") else relation.collect())


def take_steps(steps: Sequence[Step], run: Run) -> None:
    """Take all steps, going back at the end of a loop. Raises NotConverged."""
    starts = {
        step.name: place for place, step in enumerate(steps) if step.kind not in ("run", "end")
    }
    ends = {step.name: place for place, step in enumerate(steps) if step.kind == "end"}
    counters: dict[str, int] = {}
    running: set[str] = set()
    place = 0
    while place < len(steps):
        step = steps[place]
        if step.kind == "run":
            run(fill(step.statement, counters))
        elif step.kind == "end":
            if step.name in running:
                place = starts[step.name]
                continue
        elif not goes_on(step, counters, running, run):
            running.discard(step.name)
            place = ends[step.name]
        place += 1


def goes_on(step: Step, counters: dict[str, int], running: set[str], run: Run) -> bool:
    """Tell whether a loop has another pass, or a block is entered; count the passes."""
    if step.kind in ("when", "unless"):
        return (count(step.statement, counters, run) > 0) == (step.kind == "when")
    is_first = step.name not in running
    running.add(step.name)
    if step.kind == "back":
        last = counters[step.statement] - 2
        counters[step.name] = last if is_first else counters[step.name] - 1
        return counters[step.name] >= 0
    counters[step.name] = 0 if is_first else counters[step.name] + 1
    has_more = count(step.statement, counters, run) > 0
    if has_more and counters[step.name] == MAX_PASSES:
        raise NotConverged(f"Identity loop {step.name} did not end after {MAX_PASSES} passes.")
    return has_more


def fill(statement: str, counters: dict[str, int]) -> str:
    """Put counters in the place of {name} and {name+1}; str.format would trip over other braces."""
    for name, number in counters.items():
        statement = statement.replace("{" + name + "}", str(number))
        statement = statement.replace("{" + name + "+1}", str(number + 1))
    return statement


def count(statement: str, counters: dict[str, int], run: Run) -> int:
    """Return the number that a counting statement answers."""
    return int(run(fill(statement, counters))[0][0])


def result_table(steps: Iterable[Step]) -> str:
    """Return the name of the table that the step `result` makes."""
    statement = next(step.statement for step in steps if step.name == "result")
    words = statement.split()
    return words[words.index("table") + 1]
