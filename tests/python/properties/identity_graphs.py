"""Made-up identity graphs, the project's way to resolve them, and plain ways to check it.

A graph is a list of record numbers and a list of links (record, type, value). TYPES is the policy:
the order is the rank, the role says what a shared value does.
"""

from __future__ import annotations

import importlib.util
import itertools
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import networkx as nx
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[3]
COMPONENTS_FILE = ROOT / "python_models" / "identity" / "int_identity__components_by_python.py"

TYPES = {
    "email": "strong",
    "phone": "strong",
    "login": "strong",
    "device": "weak",
    "cookie": "weak",
}
RANKS = {name: rank for rank, name in enumerate(TYPES, start=1)}
STRONG = [name for name, role in TYPES.items() if role == "strong"]
WEAK = [name for name, role in TYPES.items() if role == "weak"]

Link = tuple[int, str, str]
Statement = tuple[int, str, str, str]
# record number -> (customer number, known | attached | anonymous)
Outcome = dict[int, tuple[int, str]]


@dataclass(frozen=True)
class Graph:
    """Records by number, and what they carry."""

    records: Sequence[int]
    links: Sequence[Link]
    name: str = ""


def load_driver(source: str | None = None) -> ModuleType:
    """The Python model as a module; `source` takes the place of the file's text."""
    spec = importlib.util.spec_from_file_location(COMPONENTS_FILE.stem, COMPONENTS_FILE)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(source or COMPONENTS_FILE.read_text(), COMPONENTS_FILE, "exec"), vars(module))
    return module


@dataclass
class Resolver:
    """Runs the project's statements on an in-memory DuckDB.

    statements: rows of int_identity__statements. driver: the Python model as a module.
    executed: the statements of the last graph, as they were run.
    """

    statements: Sequence[Statement]
    driver: ModuleType = field(default_factory=load_driver)
    executed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the two tables under the names that the statements use."""
        text = "\n".join(row[3] for row in self.statements)
        self.links_table = re.search(r'(?:"\w+"\.)*"?int_identity__links"?', text)[0]  # type: ignore[index]
        self.records_table = self.links_table.replace("__links", "__records")
        database, schema, _ = self.links_table.split(".")
        self.connection = duckdb.connect(":memory:")
        self.connection.execute(f"attach ':memory:' as {database}")
        self.connection.execute(f"create schema {database}.{schema}")
        # Most graphs are small, and a second thread costs them more than it gives.
        self.connection.execute("set threads = 1")

    def fill_tables(self, graph: Graph) -> None:
        """Put a graph in the place of the last one, rows in the graph's order."""
        records = pa.table({"record_no": pa.array(graph.records, pa.int64())})
        numbers, types, values = zip(*graph.links, strict=True) if graph.links else ((), (), ())
        links = pa.table(
            {
                "record_no": pa.array(numbers, pa.int64()),
                "identifier_type": pa.array(types, pa.string()),
                "identifier_value": pa.array(values, pa.string()),
                "role": pa.array([TYPES[name] for name in types], pa.string()),
                "type_rank": pa.array([RANKS[name] for name in types], pa.int32()),
            }
        )
        self.connection.register("given_records", records)
        self.connection.register("given_links", links)
        self.connection.execute(
            f"create or replace table {self.records_table} as"
            " select record_no, 'made:up:' || record_no as record_key from given_records"
        )
        self.connection.execute(
            f"create or replace table {self.links_table} as select * from given_links"
        )

    def run(self, statement: str) -> list[Any]:
        """The function that the driver gets: executes one statement and remembers it."""
        self.executed.append(statement)
        return self.driver.run_statement(self.connection, statement)

    def rows(self, graph: Graph) -> list[tuple[int, int, str]]:
        """Resolve a graph; return the result table's rows as they come."""
        self.fill_tables(graph)
        self.executed.clear()
        result = self.driver.find_components(self.statements, self.run)
        return self.connection.execute(
            f"select record_no, customer_no, record_role from {result}"
        ).fetchall()

    def resolve(self, graph: Graph) -> Outcome:
        """Resolve a graph. Raises AssertionError unless every record comes out exactly once."""
        rows = self.rows(graph)
        assert sorted(row[0] for row in rows) == sorted(graph.records), graph.name
        return {record: (customer, role) for record, customer, role in rows}

    def steps_taken(self) -> tuple[int, int]:
        """How many contractions and how many jumps the last graph needed, both phases together."""
        made = [words[words.index("table") + 1] for words in map(str.split, self.executed)
                if words[0] == "create"]  # fmt: skip
        contractions = sum(1 for name in made if re.search(r"_edges_[1-9]", name))
        jumps = sum(1 for name in made if re.search(r"_parents_[1-9]", name))
        return contractions, jumps


# --- the oracles ----------------------------------------------------------------------------------


class UnionFind:
    """Takes links one by one; a group is called by its least record."""

    def __init__(self) -> None:
        self.leader: dict[int, int] = {}

    def find(self, record: int) -> int:
        """The least record known to be in this record's group."""
        path = []
        while self.leader.setdefault(record, record) != record:
            path.append(record)
            record = self.leader[record]
        for passed in path:
            self.leader[passed] = record
        return record

    def join(self, one: int, other: int) -> None:
        """Make two groups one."""
        low, high = sorted((self.find(one), self.find(other)))
        self.leader[high] = low


def links_of(graph: Graph, role: str) -> list[Link]:
    """The links of one role."""
    return [link for link in graph.links if TYPES[link[1]] == role]


