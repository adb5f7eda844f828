"""Bridges and the marts that explain: against NetworkX, plain removal of links, and the kernel."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType

import networkx as nx
import pytest
from properties.identity_cases import POLICIES, Policy, random_case
from properties.identity_kernel import Kernel, as_settings, merged
from properties.identity_kernel import compiled as compiled_kernels
from unit.macro_runner import ROOT, render, shared_project

BRIDGES_FILE = ROOT / "python_models/identity/int_identity__bridges_by_python.py"
MODELS = {
    "links_accepted": "models/intermediate/identity/int_identity__links_accepted.sql",
    "bridges_prepared": "models/intermediate/identity/int_identity__bridges_prepared.sql",
    "rejections": "models/marts/identity/customer360_identity_rejections.sql",
}
CASES = 50

# record_no, value_no, is_holder, is_known
Link = tuple[int, int, bool, bool]


@cache
def bridges() -> ModuleType:
    """The Python model as a module."""
    spec = importlib.util.spec_from_file_location(BRIDGES_FILE.stem, BRIDGES_FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# --- bridges -------------------------------------------------------------------------------------


def graph_of(links: Iterable[Link]) -> nx.Graph:
    """The graph of links, in which only the oldest holder of a value is joined to it."""
    graph: nx.Graph = nx.Graph()
    oldest: dict[int, int] = {}
    for record, value, is_holder, is_known in links:
        graph.add_node(("record", record), is_known=is_known)
        graph.add_node(("value", value))
        if is_holder:
            oldest[value] = min(record, oldest.get(value, record))
        else:
            graph.add_edge(("record", record), ("value", value))
    graph.add_edges_from((("record", record), ("value", value)) for value, record in oldest.items())
    return graph


def records_in(nodes: Iterable[tuple[str, int]]) -> int:
    return sum(1 for kind, _ in nodes if kind == "record")


def expected_rows(links: list[Link]) -> list[tuple[int | None, ...]]:
    """What the model must give, found by taking away every link in turn."""
    whole = graph_of(links)
    rows: list[tuple[int | None, ...]] = []
    for component in nx.connected_components(whole):
        inside = [link for link in links if ("record", link[0]) in component]
        parting = {}
        for link in inside:
            left = graph_of(other for other in inside if other != link)
            ends = ("record", link[0]), ("value", link[1])
            left.add_nodes_from(ends)
            side = nx.node_connected_component(left, ends[0])
            if whole.has_edge(*ends) and ends[1] not in side:
                parting[link] = side
        firm = graph_of(inside)
        firm.remove_edges_from((("record", link[0]), ("value", link[1])) for link in parting)
        groups = [
            group
            for group in nx.connected_components(firm)
            if sum(firm.nodes[node].get("is_known", False) for node in group) > 1
        ]
        total = records_in(component)
        found = []
        for link, side in parting.items():
            smaller = min(records_in(side), total - records_in(side))
            on_side = sum(1 for group in groups if group <= side)
            if smaller:
                found.append((-smaller, not 0 < on_side < len(groups), link[0], link[1]))
        if found:
            worst = min(found)
            suspect = min((each for each in found if not each[1]), default=(0, False, None, None))
            first = min(number for kind, number in component if kind == "record")
            rows.append((first, -worst[0], *worst[2:], *suspect[2:]))
    return sorted(rows)


def random_links(seed: int) -> list[Link]:
    """Links of a few customers; of a value there may be holders, which other links hold to it.

    In every third graph two random parts share nothing but one value.
    """
    rng = random.Random(seed)
    count = rng.randint(2, 14)
    known = [rng.random() < 0.8 for _ in range(count)]
    pairs = {
        (rng.randrange(count), rng.randrange(max(2, count - rng.randint(0, 3))))
        for _ in range(rng.randint(count, 2 * count))
    }
    if seed % 3 == 0:
        half = count // 2
        pairs = {
            (record, 10 * value + 1 + (record < half))
            for record in range(count)
            for value in range(2)
            if rng.random() < 0.8
        }
        pairs |= {(0, 99), (count - 1, 99)}
    links = [
        (record, value, value % 4 == 0 and rng.random() < 0.5, known[record])
        for record, value in sorted(pairs)
    ]
    graph = graph_of(links)
    return [
        link
        for link in links
        if not link[2] or nx.has_path(graph, ("record", link[0]), ("value", link[1]))
    ]


def test_bridges_are_what_taking_away_each_link_shows() -> None:
    seen = [0, 0, 0]
    for seed in range(600):
        links = random_links(seed)
        want = expected_rows(links)
        random.Random(seed).shuffle(links)
        assert sorted(bridges().worst_bridges(links)) == want, f"seed {seed}"
        seen[0] += len(want)
        seen[1] += sum(1 for row in want if row[4] is not None)
        seen[2] += sum(1 for link in links if link[2])
    assert min(seen) > 50, seen


def test_bridges_are_those_of_networkx_where_nobody_holds() -> None:
    rng = random.Random(5)
    links = [
        (record, value, False, True)
        for record in range(400)
        for value in {rng.randrange(420) for _ in range(2)}
    ]
    graph = bridges().read_graph(links)
    walk = bridges().take_walk(graph.neighbours)
    found = {
        tuple(sorted((node, walk.parents[node])))
        for node in walk.order
        if walk.parents[node] >= 0 and bridges().hangs(graph, walk, node)
    }
    plain = nx.Graph(
        (node, other) for node, others in enumerate(graph.neighbours) for other in others
    )
    assert found == {tuple(sorted(edge)) for edge in nx.bridges(plain)}
    assert 50 < len(found) < len(links)


@pytest.mark.parametrize(
    ("links", "row"),
    [
        # Two records and one value: each link parts one of them.
        ([(1, 1, False, True), (2, 1, False, True)], (1, 1, 1, 1, None, None)),
        # Two pairs that share two values each, and a phone number between them.
        (
            [
                (record, value, False, True)
                for record, value in [
                    (1, 1), (1, 2), (2, 1), (2, 2), (2, 5), (3, 5), (3, 3), (3, 4), (4, 3), (4, 4),
                ]
            ],
            (1, 2, 2, 5, 2, 5),
        ),
        # A second holder on the same side takes the place of the first; the visitor's link stays.
        (
            [
                (1, 1, False, True), (2, 1, False, True), (1, 2, False, True), (2, 2, False, True),
                (1, 3, True, True), (2, 3, True, True), (3, 3, False, False),
            ],
            (1, 1, 3, 3, None, None),
        ),
    ],
)  # fmt: skip
def test_small_customers(links: list[Link], row: tuple[int | None, ...]) -> None:
    assert list(bridges().worst_bridges(links)) == [row]


def test_two_shared_values_leave_no_bridge() -> None:
    links = [(record, value, False, True) for record in (1, 2) for value in (1, 2)]
    assert list(bridges().worst_bridges(links)) == []


@pytest.mark.parametrize("shape", ["chain", "star"])
def test_a_customer_of_100_000_records_takes_seconds(shape: str) -> None:
    count = 100_000
    links = [
        (record, value, False, True)
        for record in range(count)
        for value in ((record, record + 1) if shape == "chain" else (0,))
    ]
    start = time.perf_counter()
    (row,) = bridges().worst_bridges(links)
    assert time.perf_counter() - start < 20
    assert row[1] == (count // 2 if shape == "chain" else 1)


def test_rows_are_inserted_in_batches() -> None:
    rows = [(number, 1, None) for number in range(bridges().BATCH + 1)]
    first, second = bridges().inserts("somewhere", rows)
    assert first.count("(") == bridges().BATCH
    assert second == f"insert into somewhere values ({bridges().BATCH}, 1, null)"


# --- the marts, on what the kernel makes of random cases -----------------------------------------


def compile_models(policies: Mapping[str, Policy]) -> dict[str, dict[str, str]]:
    """The SQL of the models under every policy, by one dbt command."""
    templates = {
        f"{part} of {name}": "{% do var('identity_policy').clear() %}"
        f"{{% do var('identity_policy').extend({as_settings(policy)!r}) %}}\n"
        + (ROOT / file).read_text(encoding="utf-8")
        for name, policy in policies.items()
        for part, file in MODELS.items()
    }
    sql = render(shared_project(), templates)
    return {name: {part: sql[f"{part} of {name}"] for part in MODELS} for name in policies}


@cache
def compiled() -> dict[str, dict[str, str]]:
    return compile_models(POLICIES)


@cache
def explained(name: str) -> tuple[Kernel, str]:
    """Resolve random cases of a policy and make the models that explain; gives a mart's table."""
    policy, sql = POLICIES[name], compiled()[name]
    kernel = Kernel(compiled_kernels()[name], policy)
    cases = [random_case(f"audit {name} {seed}", policy) for seed in range(CASES)]
    kernel.fill_tables(merged(cases))
    run = kernel.connection.execute
    add = f"alter table {kernel.table('decisions')} add column"
    for column in ("record_key_one", "record_key_other", "decision", "decided_by", "reason"):
        run(f"{add} {column} varchar default '-'")
    run(f"{add} asleep_reason varchar")
    run(f"{add} decided_at timestamp")
    run(
        f"update {kernel.table('decisions')} set record_key_one = coalesce(record_no_one, 0), "
        "record_key_other = coalesce(record_no_other, 0), asleep_reason = case when record_no_one "
        "is null or record_no_other is null then 'record_absent' end"
    )
    kernel.driver.take_steps(kernel.steps, kernel.run)
    result = kernel.driver.result_table(kernel.steps)
    run(f"create or replace table {kernel.table('resolved')} as from {result}")
    run(
        f"create or replace table {kernel.table('customers')} as "
        "select record_no, record_no::varchar as record_key, record_role, "
        f"customer_no::varchar as customer360_id from {result} where customer_no is not null"
    )
    for part in ("links_accepted", "bridges_prepared"):
        run(f"create or replace table {kernel.table(part)} as {sql[part]}")
    run(f"create or replace table rejections as {sql['rejections']}")
    return kernel, "rejections"


