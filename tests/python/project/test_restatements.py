"""What identity and what data did to the published figures, over builds of a changing sample.

Each build's rows are held against the same figures counted in plain Python from what was published.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, copy_project, start_cli
from project.kill_harness import make_lean, published
from project.reading import query

pytestmark = [pytest.mark.project, pytest.mark.sequence, pytest.mark.xdist_group("restatements")]

# Of all tests of the project only those that this is about.
KEPT_TESTS = (
    "models/marts/identity/_restatements__models.yml",
    "models/intermediate/state/_int_state__restatements_models.yml",
    "tests/dbt/generic/has_no_nulls.sql",
    "tests/dbt/generic/raises_no_alarm.sql",
    "tests/dbt/restatements_add_up.sql",
)
SAMPLE = "seeds/sample/sample_{}.csv"
BLOCKED = "seeds/reference/blocked_identifiers.csv"
DECISIONS = "seeds/reference/identity_decisions.csv"

ORDERS_OF_RECORDS = """
    select record_key, sum(reporting_amount)
    from customer360_intermediate.int_orders__totalled
    where is_completed and reporting_amount is not null
    group by all
"""
# Customers that no link parts, of two or more known records.
FIRM_CUSTOMERS = """
    select customer360_id
    from customer360_identity_audit
    inner join customer360_identity_map using (customer360_id)
    where record_role = 'known' and identity_confidence = 1
    group by customer360_id
    having count(*) > 1
    order by customer360_id
