"""`customer360 review`: what is worth a decision, in which order, and how it is written down."""

from __future__ import annotations

import csv
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import networkx as nx
import pytest
from typer.testing import CliRunner

from customer360 import cli
from customer360.errors import ConfigError
from customer360.paths import Project
from customer360.review import (
    SEED,
    SEED_COLUMNS,
    Case,
    Decision,
    LinkRow,
    add_decision,
    decision_of,
    parted_sides,
    review,
)

NOW = datetime(2026, 7, 1, 12, 0, 0)
TABLES = """
create schema {place};
create table {place}.customer360_identity_map
    (record_key varchar, customer360_id varchar, record_role varchar, first_seen_at timestamp);
create table {place}.customer360_identity_links
    (record_key varchar, customer360_id varchar, identifier_type varchar, identifier_value varchar,
     identifier_role varchar, link_effect varchar, record_role varchar, source_system varchar,
     first_seen_at timestamp, last_seen_at timestamp);
create table {place}.customer360_identity_rejections
    (record_key varchar, customer360_id varchar, identifier_type varchar, identifier_value varchar,
     identifier_role varchar, reason varchar, policy_rule varchar, other_record_key varchar,
     other_customer360_id varchar);
create table {place}.customer360_identity_audit
    (customer360_id varchar, is_suspect boolean, suspect_reason varchar, bridge_record_key varchar,
     bridge_identifier_type varchar, bridge_identifier_value varchar, suspect_record_key varchar,
     suspect_identifier_type varchar, suspect_identifier_value varchar,
     identity_confidence decimal(5, 4), record_count bigint, first_name_count bigint,
     last_name_count bigint, postal_code_count bigint);
create table {place}.customer360_profiles
    (customer360_id varchar, first_name varchar, last_name varchar, full_name varchar,
     primary_email varchar, primary_phone varchar, postal_code varchar, city varchar,
     record_count bigint, orders_count bigint);
"""
# Customer A: two contacts and two shoppers, held together by one phone. B and C: two of one name.
# D: someone whose phone was refused by B. E: two records on one address, as many customers are.
RECORDS = [
    ("a1", "A", "known", "2026-01-02"),
    ("a2", "A", "known", "2026-01-01"),
    ("a3", "A", "known", "2026-01-03"),
    ("a4", "A", "known", "2026-01-04"),
    ("b1", "B", "known", "2026-01-01"),
    ("b2", "B", "known", "2026-02-01"),
    ("c1", "C", "known", "2026-01-01"),
    ("d1", "D", "known", "2026-01-01"),
    ("e1", "E", "known", "2026-01-01"),
    ("e2", "E", "known", "2026-01-01"),
]
LINKS = [
    ("a1", "A", "email", "ann@a.example"),
    ("a2", "A", "email", "ann@a.example"),
    ("a2", "A", "phone", "+441"),
    ("a3", "A", "phone", "+441"),
    ("a3", "A", "email", "bob@a.example"),
    ("a4", "A", "email", "bob@a.example"),
    ("b1", "B", "user_id", "shop:7"),
    ("b2", "B", "email", "cy@a.example"),
    ("e1", "E", "email", "eve@a.example"),
    ("e2", "E", "email", "eve@a.example"),
]
REJECTIONS = [
    ("c1", "C", "email", "cy@a.example", "strong", "value_over_records", "email: 1", None, None),
    ("d1", "D", "phone", "+442", "strong", "customer_over_limit", "user_id 1", None, "B"),
    ("b1", "B", "phone", "+443", "strong", "blocked_value", "seed", None, None),
    ("x1", None, "decision", "k", "decision", "record_absent", "same, by Jo", "a1", "A"),
    ("a1", "A", "decision", "k", "decision", "record_absent", "same, by Jo", "x1", None),
    ("d1", "D", "decision", "m", "decision", "contradictory", "same, by Al", "e1", "E"),
]
AUDIT = [
    ("A", True, "bridge_between_groups", *("a2", "phone", "+441") * 2, 0.5, 4, 2, 2, 1),
    ("B", False, None, "b1", "user_id", "shop:7", None, None, None, 0.5, 2, 1, 1, 1),
    ("E", False, None, "e1", "email", "eve@a.example", None, None, None, 0.5, 2, 1, 1, 1),
]
PROFILES = [
    ("A", "Ann", "Ash", "Ann Ash", "ann@a.example", "+441", "N1", "York", 4, 2),
    ("B", "Cy", "Cole", "Cy Cole", "cy2@a.example", None, None, None, 2, 1),
    ("C", "CY", "cole", "CY cole", None, None, None, None, 1, 0),
    ("D", "Dee", "Day", "Dee Day", None, "+442", None, None, 1, 0),
    ("E", "Eve", "East", "Eve East", "eve@a.example", None, None, None, 2, 0),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of a seed and a published file."""
    made = Project(tmp_path, tmp_path)
    seed = tmp_path / SEED
    seed.parent.mkdir(parents=True)
    seed.write_text(",".join(SEED_COLUMNS) + "\n", encoding="utf-8")
    (tmp_path / "dbt_project.yml").write_text("name: customer360\n")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{made.published_file}' as published")
        connection.execute(TABLES.format(place="published.customer360"))
        schema = "published.customer360.customer360"
        insert(connection, f"{schema}_identity_map", RECORDS)
        seen = {record: at for record, _, _, at in RECORDS}
        rows = [
            (*link, "strong", "joins", "known", "crm", seen[link[0]], "2026-02-01")
            for link in LINKS
        ]
        insert(connection, f"{schema}_identity_links", rows)
        insert(connection, f"{schema}_identity_rejections", REJECTIONS)
        insert(connection, f"{schema}_identity_audit", AUDIT)
        insert(connection, f"{schema}_profiles", PROFILES)
    monkeypatch.setenv("CUSTOMER360_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("CUSTOMER360_HOME", str(tmp_path))
    return made


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" for _ in rows[0])
    connection.executemany(f"insert into {table} values ({marks})", rows)


def seed_rows(project: Project) -> list[list[str]]:
    with (project.root / SEED).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_two_people_come_first_and_one_in_two_next(project: Project) -> None:
    found = review(project)
    assert [(case.kind, case.customers, case.pair, case.proposal) for case in found.cases] == [
        # The oldest known record of each side.
        ("bridge_between_groups", ("A",), ("a2", "a3"), "never"),
        # The record that carries what they share, not the oldest.
        ("same_name", ("B", "C"), ("b2", "c1"), "same"),
        ("refused_link", ("B", "D"), ("b1", "d1"), "same"),
    ]
    told = "\n".join(found.cases[0].evidence)
    assert "held together by phone +441" in told
    assert "one side: 2 records of crm, 2026-01-01 to 2026-02-01: email ann@a.example" in told
    assert "both carry email cy@a.example" in found.cases[1].evidence
    assert "refused by user_id 1" in found.cases[2].evidence
    assert found.asleep == [
        "a1 and x1: same, by Jo: waits, one of its records is not there",
        "d1 and e1: same, by Al: set aside, it contradicts another decision",
    ]


def test_what_was_decided_is_listed_no_more(project: Project) -> None:
    rows = [("a4", "a1", "never"), ("c1", "b1", "never")]
    with (project.root / SEED).open("a", encoding="utf-8") as file:
        file.writelines(f"{one},{other},{word},,,\n" for one, other, word in rows)
    assert [case.kind for case in review(project).cases] == ["refused_link"]
    # A decision about two records of one side leaves the question open.
    (project.root / SEED).write_text(",".join(SEED_COLUMNS) + "\na3,a4,same,,,\n")
    assert review(project).cases[0].kind == "bridge_between_groups"


def test_a_decision_is_written_once(project: Project) -> None:
    run = CliRunner().invoke
    listed = run(cli.app, ["review"])
    assert listed.exit_code == 0, listed.output
    first = review(project).cases[0].key
    assert listed.stdout.startswith(f"{first}  one identifier alone holds two groups")
    assert "line: a2,a3,never,," in listed.stdout
    before = (project.root / SEED).read_bytes()
    only = run(cli.app, ["review", "--case", first, "--decision", "same", "--by", "Ann"])
    assert only.stdout.startswith("a2,a3,same,Ann,")
    assert (project.root / SEED).read_bytes() == before
    decide = ["review", "--case", first, "--decision", "never", "--by", "Ann", "--write"]
    done = run(cli.app, [*decide, "--reason", 'twins, "really"\n=1'])
    assert done.exit_code == 0, done.output
    ((one, other, word, by, at, reason),) = seed_rows(project)
    assert (one, other, word, by, reason) == ("a2", "a3", "never", "Ann", 'twins, "really" =1')
    assert datetime.fromisoformat(at)
    again = run(cli.app, decide)
    assert again.exit_code == 2
    assert "it is decided; `customer360 review` lists" in again.stderr
    assert len(seed_rows(project)) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--case", "ffff"], "There is no case 'ffff'"),
        (["--write"], "Name the case that you decide"),
        (["--case", "KEY", "--write"], "needs --decision same or never, and --by NAME"),
        (["--case", "KEY", "--decision", "never", "--write"], "--by NAME"),
        (["--case", "KEY", "--decision", "maybe"], "'maybe' is no decision; use same or never"),
    ],
)
def test_clumsy_decisions_are_refused(project: Project, arguments: list[str], told: str) -> None:
    key = review(project).cases[0].key
    given = [key if each == "KEY" else each for each in arguments]
    refused = CliRunner().invoke(cli.app, ["review", *given])
    assert refused.exit_code == 2
    assert told in refused.stderr
    assert not seed_rows(project)


def test_the_seed_is_neither_doubled_nor_spoilt(project: Project) -> None:
    seed = project.root / SEED
    decision = Decision(("r1", "r2"), "never", "Ann", "2026-07-01 12:00:00", "")
    seed.write_text(seed.read_text() + "r8,r9,same,Jo,,", encoding="utf-8")
    add_decision(project, decision)
    assert [row[:3] for row in seed_rows(project)] == [["r8", "r9", "same"], ["r1", "r2", "never"]]
    for pair in (("r1", "r2"), ("r2", "r1")):
        with pytest.raises(ConfigError, match="already says 'never' about these two records"):
            add_decision(project, Decision(pair, "same", "", "", ""))
    seed.write_text("one,other\n")
    with pytest.raises(ConfigError, match="must begin with the line 'record_key_one,"):
        add_decision(project, decision)
    seed.unlink()
    with pytest.raises(ConfigError, match="cannot be read; restore it"):
        add_decision(project, decision)


def test_nothing_published_is_one_sentence(project: Project) -> None:
    project.published_file.unlink()
    refused = CliRunner().invoke(cli.app, ["review"])
    assert refused.exit_code == 2
    assert "Nothing has been published yet" in refused.stderr
    with duckdb.connect(str(project.published_file)) as connection:
        connection.execute("create table t (n int)")
    refused = CliRunner().invoke(cli.app, ["review"])
    assert "has no identity audit yet; run `customer360 build`" in refused.stderr


def test_a_case_without_two_records_cannot_be_decided() -> None:
    case = Case("large_customer", ("A",), None, "", 1, ())
    with pytest.raises(ConfigError, match="has no two records to decide about; block a value"):
        decision_of(case, "never", "Ann", "", NOW)


@pytest.mark.parametrize("seed", range(40))
def test_sides_are_those_that_networkx_finds(seed: int) -> None:
    dice = random.Random(seed)
    links = []
    for record in range(8):
        for value in {dice.randrange(9) for _ in range(dice.randint(1, 3))}:
            effect = dice.choice(["joins", "joins", "holds"])
            links.append(
                LinkRow(f"r{record}", ("t", str(value)), "strong", effect, True, "s", ("", ""))
            )
    graph = nx.Graph()
    for link in links:
        holders = [x.record_key for x in links if x.value == link.value and x.effect == "holds"]
        graph.add_node(link.record_key)
        if link.effect == "joins" or link.record_key == min(holders):
            graph.add_edge(link.record_key, link.value)
    parted = 0
    for record, value in [edge for edge in graph.edges if isinstance(edge[0], str)]:
        without = graph.copy()
        without.remove_edge(record, value)
        reached = {x for x in nx.node_connected_component(without, record) if isinstance(x, str)}
        others = {link.record_key for link in links} - reached
        want = (reached, others) if others else None
        assert parted_sides(links, record, value) == want
        parted += want is not None
    assert parted or nx.is_connected(graph)
