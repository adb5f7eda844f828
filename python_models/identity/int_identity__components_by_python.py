"""Which customer each record belongs to.

Found by running the statements of int_identity__statements until they have nothing left to do. This
file holds only the order of the statements; what they say is in the macro
identity_statements. It runs wherever dbt can hand it a session that executes SQL.
"""

from collections.abc import Callable, Iterable
from typing import Any

Run = Callable[[str], list[Any]]

# A round at least halves the number of records that still have an edge, and a jump halves the
# longest way to a root: 64 of either are more than any table can need.
MAX_ROUNDS = 64


class NotConverged(RuntimeError):
    """The rounds did not come to an end: nothing of what they found may be used."""


def model(dbt: Any, session: Any) -> Any:
    """Return one row per record: record_no, customer_no, record_role.

    customer_no is the number of the customer's oldest own record. Raises NotConverged.
    """
    dbt.config(materialized="table")
    statements = rows_of(dbt.ref("int_identity__statements"))
    dbt.ref("int_identity__links")
    dbt.ref("int_identity__records")

    def run(statement: str) -> list[Any]:
        return run_statement(session, statement)

    result = find_components(statements, run)
    return session.sql(f"select record_no, customer_no, record_role from {result}")


def run_statement(session: Any, statement: str) -> list[Any]:
    """Execute one statement and return its rows: DuckDB's cursor or a Snowpark session."""
    if hasattr(session, "execute"):
        return list(session.execute(statement).fetchall())
    return list(session.sql(statement).collect())


def rows_of(relation: Any) -> list[Any]:
    """Return the rows of a dbt.ref() relation: DuckDB's or Snowpark's."""
    return list(relation.fetchall() if hasattr(relation, "fetchall") else relation.collect())


def find_components(statements: Iterable[Any], run: Run) -> str:
    """Run both phases; return the name of the table that holds the result.

    statements: rows (step_no, phase, kind, statement_text), in any order.
    Raises NotConverged when a loop does not end.
    """
    steps: dict[str, dict[str, list[str]]] = {}
    for _, phase, kind, statement in sorted(tuple(row) for row in statements):
        steps.setdefault(phase, {}).setdefault(kind, []).append(statement)
    for phase in ("strong", "weak"):
        run_all(steps[phase]["prepare"], run)
        rounds = contract_until_done(steps[phase], run)
        run_all(steps[phase]["finish"], run)
        run_all(steps[phase]["clean"], run, round=rounds)
    return run_target(steps["weak"]["finish"][-1])


def run_all(statements: Iterable[str], run: Run, **numbers: int) -> None:
    """Run statements in order, their {placeholders} filled."""
    for statement in statements:
        run(fill(statement, **numbers))


def fill(statement: str, **numbers: int) -> str:
    """Put numbers in the place of {name}; str.format would trip over braces in the SQL."""
    for name, number in numbers.items():
        statement = statement.replace("{" + name + "}", str(number))
    return statement


def contract_until_done(steps: dict[str, list[str]], run: Run) -> int:
    """Contract the edges until none is left, compose the roots; return the rounds it took."""
    rounds = 0
    while count(steps["count_edges"], run, round=rounds):
        if rounds == MAX_ROUNDS:
            raise NotConverged(f"Identity rounds did not end after {MAX_ROUNDS} contractions.")
        jumps = jump_until_rooted(steps, run, rounds)
        run_all(steps["settle"], run, round=rounds, jump=jumps)
        run_all(steps["contract"], run, round=rounds, next=rounds + 1)
        rounds += 1
    for earlier in reversed(range(rounds - 1)):
        run_all(steps["compose"], run, round=earlier, next=earlier + 1)
    if rounds == 0:
        run_all(steps["no_round"], run)
    return rounds


def jump_until_rooted(steps: dict[str, list[str]], run: Run, rounds: int) -> int:
    """Replace parents by grandparents until every parent is a root; return the jumps it took."""
    run_all(steps["hook"], run, round=rounds)
    jumps = 0
    while count(steps["count_jumps"], run, round=rounds, jump=jumps):
        if jumps == MAX_ROUNDS:
            raise NotConverged(f"Identity rounds did not end after {MAX_ROUNDS} jumps.")
        run_all(steps["jump"], run, round=rounds, jump=jumps, next_jump=jumps + 1)
        jumps += 1
    return jumps


def count(statements: list[str], run: Run, **numbers: int) -> int:
    """Return the number that a counting statement answers."""
    return int(run(fill(statements[0], **numbers))[0][0])


def run_target(statement: str) -> str:
    """Return the table that a 'create ... table NAME as' statement makes."""
    words = statement.split()
    return words[words.index("table") + 1]
