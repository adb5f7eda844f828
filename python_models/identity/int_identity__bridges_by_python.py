"""Single links that a customer hangs by.

The graph of accepted links has records on one side and values on the other. A link is a bridge when
its loss would part a customer. One walk in depth finds all of them, for all customers, in time
linear in the links (lowlink, after Tarjan 1974), without recursion.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

# Rows of one insert statement.
BATCH = 5_000
COLUMNS = (
    "record_no",
    "parted_count",
    "bridge_record_no",
    "bridge_value_no",
    "suspect_record_no",
    "suspect_value_no",
)

Row = tuple[int | None, ...]


class Graph(NamedTuple):
    """Nodes 0, 1, ...: first the records, then the values; edges are links of a record to a value.

    `holders` has, for a value that others joined a customer by, the records that hold it. Only the
    oldest has an edge, because holding a value in common joins nobody.
    """

    record_nos: list[int]
    value_nos: list[int]
    is_known: list[bool]
    neighbours: list[list[int]]
    holders: dict[int, list[int]]


class Walk(NamedTuple):
    """A walk in depth: the nodes in order; all else by node.

    parents: the node before, -1 where there is none. places: the place in the order. lasts: the
    last place below. lows: the earliest place that can be reached without the edge above.
    """

    order: list[int]
    parents: list[int]
    places: list[int]
    lasts: list[int]
    lows: list[int]


class Bridge(NamedTuple):
    """A link that parts a customer: its record and value, as nodes.

    parted_count: records on the smaller side. parts_groups: both sides hold a well-connected group,
    two or more known records that no single link parts.
    """

    record: int
    value: int
    parted_count: int
    parts_groups: bool


def model(dbt: Any, session: Any) -> Any:
    """Return one row per customer that hangs by a link: a record of it, and the worst bridge.

    Columns: record_no (its first one), parted_count (records on the smaller side of the worst
    bridge), bridge_record_no, bridge_value_no, and suspect_record_no, suspect_value_no: the worst
    bridge between two well-connected groups, null where there is none.
    """
    dbt.config(materialized="table")
    links = rows_of(
        dbt.ref("int_identity__bridges_prepared"), "record_no, value_no, is_holder, is_known"
    )
    table = "c360_scratch_bridges"
    if not hasattr(session, "execute"):
        # Whether a Snowpark session has a current schema is chance.
        table = f"{dbt.this.database}.{dbt.this.schema}.{table}"
    columns = ", ".join(f"{column} bigint" for column in COLUMNS)
    run_statement(session, f"create or replace temporary table {table} ({columns})")
    for statement in inserts(table, worst_bridges(links)):
        run_statement(session, statement)
    return session.sql(f"select {', '.join(COLUMNS)} from {table}")


def rows_of(relation: Any, columns: str) -> list[Any]:
    """Return some columns of a dbt.ref() relation as rows: DuckDB's or Snowpark's."""
    if hasattr(relation, "project"):
        return list(relation.project(columns).fetchall())
    return list(relation.select(*columns.split(", ")).collect())


def run_statement(session: Any, statement: str) -> None:
    """Execute one statement on DuckDB's cursor or a Snowpark session."""
    if hasattr(session, "execute"):
        session.execute(statement)
    else:
        session.sql(statement).collect()


def inserts(table: str, rows: Iterable[Row]) -> Iterator[str]:
    """Give the statements that put rows into a table."""
    batch: list[str] = []
    for row in rows:
        batch.append(f"({', '.join('null' if cell is None else str(cell) for cell in row)})")
        if len(batch) == BATCH:
            yield f"insert into {table} values {', '.join(batch)}"
            batch = []
    if batch:
        yield f"insert into {table} values {', '.join(batch)}"


def worst_bridges(links: Iterable[Sequence[Any]]) -> Iterator[Row]:
    """Give a row per customer with a bridge; links: record_no, value_no, is_holder, is_known."""
    graph = read_graph(links)
    walk = take_walk(graph.neighbours)
    for start, end in components(walk):
        nodes = walk.order[start:end]
        found = list(bridges_of(graph, walk, nodes))
        if not found:
            continue
        worst = min(found, key=badness)
        suspect = min((each for each in found if each.parts_groups), key=badness, default=None)
        yield (
            min(graph.record_nos[node] for node in nodes if node < len(graph.record_nos)),
            worst.parted_count,
            *named(graph, worst),
            *(named(graph, suspect) if suspect else (None, None)),
        )


def badness(bridge: Bridge) -> tuple[int, bool, int, int]:
    """Order bridges: what parts most comes first, then the oldest record, then the first value."""
    return -bridge.parted_count, not bridge.parts_groups, bridge.record, bridge.value


