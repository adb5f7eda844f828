"""Every analysis compiles on the sample, runs on what a build makes of it, and answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ANALYSES = ROOT / "analyses"

# The columns people build sheets and charts on, in their order.
EXPECTED_COLUMNS = {
    "anonymous_activity_share": (
        "month_date events_count by_own_identifier by_device by_time anonymous anonymous_share"
    ),
    "best_customers_and_where_they_came_from": (
        "revenue_rank customer360_id full_name country acquisition_source acquisition_medium "
        "acquisition_campaign acquisition_at orders_count net_revenue currency revenue_share "
        "revenue_share_so_far"
    ),
    "customer_journey": (
        "customer360_id event_no occurred_at days_since_previous source_system channel event_name "
        "is_logged_in attributed_by session_id utm_source utm_medium utm_campaign product_id "
        "order_id amount currency"
    ),
    "customers_in_several_systems": (
        "systems systems_count customers customer_share records net_revenue"
    ),
    "identifiers_that_join_most": (
        "identifier_type role distinct_values links_count joining_values cross_system_values "
        "links_beyond_the_first most_records_on_a_value most_customers_on_a_value"
    ),
    "orders_without_an_exchange_rate": (
        "currency has_rate order_status orders_count customers amount reporting_amount "
        "first_ordered_at last_ordered_at"
    ),
    "orphans_and_what_they_name": (
        "source_system source_entity reference_column missing_from missing_value orphan_rows "
        "example_key"
    ),
    "quarantined_rows_and_reasons": (
        "source_system source_entity fault faulty_column quarantined_rows share_of_rows_read "
        "example_key"
    ),
    "revenue_by_first_touch": (
        "acquisition_source acquisition_medium customers identified_customers buyers buyer_share "
        "orders_count net_revenue net_revenue_per_customer currency"
    ),
    "session_funnel": (
        "source medium sessions_count with_product with_cart with_checkout conversions "
        "conversion_share checkout_share revenue revenue_per_session currency"
    ),
    "shared_devices": (
        "device_id customers identified_customers events_count by_other_means by_time anonymous "
        "first_seen_at last_seen_at"
    ),
    "who_may_be_written_to": (
        "opt_in_status country customers reachable_by_email reachable_by_phone active_customers"
    ),
}

pytestmark = pytest.mark.xdist_group("analyses")  # one build for all of this file


# One process and one parse for everything dbt has to do. Arguments, as JSON: the places all steps
# share, then the steps, each a list of arguments.
RUN_STEPS = """
import json, sys
from dbt.cli.main import dbtRunner
places, steps = json.loads(sys.argv[1]), json.loads(sys.argv[2])
parsed = dbtRunner().invoke(["--quiet", "parse", *places])
if not parsed.success:
    sys.exit(f"parse: {parsed.exception}")
for step in steps:
    done = dbtRunner(manifest=parsed.result).invoke(["--quiet", *step, *places])
    if not done.success:
        sys.exit(f"{step[0]}: {done.exception}")
