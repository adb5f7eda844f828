"""Why two records, identifiers or customers are one customer, or why they are not.

Reads the published marts and works on the links of the customers in question alone. Nothing of what
it says is written to a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from customer360.errors import ConfigError
from customer360.paths import Project
from customer360.published import published_database

MARTS = "published.customer360"
LINKS, REJECTIONS = (
    f"{MARTS}.customer360_identity_links",
    f"{MARTS}.customer360_identity_rejections",
)
MAP, LOOKUP = f"{MARTS}.customer360_identity_map", f"{MARTS}.customer360_id_lookup"
NEEDED = {"customer360_identity_links", "customer360_identity_rejections", "customer360_id_lookup"}
# Steps of a long chain that are shown at each end.
SHOWN_STEPS = 10
SHOWN_CHOICES = 12

Value = tuple[str, str]  # type, value
Link = tuple[str, str, str, bool]  # record, type, value, whether it joins


@dataclass(frozen=True)
class Named:
    """What a name stands for: text says it in full; its records, and their customers."""

    text: str
    records: frozenset[str]
    customers: frozenset[str]


@dataclass(frozen=True)
class Step:
    """One step of a chain: to this record over this value; the first step has no value."""

    record: str
    value: Value | None


@dataclass(frozen=True)
class Obstacle:
    """A value that both sides carry, or a decision about them, and what keeps it from joining."""

    value: Value
    reason: str
    rule: str


def why(project: Project, one: str, other: str, show_all: bool = False) -> list[str]:
    """Explain in lines of text what joins or parts two things. Raises ConfigError."""
    with published_database(project) as connection:
        check_marts(connection)
        return explain(connection, one, other, show_all)


def check_marts(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise ConfigError where the published file is older than the marts that are read."""
    found = {
        name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()
    }
    if NEEDED - found:
        raise ConfigError(
            "The published file has no identity links yet; run `customer360 build` to publish anew."
        )


def explain(
    connection: duckdb.DuckDBPyConnection, one: str, other: str, show_all: bool = False
) -> list[str]:
    """Do what `why` does on a connection that has the marts as the database `published`."""
    left, right = find(connection, one), find(connection, other)
    common = left.customers & right.customers
    if not common:
        return apart_lines(left, right, obstacles(connection, left, right))
    links = links_of(connection, common)
    chain = shortest_chain(links, left.records, right.records)
    if not chain:
        raise ConfigError(
            "The links of this customer do not hold together; run `customer360 build` again."
        )
    owner = connection.execute(
        f"select customer360_id from {MAP} where record_key = ?", [chain[0].record]
    ).fetchall()
    lines = [f"{left.text} and {right.text} are one customer: {owner[0][0]}."]
    lines += [
        f"({side.text} is carried by records of {len(side.customers)} customers.)"
        for side in (left, right)
        if len(side.customers) > 1
    ]
    return lines + chain_lines(chain, decisions_of(connection, chain), show_all)


# --- names ----------------------------------------------------------------------------------------


def find(connection: duckdb.DuckDBPyConnection, name: str) -> Named:
    """Find what a name stands for. Raises ConfigError where it is nothing, or several things.

    A customer360_id (a retired one too), a record key, type:value, or a value; a value may be given
    without its namespace. What fits as it is goes before what fits without a namespace.
    """
    for spelling in dict.fromkeys((name.strip(), name.strip().lower())):
        found = exact_matches(connection, spelling) or bare_matches(connection, spelling)
        if len(found) > 1:
            raise ConfigError(f"'{name}' fits several things; name one of them: {choices(found)}.")
        if found:
            return found[0]
    raise ConfigError(
        f"Nothing is called '{name}'; name a customer360_id, a record_key, a value or type:value."
    )


def choices(found: Sequence[Named]) -> str:
    """Name what a name could stand for, a dozen at most."""
    names = [each.text for each in found]
    more = f" and {len(names) - SHOWN_CHOICES} more" if len(names) > SHOWN_CHOICES else ""
    return ", ".join(names[:SHOWN_CHOICES]) + more