def named(graph: Graph, bridge: Bridge) -> tuple[int, int]:
    """Return the numbers of a bridge's record and value."""
    return (
        graph.record_nos[bridge.record],
        graph.value_nos[bridge.value - len(graph.record_nos)],
    )


def read_graph(links: Iterable[Sequence[Any]]) -> Graph:
    """Number records and values in their own order, so that the order of links means nothing."""
    ordered = sorted((int(link[0]), int(link[1]), bool(link[2]), bool(link[3])) for link in links)
    record_nos = sorted({link[0] for link in ordered})
    value_nos = sorted({link[1] for link in ordered})
    record_nodes = {number: node for node, number in enumerate(record_nos)}
    value_nodes = {number: node for node, number in enumerate(value_nos, len(record_nos))}
    is_known = [False] * len(record_nos)
    neighbours: list[list[int]] = [[] for _ in range(len(record_nos) + len(value_nos))]
    holders: dict[int, list[int]] = {}
    for record_no, value_no, is_holder, record_is_known in ordered:
        record, value = record_nodes[record_no], value_nodes[value_no]
        is_known[record] = record_is_known
        if is_holder:
            holders.setdefault(value, []).append(record)
            if len(holders[value]) > 1:
                continue
        neighbours[record].append(value)
        neighbours[value].append(record)
    return Graph(record_nos, value_nos, is_known, neighbours, holders)


def take_walk(neighbours: list[list[int]]) -> Walk:
    """Walk every component in depth, from its first node."""
    count = len(neighbours)
    parents, places, lasts, lows = [-1] * count, [-1] * count, [0] * count, [0] * count
    order: list[int] = []
    following = [0] * count
    for root in range(count):
        if places[root] >= 0:
            continue
        places[root] = lows[root] = len(order)
        order.append(root)
        node = root
        while node >= 0:
            if following[node] < len(neighbours[node]):
                other = neighbours[node][following[node]]
                following[node] += 1
                if places[other] < 0:
                    parents[other] = node
                    places[other] = lows[other] = len(order)
                    order.append(other)
                    node = other
                elif other != parents[node] and places[other] < lows[node]:
                    lows[node] = places[other]
                continue
            lasts[node] = len(order) - 1
            above = parents[node]
            if above >= 0 and lows[node] < lows[above]:
                lows[above] = lows[node]
            node = above
    return Walk(order, parents, places, lasts, lows)


def components(walk: Walk) -> Iterator[tuple[int, int]]:
    """Give where each component starts and ends in the order of the walk."""
    place = 0
    while place < len(walk.order):
        end = walk.lasts[walk.order[place]] + 1
        yield place, end
        place = end


def bridges_of(graph: Graph, walk: Walk, nodes: list[int]) -> Iterator[Bridge]:
    """Give the bridges of one component, whose nodes come in the order of the walk."""
    record_count = len(graph.record_nos)
    tops: dict[int, int] = {}
    known: dict[int, int] = {}
    for node in nodes:
        tops[node] = node if hangs(graph, walk, node) else tops[walk.parents[node]]
        if node < record_count and graph.is_known[node]:
            known[tops[node]] = known.get(tops[node], 0) + 1
    below: dict[int, int] = {}
    groups_below: dict[int, int] = {}
    for node in reversed(nodes):
        below[node] = below.get(node, 0) + (node < record_count)
        groups_below[node] = groups_below.get(node, 0) + (known.get(node, 0) > 1)
        above = walk.parents[node]
        below[above] = below.get(above, 0) + below[node]
        groups_below[above] = groups_below.get(above, 0) + groups_below[node]
    all_records, all_groups = below[nodes[0]], groups_below[nodes[0]]
    for node in nodes[1:]:
        smaller = min(below[node], all_records - below[node])
        if tops[node] == node and smaller:
            record, value = sorted((node, walk.parents[node]))
            yield Bridge(record, value, smaller, 0 < groups_below[node] < all_groups)


def hangs(graph: Graph, walk: Walk, node: int) -> bool:
    """Tell whether the edge above a node is a bridge; the start of a component has none."""
    above = walk.parents[node]
    if above < 0:
        return True
    if walk.lows[node] < walk.places[node]:
        return False
    record, value = sorted((node, above))
    holders = graph.holders.get(value, [])
    if record not in holders[:1]:
        return True
    # The next holder takes the place of the one that is lost, and keeps the customer whole where it
    # stands on the same side.
    first, last = walk.places[node], walk.lasts[node]
    return not any(
        (first <= walk.places[other] <= last) == (record == node) for other in holders[1:2]
    )
