"""A year of a grocer's baskets, campaigns and coupons by YAML alone, where the set is present.

What comes out is held against the same figures in plain SQL over the raw files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import copy_project, start_cli

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "completejourney"

pytestmark = [
    pytest.mark.project,
    pytest.mark.real,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the set of baskets is not here"),
]

# One line of a basket has the noise of a division for an amount, 4.440892e-16: no plain decimal.
FAULTY_LINES = 1
# Products of lines that the catalogue does not have: three of them, in so many lines.
LINES_OF_UNKNOWN_PRODUCTS = 119

BASKETS = """
    select
        household_id,
        count(distinct basket_id),
        sum(cast(sales_value as decimal(18, 2))),
        min(cast(transaction_timestamp as timestamp)),
        max(cast(transaction_timestamp as timestamp))
    from raw.transactions_sample
    group by household_id
"""

DEAREST = """
    with baskets as (
        select household_id, sum(cast(sales_value as decimal(18, 2))) as amount
        from raw.transactions_sample
        group by household_id, basket_id
    )
    select household_id, max(amount), sum(amount), count(*)
    from baskets
    group by household_id
"""

HOUSEHOLDS = """
    select household_id from raw.transactions_sample
    union select household_id from raw.demographics
    union select household_id from raw.campaigns
    union select household_id from raw.coupon_redemptions
