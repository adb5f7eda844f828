"""SciPy's connected components: compiled code over a sparse matrix, in memory."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from measure.contestants.edges import make_hub_edges, make_identifier_edges


def on_identifiers(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Components of records and identifiers; the records are kept."""
    make_identifier_edges(connection)
    connect(connection)


def on_hubs(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Components of records along edges between records."""
    make_hub_edges(connection)
    connect(connection)


def connect(connection: duckdb.DuckDBPyConnection) -> None:
    """Find the components along `edges` and write the answer."""
    edges = connection.execute("select one, other from edges").fetchnumpy()
    records = connection.execute("select record_no from given.records").fetchnumpy()["record_no"]
    nodes = 1 + int(
        max(part.max() for part in (records, edges["one"], edges["other"]) if len(part))
    )
    present = np.ones(len(edges["one"]), dtype=np.int8)
    matrix = coo_matrix((present, (edges["one"], edges["other"])), shape=(nodes, nodes))
    _, labels = connected_components(matrix, directed=False)
    found = pa.table({"record_no": records, "component": labels[records]})
    connection.register("found", found)
    connection.execute("create table answer as select record_no, component from found")
