"""The drivers of identity's rounds against union-find, NetworkX and the written rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from properties.identity_graphs import (
    COMPONENTS_FILE,
    STRONG,
    WEAK,
    Graph,
    Link,
    Resolver,
    Statement,
    bit_reversed,
    blob,
    expected,
    load_driver,
    path_graph,
    random_graph,
    shuffled,
    star,
    strong_by_networkx,
    strong_by_union_find,
    zigzag,
)
from unit.macro_runner import LeanProject, lean_project, shared_statements

SMALL_GRAPHS = 240
LONG = 100_000


@pytest.fixture(scope="module")
def statements() -> list[Statement]:
    return shared_statements()


@pytest.fixture(scope="module")
def resolver(statements: list[Statement]) -> Resolver:
    return Resolver(statements)


def check(resolver: Resolver, graph: Graph) -> None:
    """Hold the outcome of one graph against all oracles."""
    outcome = resolver.resolve(graph)
    known = {record: customer for record, (customer, role) in outcome.items() if role == "known"}
    assert known == strong_by_union_find(graph), graph.name
    assert known == strong_by_networkx(graph), graph.name
    assert outcome == expected(graph), graph.name


@pytest.mark.parametrize("start", range(0, SMALL_GRAPHS, 60))
def test_random_graphs_agree_with_the_oracles(resolver: Resolver, start: int) -> None:
    for seed in range(start, start + 60):
        check(resolver, random_graph(seed))


def test_the_random_graphs_are_of_many_shapes() -> None:
    """Without this, the comparison above might be of graphs in which nothing happens."""
    outcomes = [expected(random_graph(seed)) for seed in range(SMALL_GRAPHS)]
    roles = [[role for _, role in outcome.values()] for outcome in outcomes]
    for role in ("known", "attached", "anonymous"):
        assert sum(role in found for found in roles) > 40, role
    biggest = [
        max(list(customers).count(customer) for customer in customers)
        for customers in ([customer for customer, _ in outcome.values()] for outcome in outcomes)
    ]
    assert min(biggest) == 1
    assert max(biggest) >= 30


HAND_MADE = {
    "no link at all": (Graph([3, 1, 2], []), {1: 1, 2: 2, 3: 3}),
    "no record at all": (Graph([], []), {}),
    "one record": (Graph([7], [(7, "email", "a")]), {7: 7}),
    "one record that carries a value twice": (
        Graph([7], [(7, "email", "a"), (7, "email", "a")]),
        {7: 7},
    ),
    "strong links only, each of its own": (
        Graph([1, 2], [(1, "email", "a"), (2, "email", "b")]),
        {1: 1, 2: 2},
    ),
    "weak links only": (
        Graph([4, 5, 6], [(4, "device", "d"), (6, "device", "d"), (5, "cookie", "d")]),
        {4: 4, 5: 5, 6: 4},
    ),
    "equal values of two types are two nodes": (
        Graph([1, 2], [(1, "login", "123"), (2, "phone", "123")]),
        {1: 1, 2: 2},
    ),
    "one known customer on a device takes what is older than itself": (
        Graph([1, 9], [(9, "email", "a"), (9, "device", "d"), (1, "device", "d")]),
        {1: 9, 9: 9},
    ),
    "a group attaches whole, over a chain of weak values": (
        Graph(
            [1, 2, 3],
            [(3, "email", "a"), (3, "device", "d"), (2, "device", "d"), (2, "cookie", "c"),
             (1, "cookie", "c")],
        ),
        {1: 3, 2: 3, 3: 3},
    ),
    "two customers on a device stay two, and its visitors are a third": (
        Graph(
            [1, 2, 3, 4],
            [(1, "email", "a"), (2, "email", "b"), (1, "device", "d"), (2, "device", "d"),
             (3, "device", "d"), (4, "device", "d")],
        ),
        {1: 1, 2: 2, 3: 3, 4: 3},
    ),
    "two records of one customer on a device count once": (
        Graph(
            [1, 2, 3],
            [(1, "email", "a"), (2, "email", "a"), (1, "device", "d"), (2, "device", "d"),
             (3, "device", "d")],
        ),
        {1: 1, 2: 1, 3: 1},
    ),
    "a group that touches two customers over two values attaches to none": (
        Graph(
            [1, 2, 3],
            [(1, "email", "a"), (1, "device", "d"), (2, "email", "b"), (2, "cookie", "c"),
             (3, "device", "d"), (3, "cookie", "c")],
        ),
        {1: 1, 2: 2, 3: 3},
    ),
    "a visitor's own cookie outranks the shared device": (
        Graph(
            [1, 2, 3, 4],
            [(1, "email", "a"), (2, "email", "b"), (1, "device", "d"), (2, "device", "d"),
             (3, "device", "d"), (3, "cookie", "c"), (4, "device", "d")],
        ),
        {1: 1, 2: 2, 3: 3, 4: 4},
    ),
    "of two shared values the first in policy order counts": (
        Graph(
            [1, 2, 3, 4, 5],
            [(1, "email", "a"), (2, "email", "b"), (1, "device", "d"), (2, "device", "d"),
             (1, "cookie", "c"), (2, "cookie", "c"), (3, "cookie", "c"), (4, "device", "d"),
             (5, "device", "d"), (5, "cookie", "c")],
        ),
        {1: 1, 2: 2, 3: 3, 4: 4, 5: 4},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HAND_MADE)
def test_hand_made_graphs(resolver: Resolver, case: str) -> None:
    """The answers here are written by hand, so that the oracles are tested too."""
    graph, customers = HAND_MADE[case]
    found = {record: customer for record, (customer, _) in resolver.resolve(graph).items()}
    assert found == customers
    check(resolver, graph)


BIG_GRAPHS = {
    "chain in order": lambda: path_graph(range(1, LONG + 1), ["email"], "chain in order"),
    "chain backwards": lambda: path_graph(range(LONG, 0, -1), ["email"], "chain backwards"),
    "chain at random": lambda: path_graph(shuffled(LONG, 1), STRONG, "chain at random"),
    "chain in zig-zag": lambda: path_graph(zigzag(LONG), STRONG, "chain in zig-zag"),
    "chain, bits reversed": lambda: path_graph(bit_reversed(17), STRONG, "chain, bits reversed"),
    "anonymous chain": lambda: path_graph(shuffled(LONG, 2), WEAK, "anonymous chain"),
    "star": lambda: star(200_000, "email", 1),
    "anonymous star": lambda: star(200_000, "device", 1),
    "blob": lambda: blob(20_000, 2_000, 1),
}


@pytest.mark.parametrize("shape", BIG_GRAPHS)
def test_big_graphs_are_exact_in_few_steps(
    resolver: Resolver, shape: str, record_property: pytest.FixtureRequest
) -> None:
    """Steps grow with the logarithm, whatever the shape and the numbering.

    The bound is 3 log2(n), of which log2(n) + 1 contractions; one step a link would be 100,000.
    """
    graph = BIG_GRAPHS[shape]()
    outcome = resolver.resolve(graph)
    assert {record: customer for record, (customer, _) in outcome.items()} == dict.fromkeys(
        graph.records, 1
    )
    contractions, jumps = resolver.steps_taken()
    record_property("contractions", contractions)
    record_property("jumps", jumps)
    record_property("statements", len(resolver.executed))
    scale = math.log2(len(graph.records))
    assert 0 < contractions <= scale + 1
    assert contractions + jumps <= 3 * scale


def test_a_big_mixed_graph_agrees_with_the_rules(resolver: Resolver) -> None:
    """Chains of customers with chains of visitors between them."""
    order = shuffled(20_000, 3)
    graph = path_graph(order, ["email", "device", "device", "cookie", "phone"], "mixed")
    check(resolver, graph)
    roles = {role for _, role in expected(graph).values()}
    assert roles == {"known", "attached", "anonymous"}


# --- the driver's own conduct ---------------------------------------------------------------------


@pytest.mark.parametrize("stuck", ["edges", "jumps"])
def test_a_loop_that_does_not_end_stops_the_build(statements: list[Statement], stuck: str) -> None:
    driver = load_driver()
    calls = itertools.count()

    def never_done(statement: str) -> list[Any]:
        assert next(calls) < 2_000, "the driver goes on for ever"
        is_jump_count = "grandparents" in statement
        return [(1 if stuck == "jumps" or not is_jump_count else 0,)]

    with pytest.raises(driver.NotConverged, match=stuck.replace("edges", "contractions")):
        driver.find_components(statements, never_done)


def test_nothing_is_published_of_an_unfinished_run(statements: list[Statement]) -> None:
    """The result table is made last: a run that stops early leaves none."""
    driver = load_driver()
    seen: list[str] = []

    def never_done(statement: str) -> list[Any]:
        seen.append(statement)
        return [(1,)]

    with pytest.raises(driver.NotConverged):
        driver.find_components(statements, never_done)
    assert not any("scratch_result" in statement for statement in seen)


def test_the_order_of_the_statement_rows_does_not_matter(statements: list[Statement]) -> None:
    graph = random_graph(7)
    backwards = Resolver(list(reversed(statements)))
    assert backwards.resolve(graph) == expected(graph)


def test_numbers_are_filled_in_and_other_braces_left_alone() -> None:
    driver = load_driver()
    assert driver.fill("a_{next} {next_jump} '{x: {round}}'", next=3, next_jump=4, round=5) == (
        "a_3 4 '{x: 5}'"
    )


class FakeDbt:
    """What dbt hands to a Python model, as far as this one asks for it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, statements: list[Statement]) -> None:
        self.connection = connection
        self.statements = statements
        self.configured: dict[str, Any] = {}
        self.referenced: list[str] = []

    def config(self, **settings: Any) -> None:
        self.configured.update(settings)

    def ref(self, name: str) -> Any:
        self.referenced.append(name)
        self.connection.execute(
            "create or replace temp table given_statements"
            " (step_no integer, phase varchar, kind varchar, statement varchar)"
        )
        self.connection.executemany(
            "insert into given_statements values (?, ?, ?, ?)", self.statements
        )
        return self.connection.table("given_statements")