def exact_matches(connection: duckdb.DuckDBPyConnection, name: str) -> list[Named]:
    """Find customers, records and identifiers of just this name."""
    found = []
    current = connection.execute(
        f"select distinct current_customer360_id from {LOOKUP} "
        "where customer360_id = ? and current_customer360_id is not null",
        [name],
    ).fetchall()
    for (customer,) in current:
        records = connection.execute(
            f"select record_key from {MAP} where customer360_id = ?", [customer]
        ).fetchall()
        shown = name if customer == name else f"{name} (now {customer})"
        found.append(Named(f"customer {shown}", of_rows(records), frozenset([customer])))
    owners = connection.execute(
        f"select customer360_id from {MAP} where record_key = ?", [name]
    ).fetchall()
    if owners:
        found.append(Named(f"record {name}", frozenset([name]), of_rows(owners)))
    condition = "identifier_value = $name or identifier_type || ':' || identifier_value = $name"
    return found + identifiers(connection, condition, name)


def bare_matches(connection: duckdb.DuckDBPyConnection, name: str) -> list[Named]:
    """Find identifiers that are called so when their namespace is left out."""
    bare = "substr(identifier_value, instr(identifier_value, ':') + 1)"
    condition = f"{bare} = $name or identifier_type || ':' || {bare} = $name"
    return identifiers(connection, condition, name)


def identifiers(connection: duckdb.DuckDBPyConnection, condition: str, name: str) -> list[Named]:
    """Find the identifiers that meet a condition, with all their carriers."""
    part = f"""
        select identifier_type, identifier_value, record_key, customer360_id
        from {{}} where identifier_role <> 'decision' and ({condition})
    """
    rows = connection.execute(
        f"""
        select identifier_type, identifier_value, list(record_key), list(distinct customer360_id)
        from ({part.format(LINKS)} union all {part.format(REJECTIONS)})
        group by 1, 2 order by 1, 2
        """,
        {"name": name},
    ).fetchall()
    return [
        Named(f"{kind}:{value}", frozenset(records), frozenset(customers))
        for kind, value, records, customers in rows
    ]


