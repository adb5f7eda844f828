"""Limits of the data quality: each goes off above its share; what is wrong with one is said."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml
from unit.macro_runner import ROOT, LeanProject, lean_project, render, shared_project

MART = "customer360_data_quality"
MODEL = ROOT / f"models/marts/quality/{MART}.sql"
ALARM_TEST = ROOT / "tests/dbt/generic/stays_within_limits.sql"
FORCED_LIMITS = (
    "{{% do var('data_quality_limits').clear() %}}"
    "{{% do var('data_quality_limits').update({limits!r}) %}}\n"
)
LIMITED = (
    "duplicates_removed",
    "rows_quarantined",
    "rows_without_identifier",
    "orphan_references",
    "records_unmatched",
    "orders_without_exchange_rate",
    "refunds_without_exchange_rate",
    "charges_without_order",
    "refunds_without_order",
)
UNLIMITED = ("rows_read", "rows_kept", "freshness", "records", "records_matched")

# A quarter of each table, in a table that its source names and in one that nobody does.
PLACES = (("crm", "contacts"), ("shop", "orders"))
CHECKS = [
    {
        "source_system": system,
        "source_entity": entity,
        "check_name": check,
        "reason": "all",
        "row_count": 25_000,
        "whole_count": 100_000,
        "limited_count": 25_000,
        "latest_at": None,
    }
    for system, entity in PLACES
    for check in (*LIMITED, *UNLIMITED)
]


def limits_of(level: str, share: float) -> dict[str, Any]:
    """The same limit for every check that can have one."""
    return {"default": {check: {level: share} for check in LIMITED}}


CASES: dict[str, dict[str, Any]] = {
    "none": {},
    "warn at": limits_of("warn", 0.25),
    "warn below": limits_of("warn", 0.2499),
    "stop at": limits_of("stop", 0.25),
    "stop below": limits_of("stop", 0.2499),
    "of a source": {**limits_of("warn", 1), "crm": limits_of("warn", 0)["default"]},
    "of a table": {**limits_of("stop", 1), "shop.orders": limits_of("stop", 0)["default"]},
}


@cache
def compiled() -> dict[str, str]:
    """The mart under the limits of each case; where its relations are."""
    text = MODEL.read_text(encoding="utf-8")
    templates = {case: FORCED_LIMITS.format(limits=limits) + text for case, limits in CASES.items()}
    for model in (MART, "int_quality__checks_counted"):
        templates[model] = f"{{{{ ref('{model}') }}}}"
    return render(shared_project(), templates)


@cache
def judged(case: str) -> duckdb.DuckDBPyConnection:
    """A warehouse in which the checks were judged under the limits of a case."""
    sql = compiled()
    connection = duckdb.connect(":memory:")
    places = {sql[model].rpartition(".")[0] for model in (MART, "int_quality__checks_counted")}
    for database in {place.partition(".")[0] for place in places}:
        connection.execute(f"attach ':memory:' as {database}")
    for place in places:
        connection.execute(f"create schema {place}")
    connection.register("given", pa.Table.from_pylist(CHECKS))
    connection.execute(f"create table {sql['int_quality__checks_counted']} as from given")
    connection.execute(f"create table {sql[MART]} as {sql[case]}")
    return connection


def found_by_test(case: str, alarm: str) -> set[tuple[str, str]]:
    """What the test of an alarm finds: (source system, check)."""
    test = ALARM_TEST.read_text(encoding="utf-8").partition("%}")[2].partition("{% endtest")[0]
    test = test.replace("{{ model }}", compiled()[MART]).replace("{{ alarm }}", alarm)
    query = f"select source_system, check_name from ({test}) as found"
    return set(judged(case).execute(query).fetchall())


def of_systems(*systems: str) -> set[tuple[str, str]]:
    return {(system, check) for system in systems for check in LIMITED}


@pytest.mark.parametrize("alarm", ["warn", "stop"])
@pytest.mark.parametrize("case", ["none", "warn at", "stop at"])
def test_no_alarm_goes_off_at_its_limit(case: str, alarm: str) -> None:
    assert found_by_test(case, alarm) == set()


@pytest.mark.parametrize("check", LIMITED)
@pytest.mark.parametrize("alarm", ["warn", "stop"])
def test_every_alarm_goes_off_above_its_limit(alarm: str, check: str) -> None:
    found = found_by_test(f"{alarm} below", alarm)
    assert {name for system, name in found if system == "crm"} >= {check}
    other = "stop" if alarm == "warn" else "warn"
    assert found_by_test(f"{alarm} below", other) == set()


def test_nothing_but_what_has_a_limit_alarms() -> None:
    assert found_by_test("warn below", "warn") == of_systems("crm", "shop")


def test_a_limit_of_a_source_or_table_holds_there_alone() -> None:
    assert found_by_test("of a source", "warn") == of_systems("crm")
    assert found_by_test("of a table", "stop") == of_systems("shop")


def test_without_limits_the_columns_keep_their_types() -> None:
    rows = judged("none").execute(
        f"select distinct typeof(warn_above), typeof(stop_above), warn_above, stop_above"
        f" from {compiled()[MART]}"
    )
    assert rows.fetchall() == [("DECIMAL(5,4)", "DECIMAL(5,4)", None, None)]


def test_the_tests_of_the_mart_warn_and_stop() -> None:
    described = yaml.safe_load(
        (ROOT / "models/marts/quality/_quality__models.yml").read_text(encoding="utf-8")
    )
    (mart,) = [model for model in described["models"] if model["name"] == MART]
    severities = {
        test["stays_within_limits"]["arguments"]["alarm"]: test["stays_within_limits"]
        .get("config", {})
        .get("severity", "error")
        for test in mart["data_tests"]
        if "stays_within_limits" in test
    }
    assert severities == {"warn": "warn", "stop": "error"}


# --- limits that are wrong ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settings_project(tmp_path_factory: pytest.TempPathFactory) -> LeanProject:
    """A copy of its own: in the shared one the forced limits above would hide the wrong ones."""
    return lean_project(tmp_path_factory.mktemp("settings") / "project")


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ([0.1], "`data_quality_limits` must map default and sources to checks"),
        (
            {"crmm": {}},
            "`data_quality_limits` names the source 'crmm', which does not exist; use one of",
        ),
        ({"crm.orders": {}}, "names the source 'crm.orders', which does not exist"),
        ({"crm": 0.1}, "`data_quality_limits > crm` must map checks to limits"),
        (
            {"default": {"rows_lost": {"warn": 0.1}}},
            "`data_quality_limits > default` names the check 'rows_lost', which has no limit; use",
        ),
        (
            {"default": {"records_matched": {"warn": 0.1}}},
            "names the check 'records_matched', which has no limit",
        ),
        (
            {"crm": {"rows_quarantined": 0.1}},
            "`data_quality_limits > crm` must give rows_quarantined a warn, a stop or both",
        ),
        (
            {"crm": {"rows_quarantined": {"fail": 0.1}}},
            "gives rows_quarantined the unknown limit 'fail'; use warn or stop",
        ),
        *(
            (
                {"crm": {"rows_quarantined": {"stop": limit}}},
                f"gives rows_quarantined > stop the limit '{limit}'; use a share from 0 to 1",
            )
            for limit in ("much", True, -0.1, 5, 0.00001)
        ),
        (
            {"default": {"rows_quarantined": {"warn": 0.6, "stop": 0.5}}},
            "`data_quality_limits > default` warns of rows_quarantined above 0.6 but stops above",
        ),
        (
            {
                "default": {"rows_quarantined": {"stop": 0.5}},
                "crm.contacts": {"rows_quarantined": {"warn": 0.6}},
            },
            "`data_quality_limits > crm.contacts` warns of rows_quarantined above 0.6",
        ),
    ],
)
def test_a_wrong_limit_stops_dbt_with_one_sentence(
    settings_project: LeanProject, limits: Any, told: str
) -> None:
    outcome = settings_project.dbt("parse", variables={"data_quality_limits": limits})
    assert_one_sentence(outcome, told)


def assert_one_sentence(outcome: Any, told: str) -> None:
    """One sentence of the configuration stopped dbt, and it says so."""
    assert not outcome.success
    said = str(outcome.exception)
    assert said.count("Configuration: ") == 1
    (line,) = [line for line in said.splitlines() if "Configuration: " in line]
    assert told in line
    assert line.rstrip().endswith(".")


# --- parents and references that are wrong --------------------------------------------------------

ENTRIES = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["source_entries"]
ITEMS, REFUNDS = "stg_shop__order_items", "stg_shop__refunds"
PARENT = {"model": "stg_shop__orders", "key": "order_id"}
# A model that reads no other.
ONE_MODEL = ("build", "--select", "int_identity__steps")


def with_entry(model: str, **changes: Any) -> dict[str, Any]:
    """The vars of entries in which one is changed."""
    return {"source_entries": {**ENTRIES, model: {**ENTRIES[model], **changes}}}


@pytest.mark.parametrize(
    ("model", "changes", "told"),
    [
        (REFUNDS, {"parent": "stg_shop__orders"}, "must name its parent as in parent: {model:"),
        (REFUNDS, {"parent": {"model": "stg_shop__orders"}}, "must name its parent as in parent:"),
        (REFUNDS, {"parent": {**PARENT, "column": "x"}}, "must name its parent as in parent:"),
        (
            REFUNDS,
            {"parent": {**PARENT, "model": "stg_shop__order"}},
            "names the parent 'stg_shop__order', which is no entry itself",
        ),
        (
            REFUNDS,
            {"parent": {**PARENT, "model": "stg_shop__payments"}},
            "names the parent 'stg_shop__payments', which has no identifiers",
        ),
        (REFUNDS, {"identifiers": ["email"]}, "has both identifiers and a parent"),
        (
            REFUNDS,
            {"references": {"order_id": PARENT["model"]}},
            "gives order_id a reference, but its parent is looked up by it already; remove",
        ),
        (ITEMS, {"references": ["order_id"]}, "must map columns to staging models for references"),
        (
            ITEMS,
            {"references": {"order_id": 1}},
            "must give the reference of order_id as a staging",
        ),
        (
            ITEMS,
            {"references": {"order_id": {"model": "stg_shop__orders"}}},
            "must give the reference of order_id as a staging model",
        ),
        (
            ITEMS,
            {"references": {"order_id": "stg_shop__order"}},
            "refers by order_id to 'stg_shop__order', which is no staging model",
        ),
        (
            ITEMS,
            {"references": {"order_id": "shop.orders"}},
            "refers by order_id to 'shop.orders', which is no staging model",
        ),
    ],
)
def test_a_wrong_parent_or_reference_stops_dbt_with_one_sentence(
    settings_project: LeanProject, model: str, changes: Mapping[str, Any], told: str
) -> None:
    outcome = settings_project.dbt("parse", variables=with_entry(model, **changes))
    assert_one_sentence(outcome, f"`source_entries` entry {model} {told}")


@pytest.fixture(scope="module")
def described_project(tmp_path_factory: pytest.TempPathFactory) -> LeanProject:
    """A lean copy in which two staging models are described, with some of their columns."""
    project = lean_project(tmp_path_factory.mktemp("described") / "project")
    described = {
        "stg_shop__order_items": ("source_order_item_id", "order_id", "product_id"),
        "stg_shop__orders": ("source_order_id", "customer_id", "order_id", "loyalty_id"),
        "stg_shop__refunds": ("source_refund_id", "order_id"),
    }
    models = [
        {"name": model, "columns": [{"name": column} for column in columns]}
        for model, columns in described.items()
    ]
    path: Path = project.root / "models/staging/shop/_shop__models.yml"
    path.write_text(yaml.safe_dump({"version": 2, "models": models}), encoding="utf-8")
    return project


def few_entries(**changes: Any) -> dict[str, Any]:
    """The vars of a run with entries of the models that are described alone."""
    orders = {**ENTRIES["stg_shop__orders"], "identifiers": ["customer_id"]}
    orders |= {"many_valued": ["order_id"], "attributes": [], "references": {}}
    items = {"source_key": "source_order_item_id", "references": {"order_id": PARENT["model"]}}
    refunds = {"source_key": "source_refund_id", "parent": PARENT}
    entries = {"stg_shop__orders": orders, ITEMS: items, REFUNDS: refunds}
    for model, parts in changes.items():
        entries[model] = {**entries[model], **parts}
    return {
        "source_entries": entries,
        "identity_policy": [{"type": "customer_id", "role": "strong"}],
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {ITEMS: {"references": {"ordr_id": {"model": "stg_shop__orders", "key": "order_id"}}}},
            f"entry {ITEMS} names the column 'ordr_id', which the yml of that model does not have",
        ),
        (
            {ITEMS: {"references": {"product_id": "stg_shop__orders"}}},
            f"entry {ITEMS} names the column 'product_id', which the yml of stg_shop__orders does",
        ),
        (
            {REFUNDS: {"parent": {**PARENT, "key": "source_order_id"}}},
            f"entry {REFUNDS} names the column 'source_order_id', which the yml of that model does",
        ),
        (
            {REFUNDS: {"source_key": "refund"}},
            f"entry {REFUNDS} names the column 'refund', which the yml of that model does not",
        ),
    ],
)
def test_a_column_that_no_yml_describes_stops_the_run(
    described_project: LeanProject, changes: Mapping[str, Any], told: str
) -> None:
    described_project.database.unlink(missing_ok=True)
    outcome = described_project.dbt(*ONE_MODEL, variables=few_entries(**changes))
    assert described_project.tables() == []
    assert_one_sentence(outcome, told)


def test_columns_that_are_described_let_it_run(described_project: LeanProject) -> None:
    """The same command with nothing wrong: so the test above can fail."""
    described_project.database.unlink(missing_ok=True)
    outcome = described_project.dbt(*ONE_MODEL, variables=few_entries())
    assert outcome.success, outcome.exception
    assert "customer360_intermediate.int_identity__steps" in described_project.tables()