def test_the_model_gives_a_relation_and_names_what_it_reads(statements: list[Statement]) -> None:
    resolver, graph = Resolver(statements), random_graph(11)
    resolver.fill_tables(graph)
    dbt = FakeDbt(resolver.connection, statements)
    relation = resolver.driver.model(dbt, resolver.connection)
    assert isinstance(relation, duckdb.DuckDBPyRelation), "a copy in Python does not scale"
    assert relation.columns == ["record_no", "customer_no", "record_role"]
    found = {record: (customer, role) for record, customer, role in relation.fetchall()}
    assert found == expected(graph)
    assert dbt.configured == {"materialized": "table"}
    # dbt reads the lineage from these calls.
    assert set(dbt.referenced) == {
        "int_identity__statements",
        "int_identity__links",
        "int_identity__records",
    }


class FakeSnowpark:
    """A session that knows sql(...).collect() and nothing of cursors."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def sql(self, statement: str) -> Any:
        connection = self.connection

        class Lazy:
            def collect(self) -> list[Any]:
                return connection.execute(statement).fetchall()

        return Lazy()


def test_the_same_rounds_run_on_a_session_without_a_cursor(statements: list[Statement]) -> None:
    resolver, graph = Resolver(statements), random_graph(23)
    resolver.fill_tables(graph)
    session = FakeSnowpark(resolver.connection)
    driver = resolver.driver
    table = driver.find_components(statements, lambda sql: driver.run_statement(session, sql))
    rows = resolver.connection.execute(
        f"select record_no, customer_no, record_role from {table}"
    ).fetchall()
    assert {record: (customer, role) for record, customer, role in rows} == expected(graph)


# --- the driver in SQL ----------------------------------------------------------------------------


def merged(graphs: Sequence[Graph]) -> Graph:
    """Many graphs side by side in one: numbers and values are moved out of each other's way."""
    records: list[int] = []
    links: list[Link] = []
    for place, graph in enumerate(graphs):
        start = place * 1_000_000
        records += [start + record for record in graph.records]
        links += [(start + record, kind, f"{place}/{value}") for record, kind, value in graph.links]
    return Graph(records, links, "merged")


