"""The systems of the sample beyond CRM, web and shop: they speak of the same business."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from unit.sample_files import (
    CONTRACTS,
    REFERENCE,
    ROOT,
    SAMPLE,
    TRUTH,
    as_time,
    cleaned,
    cleaned_email,
    fault,
    file_of,
    key_of,
    name_lookup,
    read,
)

sys.path.insert(0, str(ROOT / "benchmarks"))

import itertools

from world.system_mess import ORPHANS, ORPHANS_PER_TABLE

MINOR_DIGITS = {
    row["currency"]: int(row["minor_digits"]) for row in read(REFERENCE / "currencies.csv")
}


def latest(table: str) -> dict[str, dict[str, str]]:
    """The usable rows of a committed seed by key, each in its latest version."""
    found: dict[str, dict[str, str]] = {}
    column = "updated_at" if "updated_at" in CONTRACTS[table].columns else "loaded_at"
    usable = [row for row in read(SAMPLE / file_of(table)) if not fault(table, row)]
    for row in sorted(usable, key=lambda row: str(as_time(cleaned(row[column])))):
        found[key_of(table, row)] = row
    return found


@pytest.fixture(scope="module")
def world() -> dict[str, dict[str, dict[str, str]]]:
    """Table -> key -> the latest usable row of the committed sample."""
    return {table: latest(table) for table in CONTRACTS}


World = dict[str, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def people() -> dict[tuple[str, str], str]:
    """(table, key) -> person."""
    tables = {place: table for table, place in TRUTH.items()}
    return {
        (tables[row["source_system"], row["source_entity"]], row["source_record_id"]): row[
            "person_id"
        ]
        for row in read(SAMPLE / "sample_truth.csv")
    }


def reference(name: str, key: str, value: str) -> dict[str, str]:
    """A reference seed as a dictionary."""
    return {row[key]: row[value] for row in read(REFERENCE / name)}


def currency_of(row: dict[str, str]) -> str:
    """A row's currency; the reporting currency where it names none."""
    return cleaned(row["currency"]).upper() or "EUR"


def major(row: dict[str, str], column: str = "amount") -> Decimal:
    """A charge's amount in whole units of its currency."""
    return Decimal(row[column] or 0).scaleb(-MINOR_DIGITS[currency_of(row)])


# --- references -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column", "parent"),
    [
        ("shop.payments", "order_id", "orders"),
        ("shop.refunds", "order_id", "orders"),
        ("stripe.refunds", "charge_id", "stripe.charges"),
        ("stripe.subscriptions", "stripe_customer_id", "stripe.customers"),
        ("stripe.charges", "stripe_customer_id", "stripe.customers"),
        ("stripe.charges", "order_id", "orders"),
        ("loyalty.movements", "loyalty_id", "loyalty.accounts"),
        ("loyalty.movements", "order_id", "orders"),
        ("pos.sales", "loyalty_id", "loyalty.accounts"),
        ("pos.sales", "store_id", "pos.stores"),
        ("support.interactions", "ticket_id", "support.tickets"),
        ("support.interactions", "agent_id", "support.agents"),
        ("support.tickets", "agent_id", "support.agents"),
        ("support.tickets", "order_id", "orders"),
        ("marketing.message_events", "campaign_id", "marketing.campaigns"),
        ("marketing.ad_clicks", "campaign_id", "marketing.campaigns"),
        ("app.events", "order_id", "orders"),
        ("app.events", "product_id", "catalog.products"),
        ("ga4.events", "transaction_id", "orders"),
        ("ga4.events", "item_id", "catalog.products"),
        ("events", "product_id", "catalog.products"),
        ("order_items", "product_id", "catalog.products"),
        ("pos.sales", "product_id", "catalog.products"),
        ("contacts", "loyalty_id", "loyalty.accounts"),
    ],
)
def test_what_a_row_refers_to_is_there_but_for_the_orphans(
    table: str, column: str, parent: str, world: World
) -> None:
    referring = [(key, cleaned(row[column])) for key, row in world[table].items()]
    used = [(key, value) for key, value in referring if value]
    lost = {key for key, value in used if value not in world[parent]}
    planted = ORPHANS.get(table, ("",))[0] == column
    assert len(used) > 10
    assert len(lost) == (ORPHANS_PER_TABLE if planted else 0)
    assert all(key.startswith("ORPHAN") for key in lost)


