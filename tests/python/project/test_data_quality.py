"""Data quality of whole builds: what the sample plants is found, and limits warn or stop."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from project.reading import query

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = [pytest.mark.project, pytest.mark.xdist_group("sample")]

# What the sample's generator plants; see benchmarks/README.md.
ORPHANS = {
    ("shop", "order_items", "order_id"): 15,
    ("shop", "payments", "order_id"): 3,
    ("shop", "refunds", "order_id"): 3,
    ("stripe", "refunds", "charge_id"): 3,
    ("stripe", "subscriptions", "stripe_customer_id"): 3,
    ("loyalty", "movements", "loyalty_id"): 3,
    ("support", "interactions", "ticket_id"): 3,
}

# Ten contacts, four of them without a key; two lines of orders, one of an order that never came.
CONTACTS = [
    "id,mail",
    *(f"C{number},person{number}@example.com" for number in range(6)),
    *(f",lost{number}@example.com" for number in range(4)),
]
ORDERS = ["order_id,email,ordered_at", "O1,person1@example.com,2026-01-01"]
LINES = ["order_item_id,order_id,product_id", "L1,O1,P1", "L2,O2,P2"]
ORPHAN = "shop.order_items: orphan_references (order_id) 0.5000 warn"
QUARANTINED = "crm.contacts: rows_quarantined (missing_key: contact_id) 0.4000"


def alarms(file: Path) -> set[str]:
    """What alarms in a file, as text."""
    rows = query(
        file,
        "select source_system, source_entity, check_name, reason, share, alarm"
        " from customer360_data_quality where alarm <> 'none'",
    )
    return {f"{row[0]}.{row[1]}: {row[2]} ({row[3]}) {row[4]} {row[5]}" for row in rows}


def test_every_planted_orphan_is_found(sample_build: Path) -> None:
    found = query(
        sample_build / "warehouse" / "customer360.duckdb",
        "select source_system, source_entity, reason, row_count"
        " from customer360_data_quality where check_name = 'orphan_references'",
    )
    counts = {(system, entity, column): count for system, entity, column, count in found}
    assert {key: count for key, count in counts.items() if count} == ORPHANS
    # And every other reference of the sample was looked at.
    assert len(counts) > 2 * len(ORPHANS)


def test_the_sample_stays_within_its_limits(sample_build: Path) -> None:
    assert alarms(sample_build / "warehouse" / "customer360.duckdb") == set()


def test_every_check_has_rows_on_the_sample_or_nothing_to_find(sample_build: Path) -> None:
    found = query(
        sample_build / "warehouse" / "customer360.duckdb",
        "select check_name, sum(row_count), count(latest_at), count(share)"
        " from customer360_data_quality group by check_name",
    )
    rows = {check: count for check, count, _, _ in found}
    # Every currency of the sample has a rate.
    assert set(rows) == {
        *("rows_read", "rows_kept", "duplicates_removed", "rows_quarantined"),
        *("rows_without_identifier", "orphan_references", "freshness"),
        *("records", "records_matched", "records_unmatched"),
        *("charges_without_order", "refunds_without_order"),
    }
    assert rows["records"] == int(str(rows["records_matched"])) + int(
        str(rows["records_unmatched"])
    )
    assert [check for check, _, times, _ in found if times] == ["freshness"]
    assert {check for check, _, _, shares in found if not shares} == {"rows_read", "records"}


def write_sources(root: Path, limits: dict[str, object]) -> Path:
    """Write three small extracts and the settings that read them, with limits."""
    for name, lines in (("contacts", CONTACTS), ("orders", ORDERS), ("lines", LINES)):
        (root / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = {
        "crm": {"contact_id": "id", "email": "mail"},
        "orders": {name: name for name in ("order_id", "email", "ordered_at")},
        "lines": {name: name for name in ("order_item_id", "order_id", "product_id")},
    }
    settings = {
        "include_sample_data": False,
        "as_of": "2026-06-30 00:00:00",
        "sources": {
            "crm.contacts": [{"name": "crm", "file": "contacts.csv", "columns": columns["crm"]}],
            "shop.orders": [{"name": "shop", "file": "orders.csv", "columns": columns["orders"]}],
            "shop.order_items": [
                {"name": "shop", "file": "lines.csv", "columns": columns["lines"]}
            ],
        },
        "data_quality_limits": limits,
    }
    path = root / "own.yml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


@pytest.mark.sequence
def test_a_share_above_its_limit_warns_or_stops_what_is_published(
    project_copy: Path, run_cli: RunCli
) -> None:
    warehouse = project_copy / "warehouse"
    limits: dict[str, object] = {
        "default": {
            "rows_quarantined": {"warn": 0.1, "stop": 0.39},
            "orphan_references": {"warn": 0},
        }
    }
    stopped = run_cli(project_copy, "build", "--vars", str(write_sources(project_copy, limits)))
    said = stopped.stdout + stopped.stderr
    assert stopped.returncode != 0, said
    assert "data_quality_stays_within_limits_of_publishing" in said
    assert not (warehouse / "customer360.duckdb").exists()
    assert alarms(warehouse / "work.duckdb") == {ORPHAN, f"{QUARANTINED} stop"}

    # The same rows under a limit that they keep to.
    limits["crm"] = {"rows_quarantined": {"stop": 0.4}}
    warned = run_cli(project_copy, "build", "--vars", str(write_sources(project_copy, limits)))
    said = warned.stdout + warned.stderr
    assert warned.returncode == 0, said
    assert "'data_quality_stays_within_limits_of_warning' warns (2 rows)" in said
    assert alarms(warehouse / "customer360.duckdb") == {ORPHAN, f"{QUARANTINED} warn"}
    # Products and stores are of sources that nobody has: nothing is said of references to them.
    looked_at = query(
        warehouse / "customer360.duckdb",
        "select reason from customer360_data_quality where check_name = 'orphan_references'",
    )
    assert looked_at == [("order_id",)]