"""

# Each profile with every household that one of its systems knows it by, as the number alone, as
# household:number or as campaign-number.
PROFILES = """
    with numbers as (
        select
            customer360_id,
            unnest(list_distinct(
                regexp_extract_all(source_ids, '"(?:household:|[0-9]+-)?([0-9]+)"', 1)
            )) as household_id
        from work.customer360.customer360_profiles
    )
    select numbers.household_id, profiles.*
    from work.customer360.customer360_profiles as profiles
    inner join numbers using (customer360_id)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The set, built once and tested: the file `work` and, in `raw`, a view of each CSV."""
    root = copy_project(tmp_path_factory.mktemp("complete_journey") / "project")
    process = start_cli(
        root, "build", "--vars", "examples/complete_journey.yml", CUSTOMER360_RAW_DIR=str(FOLDER)
    )
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    with duckdb.connect() as connection:
        connection.execute(f"attach '{root / 'warehouse' / 'work.duckdb'}' as work (read_only)")
        connection.execute("create schema raw")
        for file in FOLDER.glob("*.csv"):
            connection.execute(
                f"create view raw.{file.stem} as"
                f" select * from read_csv('{file}', all_varchar = true)"
            )
        connection.execute(f"create view profiles as {PROFILES}")
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def by_first(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, tuple[Any, ...]]:
    """The rows of a query by their first column, which must be a key."""
    found = rows(connection, sql)
    keyed = {row[0]: row[1:] for row in found}
    assert len(keyed) == len(found)
    return keyed


def test_every_household_is_one_customer(built: duckdb.DuckDBPyConnection) -> None:
    households = {household for (household,) in rows(built, HOUSEHOLDS)}
    shown = rows(built, "select household_id, is_identified from profiles")
    assert len(shown) == len(households)
    assert {household for household, _ in shown} == households
    assert all(is_identified for _, is_identified in shown)
    profiles = rows(built, "select count(*) from work.customer360.customer360_profiles")
    assert profiles == [(len(households),)]


def test_baskets_are_orders_and_their_lines_the_revenue_to_the_cent(
    built: duckdb.DuckDBPyConnection,
) -> None:
    shown = by_first(
        built,
        "select household_id, orders_count, total_revenue, first_purchase_at, last_purchase_at"
        " from profiles where orders_count > 0",
    )
    expected = by_first(built, BASKETS)
    assert len(expected) > 1_000
    assert shown == expected
    # No shop takes back a basket in these files, so that net and gross are the same.
    net = rows(built, "select sum(total_revenue), sum(net_revenue) from profiles")
    total = sum((figures[1] for figures in expected.values()), Decimal(0))
    assert net == [(total, total)]
    dearest = by_first(
        built,
        "select household_id, max_order_value, avg_order_value from profiles"
        " where orders_count > 0",
    )
    cent = Decimal("0.01")
    assert dearest == {
        household: (most, (amount / baskets).quantize(cent, ROUND_HALF_UP))
        for household, (most, amount, baskets) in by_first(built, DEAREST).items()
    }


def test_households_that_bought_nothing_have_no_purchases(
    built: duckdb.DuckDBPyConnection,
) -> None:
    without = rows(
        built,
        "select household_id from profiles where orders_count = 0 and total_revenue = 0"
        " and first_purchase_at is null and avg_order_value is null",
    )
    bought = {household for household, *_ in rows(built, BASKETS)}
    assert {each for (each,) in without} == {each for (each,) in rows(built, HOUSEHOLDS)} - bought


def test_every_line_is_kept_but_the_faulty_one(built: duckdb.DuckDBPyConnection) -> None:
    (read,) = rows(built, "select count(*) from raw.transactions_sample")[0]
    kept = rows(
        built,
        "select count(*), count(distinct order_id), sum(quantity)"
        " from work.customer360_staging.stg_shop__order_items",
    )
    faulty = "regexp_matches(sales_value, 'e-')"
    assert kept == rows(
        built,
        "select count(*), count(distinct basket_id),"
        " cast(sum(cast(quantity as decimal(18, 2))) as hugeint)"
        f" from raw.transactions_sample where not {faulty}",
    )
    assert kept[0][0] == read - FAULTY_LINES
    assert rows(
        built,
        "select source_system, reason, row_count from work.customer360.customer360_quarantine",
    ) == [("baskets", "wrong_type: amount", FAULTY_LINES)]


def test_products_of_lines_are_in_the_catalogue_but_for_three(
    built: duckdb.DuckDBPyConnection,
) -> None:
    orphans = rows(
        built,
        "select reason, row_count from work.customer360.customer360_data_quality"
        " where check_name = 'orphan_references' and row_count > 0",
    )
    assert orphans == [("product_id", LINES_OF_UNKNOWN_PRODUCTS)]
    recounted = rows(
        built,
        "select count(*), count(distinct product_id) from raw.transactions_sample"
        " where product_id not in (select product_id from raw.products)",
    )
    assert recounted == [(LINES_OF_UNKNOWN_PRODUCTS, 3)]


def test_campaigns_are_there_with_their_ends_to_come(built: duckdb.DuckDBPyConnection) -> None:
    shown = by_first(
        built,
        "select source_campaign_id, campaign_name, cast(started_at as date), cast(ended_at as date)"
        " from work.customer360_staging.stg_marketing__campaigns",
    )
    expected = by_first(
        built,
        "select campaign_id, 'Campaign ' || campaign_id || ', ' || campaign_type,"
        " cast(start_date as date), cast(end_date as date) from raw.campaign_descriptions",
    )
    assert shown == expected
    assert str(max(ended for *_, ended in expected.values())) > "2018-01-03"


def test_a_profile_lists_the_campaigns_that_its_household_was_sent(
    built: duckdb.DuckDBPyConnection,
) -> None:
    shown = {
        household: sorted(json.loads(ids)["mailing_lists"])
        for household, ids in rows(
            built,
            "select household_id, source_ids from profiles where source_ids like '%mailing_lists%'",
        )
    }
    expected: dict[str, list[str]] = {}
    for campaign, household in rows(built, "select campaign_id, household_id from raw.campaigns"):
        expected.setdefault(household, []).append(f"{campaign}-{household}")
    assert shown == {household: sorted(ids) for household, ids in expected.items()}


def test_every_redemption_is_an_event_of_its_household_and_campaign(
    built: duckdb.DuckDBPyConnection,
) -> None:
    shown = rows(
        built,
        "select profiles.household_id, events.utm_campaign, cast(events.occurred_at as date),"
        " events.source_event_name, events.event_category, events.channel, count(*)"
        " from work.customer360.customer360_events as events"
        " inner join profiles using (customer360_id)"
        " where events.event_name = 'apply_coupon' group by all",
    )
    expected = rows(
        built,
        "select household_id, 'Campaign ' || campaign_id || ', ' || campaign_type,"
        " cast(redemption_date as date), 'coupon_redeemed', 'marketing', 'store', count(*)"
        " from raw.coupon_redemptions inner join raw.campaign_descriptions using (campaign_id)"
        " group by all",
    )
    assert sum(row[-1] for row in shown) == 1_132
    assert sorted(shown) == sorted(expected)


def test_demographics_reach_the_profiles_of_their_households_alone(
    built: duckdb.DuckDBPyConnection,
) -> None:
    shown = by_first(
        built,
        "select household_id, income_bracket from profiles where income_bracket is not null",
    )
    assert shown == by_first(built, "select household_id, income from raw.demographics")
