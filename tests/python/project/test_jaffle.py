"""A shop whose payments alone say what an order was worth, by YAML alone, where it is present.

Its publishers' result counts every order, whatever became of it; ours counts what was sold and
takes off what came back. Both are read from one build.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import copy_project, start_cli

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "jaffle"

pytestmark = [
    pytest.mark.project,
    pytest.mark.real,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the jaffle set is not here"),
]

# Their way, in our tables: every order, in whatever state, under the number of its customer.
EVERY_ORDER = """
    select
        contacts.crm_contact_id,
        cast(min(orders.ordered_at) as date),
        cast(max(orders.ordered_at) as date),
        count(orders.order_key),
        sum(orders.amount)
    from customer360_staging.stg_crm__contacts as contacts
    inner join customer360_intermediate.int_identity__customers as customers using (record_key)
    left join customer360_intermediate.int_orders__totalled as orders using (customer360_id)
    group by all
"""

# Our way, worked out from the raw files: placed is not sold yet, and what came back is taken off.
RECOUNTED = """
    with paid as (
        select order_id, sum(cast(amount as integer)) as cents
        from read_csv('{folder}/raw_payments.csv', all_varchar = true)
        group by order_id
    )
    select
        customers.id,
        count(*) filter (where orders.status <> 'placed'),
        coalesce(sum(paid.cents) filter (where orders.status <> 'placed'), 0),
        count(*) filter (where orders.status like 'return%'),
        coalesce(sum(paid.cents) filter (where orders.status like 'return%'), 0),
        min(orders.order_date) filter (where orders.status <> 'placed'),
        max(orders.order_date) filter (where orders.status <> 'placed')
    from read_csv('{folder}/raw_customers.csv', all_varchar = true) as customers
    left join read_csv('{folder}/raw_orders.csv', all_varchar = true) as orders
        on customers.id = orders.user_id
    left join paid on orders.id = paid.order_id
    group by customers.id
"""

SHOWN = """
    select
        source_ids,
        orders_count,
        total_revenue,
        refunds_count,
        refunds_amount,
        net_revenue,
        cast(first_purchase_at as date),
        cast(last_purchase_at as date),
        currency,
        first_name || ' ' || last_name
    from customer360.customer360_profiles
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The set, built once with all tests of the project: a connection to the working file."""
    root = copy_project(tmp_path_factory.mktemp("jaffle") / "project")
    process = start_cli(
        root, "build", "--vars", "examples/jaffle.yml", CUSTOMER360_RAW_DIR=str(FOLDER)
    )
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    file = root / "warehouse" / "work.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def dollars(cents: int) -> Decimal:
    """Cents as an amount of two decimals."""
    return Decimal(cents).scaleb(-2)


def recounted() -> dict[str, tuple[Any, ...]]:
    """What profiles must show, by customer number, from the raw files alone."""
    with duckdb.connect() as connection:
        rows = connection.execute(RECOUNTED.format(folder=FOLDER)).fetchall()
    return {
        number: (
            orders,
            dollars(sold),
            returns,
            dollars(returned),
            dollars(sold - returned),
            dt.date.fromisoformat(first) if first else None,
            dt.date.fromisoformat(last) if last else None,
        )
        for number, orders, sold, returns, returned, first, last in rows
    }


def test_every_order_counted_is_what_its_publishers_have(
    built: duckdb.DuckDBPyConnection,
) -> None:
    theirs = {
        row["customer_id"]: (
            row["first_order"] or None,
            row["most_recent_order"] or None,
            int(row["number_of_orders"] or 0),
            Decimal(row["customer_lifetime_value"]) if row["customer_lifetime_value"] else None,
        )
        for row in read("customers.csv")
    }
    found = {
        number: (str(first) if first else None, str(last) if last else None, orders, value)
        for number, first, last, orders, value in built.execute(EVERY_ORDER).fetchall()
    }
    assert len(found) == 100
    assert found == theirs


def test_profiles_count_what_was_sold_and_take_off_what_came_back(
    built: duckdb.DuckDBPyConnection,
) -> None:
    names = {
        row["id"]: f"{row['first_name']} {row['last_name']}" for row in read("raw_customers.csv")
    }
    expected = recounted()
    rows = built.execute(SHOWN).fetchall()
    assert len(rows) == len(expected) == 100
    found = {}
    for source_ids, *figures, currency, name in rows:
        (number,) = json.loads(source_ids)["crm"]
        assert (currency, name) == ("USD", names[number])
        found[number] = tuple(figures)
    assert found == expected
    # As examples/README.md has it.
    sums = [sum(each) for each in list(zip(*found.values(), strict=True))[:5]]
    assert [str(each) for each in sums] == ["86", "1388.00", "6", "87.00", "1301.00"]


def test_the_two_ways_differ_by_the_orders_placed_and_returned(
    built: duckdb.DuckDBPyConnection,
) -> None:
    value = {
        row["customer_id"]: Decimal(row["customer_lifetime_value"] or 0)
        for row in read("customers.csv")
    }
    ours = {number: figures[4] for number, figures in recounted().items()}
    state = {
        "shipped": "completed",
        "completed": "completed",
        "placed": "pending",
        "returned": "refunded",
        "return_pending": "refunded",
    }
    amounts = built.execute(
        "select order_status, count(*), sum(amount) from customer360_intermediate"
        ".int_orders__totalled group by order_status"
    ).fetchall()
    by_state = {status: (orders, amount) for status, orders, amount in amounts}
    counted = dict.fromkeys(by_state, 0)
    for row in read("raw_orders.csv"):
        counted[state[row["status"]]] += 1
    assert {status: orders for status, (orders, _) in by_state.items()} == counted
    assert all(by_state[status][1] > 0 for status in ("completed", "pending", "refunded"))
    between = sum(by_state[status][1] for status in ("pending", "refunded"))
    assert sum(value.values()) - sum(ours.values()) == between
    assert {number for number in value if value[number] != ours[number]} == {
        row["user_id"]
        for row in read("raw_orders.csv")
        if state[row["status"]] in ("pending", "refunded")
    }


def test_every_payment_counts_once(built: duckdb.DuckDBPyConnection) -> None:
    payments = read("raw_payments.csv")
    orders = {row["id"] for row in read("raw_orders.csv")}
    # Some orders are paid in parts, which must add up and not multiply their orders.
    assert len(payments) > len({row["order_id"] for row in payments})
    (staged,) = built.execute(
        "select count(*), sum(amount) from customer360_staging.stg_shop__payments"
    ).fetchall()
    cents = sum(int(row["amount"]) for row in payments)
    assert staged == (len(payments), dollars(cents))
    (totalled,) = built.execute(
        "select count(*), count(distinct order_key), sum(amount)"
        " from customer360_intermediate.int_orders__totalled"
    ).fetchall()
    assert totalled == (len(orders), len(orders), dollars(cents))
    placed = built.execute(
        "select count(*) from customer360.customer360_events where event_name = 'order_placed'"
    ).fetchone()
    assert placed == (len(orders),)
