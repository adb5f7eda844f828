"""The same links as edges of a graph, in the two ways that a peer can be given them."""

from __future__ import annotations

import duckdb

# A record is joined to the least record with the same value: no node for the value, no text in an
# edge. It is how our own components begin, and the cheapest edges that we know.
HUBS = """
create temp table edges as
with

lists as (

    select
        min(record_no) as hub,
        list(record_no) as members
    from given.strong_links
    group by identifier_type, identifier_value
    having count(*) > 1

),

members as (

    select
        hub,
        unnest(members) as member
    from lists

)

select distinct
    member as one,
    hub as other
from members
where member <> hub
"""

# What the libraries' own documentation would have one do: an edge from each record to each value it
# carries. The values get numbers behind those of the records.
IDENTIFIERS = """
create temp table identifiers as
select
    identifier_type,
    identifier_value,
    row_number() over () + (select max(record_no) from given.records) as node
from (select distinct identifier_type, identifier_value from given.strong_links);

create temp table edges as
select
    links.record_no as one,
    identifiers.node as other
from given.strong_links as links
inner join identifiers
    on
        links.identifier_type = identifiers.identifier_type
        and links.identifier_value = identifiers.identifier_value
"""


def make_hub_edges(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temp table edges (one, other) between records."""
    connection.execute(HUBS)


def make_identifier_edges(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temp tables identifiers (type, value, node) and edges (record, identifier)."""
    connection.execute(IDENTIFIERS)