def test_rows_that_refer_to_a_person_are_of_that_person(
    world: World, people: dict[tuple[str, str], str]
) -> None:
    parents = (
        ("stripe.charges", "stripe_customer_id", "stripe.customers"),
        ("stripe.charges", "order_id", "orders"),
        ("pos.sales", "loyalty_id", "loyalty.accounts"),
        ("support.tickets", "order_id", "orders"),
        ("app.events", "order_id", "orders"),
        ("ga4.events", "transaction_id", "orders"),
    )
    for table, column, parent in parents:
        for key, row in world[table].items():
            if cleaned(row[column]):
                assert people[table, key] == people[parent, cleaned(row[column])]


def test_an_orders_purchase_is_told_by_one_tracker_only(world: World) -> None:
    seen: Counter[str] = Counter()
    for table, column in (
        ("events", "order_id"),
        ("app.events", "order_id"),
        ("ga4.events", "transaction_id"),
    ):
        found = {row[column] for row in world[table].values() if row[column]}
        assert len(found) > 30
        seen.update(found)
    assert max(seen.values()) == 1


def test_clicks_on_advertisements_lead_to_a_visit_with_that_cookie(
    world: World, people: dict[tuple[str, str], str]
) -> None:
    visits: dict[tuple[str, str], list[str]] = {}
    for row in world["events"].values():
        visits.setdefault((row["cookie_id"], row["utm_campaign"]), []).append(row["occurred_at"])
    lost = 0
    for key, row in world["marketing.ad_clicks"].items():
        clicked_at = as_time(row["clicked_at"])
        landed = [as_time(text) for text in visits.get((row["cookie_id"], row["utm_campaign"]), [])]
        if people["marketing.ad_clicks", key].startswith("NOID"):
            lost += 1
            assert not landed
        else:
            assert clicked_at
            gaps = [at - clicked_at for at in landed if at]
            assert any(timedelta(0) < gap < timedelta(seconds=11) for gap in gaps)
    assert 3 < lost < 30


def test_every_campaign_of_a_visit_is_in_the_plan(world: World) -> None:
    planned = {row["campaign_name"] for row in world["marketing.campaigns"].values()}
    used = {cleaned(row["utm_campaign"]) for row in world["events"].values()} - {""}
    used |= {cleaned(row["campaign"]) for row in world["ga4.events"].values()} - {""}
    assert len(world["marketing.campaigns"]) == 14
    assert used <= planned


# --- money ----------------------------------------------------------------------------------------


def test_payments_that_held_add_up_to_their_order(world: World) -> None:
    states = reference("payment_statuses.csv", "source_status", "payment_status")
    orders = reference("order_statuses.csv", "source_status", "order_status")
    paid: dict[str, Decimal] = {}
    failed: set[str] = set()
    for row in world["shop.payments"].values():
        state = states[name_lookup(row["payment_status"])] if row["payment_status"] else "succeeded"
        if state == "succeeded":
            paid[row["order_id"]] = paid.get(row["order_id"], Decimal(0)) + Decimal(row["amount"])
        failed |= {row["order_id"]} if state == "failed" else set()
    through = {
        order_id: Decimal(row["amount"])
        for order_id, row in world["orders"].items()
        if orders[name_lookup(row["order_status"])] in ("completed", "refunded")
    }
    assert {
        order_id: total for order_id, total in paid.items() if order_id in world["orders"]
    } == through
    assert len(failed & through.keys()) > 10


def test_payments_name_the_providers_charge_of_the_same_amount(world: World) -> None:
    charges = dict(world["stripe.charges"])
    charges |= {row["payment_intent_id"]: row for row in world["stripe.charges"].values()}
    cards = [
        row for row in world["shop.payments"].values() if row["payment_method"].lower() == "card"
    ]
    through = [row for row in cards if row["payment_reference"][:3] in ("ch_", "pi_")]
    assert 0.33 < len(through) / len(cards) < 0.47
    assert {row["payment_reference"][:3] for row in through} == {"ch_", "pi_"}
    for row in through:
        charge = charges[row["payment_reference"]]
        assert major(charge) == Decimal(row["amount"])
        assert currency_of(charge) == currency_of(row)


