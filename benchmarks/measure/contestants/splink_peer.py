"""Splink's clustering: its connected components on DuckDB, in the same connection.

Integers stand for records and identifiers; on text it takes several times as long.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

from measure.contestants.edges import make_hub_edges, make_identifier_edges


def on_identifiers(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Cluster records and identifiers along the links; keep the records."""
    make_identifier_edges(connection)
    connection.execute(
        "create temp table nodes as select record_no as node from given.records"
        " union all select node from identifiers"
    )
    cluster(connection)


def on_hubs(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Cluster records along edges between records."""
    make_hub_edges(connection)
    connection.execute("create temp table nodes as select record_no as node from given.records")
    cluster(connection)


def cluster(connection: duckdb.DuckDBPyConnection) -> None:
    """Cluster the nodes of `nodes` along `edges` and write the answer."""
    found = cluster_pairwise_predictions_at_threshold(
        nodes=connection.table("nodes"),
        edges=connection.table("edges"),
        db_api=DuckDBAPI(connection=connection),
        node_id_column_name="node",
        edge_id_column_name_left="one",
        edge_id_column_name_right="other",
    )
    connection.execute(
        "create table answer as select records.record_no, found.cluster_id as component"
        f" from {found.physical_name} as found inner join given.records as records"
        " on found.node = records.record_no"
    )