@pytest.mark.parametrize("name", list(POLICIES))
def test_every_link_is_explained_once_and_evidence_holds_customers_together(name: str) -> None:
    kernel, rejections = explained(name)
    run = kernel.connection.execute
    accepted, all_links = kernel.table("links_accepted"), kernel.table("links")
    key = "record_no::varchar as record_key, identifier_type, identifier_value"
    told = (
        f"select {key} from {accepted} where identifier_role <> 'decision' union all "
        f"select record_key, identifier_type, identifier_value from {rejections} "
        "where identifier_role <> 'decision'"
    )
    given = f"select {key} from {all_links}"
    assert run(f"({told}) except all ({given})").fetchall() == []
    assert run(f"({given}) except all ({told})").fetchall() == []
    # Each decision is told: it joins, or a row says for each of its records why not.
    decisions = kernel.table("decisions")
    untold = run(
        f"select decision_key from {decisions} where decision_key not in (select identifier_value "
        f"from {accepted} where identifier_role = 'decision' union select identifier_value from "
        f"{rejections} where identifier_role = 'decision')"
    ).fetchall()
    assert untold == []

    links = run(
        "select record_no, value_no, is_holder, is_known from " + kernel.table("bridges_prepared")
    ).fetchall()
    graph = graph_of(links)
    # They are numbered anew there.
    key_of = dict(
        run(
            f"select distinct record_no, record_key from {kernel.table('bridges_prepared')}"
        ).fetchall()
    )
    customers: dict[str, set[str]] = {}
    for record, customer in run(
        f"select record_key, customer360_id from {kernel.table('customers')}"
    ).fetchall():
        customers.setdefault(customer, set()).add(record)
    parts = {
        frozenset(key_of[number] for kind, number in component if kind == "record")
        for component in nx.connected_components(graph)
    }
    assert parts == {frozenset(group) for group in customers.values() if len(group) > 1}
    assert sorted(bridges().worst_bridges(links)) == expected_rows(links)


def test_the_cases_reach_every_kind_of_link_and_reason() -> None:
    effects, reasons = set(), set()
    for name in POLICIES:
        kernel, rejections = explained(name)
        run = kernel.connection.execute
        accepted = kernel.table("links_accepted")
        effects |= set(run(f"select identifier_role, link_effect from {accepted}").fetchall())
        reasons |= {reason for (reason,) in run(f"select reason from {rejections}").fetchall()}
    assert effects == {
        ("strong", "joins"),
        ("fallback", "joins"),
        ("fallback", "holds"),
        ("fallback", "none"),
        ("weak", "joins"),
        ("weak", "holds"),
        ("weak", "none"),
        ("decision", "joins"),
    }
    assert reasons == {
        "invalid_format",
        "blocked_value",
        "value_over_records",
        "value_over_distinct",
        "value_over_customers",
        "record_over_limit",
        "customer_over_limit",
        "never_decided",
        "fallback_taken",
        "contradictory",
        "record_absent",
    }
