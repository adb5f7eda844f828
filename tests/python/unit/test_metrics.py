"""Open metrics: what source entries list is summed per customer, by name, over all sources."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
import yaml
from unit.macro_runner import ROOT, LeanProject, lean_project

ENTRIES = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["source_entries"]
MODEL = "int_profile__metrics"

CUSTOMERS = [("c1", "a"), ("c2", "a"), ("o1", "a"), ("o2", "b"), ("o3", "c")]
# record_key, nights, points
CONTACTS = [("c1", 2, 1.25), ("c2", 3, None), ("gone", 100, 100)]
# record_key, nights, visits: a record may have several rows
ORDERS = [("o1", 0.5, 7), ("o1", 0.5, None), ("o2", None, -3), ("o3", None, None)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> LeanProject:
    return lean_project(tmp_path_factory.mktemp("metrics") / "project")


def compiled(project: LeanProject, metrics: dict[str, list[str]]) -> str:
    """The model's SQL where models list metrics."""
    entries = {
        model: {**entry, "metrics": metrics[model]} if model in metrics else entry
        for model, entry in ENTRIES.items()
    }
    outcome = project.dbt("compile", "--select", MODEL, variables={"source_entries": entries})
    assert outcome.success, outcome.exception
    (result,) = outcome.result.results
    return str(result.node.compiled_code)


def answer(sql: str) -> dict[str, Any]:
    """What the model says of the rows above, by customer."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as work")
        for table, columns, rows in (
            (
                "customer360_intermediate.int_identity__customers",
                "record_key varchar, customer360_id varchar",
                CUSTOMERS,
            ),
            (
                "customer360_staging.stg_crm__contacts",
                "record_key varchar, nights bigint, points decimal(18, 2)",
                CONTACTS,
            ),
            (
                "customer360_staging.stg_shop__orders",
                "record_key varchar, nights decimal(18, 2), visits bigint",
                ORDERS,
            ),
        ):
            connection.execute(f"create schema if not exists work.{table.split('.')[0]}")
            connection.execute(f"create table work.{table} ({columns})")
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into work.{table} values ({marks})", rows)
        return {key: json.loads(text) for key, text in connection.execute(sql).fetchall()}


def test_metrics_are_summed_by_name_over_all_sources(project: LeanProject) -> None:
    sql = compiled(
        project,
        {"stg_crm__contacts": ["nights", "points"], "stg_shop__orders": ["visits", "nights"]},
    )
    assert answer(sql) == {"a": {"nights": 6, "points": 1.25, "visits": 7}, "b": {"visits": -3}}


def test_only_what_an_entry_lists_is_a_metric(project: LeanProject) -> None:
    assert answer(compiled(project, {"stg_crm__contacts": ["points"]})) == {"a": {"points": 1.25}}


def test_without_metrics_there_is_no_row(project: LeanProject) -> None:
    assert answer(compiled(project, {})) == {}
