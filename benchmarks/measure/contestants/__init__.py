"""Who takes part: ours, the peers, and what the engine needs for next to nothing.

Each is a function of a module here. It gets a connection to an empty DuckDB file `work`, with the
given file attached as `given`, and leaves a table or view `answer` (record_no, component); a lower
bound leaves none. It returns None, or what kept it from finishing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import duckdb

OURS, PEER, BOUND = "ours", "peer", "lower bound"
# What is answered. Only answers to the same question are compared.
COMPONENTS, CUSTOMERS = "components", "customers"
# NetworkX holds every node and edge as Python objects: some 2 GB at a million links.
MOST_OBJECTS = 2_000_000

Run = Callable[[duckdb.DuckDBPyConnection, Path], str | None]


@dataclass(frozen=True)
class Contestant:
    """One way to do it.

    reads: the table of the given file that counts as its rows. place: module and function.
    most_links: above it there is no point in trying.
    """

    name: str
    label: str
    kind: str
    reads: str
    place: str
    answers: str | None = None
    most_links: int | None = None

    def load(self) -> Run:
        """Import what runs it. Raises ImportError where its package is not there."""
        module, _, function = self.place.partition(":")
        run: Run = getattr(import_module(f"measure.contestants.{module}"), function)
        return run


ALL = {
    contestant.name: contestant
    for contestant in (
        Contestant(
            "identity_step", "ours: identity step with its policy", OURS, "usable_links",
            "ours:identity_step", CUSTOMERS,
        ),
        Contestant(
            "plain_components", "ours: connected components alone", OURS, "strong_links",
            "ours:plain_components", COMPONENTS,
        ),
        Contestant(
            "splink", "Splink, records and identifiers", PEER, "strong_links",
            "splink_peer:on_identifiers", COMPONENTS,
        ),
        Contestant(
            "splink_hubs", "Splink, on our edges", PEER, "strong_links",
            "splink_peer:on_hubs", COMPONENTS,
        ),
        Contestant(
            "scipy", "SciPy, records and identifiers", PEER, "strong_links",
            "scipy_peer:on_identifiers", COMPONENTS,
        ),
        Contestant(
            "scipy_hubs", "SciPy, on our edges", PEER, "strong_links",
            "scipy_peer:on_hubs", COMPONENTS,
        ),
        Contestant(
            "networkx", "NetworkX, records and identifiers", PEER, "strong_links",
            "networkx_peer:on_identifiers", COMPONENTS, MOST_OBJECTS,
        ),
        Contestant(
            "label_propagation", "label propagation in SQL, on our edges", PEER, "strong_links",
            "label_propagation:on_hubs", COMPONENTS,
        ),
        Contestant(
            "scan", "read the links", BOUND, "usable_links", "bounds:scan",
        ),
        Contestant(
            "count_distinct", "count the distinct links", BOUND, "usable_links",
            "bounds:count_distinct",
        ),
        Contestant(
            "write_distinct", "write the distinct links", BOUND, "usable_links",
            "bounds:write_distinct",
        ),
        Contestant(
            "scan_strong", "read the strong links", BOUND, "strong_links", "bounds:scan_strong",
        ),
        Contestant(
            "count_distinct_strong", "count the distinct strong links", BOUND, "strong_links",
            "bounds:count_distinct_strong",
        ),
        Contestant(
            "write_distinct_strong", "write the distinct strong links", BOUND, "strong_links",
            "bounds:write_distinct_strong",
        ),
    )
}  # fmt: skip
