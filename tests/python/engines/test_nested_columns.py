"""The nested layout of GA4 is read alike on every engine, each nesting in a way of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from engines.rehearsal import cases
from engines.rehearsal.engines import ENGINES, Target
from engines.rehearsal.pipes import Pipe

FIELDS = {
    "string_value": "string",
    "int_value": "int64",
    "float_value": "float64",
    "double_value": "float64",
}
COLUMNS = (
    "ga_session_id", "page_location", "source", "campaign", "transaction_id", "item_id",
    "value", "device_category", "country",
)  # fmt: skip


def param(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": {name: value.get(name) for name in FIELDS}}


def event(*params: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """The nested columns of an event; what is not given is there and null."""
    return {
        "event_params": list(params),
        "items": columns.get("items", []),
        "device": {"category": "mobile", "language": "de"},
        "geo": {"country": columns.get("country")},
        "ecommerce": {
            "transaction_id": columns.get("transaction_id"),
            "purchase_revenue": columns.get("purchase_revenue"),
        },
        "collected_traffic_source": {
            "manual_source": columns.get("collected"),
            "manual_medium": None,
            "manual_campaign_name": columns.get("collected"),
        },
    }


EVENTS = [
    event(
        param("ga_session_id", int_value=42),
        param("page_location", string_value="https://shop.example/it's"),
        param("page_location", string_value="https://twice.example/"),
        param("source", string_value="news"),
        param("value", double_value=19.5),
        collected="overruled",
        country="Germany",
    ),
    event(
        transaction_id="A1",
        purchase_revenue=7.25,
        items=[{"item_id": "p1"}, {"item_id": "p2"}],
        collected="google",
    ),
]
PAGE = "https://shop.example/it's"
EXPECTED = [
    ["42", PAGE, "news", "overruled", None, None, "19.5", "mobile", "Germany"],
    [None, None, "google", "google", "A1", "p1", "7.25", "mobile", None],
]


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def bigquery(value: Any, kind: str) -> str:
    """A value of BigQuery; a null has its type."""
    if value is None:
        return f"cast(null as {kind})"
    if isinstance(value, str):
        return '"' + value + '"'
    return str(value)


def in_bigquery(given: dict[str, Any]) -> dict[str, str]:
    def struct(fields: dict[str, Any]) -> str:
        kinds = {"purchase_revenue": "float64", **FIELDS}
        cells = [
            f"{bigquery(value, kinds.get(name, 'string'))} as {name}"
            for name, value in fields.items()
        ]
        return f"struct({', '.join(cells)})"

    params = [
        f"struct({bigquery(each['key'], 'string')} as key, {struct(each['value'])} as value)"
        for each in given["event_params"]
    ]
    value = ", ".join(f"{name} {kind}" for name, kind in FIELDS.items())
    cells = {
        "event_params": f"array<struct<key string, value struct<{value}>>>[{', '.join(params)}]",
        "items": f"array<struct<item_id string>>[{', '.join(map(struct, given['items']))}]",
    }
    return {name: cells.get(name) or struct(each) for name, each in given.items()}


def in_duckdb(given: dict[str, Any]) -> dict[str, str]:
    value = (
        "struct(string_value varchar, int_value bigint, float_value double, double_value double)"
    )
    kinds = {
        "event_params": f"struct(key varchar, value {value})[]",
        "items": "struct(item_id varchar)[]",
        "device": "struct(category varchar, language varchar)",
        "geo": "struct(country varchar)",
        "ecommerce": "struct(transaction_id varchar, purchase_revenue double)",
        "collected_traffic_source": (
            "struct(manual_source varchar, manual_medium varchar, manual_campaign_name varchar)"
        ),
    }
    return {
        name: f"cast(json({text(json.dumps(each))}) as {kinds[name]})"
        for name, each in given.items()
    }


def in_snowflake(given: dict[str, Any]) -> dict[str, str]:
    return {name: f"parse_json({text(json.dumps(each))})" for name, each in given.items()}


NESTED = {"duckdb": in_duckdb, "snowflake": in_snowflake, "bigquery": in_bigquery}


@pytest.mark.parametrize("engine", list(ENGINES))
def test_nested_columns_are_read_alike(
    engine: str,
    target_of: Callable[[str], Target],
    renderer: Pipe,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    target = target_of(engine)
    folder = tmp_path_factory.mktemp("nested") / "project"
    project = cases.macro_project(folder, target.profile("customer360"))
    steps = [f"{{{{ nested_columns('ga4.events')['{name}'] }}}}" for name in COLUMNS]
    groups = [
        cases.Group(name, {}, "values", [step], ["text"], [])
        for name, step in zip(COLUMNS, steps, strict=True)
    ]
    rendered = cases.render(renderer, project, groups)
    given = " union all ".join(
        f"select {number} as event_no, "
        + ", ".join(f"{sql} as {name}" for name, sql in NESTED[engine](each).items())
        for number, each in enumerate(EVENTS)
    )
    shown = ", ".join(f"{rendered[name][0]} as {name}" for name in COLUMNS)
    answer = target.rows(f"with given as ({given}) select event_no, {shown} from given")
    found = {row[0]: list(row[1:]) for row in answer.rows}
    assert [found[number] for number in range(len(EVENTS))] == EXPECTED
