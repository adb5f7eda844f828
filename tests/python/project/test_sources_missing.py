"""Builds with nothing but a CRM, a web site or orders, and with tables that hold nothing at all.

The empty tables are built, tested and published by the command. The others begin with the seeds of
that build, and of their tests only those of the marts are run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import clean_environment, copy_project, start_cli
from project.reading import query

from customer360.contracts import load_contracts

pytestmark = [pytest.mark.project, pytest.mark.xdist_group("sources_missing")]

AS_OF = "2026-06-30 00:00:00"

CONTACTS = """\
contact_id,customer_id,email,phone,first_name,last_name,company,date_of_birth,gender,language,\
country,region,city,postal_code,address_line,lifecycle_status,email_opt_in,created_at,updated_at
C1,K1,ann@example.com,+49 30 1234567,Ann,Lee,Acme,1990-05-04,f,en,DE,BE,Berlin,10115,Weg 1,active\
,yes,2026-01-01,2026-06-20
C2,,Ann@Example.com,,Ann,Lee,,,,,,,,,,,,2026-02-01,2026-02-02
C3,K3,ben@example.com,,Ben,,,,,,,,,,,,,2026-03-01,2026-03-01
"""
EVENTS = """\
event_id,event_name,occurred_at,user_id,email,device_id,cookie_id,page_url,referrer,utm_campaign
E1,page_view,2026-06-10 10:00:00,u1,ann@example.com,d1,c1,https://shop.example/a,,spring
E2,product_view,2026-06-10 10:05:00,,,d1,c1,https://shop.example/b,,
E3,page_view,2026-05-01 09:00:00,,,d2,c2,https://shop.example/a,https://www.google.com/,
"""
ORDERS = """\
order_id,customer_id,email,first_name,last_name,country,order_status,ordered_at,amount
O1,K1,ann@example.com,Ann,Lee,DE,completed,2026-05-01 10:00:00,10.50
O2,K1,,,,,returned,2026-06-11 10:00:00,20.00
O3,K1,,,,,cancelled,2026-06-12 10:00:00,7.00
O4,,,,,,failed,2026-06-13 10:00:00,9.00
"""

# What every profile tells, whatever the sources are.
ALWAYS = {
    *("customer360_id", "primary_source", "source_ids", "source_systems", "source_count"),
    *("record_count", "is_identified", "identity_confidence", "lifecycle_stage", "currency"),
    *("first_seen_at", "last_seen_at", "days_since_last_seen", "is_active", "created_at"),
    "updated_at",
}
CONTACT = {"primary_email", "email_domain", "emails"}
EVENT = {"preferred_channel", "last_channel_seen", "total_interactions"}

# Which columns of profiles tell anything in each of the worlds; all others are null, 0 or unknown.
FILLED = {
    "crm": {
        *ALWAYS,
        *CONTACT,
        *("first_name", "last_name", "full_name", "company", "primary_phone", "phones"),
        *("language", "country", "region", "city", "postal_code", "address_line"),
        *("date_of_birth", "birth_year", "age", "age_group", "gender", "lifecycle_status"),
        *("opt_in_status", "consent_scopes", "customer_lifetime_days"),
    },
    "web": {
        *ALWAYS,
        *CONTACT,
        *EVENT,
        *("total_sessions", "total_page_views", "acquisition_at"),
        *("acquisition_source", "acquisition_medium", "acquisition_campaign"),
        *("last_touch_source", "last_touch_medium", "last_touch_campaign"),
    },
    "orders": {
        *ALWAYS,
        *CONTACT,
        *EVENT,
        *("first_name", "last_name", "full_name", "country", "customer_lifetime_days"),
        *("purchase_channel", "orders_count", "total_revenue", "avg_order_value"),
        *("max_order_value", "online_revenue", "refunds_count", "refunds_amount"),
        *("net_revenue", "clv_tier", "cancelled_orders_count", "failed_orders_count"),
        *("first_purchase_at", "last_purchase_at", "days_since_last_purchase"),
    },
}

# Of the profile of ann@example.com in each world.
SHOWN: dict[str, dict[str, Any]] = {
    "crm": {
        "full_name": "Ann Lee",
        "primary_phone": "+49301234567",
        "opt_in_status": "opted_in",
        "record_count": 2,
        "lifecycle_stage": "lead",
        "total_sessions": 0,
        "orders_count": 0,
        "total_revenue": Decimal("0.00"),
        "avg_order_value": None,
        "loyalty_points_balance": None,
        "support_tickets": 0,
        "metrics": None,
    },
    "web": {
        "full_name": None,
        "opt_in_status": "unknown",
        "total_sessions": 1,
        "total_page_views": 1,
        "total_interactions": 2,
        "last_touch_campaign": "spring",
        "lifecycle_stage": "lead",
        "orders_count": 0,
        "days_since_last_purchase": None,
    },
    "orders": {
        "full_name": "Ann Lee",
        "primary_phone": None,
        "opt_in_status": "unknown",
        "total_sessions": 0,
        "orders_count": 2,
        "total_revenue": Decimal("30.50"),
        "net_revenue": Decimal("10.50"),
        "avg_order_value": Decimal("15.25"),
        "cancelled_orders_count": 1,
        "failed_orders_count": 0,
        "in_store_revenue": Decimal("0.00"),
        "acquisition_source": None,
    },
}
COUNTS = ("customer360_profiles", "customer360_events", "customer360_sessions")
ROWS = {"empty": (0, 0, 0), "crm": (2, 0, 0), "web": (2, 3, 2), "orders": (2, 4, 0)}
FILES = {
    "crm": ("crm.contacts", CONTACTS),
    "web": ("web.events", EVENTS),
    "orders": ("shop.orders", ORDERS),
}
WORLDS = tuple(FILES)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which tables without rows were built, tested and published."""
    root = copy_project(tmp_path_factory.mktemp("missing") / "project")
    sources = {}
    for name, contract in load_contracts(root).items():
        (root / f"{name}.csv").write_text(",".join(contract.columns) + "\n", encoding="utf-8")
        instance = {"name": name.split(".")[0], "file": f"{name}.csv", "allow_empty": True}
        sources[name] = [instance]
    process = start_cli(root, "build", "--vars", write_settings(root, "empty", sources).name)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    assert "published generation 1" in out
    return root