def give_graph(project: LeanProject, graph: Graph) -> None:
    """Put a graph in the place of the two models that the rounds read."""
    resolver = Resolver(shared_statements())
    resolver.fill_tables(graph)
    for table in (resolver.records_table, resolver.links_table):
        name = table.rpartition(".")[2].strip('"')
        file = project.root / f"{name}.parquet"
        resolver.connection.execute(f"copy {table} to '{file}' (format parquet)")
        (project.root / f"models/intermediate/identity/{name}.sql").write_text(
            f"select * from read_parquet('{file}')", encoding="utf-8"
        )


def test_the_driver_in_sql_agrees_with_the_rules(tmp_path: Path) -> None:
    chain = path_graph(shuffled(500, 5), ["email", "device", "cookie"], "chain")
    graph = merged([*map(random_graph, range(SMALL_GRAPHS)), chain])
    project = lean_project(tmp_path / "project")
    give_graph(project, graph)
    # A build that finds what an earlier one left behind must not stumble over it.
    for _ in range(2):
        outcome = project.dbt(
            "run", "--select", "int_identity__records int_identity__links",
            "int_identity__components_by_macro", "int_identity__components",
            variables={"identity_driver": "macro"},
        )  # fmt: skip
        assert outcome.success, outcome.exception
    with duckdb.connect(str(project.database)) as connection:
        rows = connection.execute(
            "select record_no, customer_no, record_role"
            " from customer360_intermediate.int_identity__components"
        ).fetchall()
    assert len(rows) == len(graph.records)
    assert {record: (customer, role) for record, customer, role in rows} == expected(graph)


