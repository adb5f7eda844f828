"""What profiles showed, over builds that follow each other.

Nothing is taken from the state: the expected history is worked out in plain Python from the
profiles and the identity map as each build left them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import copy_project, start_cli
from project.kill_harness import make_lean, published
from project.reading import query

pytestmark = [pytest.mark.project, pytest.mark.sequence, pytest.mark.xdist_group("profile_history")]

FIELDS = ["primary_email", "primary_phone", "country", "opt_in_status", "is_identified"]
FIELDS += ["orders_count", "total_revenue", "first_purchase_at"]
OTHER_FIELDS = ["primary_email", "last_name", "total_revenue"]
SOURCES = {
    "crm.contacts": "contact_id email phone last_name country email_opt_in created_at updated_at",
    "shop.orders": "order_id email amount currency order_status ordered_at",
    "web.events": "event_id event_name email device_id occurred_at",
}

# customer, field -> (value, from, to) in order of time
Versions = dict[tuple[str, str], list[tuple[str, dt.datetime, dt.datetime | None]]]
Row = dict[str, str]


# --- what the sources hold ------------------------------------------------------------------------


def contact(key: str, day: str, **columns: str) -> Row:
    """A contact that was last changed on a day."""
    return {"contact_id": key, "created_at": "2025-01-01", "updated_at": day, **columns}


def order(key: str, day: str, email: str, amount: str) -> Row:
    """A completed order."""
    paid = {"currency": "EUR", "order_status": "completed"}
    return {"order_id": key, "ordered_at": day, "email": email, "amount": amount, **paid}


def visit(key: str, day: str, **columns: str) -> Row:
    """A page view."""
    return {"event_id": key, "event_name": "page_view", "occurred_at": day, **columns}


ANN = {"email": "ann@example.com", "last_name": "Lee", "country": "BE", "email_opt_in": "true"}
BO = {"email": "bo@example.com", "phone": "+32470123456", "last_name": "Bo", "country": "NL"}
CAT = {"email": "cat@example.com", "last_name": "Cat", "country": "DE"}
DAY = {"email": "day@example.com", "last_name": "Day", "country": "FR"}


@dataclass(frozen=True)
class Day:
    """What is built: the moment, the fields to remember and the rows by contract."""

    as_of: str
    contacts: Sequence[Row]
    orders: Sequence[Row]
    events: Sequence[Row]
    fields: Sequence[str] = tuple(FIELDS)


FIRST_ORDERS = [order("O1", "2026-02-01", "ann@example.com", "10.00")]
ORDERS = [*FIRST_ORDERS, order("O2", "2026-03-10", "ann@example.com", "2.50")]
VISITS = [visit("E1", "2026-02-02", device_id="d1")]
CONTACTS = [contact("C1", "2026-01-01", **ANN), contact("C2", "2026-01-01", **BO)]
CONTACTS += [contact("C3", "2026-01-01", **CAT), contact("C4", "2026-01-01", **DAY)]
# Ann's address and Bo's number: the two are one customer while it is there.
BRIDGE = contact("C9", "2026-03-15", email="ann@example.com", phone="+32470123456")
CHANGED = [contact("C1", "2026-03-20", **ANN | {"email_opt_in": "false"}), *CONTACTS[1:2]]
CHANGED += [contact("C3", "2026-03-20", **CAT | {"country": "AT"}), BRIDGE]
CHANGED += CONTACTS[3:]

DAYS = (
    Day("2026-03-01 00:00:00", CONTACTS, FIRST_ORDERS, VISITS),
    # Ann and Bo merge, Ann says no and buys, Cat moves, the visitor logs in as Day.
    Day(
        "2026-04-01 00:00:00",
        CHANGED,
        ORDERS,
        [*VISITS, visit("E2", "2026-03-02", device_id="d1", email="day@example.com")],
    ),
    # The merge is undone, Cat is gone, and Day is seen again, which nothing remembers.
    Day(
        "2026-05-01 00:00:00",
        [row for row in CHANGED if row["contact_id"] not in ("C9", "C3")],
        ORDERS,
        [*VISITS, visit("E2", "2026-03-02", device_id="d1", email="day@example.com"),
         visit("E3", "2026-04-02", device_id="d1", email="day@example.com")],
    ),
)  # fmt: skip
LAST = DAYS[-1]
OTHER = replace(LAST, as_of="2026-07-01 00:00:00", fields=tuple(OTHER_FIELDS))


# --- builds ---------------------------------------------------------------------------------------


def build(root: Path, day: Day) -> None:
    """Build what the sources hold on a day."""
    rows = dict(zip(SOURCES, (day.contacts, day.orders, day.events), strict=True))
    sources = {}
    for contract, columns in SOURCES.items():
        file = root / "raw" / f"{contract}.csv"
        file.parent.mkdir(exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns.split(), restval="")
            writer.writeheader()
            writer.writerows(rows[contract])
        name = contract.partition(".")[0]
        mapped = {column: column for column in columns.split()}
        sources[contract] = [{"name": name, "file": str(file), "columns": mapped}]
    settings = {
        "include_sample_data": False,
        "as_of": day.as_of,
        "sources": sources,
        "profile_history_fields": list(day.fields),
    }
    (root / "own.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    process = start_cli(root, "build", "--vars", "own.yml")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err


@dataclass(frozen=True)
class Snapshot:
    """What a build published.

    shown: customer and field -> value as text. records: customer -> its records. times: customer ->
    created_at, updated_at. history: the mart.
    """

    at: dt.datetime
    shown: Mapping[tuple[str, str], str]
    records: Mapping[str, frozenset[str]]
    times: Mapping[str, tuple[dt.datetime, dt.datetime]]
    history: Versions


def as_text(value: Any) -> str:
    """A value of a profile in the words of the history."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def built(root: Path, day: Day) -> Snapshot:
    """Build what the sources hold on a day; what was published."""
    build(root, day)
    columns = ", ".join(day.fields)
    shown = {
        (row[0], field): as_text(value)
        for row in query(
            published(root), f"select customer360_id, {columns} from customer360_profiles"
        )
        for field, value in zip(day.fields, row[1:], strict=True)
        if value is not None
    }
    records: dict[str, set[str]] = {}
    for record, customer in query(
        published(root), "select record_key, customer360_id from customer360_identity_map"
    ):
        records.setdefault(customer, set()).add(record)
    history: Versions = {}
    for customer, field, *version in query(
        published(root),
        "select customer360_id, field, field_value, valid_from_at, valid_to_at, is_current"
        " from customer360_profiles_history order by valid_from_generation",
    ):
        assert version.pop() == (version[-1] is None)
        history.setdefault((customer, field), []).append(tuple(version))
    return Snapshot(
        at=dt.datetime.fromisoformat(day.as_of),
        shown=shown,
        records={customer: frozenset(keys) for customer, keys in records.items()},
        times={
            customer: (created, updated)
            for customer, created, updated in query(
                published(root),
                "select customer360_id, created_at, updated_at from customer360_profiles",
            )
        },
        history=history,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_lean(copy_project(tmp_path_factory.mktemp("profile_history") / "project"))


@pytest.fixture(scope="module")
def snapshots(root: Path) -> list[Snapshot]:
    """Three generations."""
    return [built(root, day) for day in DAYS]


# --- the same in plain Python ---------------------------------------------------------------------


def history_of(snapshots: Sequence[Snapshot]) -> Versions:
    """What was shown from when to when."""
    found: Versions = {}
    before: Mapping[tuple[str, str], str] = {}
    for snapshot in snapshots:
        for key in {*before, *snapshot.shown}:
            old, new = before.get(key), snapshot.shown.get(key)
            if old == new:
                continue
            if old is not None:
                value, since, _ = found[key][-1]
                found[key][-1] = (value, since, snapshot.at)
            if new is not None:
                found.setdefault(key, []).append((new, snapshot.at, None))
        before = snapshot.shown
    return found


def times_of(snapshots: Sequence[Snapshot]) -> dict[str, tuple[dt.datetime, dt.datetime]]:
    """Of the customers shown last: when first shown, and when last changed."""
    found = {}
    for customer in snapshots[-1].times:
        states = [
            (
                snapshot.records.get(customer),
                {field: value for (one, field), value in snapshot.shown.items() if one == customer},
            )
            for snapshot in snapshots
        ]
        changed = [
            snapshot.at
            for place, snapshot in enumerate(snapshots)
            if states[place] != (states[place - 1] if place else (None, {}))
        ]
        found[customer] = (changed[0], changed[-1])
    return found


# --- tests ----------------------------------------------------------------------------------------


def customer_of(snapshot: Snapshot, record: str) -> str:
    """The customer that a record belonged to."""
    (found,) = (customer for customer, keys in snapshot.records.items() if record in keys)
    return found


def test_history_is_what_was_published_each_time(snapshots: list[Snapshot]) -> None:
    for place, snapshot in enumerate(snapshots, start=1):
        assert snapshot.history == history_of(snapshots[:place])
    assert max(map(len, snapshots[-1].history.values())) == 2


def test_the_story_is_told(snapshots: list[Snapshot]) -> None:
    first, second, third = snapshots
    history, (one, two, three) = third.history, (snapshot.at for snapshot in snapshots)
    ann, bo = (customer_of(first, f"crm:contacts:{key}") for key in ("C1", "C2"))
    cat, day = (customer_of(first, f"crm:contacts:{key}") for key in ("C3", "C4"))
    assert len({ann, bo} & set(second.records)) == 1
    kept, gone = (ann, bo) if ann in second.records else (bo, ann)
    # Merged away, and back when the merge was undone: the time between is empty.
    (email, since, until), again = history[gone, "primary_email"]
    assert (since, until, again) == (one, two, (email, three, None))
    # Gone for good.
    assert [row[1:] for row in history[cat, "primary_email"]] == [(one, three)]
    assert [row[0] for row in history[cat, "country"]] == ["DE", "AT"]
    assert cat not in third.times
    # Of the one that stayed a customer throughout.
    assert {row[0] for row in history[ann, "opt_in_status"]} == {"opted_in", "opted_out"}
    amounts = {row[0] for row in history[ann, "total_revenue"]}
    assert amounts == {"10.00", "12.50"}
    assert history[ann, "first_purchase_at"][0][0] == "2026-02-01 00:00:00"
    # Nothing that is remembered changed, but a record was seen again: no row is added.
    assert [row[1:] for row in history[day, "primary_email"]] == [(one, None)]
    assert third.times[day] == (one, two)
    assert kept in third.times


def test_profiles_know_when_they_began_and_changed(snapshots: list[Snapshot]) -> None:
    for place, snapshot in enumerate(snapshots, start=1):
        assert snapshot.times == times_of(snapshots[:place])
    created = {times[0] for times in snapshots[-1].times.values()}
    updated = {times[1] for times in snapshots[-1].times.values()}
    assert created == {snapshots[0].at}
    assert updated == {snapshots[1].at, snapshots[2].at}


def test_the_same_at_a_later_moment_adds_nothing(root: Path, snapshots: list[Snapshot]) -> None:
    later = replace(LAST, as_of="2026-06-01 00:00:00")
    now = built(root, later)
    assert query(
        published(root), "select max(generation_no) from customer360_state.generations"
    ) == [(3,)]
    assert now.history == snapshots[-1].history
    assert now.times == snapshots[-1].times


def test_fields_come_and_go_with_the_setting(root: Path, snapshots: list[Snapshot]) -> None:
    now = built(root, OTHER)
    assert now.history == history_of([*snapshots, now])
    assert {field for _, field in now.history} == {*FIELDS, *OTHER_FIELDS}
    current = {field for (_, field), rows in now.history.items() if rows[-1][2] is None}
    assert current == set(OTHER_FIELDS)