def test_charges_of_other_sales_and_of_tills_are_there_too(world: World) -> None:
    named = {row["payment_reference"] for row in world["shop.payments"].values()}
    tills = {row["payment_reference"] for row in world["pos.sales"].values()}
    counts: Counter[str] = Counter()
    for key, row in world["stripe.charges"].items():
        if key in tills:
            counts["till"] += 1
        elif row["invoice_id"]:
            counts["invoice"] += 1
        elif {key, row["payment_intent_id"]} & named:
            counts["order"] += 1
        elif row["order_id"]:
            counts["order whose payment does not say so"] += 1
        else:
            counts["other"] += 1
    assert counts["order"] > 250
    assert counts["invoice"] > 150
    assert counts["order whose payment does not say so"] > 5
    assert counts["other"] > 30
    assert counts["till"] > 10


def test_charges_come_in_currencies_without_and_with_three_decimals(world: World) -> None:
    rows = world["stripe.charges"].values()
    counts = Counter(currency_of(row) for row in rows)
    assert {"EUR", "USD", "JPY", "KWD"} <= counts.keys()
    assert sum(row["currency"].islower() for row in rows) > 0.9 * len(rows)
    # the provider wants the last digit of three decimals to be 0
    assert all(int(row["amount"]) % 10 == 0 for row in rows if currency_of(row) == "KWD")


def test_refunds_are_on_their_charge_and_never_more_than_it(world: World) -> None:
    refunded: Counter[str] = Counter()
    for row in world["stripe.refunds"].values():
        refunded[row["charge_id"]] += int(row["amount"])
    for key, row in world["stripe.charges"].items():
        assert int(row["amount_refunded"] or 0) == refunded[key] <= int(row["amount"])


def test_some_refunds_are_in_the_shops_and_the_providers_books(world: World) -> None:
    orders = reference("order_statuses.csv", "source_status", "order_status")
    both = whole = 0
    for key, row in world["shop.refunds"].items():
        order = world["orders"].get(row["order_id"])
        if order is None:
            assert key.startswith("ORPHAN")
            continue
        amount = Decimal(row["amount"])
        assert 0 < amount <= Decimal(order["amount"])
        whole += amount == Decimal(order["amount"])
        if orders[name_lookup(order["order_status"])] == "refunded":
            assert amount == Decimal(order["amount"])
        refund = world["stripe.refunds"].get(row["payment_reference"])
        if refund:
            both += 1
            assert major(refund) == amount
            paid_back = as_time(refund["created_at"]), as_time(row["refunded_at"])
            assert str(paid_back[0])[:19] == str(paid_back[1])[:19]
    refunded = {
        key
        for key, row in world["orders"].items()
        if orders[name_lookup(row["order_status"])] == "refunded"
    }
    assert refunded <= {row["order_id"] for row in world["shop.refunds"].values()}
    assert both >= 5
    assert whole >= len(refunded)


# --- stores and loyalty ---------------------------------------------------------------------------


def test_many_sales_show_nobody_and_each_is_a_stranger(
    world: World, people: dict[tuple[str, str], str]
) -> None:
    ids = ("customer_id", "loyalty_id", "email", "phone")
    nobody = [k for k, row in world["pos.sales"].items() if not any(row[column] for column in ids)]
    strangers = {people["pos.sales", key] for key in nobody}
    assert 0.3 < len(nobody) / len(world["pos.sales"]) < 0.6
    assert len(strangers) == len(nobody)
    assert all(person.startswith("NOID") for person in strangers)
    assert sum(bool(row["loyalty_id"]) for row in world["pos.sales"].values()) > 150
    assert sum(bool(row["email"]) for row in world["pos.sales"].values()) > 30


def test_points_add_up_to_the_balance_for_most_members(world: World) -> None:
    sums: Counter[str] = Counter()
    for row in world["loyalty.movements"].values():
        sums[row["loyalty_id"]] += int(row["points"])
    accounts = world["loyalty.accounts"]
    right = sum(int(row["points_balance"]) == sums[key] for key, row in accounts.items())
    assert 0.85 < right / len(accounts) < 0.99
    kinds = Counter(row["movement_type"].lower() for row in world["loyalty.movements"].values())
    assert set(kinds) == {"earned", "redeemed", "expired", "adjusted"}
    assert min(kinds.values()) > 10
    assert min(sums[key] for key in accounts) >= 0