@pytest.mark.parametrize("stuck", ["rounds", "jumps"])
def test_a_loop_of_the_driver_in_sql_that_does_not_end_stops_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stuck: str
) -> None:
    project = lean_project(tmp_path / "project")
    counts = {"count_edges": ["select 1"], "count_jumps": [f"select {int(stuck == 'jumps')}"]}
    steps = counts | {kind: [] for kind in ("hook", "jump", "settle", "contract", "compose")}
    (project.root / "macros/never_done.sql").write_text(
        "{% macro never_done() %}{% do contract_until_done(" + repr(steps) + ") %}{% endmacro %}",
        encoding="utf-8",
    )
    outcome = project.dbt("run-operation", "never_done")
    assert not outcome.success
    assert f"Identity {stuck} did not end" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["compile", "ls", "docs generate"])
def test_nothing_runs_where_nothing_is_built(tmp_path: Path, command: str) -> None:
    """No model has been built, so that a statement that ran would not find its tables."""
    project = lean_project(tmp_path / "project")
    outcome = project.dbt(*command.split(), variables={"identity_driver": "macro"})
    assert outcome.success, outcome.exception
    assert project.tables() == []


# --- broken copies must be found ------------------------------------------------------------------

BROKEN_STATEMENTS = {
    "called by the greatest record": (
        "select members.record_no, coalesce(roots.parent, members.record_no) as customer_no",
        "select members.record_no, max(members.record_no) over (partition by"
        " coalesce(roots.parent, members.record_no)) as customer_no",
    ),
    "anonymous groups called by the greatest record": (
        "select members.record_no, coalesce(roots.parent, members.record_no) as group_no",
        "select members.record_no, max(members.record_no) over (partition by"
        " coalesce(roots.parent, members.record_no)) as group_no",
    ),
    "untyped nodes": (
        "group by identifier_type, identifier_value having",
        "group by identifier_value having",
    ),
    "untyped devices": (
        "on links.identifier_type = weak_values.identifier_type and",
        "on",
    ),
    "weak links taken as strong": ("where role = 'strong'", "where true"),
    "shared devices join their visitors": ("where customer_count < 2 or preference = 1", ""),
    "visitors of shared devices left alone": (" or preference = 1", ""),
    "a group attaches to the first of two customers": (
        "having count(distinct links.customer_no) = 1",
        "",
    ),
    "policy order forgotten": (" links.type_rank,", " -links.type_rank,"),
    "shared values preferred": ("> 1 then 1 else 0 end", "> 1 then 0 else 1 end"),
    "records counted for customers": (
        "count(distinct known.customer_no) as customer_count",
        "count(known.customer_no) as customer_count",
    ),
    "rounds not composed": (
        "coalesce(later.parent, earlier.parent) as parent",
        "earlier.parent as parent",
    ),
    "later rounds forgotten": (
        " union all select node, parent from",
        " union all select node, node from",
    ),
    "records without links lost": (
        " left join c360_scratch_grouped",
        " inner join c360_scratch_grouped",
    ),
}  # fmt: skip

BROKEN_DRIVERS = {
    "stops after the first round": (
        "        rounds += 1\n",
        "        rounds += 1\n        break\n",
    ),
    "parents never jump": (
        'while count(steps["count_jumps"]',
        'if False and count(steps["count_jumps"]',
    ),
    "one jump only": ("        jumps += 1\n", "        jumps += 1\n        break\n"),
    "forgets to compose": ("reversed(range(rounds - 1))", "reversed(range(0))"),
    "composes one round too few": ("reversed(range(rounds - 1))", "reversed(range(rounds - 2))"),
    "skips the weak phase's rounds": (
        "rounds = contract_until_done(steps[phase], run)\n",
        "rounds = contract_until_done(steps[phase], run) if phase == 'strong' else"
        " int(run_all(steps[phase]['no_round'], run) or 0)\n",
    ),
}  # fmt: skip


def is_caught(resolver: Resolver) -> bool:
    """Whether some random graph or chain shows a difference from the oracles.

    SQL that does not run at all would prove nothing, so its error is let through.
    """
    chains = [path_graph(shuffled(80, seed), ["email"], "chain") for seed in range(3)]
    for graph in [*map(random_graph, range(SMALL_GRAPHS)), *chains]:
        try:
            if resolver.resolve(graph) != expected(graph):
                return True
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("fault", BROKEN_STATEMENTS)
def test_broken_statements_are_caught(statements: list[Statement], fault: str) -> None:
    right, wrong = BROKEN_STATEMENTS[fault]
    broken = [(*row[:3], row[3].replace(right, wrong)) for row in statements]
    assert broken != list(statements), "the fault was not put in"
    assert is_caught(Resolver(broken))


@pytest.mark.parametrize("fault", BROKEN_DRIVERS)
def test_a_broken_driver_is_caught(statements: list[Statement], fault: str) -> None:
    right, wrong = BROKEN_DRIVERS[fault]
    source = COMPONENTS_FILE.read_text(encoding="utf-8")
    assert right in source, "the fault was not put in"
    assert is_caught(Resolver(statements, load_driver(source.replace(right, wrong))))