def strong_by_union_find(graph: Graph) -> dict[int, int]:
    """Known record -> the least record of its customer."""
    groups = UnionFind()
    first_carrier: dict[tuple[str, str], int] = {}
    for record, kind, value in links_of(graph, "strong"):
        groups.join(record, first_carrier.setdefault((kind, value), record))
    return {record: groups.find(record) for record in list(groups.leader)}


def components_by_networkx(links: Iterable[Link]) -> dict[int, int]:
    """Record -> the least record it is connected with over typed values."""
    bipartite = nx.Graph()
    bipartite.add_edges_from((record, (kind, value)) for record, kind, value in links)
    least = {}
    for component in nx.connected_components(bipartite):
        members = [node for node in component if isinstance(node, int)]
        least.update(dict.fromkeys(members, min(members)))
    return least


def strong_by_networkx(graph: Graph) -> dict[int, int]:
    """The same by NetworkX."""
    return components_by_networkx(links_of(graph, "strong"))


def expected(
    graph: Graph, strong: Callable[[Graph], dict[int, int]] = strong_by_union_find
) -> Outcome:
    """The whole outcome by the written rules, one record at a time."""
    known = strong(graph)
    customers_on: dict[tuple[str, str], set[int]] = defaultdict(set)
    carried: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for record, kind, value in links_of(graph, "weak"):
        if record in known:
            customers_on[kind, value].add(known[record])
        else:
            carried[record].add((kind, value))

    grouping: list[Link] = []
    touched: dict[int, set[int]] = {}
    for record, values in carried.items():
        own = [value for value in values if len(customers_on[value]) <= 1]
        first_shared = min(values, key=lambda node: (RANKS[node[0]], node[1]))
        grouping += [(record, *value) for value in own or [first_shared]]
        touched[record] = set().union(*(customers_on[value] for value in own))
    group_of = components_by_networkx(grouping)
    touched_by_group: dict[int, set[int]] = defaultdict(set)
    for record, group in group_of.items():
        touched_by_group[group] |= touched[record]

    outcome: Outcome = {}
    for record in graph.records:
        if record in known:
            outcome[record] = (known[record], "known")
        elif record not in group_of:
            outcome[record] = (record, "anonymous")
        elif len(touched_by_group[group_of[record]]) == 1:
            (customer,) = touched_by_group[group_of[record]]
            outcome[record] = (customer, "attached")
        else:
            outcome[record] = (group_of[record], "anonymous")
    return outcome


# --- graphs ---------------------------------------------------------------------------------------


def random_graph(seed: int) -> Graph:
    """A small graph: how many records, values and links, and of which roles, follows the seed.

    Values are drawn from the same few numbers for every type, so that a type forgotten shows.
    """
    rng = random.Random(seed)
    count = rng.choice([1, 2, 3, 5, 8, 13, 30, 60])
    records = rng.sample(range(1, 4 * count + 1), count)
    types = rng.choice([list(TYPES), STRONG, WEAK, ["email"], ["device"], ["email", "device"],
                        ["phone", "device", "cookie"]])  # fmt: skip
    pool = max(1, int(count * rng.choice([0.1, 0.4, 0.8, 1.5])))
    # A kiosk: a few devices that many different customers and visitors use.
    is_kiosk = rng.random() < 0.3
    weak_pool = rng.randint(1, 3) if is_kiosk else pool
    density = rng.choice([0.2, 0.5, 1.0, 2.0])
    links = []
    for record in records:
        anonymous = rng.random() < 0.5
        for kind in types:
            if anonymous and kind in STRONG:
                continue
            how_many = int(density) + (rng.random() < density % 1)
            size = weak_pool if kind in WEAK else pool
            links += [(record, kind, str(rng.randrange(size))) for _ in range(how_many)]
    if links and rng.random() < 0.2:
        links += rng.choices(links, k=3)
    rng.shuffle(links)
    return Graph(records, links, f"random {seed}")


def path_graph(order: Sequence[int], kinds: Sequence[str], name: str) -> Graph:
    """A chain: each record shares a value with the next one in `order`, types in turn."""
    links = []
    for place, (left, right) in enumerate(itertools.pairwise(order)):
        kind = kinds[place % len(kinds)]
        links += [(left, kind, f"v{place}"), (right, kind, f"v{place}")]
    return Graph(order, links, name)


def zigzag(count: int) -> list[int]:
    """1, n, 2, n-1, ...: every second record of the chain is a local minimum."""
    low, high = 1, count
    order = []
    while low < high:
        order += [low, high]
        low, high = low + 1, high - 1
    return order + [low] * (low == high)


def bit_reversed(bits: int) -> list[int]:
    """1 to 2**bits in bit-reversed order: contraction leaves as many local minima as it can."""
    return [int(f"{number:0{bits}b}"[::-1], 2) + 1 for number in range(2**bits)]


def shuffled(count: int, seed: int) -> list[int]:
    """1 to count in a random order."""
    order = list(range(1, count + 1))
    random.Random(seed).shuffle(order)
    return order


def star(count: int, kind: str, seed: int) -> Graph:
    """One value that every record carries."""
    records = shuffled(count, seed)
    return Graph(records, [(record, kind, "hub") for record in records], f"star of {count}")


def blob(count: int, values: int, seed: int) -> Graph:
    """A clique-like mass: every record carries five of a few values."""
    rng = random.Random(seed)
    records = shuffled(count, seed)
    links = [
        (record, rng.choice(STRONG), str(rng.randrange(values)))
        for record in records
        for _ in range(5)
    ]
    return Graph(records, links, f"blob of {count}")
