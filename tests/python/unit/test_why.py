"""What joins two things, or stands between them: the command, the macro, and NetworkX."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import duckdb
import networkx as nx
import pytest
from typer.testing import CliRunner
from unit.macro_runner import lean_project

from customer360 import cli
from customer360.errors import ConfigError
from customer360.why import Link, explain, shortest_chain

TABLES = """
create schema if not exists {place};
create or replace table {place}.customer360_identity_map
    (record_key varchar, customer360_id varchar);
create or replace table {place}.customer360_id_lookup
    (customer360_id varchar, current_customer360_id varchar);
create or replace table {place}.customer360_identity_links
    (record_key varchar, customer360_id varchar, identifier_type varchar, identifier_value varchar,
     identifier_role varchar, link_effect varchar, decision varchar);
create or replace table {place}.customer360_identity_rejections
    (record_key varchar, customer360_id varchar, identifier_type varchar, identifier_value varchar,
     identifier_role varchar, reason varchar, policy_rule varchar);
"""
RECORDS = {"r1": "A", "r2": "A", "r3": "A", "r4": "A", "s1": "B", "s2": "C", "t1": "D", "t2": "E"}
LOOKUP = [*((each, each) for each in "ABCDE"), ("OLD", "A"), ("GONE", None)]
LINKS = [
    ("r1", "A", "email", "ann@a.example", "strong", "joins", None),
    ("r2", "A", "email", "ann@a.example", "strong", "joins", None),
    ("r2", "A", "device_id", "web:d1", "weak", "holds", None),
    ("r1", "A", "device_id", "web:d1", "weak", "holds", None),
    ("r3", "A", "device_id", "web:d1", "weak", "joins", None),
    ("r2", "A", "decision", "key", "decision", "joins", "identity_decisions: same, decided by Ann"),
    ("r4", "A", "decision", "key", "decision", "joins", "identity_decisions: same, decided by Ann"),
    ("r4", "A", "user_id", "shop:7", "strong", "joins", None),
    ("r4", "A", "device_id", "web:kiosk", "weak", "none", None),
    ("s1", "B", "device_id", "web:kiosk", "weak", "none", None),
    ("s1", "B", "order_id", "shop:7", "strong", "joins", None),
    ("s1", "B", "email", "bob@a.example", "strong", "joins", None),
    ("s2", "C", "email", "joe@a.example", "strong", "joins", None),
]
REJECTIONS = [
    ("s1", "B", "phone", "+441", "strong", "value_over_records", "phone: max_records_per_value 1"),
    ("s2", "C", "phone", "+441", "strong", "value_over_records", "phone: max_records_per_value 1"),
    ("s2", "C", "email", "bob@a.example", "strong", "never_decided", "identity_decisions: never"),
    ("s1", "B", "decision", "k", "decision", "never_decided", "identity_decisions: never, by Ann"),
    ("s2", "C", "decision", "k", "decision", "never_decided", "identity_decisions: never, by Ann"),
]


def fill(connection: duckdb.DuckDBPyConnection, place: str) -> None:
    """Make the marts with a few customers in them."""
    connection.execute(TABLES.format(place=place))
    for name, rows in (
        ("identity_map", list(RECORDS.items())),
        ("id_lookup", LOOKUP),
        ("identity_links", LINKS),
        ("identity_rejections", REJECTIONS),
    ):
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {place}.customer360_{name} values ({marks})", rows)


@pytest.fixture
def marts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as published")
    fill(connection, "published.customer360")
    return connection


ANSWERS = {
    # A device in common does not join two known records; it leads to the visitor all the same.
    ("r1", "r2"): [
        "record r1 and record r2 are one customer: A.",
        "The shortest chain between them is 1 identifier long:",
        "  r1",
        "  -- email ann@a.example -- r2",
    ],
    ("OLD", "r3"): [
        "customer OLD (now A) and record r3 are one customer: A.",
        "Both meet in one record: r3.",
    ],
    ("Ann@A.example", "user_id:7"): [
        "email:ann@a.example and user_id:shop:7 are one customer: A.",
        "The shortest chain between them is 1 identifier long:",
        "  r2",
        "  -- identity_decisions: same, decided by Ann -- r4",
    ],
    ("r3", "r4"): [
        "record r3 and record r4 are one customer: A.",
        "The shortest chain between them is 2 identifiers long:",
        "  r3",
        "  -- device_id web:d1 -- r2",
        "  -- identity_decisions: same, decided by Ann -- r4",
    ],
    ("r1", "web:kiosk"): [
        "record r1 and device_id:web:kiosk are one customer: A.",
        "(device_id:web:kiosk is carried by records of 2 customers.)",
        "The shortest chain between them is 2 identifiers long:",
        "  r1",
        "  -- email ann@a.example -- r2",
        "  -- identity_decisions: same, decided by Ann -- r4",
    ],
    ("A", "s1"): [
        "customer A and record s1 are different customers:",
        "  A",
        "  B",
        "What stands between them:",
        "  device_id web:kiosk: joins no two customers (role weak)",
    ],
    ("s2", "bob@a.example"): [
        "record s2 and email:bob@a.example are one customer: C.",
        "(email:bob@a.example is carried by records of 2 customers.)",
        "Both meet in one record: s2.",
    ],
    ("s2", "B"): [
        "record s2 and customer B are different customers:",
        "  C",
        "  B",
        "What stands between them:",
        "  identity_decisions: never, by Ann (never_decided)",
        "  email bob@a.example: never_decided (identity_decisions: never)",
        "  phone +441: value_over_records (phone: max_records_per_value 1)",
    ],
    ("t1", "E"): [
        "record t1 and customer E are different customers:",
        "  D",
        "  E",
        "There is no shared identifier between them.",
    ],
}
HOW = "name a customer360_id, a record_key, a value or type:value."
REFUSALS = {
    "nobody": f"Nothing is called 'nobody'; {HOW}",
    "7": "'7' fits several things; name one of them: order_id:shop:7, user_id:shop:7.",
    "GONE": f"Nothing is called 'GONE'; {HOW}",
    "o'x": f"Nothing is called 'o'x'; {HOW}",
}


@pytest.mark.parametrize("names", list(ANSWERS), ids=" ".join)
def test_the_answer(marts: duckdb.DuckDBPyConnection, names: tuple[str, str]) -> None:
    assert explain(marts, *names) == ANSWERS[names]


@pytest.mark.parametrize("name", list(REFUSALS))
def test_a_name_that_is_none_or_several_is_one_sentence(
    marts: duckdb.DuckDBPyConnection, name: str
) -> None:
    for pair in ((name, "A"), ("A", name)):
        with pytest.raises(ConfigError) as caught:
            explain(marts, *pair)
        assert str(caught.value) == REFUSALS[name]


def test_a_long_list_of_choices_is_cut(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into published.customer360.customer360_identity_links select 'r1', 'A', 'user_id', "
        "'n' || range || ':many', 'strong', 'joins', null from range(20)"
    )
    with pytest.raises(ConfigError, match=r"user_id:n1:many and 8 more\."):
        explain(marts, "many", "A")


# --- the command --------------------------------------------------------------------------------


def test_the_command_shows_the_answer(mini_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mini_project)
    home = mini_project / "warehouse"
    home.mkdir()
    nothing = CliRunner().invoke(cli.app, ["why", "r1", "r2"])
    assert nothing.exit_code == 2
    assert "Nothing has been published yet" in nothing.output
    file = home / "customer360.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table old (n int)")
    older = CliRunner().invoke(cli.app, ["why", "r1", "r2"])
    assert older.exit_code == 2
    assert older.output == (
        "The published file has no identity links yet; run `customer360 build` to publish anew.\n"
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as whole")
        fill(connection, "whole.customer360")
    done = CliRunner().invoke(cli.app, ["why", "r3", "r4"])
    assert done.exit_code == 0
    assert done.output.splitlines() == ANSWERS["r3", "r4"]
    wrong = CliRunner().invoke(cli.app, ["why", "7", "r4"])
    assert wrong.exit_code == 2
    assert wrong.output == REFUSALS["7"] + "\n"
    # Nothing of it is written down.
    written = [path for path in mini_project.rglob("*") if path.is_file() and path.parent != home]
    assert not any(b"ann@a.example" in path.read_bytes() for path in written)


# --- chains -------------------------------------------------------------------------------------


def random_graph(seed: int) -> list[Link]:
    """Links of some records; of some values some records are holders."""
    rng = random.Random(seed)
    count = rng.randint(2, 16)
    pairs = {
        (f"{seed:03}r{rng.randrange(count):02}", f"{seed:03}v{rng.randrange(count):02}")
        for _ in range(rng.randint(count, 3 * count))
    }
    return [
        (record, "email", value, rng.random() < 0.6 or value.endswith(("1", "3", "5")))
        for record, value in sorted(pairs)
    ]


def walks(links: list[Link]) -> nx.DiGraph:
    """Where each record leads: a value that is only held leads to those that joined by it."""
    graph: nx.DiGraph = nx.DiGraph()
    for record, _, value, joins in links:
        graph.add_edge(record, (value, joins))
        graph.add_edge((value, True), record)
        if joins:
            graph.add_edge((value, False), record)
    return graph


def best_chain(links: list[Link], start: str, goal: str) -> list[tuple[str, str | None]] | None:
    """The shortest chain of NetworkX that comes first, read from its end: record, then value."""
    graph = walks(links)
    if not nx.has_path(graph, start, goal):
        return None
    chains = []
    for path in nx.all_shortest_paths(graph, start, goal):
        steps = [(path[0], None)]
        steps += [(path[at + 1], path[at][0]) for at in range(1, len(path), 2)]
        # Read backwards: the record before, then the value in between.
        backwards = [(steps[at - 1][0], steps[at][1]) for at in range(len(steps) - 1, 0, -1)]
        chains.append((backwards, steps))
    return min(chains)[1]


def test_chains_are_shortest_and_the_first_of_their_kind() -> None:
    lengths: dict[int, int] = {}
    for seed in range(150):
        links = random_graph(seed)
        records = sorted({link[0] for link in links})
        random.Random(seed).shuffle(links)
        for start in records[:4]:
            for goal in records:
                want = best_chain(links, start, goal)
                found = shortest_chain(links, frozenset([start]), frozenset([goal]))
                got = [(step.record, step.value and step.value[1]) for step in found]
                assert got == (want or []), (seed, start, goal)
                lengths[len(got)] = lengths.get(len(got), 0) + 1
    assert all(lengths.get(length, 0) > 20 for length in range(6)), lengths


@pytest.mark.parametrize("shape", ["chain", "star"])
def test_100_000_records_take_seconds(shape: str) -> None:
    count = 100_000
    links: list[Link] = [
        (f"r{record:06}", "email", f"v{value:06}", True)
        for record in range(count)
        for value in ((record, record + 1) if shape == "chain" else (0,))
    ]
    start = time.perf_counter()
    found = shortest_chain(links, frozenset(["r000000"]), frozenset([f"r{count - 1:06}"]))
    assert time.perf_counter() - start < 20
    assert len(found) == (count if shape == "chain" else 2)


def test_a_long_chain_is_cut_in_the_middle(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into published.customer360.customer360_identity_map "
        "select 'x' || (100 + range), 'X' from range(50);"
        "insert into published.customer360.customer360_identity_links "
        "select 'x' || (100 + record), 'X', 'email', 'v' || (record + side), 'strong', 'joins', "
        "null from range(50) as a (record), range(2) as b (side)"
    )
    short = explain(marts, "x100", "x149")
    assert short[1] == "The shortest chain between them is 49 identifiers long:"
    assert len(short) == 2 + 21
    assert short[12] == "  ... 30 more (--all shows them)"
    assert len(explain(marts, "x100", "x149", show_all=True)) == 2 + 50


# --- the macro ------------------------------------------------------------------------------------

MANY = """
{% macro why_many(pairs) -%}
    {%- for one, other in pairs -%}
        {%- do print('ANSWER ' ~ tojson(explain_why(one, other))) -%}
    {%- endfor -%}
{%- endmacro %}
"""


def test_the_macro_answers_like_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    project = lean_project(tmp_path / "project")
    (project.root / "macros/why_many.sql").write_text(MANY, encoding="utf-8")
    pairs = [*ANSWERS, *((name, "A") for name in REFUSALS)]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{project.database}' as published")
        fill(connection, "published.customer360")
        for seed in range(12):
            links = random_graph(seed)
            records = sorted({link[0] for link in links})
            connection.executemany(
                "insert into published.customer360.customer360_identity_map values (?, ?)",
                [(record, f"G{seed}") for record in records],
            )
            connection.executemany(
                "insert into published.customer360.customer360_identity_links "
                "values (?, ?, ?, ?, 'strong', ?, null)",
                [
                    (record, f"G{seed}", kind, value, "joins" if joins else "holds")
                    for record, kind, value, joins in links
                ],
            )
            reachable = nx.descendants(walks(links), records[0])
            pairs += [(records[0], each) for each in records[1:] if each in reachable][:4]
        want = []
        for pair in pairs:
            try:
                want.append(explain(connection, *pair))
            except ConfigError as error:
                want.append([str(error)])
    monkeypatch.setenv("DBT_LOG_LEVEL_FILE", "none")
    capfd.readouterr()
    arguments = json.dumps({"pairs": pairs})
    assert project.dbt("run-operation", "why_many", "--args", arguments).success
    printed = capfd.readouterr().out.splitlines()
    answers = [json.loads(line[7:]) for line in printed if line.startswith("ANSWER ")]
    assert answers == want
    assert sum(1 for each in want if len(each) > 3) > 20


def test_the_macro_hides_values_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    project = lean_project(tmp_path / "project")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{project.database}' as published")
        fill(connection, "published.customer360")
    monkeypatch.delenv("DBT_LOG_LEVEL_FILE", raising=False)
    for one, other in (("r1", "r2"), ("A", "B"), ("B", "C")):
        arguments = json.dumps({"one": one, "other": other})
        assert project.dbt("run-operation", "why", "--args", arguments).success
    printed = capfd.readouterr().out
    assert "  -- email (hidden) -- r2" in printed
    assert "device_id (hidden): joins no two customers (role weak)" in printed
    assert "phone (hidden): value_over_records" in printed
    assert "--log-level-file none" in printed
    logged = "".join(path.read_text() for path in (project.root / "logs").iterdir())
    assert "macro_why" in logged
    for value in ("ann@a.example", "web:kiosk", "+441", "bob@a.example"):
        assert value not in printed
        assert value not in logged
