"""Small cases of who is who with known answers, by YAML alone, where they are present."""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data" / "identity_cases"

sys.path.insert(0, str(ROOT / "benchmarks"))

from score_linkage import build_identity  # noqa: E402

pytestmark = [
    pytest.mark.project,
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the identity cases are not here"),
]

# The customer of each raw row, under the names of the truth.
CONTACTS = """
    select contacts.source_system, contacts.crm_contact_id, customers.customer360_id
    from customer360_staging.stg_crm__contacts as contacts
    inner join customer360_intermediate.int_identity__customers as customers using (record_key)
"""
ORDERS = """
    select orders.source_system, orders.source_order_id, customers.customer360_id
    from customer360_staging.stg_shop__orders as orders
    inner join customer360_intermediate.int_identity__customers as customers using (record_key)
"""
DROPPED = """
    select distinct identifier_type, identifier_value, dropped_reason
    from customer360_intermediate.int_identity__links
    where dropped_reason is not null
"""

Groups = set[frozenset[str]]


def rows_of(file: Path, sql: str) -> list[tuple[str, str, str]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def truth(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def groups(members: dict[str, str]) -> Groups:
    """Turn row -> group into the groups themselves, whatever their names."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row, group in members.items():
        found[group].add(row)
    return {frozenset(rows) for rows in found.values()}


def build(project: Path, example: str, raw: Path) -> Path:
    settings = yaml.safe_load((project / "examples" / example).read_text(encoding="utf-8"))
    return build_identity(project, settings, raw)


def test_all_thirteen_cases(project_copy: Path) -> None:
    file = build(project_copy, "identity_cases.yml", DATA / "cases")
    customers = {row: customer for _, row, customer in rows_of(file, CONTACTS)}
    assert len(customers) == 34
    cases: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in truth(DATA / "cases"):
        cases[row["case"]][row["record_id"]] = row["entity_id"]
    assert len(cases) == 13
    expected = {case: groups(people) for case, people in cases.items()}
    found = {
        case: groups({row: customers[row] for row in people}) for case, people in cases.items()
    }
    assert found == expected
    # Nor does a customer reach from one case into another.
    assert len(set(customers.values())) == sum(len(people) for people in expected.values())
    # Apart for the reasons that two of the cases are about, and no other link was dropped.
    assert set(rows_of(file, DROPPED)) == {
        ("email", "test@test.com", "blocked_value"),
        ("loyalty_id", "cases:SHARED_LOYALTY_123", "value_over_records"),
    }


def test_three_systems_beyond_direct_neighbours(project_copy: Path) -> None:
    file = build(project_copy, "three_systems.yml", DATA / "dbt_sample")
    rows = rows_of(file, CONTACTS) + rows_of(file, ORDERS)
    customers = {f"{system}:{row}": customer for system, row, customer in rows}
    expected = {row["record_id"]: row["entity_id"] for row in truth(DATA / "dbt_sample")}
    assert groups(customers) == groups(expected)
    assert len(groups(customers)) == 10
