"""GA4 as BigQuery exports it, nested, gives the staging rows of the same events laid out flat."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from customer360.build import prepare_inputs
from customer360.paths import Project, ensure_home, ensure_profile
from customer360.runner import common_arguments, dbt_environment, release_connections
from customer360.sources_yml import resolved_variables

pytestmark = pytest.mark.project

VALUE = "struct(string_value varchar, int_value bigint, float_value double, double_value double)"
EVENTS = f"""
    create table exported (
        event_timestamp bigint, event_name varchar, user_pseudo_id varchar, user_id varchar,
        event_bundle_sequence_id bigint, platform varchar,
        event_params struct(key varchar, value {VALUE})[],
        device struct(category varchar, language varchar), geo struct(country varchar),
        ecommerce struct(transaction_id varchar, purchase_revenue double),
        items struct(item_id varchar, quantity bigint)[],
        collected_traffic_source
            struct(manual_source varchar, manual_medium varchar, manual_campaign_name varchar)
    )
"""


def param(key: str, **value: Any) -> dict[str, Any]:
    """A parameter of an event: of the fields of its value one is set."""
    fields = ("string_value", "int_value", "float_value", "double_value")
    return {"key": key, "value": {name: value.get(name) for name in fields}}


def event(second: int, name: str, *params: dict[str, Any], **columns: Any) -> tuple[Any, ...]:
    """An event as it is exported."""
    collected = dict.fromkeys(("manual_source", "manual_medium", "manual_campaign_name"))
    ecommerce = {"transaction_id": "(not set)", "purchase_revenue": None}
    return (
        1_750_000_000_000_000 + second * 1_000_000,
        name,
        "77.88",
        columns.get("user_id"),
        second,
        "WEB",
        list(params),
        {"category": "mobile", "language": "de-de"},
        {"country": "Germany"},
        columns.get("ecommerce", ecommerce),
        columns.get("items", []),
        collected | columns.get("collected", {}),
    )


NESTED = [
    event(1, "session_start", param("ga_session_id", int_value=42)),
    event(
        2,
        "page_view",
        param("ga_session_id", int_value=42),
        param("page_location", string_value="https://shop.example/?q=1"),
        param("page_location", string_value="https://twice.example/"),
        param("page_referrer", string_value="https://www.search.example/"),
        param("source", string_value="News"),
        param("medium", string_value="email"),
        param("campaign", string_value="spring"),
        collected={"manual_source": "overruled", "manual_campaign_name": "overruled"},
    ),
    event(3, "page_view", collected={"manual_source": "google", "manual_medium": "cpc"}),
    event(
        4,
        "purchase",
        param("value", double_value=19.9),
        param("currency", string_value="EUR"),
        user_id="u1",
        ecommerce={"transaction_id": "A1", "purchase_revenue": 20.5},
        items=[{"item_id": "p1", "quantity": 2}, {"item_id": "p2", "quantity": 1}],
    ),
    event(5, "purchase", ecommerce={"transaction_id": "A2", "purchase_revenue": 7.25}),
    event(6, "no_params"),
]
FLAT = """event_timestamp,event_name,user_pseudo_id,user_id,event_bundle_sequence_id,platform,\
device_category,language,country,ga_session_id,page_location,page_referrer,source,medium,campaign,\
transaction_id,item_id,value,currency
1750000001000000,session_start,77.88,,1,WEB,mobile,de-de,Germany,42,,,,,,,,,
1750000002000000,page_view,77.88,,2,WEB,mobile,de-de,Germany,42,https://shop.example/?q=1,\
https://www.search.example/,News,email,spring,,,,
1750000003000000,page_view,77.88,,3,WEB,mobile,de-de,Germany,,,,google,cpc,,,,,
1750000004000000,purchase,77.88,u1,4,WEB,mobile,de-de,Germany,,,,,,,A1,p1,19.9,EUR
1750000005000000,purchase,77.88,,5,WEB,mobile,de-de,Germany,,,,,,,A2,,7.25,
1750000006000000,no_params,77.88,,6,WEB,mobile,de-de,Germany,,,,,,,,,,
""".replace("\\\n", "")


def staged(root: Path, file: str, layout: str) -> list[tuple[Any, ...]]:
    """The staging rows of a GA4 export, but for the parameters as JSON."""
    from dbt.cli.main import dbtRunner

    project = Project(root=root, home=root / "warehouse")
    ensure_home(project)
    ensure_profile(project)
    instance = {"name": "ga4", "file": str(root / file), "layout": layout}
    settings = root / "own.yml"
    content = {"include_sample_data": False, "sources": {"ga4.events": [instance]}}
    settings.write_text(yaml.safe_dump(content), encoding="utf-8")
    inputs = prepare_inputs(project, settings, os.environ)
    variables = resolved_variables(inputs.config, inputs.tables)
    arguments = ["build", *common_arguments(project, variables, "dev", project.target_dir)]
    arguments += ["--select", "+stg_ga4__events", "--exclude-resource-type", "test", "unit_test"]
    with dbt_environment(project):
        try:
            outcome = dbtRunner().invoke(arguments)
        finally:
            release_connections()
    assert outcome.success, outcome
    with duckdb.connect(str(project.work_file), read_only=True) as connection:
        rows = connection.execute(
            "select * exclude (properties) from customer360_staging.stg_ga4__events"
            " order by occurred_at"
        ).fetchall()
        (properties,) = connection.execute(
            "select properties from customer360_staging.stg_ga4__events"
            " where event_name = 'session_start'"
        ).fetchone() or (None,)
    assert (properties is not None and '"ga_session_id"' in properties) == (layout == "nested")
    return rows


def test_the_nested_layout_gives_what_the_flat_one_gives(project_copy: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(EVENTS)
        marks = ", ".join("?" * len(NESTED[0]))
        connection.executemany(f"insert into exported values ({marks})", NESTED)
        connection.execute(f"copy exported to '{project_copy / 'nested.parquet'}' (format parquet)")
    (project_copy / "flat.csv").write_text(FLAT, encoding="utf-8")
    flat = staged(project_copy, "flat.csv", "flat")
    assert len(flat) == len(NESTED)
    assert staged(project_copy, "nested.parquet", "nested") == flat
