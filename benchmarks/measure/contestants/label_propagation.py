"""Label propagation in SQL: each round every record takes the least label among its neighbours.

The usual way in a warehouse. It needs as many rounds as the longest shortest path has edges.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from measure.contestants.edges import make_hub_edges

MOST_ROUNDS = 60

BOTH_WAYS = """
create temp table neighbours as
select one as node, other as neighbour from edges
union all
select other as node, one as neighbour from edges
"""

ROUND = """
create or replace temp table next_labels as
select
    labels.node,
    least(labels.label, coalesce(min(near.label), labels.label)) as label
from labels
left join neighbours
    on labels.node = neighbours.node
left join labels as near
    on neighbours.neighbour = near.node
group by labels.node, labels.label
"""

CHANGED = """
select count(*)
from labels
inner join next_labels
    on labels.node = next_labels.node
where labels.label <> next_labels.label
"""


def on_hubs(connection: duckdb.DuckDBPyConnection, statements: Path) -> str | None:
    """Propagate labels between records until nothing changes, or for the most rounds."""
    make_hub_edges(connection)
    connection.execute(BOTH_WAYS)
    connection.execute(
        "create temp table labels as select record_no as node, record_no as label"
        " from given.records"
    )
    is_moving = True
    rounds = 0
    while is_moving and rounds < MOST_ROUNDS:
        connection.execute(ROUND)
        ((changed,),) = connection.execute(CHANGED).fetchall()
        connection.execute("drop table labels; alter table next_labels rename to labels")
        is_moving = changed > 0
        rounds += 1
    connection.execute(
        "create table answer as select node as record_no, label as component from labels"
    )
    return f"not ended after {MOST_ROUNDS} rounds" if is_moving else None