@pytest.fixture(scope="module", params=WORLDS)
def built(request: pytest.FixtureRequest, project: Path) -> tuple[str, Path]:
    """A world with one source alone, and the file it was built in."""
    world: str = request.param
    home = project / f"only_{world}"
    home.mkdir()
    # Seeds are the same everywhere; of customers the empty tables left nothing.
    shutil.copy(project / "warehouse" / "work.duckdb", home)
    contract, text = FILES[world]
    file = project / f"only_{world}.csv"
    file.write_text(text, encoding="utf-8")
    columns = {name: name for name in text.partition("\n")[0].split(",")}
    instance = {"name": world, "file": str(file), "columns": columns}
    settings = write_settings(project, world, {contract: [instance]})
    run(project, home, "customer360", "prepare", "--vars", settings.name)
    chosen = ["--select", "resource_type:model", "path:models/marts,resource_type:test"]
    given = ["--vars", settings.read_text(encoding="utf-8")]
    run(project, home, "dbt.cli.main", "build", "--indirect-selection", "empty", *chosen, *given)
    return world, home / "work.duckdb"


def write_settings(root: Path, world: str, sources: Mapping[str, Any]) -> Path:
    """Write the YAML file of a world."""
    path = root / f"{world}.yml"
    settings = {"include_sample_data": False, "as_of": AS_OF, "sources": sources}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def run(root: Path, home: Path, *arguments: str) -> None:
    """Run a module of Python in the project, with a home of its own; fails with its output."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env=clean_environment({"PYTHONPATH": str(root), "CUSTOMER360_HOME": str(home)}),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def profiles(file: Path) -> list[dict[str, Any]]:
    """Every profile as column -> value."""
    columns = [name for name, *_ in query(file, "describe customer360_profiles")]
    rows = query(file, "select * from customer360_profiles")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def columns_of_marts(file: Path) -> dict[str, list[tuple[str, str]]]:
    """Mart -> its columns with their types, in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for mart, column, kind in query(
        file,
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = 'db' and schema_name = 'customer360'"
        " order by table_name, column_index",
    ):
        found.setdefault(mart, []).append((column, kind))
    return found


def described(root: Path) -> dict[str, list[str]]:
    """Mart -> the columns of its contract, in order."""
    manifest = json.loads((root / "target" / "manifest.json").read_text(encoding="utf-8"))
    return {
        node["name"]: list(node["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["contract"]["enforced"]
    }


def test_empty_tables_give_empty_marts_with_their_contracts(project: Path) -> None:
    file = project / "warehouse" / "customer360.duckdb"
    assert tuple(query(file, f"from {mart}") == [] for mart in COUNTS) == (True, True, True)
    found = {
        mart: [column for column, _ in columns]
        for mart, columns in columns_of_marts(file).items()
        if mart.startswith("customer360_")
    }
    assert len(found) > 10
    assert found == described(project)


def test_contracts_do_not_depend_on_the_sources(project: Path, built: tuple[str, Path]) -> None:
    _, file = built
    assert columns_of_marts(file) == columns_of_marts(project / "warehouse" / "work.duckdb")


def test_rows_are_those_of_the_source_that_is_there(built: tuple[str, Path]) -> None:
    world, file = built
    counts = [query(file, f"select count(*) from {mart}")[0][0] for mart in COUNTS]
    assert tuple(counts) == ROWS[world]
    assert query(file, "from customer360_quarantine") == []
    systems = query(file, "select distinct source_system from customer360_identity_map")
    assert systems == [(world,)]


def test_what_has_no_source_is_null_or_zero(built: tuple[str, Path]) -> None:
    world, file = built
    found = profiles(file)
    nothing: tuple[Any, ...] = (None, 0, "unknown")
    filled = {
        column
        for profile in found
        for column, value in profile.items()
        if isinstance(value, list) or value not in nothing
    }
    assert filled == FILLED[world]
    counted = {
        column: {profile[column] is None for profile in found}
        for column in found[0]
        if column.startswith(("total_", "support_t", "open_", "escalated_", "email_opens"))
        or column.endswith(("_count", "_revenue", "_tickets", "_subscriptions", "_amount", "mrr"))
    }
    assert len(counted) > 15
    assert counted == {column: {False} for column in counted}


def test_what_has_a_source_is_shown(built: tuple[str, Path]) -> None:
    world, file = built
    (ann,) = [each for each in profiles(file) if each["primary_email"] == "ann@example.com"]
    assert {column: ann[column] for column in SHOWN[world]} == SHOWN[world]