def of_rows(rows: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """Return the first cells of rows as a set."""
    return frozenset(row[0] for row in rows)


# --- chains ---------------------------------------------------------------------------------------


def links_of(connection: duckdb.DuckDBPyConnection, customers: Iterable[str]) -> list[Link]:
    """Read what holds some customers together."""
    return connection.execute(
        f"select record_key, identifier_type, identifier_value, link_effect = 'joins' from {LINKS} "
        "where list_contains(?, customer360_id) and link_effect <> 'none'",
        [sorted(customers)],
    ).fetchall()


def shortest_chain(
    links: Iterable[Link], starts: frozenset[str], goals: frozenset[str]
) -> list[Step]:
    """Find a shortest chain from one of some records to one of others; empty where there is none.

    A walk in breadth. A record that only holds a value leads to those that joined by it, and not to
    others that hold it. Of several shortest chains it is the one whose record is first at each step
    back from the goal, then whose value is.
    """
    held: dict[str, list[tuple[Value, bool]]] = {}
    carriers: dict[Value, list[tuple[str, bool]]] = {}
    for record, kind, text, joins in sorted(links):
        held.setdefault(record, []).append(((kind, text), joins))
        carriers.setdefault((kind, text), []).append((record, joins))
    came_from: dict[str, tuple[str, Value] | None] = dict.fromkeys(starts)
    is_open: dict[Value, bool] = {}
    frontier = sorted(starts)
    while frontier:
        reached = goals.intersection(frontier)
        if reached:
            return trace(came_from, min(reached))
        following: list[str] = []
        for record in frontier:
            for value, joins in held.get(record, []):
                if is_open.get(value, False) or (value in is_open and not joins):
                    continue
                is_open[value] = joins
                for other, other_joins in carriers[value]:
                    if other not in came_from and (joins or other_joins):
                        came_from[other] = (record, value)
                        following.append(other)
        frontier = sorted(following)
    return []


def trace(came_from: dict[str, tuple[str, Value] | None], goal: str) -> list[Step]:
    """Follow the records back from a goal, and return the steps from the start."""
    steps = []
    place: str | None = goal
    while place is not None:
        before = came_from[place]
        steps.append(Step(place, before[1] if before else None))
        place = before[0] if before else None
    return steps[::-1]


def decisions_of(connection: duckdb.DuckDBPyConnection, chain: Iterable[Step]) -> dict[Value, str]:
    """Read who decided what, for the decisions of a chain."""
    keys = [step.value[1] for step in chain if step.value and step.value[0] == "decision"]
    rows = connection.execute(
        f"select distinct identifier_value, decision from {LINKS} "
        "where identifier_role = 'decision' and list_contains(?, identifier_value)",
        [keys],
    ).fetchall()
    return {("decision", key): text for key, text in rows}


def chain_lines(chain: Sequence[Step], decisions: dict[Value, str], show_all: bool) -> list[str]:
    """Say how a chain goes from record to record."""
    if len(chain) == 1:
        return [f"Both meet in one record: {chain[0].record}."]
    links = "1 identifier" if len(chain) == 2 else f"{len(chain) - 1} identifiers"
    steps = [step_line(step, decisions) for step in chain]
    if not show_all and len(steps) > 2 * SHOWN_STEPS:
        hidden = len(steps) - 2 * SHOWN_STEPS
        steps[SHOWN_STEPS:-SHOWN_STEPS] = [f"  ... {hidden} more (--all shows them)"]
    return [f"The shortest chain between them is {links} long:", *steps]


def step_line(step: Step, decisions: dict[Value, str]) -> str:
    """Say one step of a chain."""
    if step.value is None:
        return f"  {step.record}"
    shown = decisions.get(step.value) or f"{step.value[0]} {step.value[1]}"
    return f"  -- {shown} -- {step.record}"


# --- what stands between --------------------------------------------------------------------------


def obstacles(connection: duckdb.DuckDBPyConnection, left: Named, right: Named) -> list[Obstacle]:
    """Find what customers of both sides carry, and why it does not join them.

    A value that both sides carry by links that stand, such as a shared device, has the reason
    not_joining.
    """
    rows = connection.execute(
        f"""
        with carried as (
            select
                identifier_type, identifier_value, list_contains($left, customer360_id) as is_left,
                'not_joining' as reason, identifier_role as policy_rule
            from {LINKS}
            where list_contains($both, customer360_id)
            union all
            select
                identifier_type, identifier_value, list_contains($left, customer360_id),
                reason, policy_rule
            from {REJECTIONS}
            where list_contains($both, customer360_id)
        ),
        shared as (
            select identifier_type, identifier_value, bool_and(reason = 'not_joining') as stands
            from carried
            group by all
            having bool_or(is_left) and bool_or(not is_left)
        )
        select distinct identifier_type, identifier_value, reason, policy_rule
        from carried
        inner join shared using (identifier_type, identifier_value)
        where stands or reason <> 'not_joining'
        order by all
        """,
        {"left": sorted(left.customers), "both": sorted(left.customers | right.customers)},
    ).fetchall()
    return [Obstacle((kind, value), reason, rule) for kind, value, reason, rule in rows]


def apart_lines(left: Named, right: Named, found: Sequence[Obstacle]) -> list[str]:
    """Say what stands between two things of different customers."""
    lines = [f"{left.text} and {right.text} are different customers:"]
    lines += [f"  {', '.join(sorted(side.customers)) or 'none'}" for side in (left, right)]
    if not found:
        return [*lines, "There is no shared identifier between them."]
    return [*lines, "What stands between them:", *map(obstacle_line, found)]


def obstacle_line(found: Obstacle) -> str:
    """Say why one value, or one decision, does not join."""
    kind, value = found.value
    if kind == "decision":
        return f"  {found.rule} ({found.reason})"
    if found.reason == "not_joining":
        return f"  {kind} {value}: joins no two customers (role {found.rule})"
    return f"  {kind} {value}: {found.reason} ({found.rule})"