"""

# figure, customer, source -> before, identity effect, data effect, after
Key = tuple[str, str | None, str | None]
Effects = dict[Key, tuple[Decimal, ...]]
Rows = list[dict[str, str]]


# --- what was published ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Generation:
    """What a build published, and what it said.

    customers, revenue: by record. shown: revenue by customer, as profiles show it. lookup: what an
    id means. changes: key -> the two ids and the change.
    """

    number: int
    said: str
    customers: Mapping[str, str]
    identified: frozenset[str]
    revenue: Mapping[str, Decimal]
    shown: Mapping[str, Decimal]
    lookup: Mapping[str, str | None]
    changes: Mapping[str, tuple[str, str | None, str]]
    restated: Effects
    causes: Mapping[str, list[str]]
    health: Mapping[str, tuple[Decimal, bool]]


def look(root: Path, said: str) -> Generation:
    """Read what a build published."""

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return query(published(root), sql)

    ((number,),) = rows("select max(generation_no) from customer360_state.generations")
    places = rows("select record_key, customer360_id, is_identified from customer360_identity_map")
    restatements = rows(
        f"""
        select figure, customer360_id, source_system, value_before, identity_effect, data_effect,
            value_after, id_change_keys
        from customer360_restatements where generation_no = {number}
        """
    )
    return Generation(
        number=number,
        said=said,
        customers={record: customer for record, customer, _ in places},
        identified=frozenset(customer for _, customer, known in places if known),
        revenue=dict(query(root / "warehouse" / "work.duckdb", ORDERS_OF_RECORDS)),
        shown=dict(rows("select customer360_id, total_revenue from customer360_profiles")),
        lookup=dict(
            rows("select customer360_id, current_customer360_id from customer360_id_lookup")
        ),
        changes={
            key: (one, other, change)
            for key, one, other, change in rows(
                f"""
                select id_change_key, customer360_id, other_customer360_id, change
                from customer360_id_changes where generation_no = {number}
                """
            )
        },
        restated={tuple(row[:3]): tuple(row[3:7]) for row in restatements},
        causes={row[1]: json.loads(row[7]) for row in restatements if row[7] is not None},
        health={
            figure: (value, alarm)
            for figure, value, alarm in rows(
                "select figure, figure_value, is_alarm from customer360_identity_health"
                " where is_current"
            )
        },
    )


# --- the same in plain Python ---------------------------------------------------------------------


def figures(
    customers: Mapping[str, str], identified: Iterable[str], revenue: Mapping[str, Decimal]
) -> dict[Key, Decimal]:
    """All figures of some records under some map; those that are 0 may be left out."""
    found: defaultdict[Key, Decimal] = defaultdict(Decimal)
    shown = set(customers.values())
    found["customers", None, None] = Decimal(len(shown))
    found["identified_customers", None, None] = Decimal(len(shown & set(identified)))
    sources = defaultdict(set)
    for record, customer in customers.items():
        sources[customer].add(record.split(":")[0])
        found["customer_revenue", customer, None] += revenue.get(record, Decimal(0))
        found["total_revenue", None, None] += revenue.get(record, Decimal(0))
    for record, customer in customers.items():
        if len(sources[customer]) > 1:
            found["joined_records", None, record.split(":")[0]] += 1
    return found


def mapped(before: Generation, now: Generation) -> dict[str, str]:
    """Where the records of the last generation are by the new map."""
    return {
        record: now.customers.get(record) or now.lookup[customer] or customer
        for record, customer in before.customers.items()
    }


def effects(before: Generation, now: Generation) -> Effects:
    """What moved, and by what."""
    new_map = mapped(before, now)
    # An id that means nobody now was what it was.
    identified = now.identified | (before.identified - set(now.customers.values()))
    sides = (
        figures(before.customers, before.identified, before.revenue),
        figures(new_map, identified, before.revenue),
        figures(now.customers, now.identified, now.revenue),
    )
    found = {}
    for key in {key for side in sides for key in side}:
        first, second, third = (side.get(key, Decimal(0)) for side in sides)
        if (first, second) != (second, third):
            found[key] = (first, second - first, third - second, third)
    return found


# --- what changes ---------------------------------------------------------------------------------


def edit(file: Path, change: Callable[[Rows], Rows]) -> None:
    """Rewrite a seed."""
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        columns, rows = list(reader.fieldnames or []), list(reader)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def less_and_dearer(rng: random.Random) -> Callable[[Rows], Rows]:
    """Loses some orders, and makes others dearer by a cent."""

    def change(rows: Rows) -> Rows:
        kept = [row for row in rows if rng.random() > 0.03]
        for row in kept:
            if rng.random() < 0.03 and row["amount"].replace(".", "", 1).isdigit():
                row["amount"] = str(Decimal(row["amount"]) + Decimal("0.01"))
        return kept

    return change


def join_and_part(root: Path, rng: random.Random) -> None:
    """Decide that some customers with revenue are one, and block addresses that joined others."""
    spenders = query(
        published(root),
        """
        select min(record_key), customer360_id from customer360_identity_map
        inner join customer360_profiles using (customer360_id)
        where total_revenue > 0 and source_entity = 'contacts' group by all order by all
        """,
    )
    one, other = rng.sample(spenders, 8), rng.sample(spenders, 8)
    decided = [
        {"record_key_one": a, "record_key_other": b, "decision": "same"}
        for (a, one_id), (b, other_id) in zip(one, other, strict=True)
        if one_id != other_id
    ]
    edit(root / DECISIONS, lambda rows: [*rows, *decided])
    emails = query(
        published(root),
        """
        select distinct identifier_value from customer360_identity_links
        where identifier_type = 'email' and record_count > 1 order by all
        """,
    )
    blocked = [
        {"identifier_type": "email", "blocked_value": value} for (value,) in rng.sample(emails, 60)
    ]
    edit(root / BLOCKED, lambda rows: [*rows, *blocked])


def first_change(root: Path, rng: random.Random) -> None:
    """Merges, splits, and other data."""
    join_and_part(root, rng)
    edit(root / SAMPLE.format("shop__orders"), less_and_dearer(rng))
    gone = rng.sample(range(500), 30)
    edit(
        root / SAMPLE.format("crm__contacts"),
        lambda rows: [row for place, row in enumerate(rows) if place not in gone],
    )


def second_change(root: Path, rng: random.Random) -> None:
    """Some of it back, more of the same, and a contact with one's address and another's phone."""
    for file in (DECISIONS, BLOCKED):
        original = len((ROOT / file).read_text(encoding="utf-8").splitlines()) - 1
        edit(root / file, lambda rows: [*rows[:original], *rows[original::2]])  # noqa: B023
    edit(root / SAMPLE.format("shop__orders"), less_and_dearer(rng))
    links = query(
        published(root),
        f"""
        select customer360_id, identifier_type, identifier_value from customer360_identity_links
        where customer360_id in ({FIRM_CUSTOMERS}) and identifier_role = 'strong' order by all
        """,
    )
    held: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for customer, kind, value in links:
        held[customer][kind] = value
    # Two logins would keep them apart.
    with_address, with_phone = next(
        (one, other)
        for one, other in permutations(held.values(), 2)
        if "email" in one and "phone" in other and not ("user_id" in one and "user_id" in other)
    )
    planted = {
        "contact_id": "PLANTED",
        "email": with_address["email"],
        "phone": with_phone["phone"],
        "created_at": "2026-06-01T00:00:00Z",
        "updated_at": "2026-06-01T00:00:00Z",
        "loaded_at": "2026-06-02 03:00:00",
    }
    edit(root / SAMPLE.format("crm__contacts"), lambda rows: [*rows, planted])


def build(root: Path) -> str:
    process = start_cli(root, "build")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    return out


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_lean(copy_project(tmp_path_factory.mktemp("restatements") / "project"))
    for name in KEPT_TESTS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def generations(root: Path) -> list[Generation]:
    """Three generations: the sample, and two changes of it."""
    rng = random.Random(360)
    seen = [look(root, build(root))]
    for change in (first_change, second_change):
        change(root, rng)
        seen.append(look(root, build(root)))
    return seen


def pairs(generations: list[Generation]) -> list[tuple[Generation, Generation]]:
    return list(pairwise(generations))


# --- restatements ---------------------------------------------------------------------------------


def test_the_first_generation_has_totals_and_restates_no_customer(
    generations: list[Generation],
) -> None:
    first = generations[0]
    expected = {
        key: (Decimal(0), Decimal(0), value, value)
        for key, value in figures(first.customers, first.identified, first.revenue).items()
        if key[0] != "customer_revenue" and value
    }
    assert first.restated == expected
    assert first.restated["total_revenue", None, None][3] == sum(first.shown.values()) > 0


def test_every_row_is_what_plain_python_finds(generations: list[Generation]) -> None:
    for before, now in pairs(generations):
        assert now.restated == effects(before, now)
        # And identity moved something of every figure but the total.
        moved = {figure for (figure, _, _), effect in now.restated.items() if effect[1]}
        assert moved >= {"customers", "customer_revenue"}
        assert {"merged", "split"} <= {change for _, _, change in now.changes.values()}
    assert any(effect[1] for now in generations for key, effect in now.restated.items()
               if key[0] == "joined_records")  # fmt: skip


def test_restatements_add_up_to_what_profiles_show(generations: list[Generation]) -> None:
    for before, now in pairs(generations):
        customers = {
            str(key[1]): row for key, row in now.restated.items() if key[0] == "customer_revenue"
        }
        for customer, (first, identity, data, last) in customers.items():
            assert first + identity + data == last
            assert first == before.shown.get(customer, Decimal(0))
            assert last == now.shown.get(customer, Decimal(0))
        # Who has no row did not move; so what they have after adds up to the whole.
        after = {**before.shown, **{customer: row[3] for customer, row in customers.items()}}
        total = now.restated["total_revenue", None, None]
        assert sum(after.values()) == sum(now.shown.values()) == total[3]
        assert sum(row[1] for row in customers.values()) == total[1] == 0
        assert sum(row[2] for row in customers.values()) == total[2] != 0


def test_what_was_before_is_what_was_after_the_last_time(generations: list[Generation]) -> None:
    last: dict[Key, Decimal] = {}
    compared = 0
    for generation in generations:
        for key, row in generation.restated.items():
            if key in last:
                compared += 1
                assert row[0] == last[key], key
            last[key] = row[3]
    assert compared > 10


def test_each_move_by_identity_names_the_changes_that_did_it(
    generations: list[Generation],
) -> None:
    for before, now in pairs(generations):
        moved = {
            str(key[1])
            for key, row in now.restated.items()
            if key[0] == "customer_revenue" and row[1]
        }
        assert set(now.causes) == moved
        places = mapped(before, now)
        neighbours = defaultdict(set)
        for record, customer in before.customers.items():
            neighbours[customer].add(places[record])
            neighbours[places[record]].add(customer)
        for customer, keys in now.causes.items():
            assert keys
            for key in keys:
                one, other, _ = now.changes[key]
                assert {one, other} & ({customer} | neighbours[customer])


# --- health ---------------------------------------------------------------------------------------


def test_health_counts_what_the_marts_hold(root: Path, generations: list[Generation]) -> None:
    now = generations[-1]
    value = {figure: found for figure, (found, _) in now.health.items()}
    sizes = sorted(Counter(now.customers.values()).values())
    records = len(now.customers)
    assert value["customers_with_1_record"] == sizes.count(1)
    assert value["customers_with_6_to_10_records"] == sum(6 <= size <= 10 for size in sizes)
    assert value["median_records_per_customer"] == sizes[-(-len(sizes) // 2) - 1]
    assert value["p99_records_per_customer"] == sizes[-(-len(sizes) * 99 // 100) - 1]
    assert value["largest_customer_share"] == Decimal(sizes[-1] * 10**6 // records) / 10**6
    known = sum(customer in now.identified for customer in now.customers.values())
    assert value["identified_records_share"] == Decimal(known * 10**6 // records) / 10**6
    for change in ("merged", "split", "restored", "retired", "attached"):
        ids = {one for one, _, kind in now.changes.values() if kind == change}
        assert value[f"ids_{change}"] == len(ids)
    rejected = dict(
        query(
            published(root),
            "select reason, count(*) from customer360_identity_rejections"
            " where identifier_role <> 'decision' group by all",
        )
    )
    assert rejected["blocked_value"] > 0
    counted = {
        figure.removeprefix("links_"): found
        for figure, found in value.items()
        if figure.startswith("links_") and found
    }
    assert counted == rejected


def test_a_planted_bridge_is_found_and_said(root: Path, generations: list[Generation]) -> None:
    assert "identity_health_mixture_raises_no_alarm" not in generations[0].said
    now = generations[-1]
    suspects = query(
        published(root),
        "select customer360_id, suspect_reason, suspect_identifier_value"
        " from customer360_identity_audit where suspect_identifier_type is not null",
    )
    planted = now.customers["crm:contacts:PLANTED"]
    # Of two links that are equally bad, such as both ends of a shared number, one is named.
    shared = query(
        published(root),
        "select identifier_value from customer360_identity_links"
        " where record_key = 'crm:contacts:PLANTED'",
    )
    assert {(planted, "bridge_between_groups", value) for (value,) in shared} & set(suspects)
    assert now.health["customers_with_suspect_bridge"] == (len(suspects), True)
    assert "'identity_health_mixture_raises_no_alarm' warns" in now.said


# --- a replay -------------------------------------------------------------------------------------


def test_a_replay_adds_nothing(root: Path, generations: list[Generation]) -> None:
    before = hashlib.sha256(published(root).read_bytes()).hexdigest()
    said = build(root)
    assert f"nothing changed, generation {generations[-1].number} stays" in " ".join(said.split())
    assert hashlib.sha256(published(root).read_bytes()).hexdigest() == before