# --- people and what they say ---------------------------------------------------------------------


def test_some_customers_of_the_provider_are_nobody_elses(
    world: World, people: dict[tuple[str, str], str]
) -> None:
    solo = {
        cleaned_email(row["email"])
        for key, row in world["stripe.customers"].items()
        if people["stripe.customers", key].startswith("SOLO")
    }
    assert len(solo) >= 5
    elsewhere = {
        cleaned_email(row.get("email", ""))
        for table, rows in world.items()
        if not table.startswith("stripe.")
        for row in rows.values()
    }
    assert not solo & elsewhere


def test_mail_goes_to_an_old_address_now_and_then(world: World) -> None:
    known = {cleaned_email(row["email"]) for row in world["contacts"].values()}
    written = {cleaned_email(row["email"]) for row in world["marketing.message_events"].values()}
    assert 10 < len(written - known - {""}) < len(written) / 4


def test_later_statements_overturn_earlier_ones(world: World) -> None:
    granted = reference("consent_statuses.csv", "source_status", "is_granted")
    said: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for row in world["consent.records"].values():
        who = (row["customer_id"], row["user_id"], cleaned_email(row["email"]), row["phone"])
        about = (row["purpose"].lower(), row["channel"].lower())
        answer = granted[name_lookup(row["consent_status"])]
        said.setdefault((*who, *about), []).append((str(as_time(row["stated_at"])), answer))
    overturned = 0
    for statements in said.values():
        answers = [answer for _, answer in sorted(statements)]
        assert all(one != other for one, other in itertools.pairwise(answers))
        overturned += len(answers) > 1
    assert overturned > 30
    assert {about[-2] for about in said} == {"marketing", "analytics", "personalisation"}


def test_the_data_provider_knows_the_year_of_half(world: World) -> None:
    rows = world["enrichment.people"].values()
    by_year = sum(bool(row["birth_year"]) for row in rows)
    assert 0.4 < by_year / len(rows) < 0.6
    assert all(bool(row["birth_year"]) != bool(row["date_of_birth"]) for row in rows)
    assert all(bool(row["email"]) != bool(row["phone"]) for row in rows)


# --- the reference seeds know what the systems say ------------------------------------------------


def test_events_of_messages_are_known_by_their_channel(world: World) -> None:
    known = reference("event_names.csv", "source_event_name", "event_name")
    names = Counter(
        known[f"{row['channel'].lower() or 'email'}_{name_lookup(row['event_name'])}"]
        for row in world["marketing.message_events"].values()
    )
    assert {
        "email_sent", "email_delivered", "email_open", "email_click", "email_bounce",
        "email_unsubscribe", "push_received", "push_open", "sms_sent", "sms_delivered", "sms_click",
    } <= names.keys()  # fmt: skip


def test_event_names_of_the_app_and_ga4_are_known_but_for_a_few(world: World) -> None:
    known = reference("event_names.csv", "source_event_name", "event_name")
    unknown = {
        row["event_name"]
        for table in ("app.events", "ga4.events")
        for row in world[table].values()
        if name_lookup(row["event_name"]) not in known
    }
    assert unknown == {"barcode scanned", "Dark Mode: On"}


@pytest.mark.parametrize(
    ("table", "column", "seed", "key", "value"),
    [
        (
            "shop.payments",
            "payment_status",
            "payment_statuses.csv",
            "source_status",
            "payment_status",
        ),
        (
            "stripe.charges",
            "charge_status",
            "payment_statuses.csv",
            "source_status",
            "payment_status",
        ),
        (
            "stripe.refunds",
            "refund_status",
            "payment_statuses.csv",
            "source_status",
            "payment_status",
        ),
        ("pos.sales", "sale_status", "order_statuses.csv", "source_status", "order_status"),
        (
            "consent.records",
            "consent_status",
            "consent_statuses.csv",
            "source_status",
            "is_granted",
        ),
    ],
)
def test_states_are_known(
    table: str, column: str, seed: str, key: str, value: str, world: World
) -> None:
    known = reference(seed, key, value)
    used = {name_lookup(row[column]) for row in world[table].values() if row[column]}
    assert used <= known.keys()
