"""NetworkX: a graph of Python objects, the way most people would begin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import networkx as nx
import pyarrow as pa

BATCH = 100_000


def on_identifiers(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Components of a graph of records and identifiers; the records are kept."""
    graph = nx.Graph()
    for record, kind, value in rows(connection):
        graph.add_edge(record, (kind, value))
    record_nos: list[int] = []
    components: list[int] = []
    for number, members in enumerate(nx.connected_components(graph)):
        # Identifiers are pairs of texts, records are numbers.
        records = [member for member in members if isinstance(member, int)]
        record_nos += records
        components += [number] * len(records)
    found = pa.table(
        {"record_no": pa.array(record_nos, pa.int64()), "component": pa.array(components)}
    )
    connection.register("found", found)
    connection.execute("create table answer as select record_no, component from found")


def rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, str, str]]:
    """Give the strong links one by one."""
    cursor = connection.execute(
        "select record_no, identifier_type, identifier_value from given.strong_links"
    )
    while batch := cursor.fetchmany(BATCH):
        yield from batch