"""
HOSTILE_ID = "x' or '1' = '1"


class Built(NamedTuple):
    """A working file with the sample's models, and where dbt put the compiled analyses."""

    work_file: Path
    target: Path

    def answer(self, name: str, variant: str = "default") -> list[dict[str, object]]:
        """Run a compiled analysis; return its rows by column name."""
        compiled = self.target / variant / "compiled" / "customer360" / "analyses"
        with duckdb.connect(str(self.work_file), read_only=True) as connection:
            result = connection.execute((compiled / f"{name}.sql").read_text(encoding="utf-8"))
            columns = [column[0] for column in result.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def other_customer(work_file: Path) -> str:
    """Return the customer with the fewest events, whom customer_journey does not show by itself."""
    with duckdb.connect(str(work_file), read_only=True) as connection:
        row = connection.execute(
            "select customer360_id from customer360.customer360_profiles "
            "where total_interactions > 0 order by total_interactions, customer360_id limit 1"
        ).fetchone()
    assert row is not None
    return str(row[0])


def run_dbt(folder: Path, steps: list[list[str]]) -> None:
    """Run dbt on the project with nothing of this machine's settings."""
    ours = ("CUSTOMER360_", "DBT_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    env |= {
        "CUSTOMER360_HOME": str(folder / "home"),
        "DBT_TARGET_PATH": str(folder / "target" / "default"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    places = ["--project-dir", str(ROOT), "--profiles-dir", str(folder / "profiles")]
    done = subprocess.run(
        [sys.executable, "-c", RUN_STEPS, json.dumps(places), json.dumps(steps)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("analyses")
    for name in ("home", "profiles"):
        (folder / name).mkdir()
    shutil.copy(ROOT / "profiles.yml.example", folder / "profiles" / "profiles.yml")
    sample = Built(folder / "home" / "work.duckdb", folder / "target")
    hostile = ["--vars", json.dumps({"customer360_id": HOSTILE_ID})]
    journey = ["compile", "--select", "customer_journey"]
    run_dbt(
        folder,
        [
            ["build", "--exclude-resource-type", "test", "unit_test"],
            ["compile", "--select", "resource_type:analysis"],
            [*journey, *hostile, "--target-path", str(sample.target / "hostile")],
        ],
    )
    return sample


def names() -> list[str]:
    return sorted(path.stem for path in ANALYSES.glob("*.sql"))


def test_every_analysis_has_its_columns_stated_and_is_described() -> None:
    described = yaml.safe_load((ANALYSES / "_analyses.yml").read_text(encoding="utf-8"))["analyses"]
    assert names() == sorted(EXPECTED_COLUMNS)
    assert names() == sorted(entry["name"] for entry in described)
    assert all(len(entry["description"]) > 20 for entry in described)


@pytest.mark.parametrize("name", names())
def test_header_states_the_question_and_how_to_read_the_answer(name: str) -> None:
    text = (ANALYSES / f"{name}.sql").read_text(encoding="utf-8")
    header = text.split("\nwith\n", maxsplit=1)[0]
    assert text.startswith("-- Question: ")
    assert "?\n-- Read it: " in header


@pytest.mark.parametrize("name", names())
def test_analysis_answers_with_the_expected_columns(built: Built, name: str) -> None:
    rows = built.answer(name)
    assert rows, "no rows on the sample"
    assert list(rows[0]) == EXPECTED_COLUMNS[name].split()


def test_shares_add_up(built: Built) -> None:
    for month in built.answer("anonymous_activity_share"):
        parts = ("by_own_identifier", "by_device", "by_time", "anonymous")
        assert month["events_count"] == sum(int(str(month[part])) for part in parts)
        assert min(int(str(month[part])) for part in parts) >= 0
    systems = built.answer("customers_in_several_systems")
    # Each share is rounded by itself.
    rounded = 0.00005 * len(systems)
    assert sum(float(str(row["customer_share"])) for row in systems) == pytest.approx(
        1, abs=rounded
    )


def test_best_customers_come_best_first_and_are_twenty(built: Built) -> None:
    rows = built.answer("best_customers_and_where_they_came_from")
    revenues = [float(str(row["net_revenue"])) for row in rows]
    assert len(rows) == 20
    assert revenues == sorted(revenues, reverse=True)
    assert revenues[0] > 0


def test_currencies_without_a_rate_are_told(built: Built) -> None:
    rows = built.answer("orders_without_an_exchange_rate")
    with_rate = {row["currency"] for row in rows if row["has_rate"]}
    without = {row["currency"] for row in rows if not row["has_rate"]}
    assert {"EUR", "USD", "GBP"} <= with_rate
    assert not with_rate & without
    assert all(row["reporting_amount"] is None for row in rows if not row["has_rate"])


def test_quarantine_adds_up_to_what_the_data_quality_counts(built: Built) -> None:
    told = sum(
        int(str(row["quarantined_rows"])) for row in built.answer("quarantined_rows_and_reasons")
    )
    with duckdb.connect(str(built.work_file), read_only=True) as connection:
        counted = connection.execute(
            "select sum(row_count) from customer360.customer360_data_quality "
            "where check_name = 'rows_quarantined'"
        ).fetchone()
    assert counted == (told,)


def test_strong_identifiers_have_several_customers_only_where_a_link_was_refused(
    built: Built,
) -> None:
    with duckdb.connect(str(built.work_file), read_only=True) as connection:
        refused = connection.execute(
            "select distinct identifier_type from customer360.customer360_identity_rejections "
            "where reason = 'customer_over_limit'"
        ).fetchall()
    for row in built.answer("identifiers_that_join_most"):
        if row["role"] == "strong" and (row["identifier_type"],) not in refused:
            assert row["most_customers_on_a_value"] == 1
        assert int(str(row["joining_values"])) >= int(str(row["cross_system_values"]))


def test_journey_without_a_choice_is_of_the_known_customer_with_most_events(built: Built) -> None:
    journey = built.answer("customer_journey")
    with duckdb.connect(str(built.work_file), read_only=True) as connection:
        most = connection.execute(
            "select max(total_interactions) from customer360.customer360_profiles "
            "where is_identified"
        ).fetchone()
    assert most == (len(journey),)
    assert len({row["customer360_id"] for row in journey}) == 1
    assert [row["event_no"] for row in journey] == list(range(1, len(journey) + 1))


def test_journey_of_a_chosen_customer_takes_the_id_as_text(built: Built) -> None:
    # The compiled choice is a literal: with quotes in it nobody matches, with an id that one does.
    assert built.answer("customer_journey", "hostile") == []
    compiled = built.target / "hostile" / "compiled" / "customer360" / "analyses"
    path = compiled / "customer_journey.sql"
    text = path.read_text(encoding="utf-8")
    literal = HOSTILE_ID.replace("'", "''")
    assert literal in text
    chosen = other_customer(built.work_file)
    with duckdb.connect(str(built.work_file), read_only=True) as connection:
        rows = connection.execute(text.replace(literal, chosen)).fetchall()
    assert {row[0] for row in rows} == {chosen}
