"""Identity health on a made-up handful of customers: each figure, and the alarm of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml
from unit.macro_runner import ROOT, render, shared_project

STATE = "models/intermediate/state"
MODELS = {
    "int_state__health_measured": f"{STATE}/int_state__health_measured.sql",
    "int_state__health": f"{STATE}/int_state__health.sql",
    "int_state__health_known": f"{STATE}/int_state__health_known.sql",
    "customer360_identity_health": "models/marts/identity/customer360_identity_health.sql",
}
FORCED_LIMITS = (
    "{{% do var('identity_health').clear() %}}"
    "{{% do var('identity_health').update({limits!r}) %}}\n"
)
ALARM_TEST = ROOT / "tests/dbt/generic/raises_no_alarm.sql"
STEP = Decimal("0.000001")

Rows = Sequence[Mapping[str, Any]]

# Of a link: said where links are judged, or by the rounds that refuse them.
DROPPED = ("invalid_format", "blocked_value", "value_over_records", "value_over_distinct")
DROPPED = (*DROPPED, "group_never_links")
REFUSED = ("value_over_customers", "record_over_limit", "customer_over_limit", "never_decided")
REFUSED = (*REFUSED, "fallback_taken")


def customer(name: str, records: int, **counts: int) -> dict[str, Any]:
    """What is counted of a customer."""
    counted = dict.fromkeys(("first_name_count", "last_name_count", "postal_code_count"), 1)
    return {"customer360_id": name, "record_count": records, **counted, **counts}


CUSTOMERS = [
    *(customer(f"pair {number}", 2) for number in range(94)),
    customer("single", 1),
    customer("four", 4, first_name_count=4),
    customer("eight", 8, last_name_count=4),
    customer("twenty", 20, postal_code_count=6),
    customer("crowd", 60, first_name_count=3, last_name_count=3, postal_code_count=5),
    customer("visitor", 7),
]
EMAILS = {"single:0": "ann@example.com", "four:1": "ann@example.com", "four:2": "ann@example.com"}
NAMES = [
    {"record_key": "single:0", "first_name": "Ann", "last_name": "Lee"},
    {"record_key": "four:1", "first_name": "ann", "last_name": "LEE"},
    # The same address under another name, which no second customer has.
    {"record_key": "four:2", "first_name": "Bo", "last_name": "Lee"},
    {"record_key": "eight:0", "first_name": "Ann", "last_name": None},
]
# Of somebody whom no customer has.
UNKNOWN = [{"record_key": "nobody", "first_name": "Ann", "last_name": "Lee"}]


def records() -> list[dict[str, Any]]:
    """Every record of the customers, numbered."""
    keys = [
        (each["customer360_id"], number)
        for each in CUSTOMERS
        for number in range(each["record_count"])
    ]
    return [
        {
            "record_no": place,
            "record_key": f"{name}:{number}",
            "customer360_id": name,
            "is_identified": name != "visitor",
            "email": EMAILS.get(f"{name}:{number}"),
        }
        for place, (name, number) in enumerate(keys, start=1)
    ]


def stating_models() -> list[str]:
    """Every staging model that a profile may take an attribute from."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    entries = project["vars"]["source_entries"]
    return [model for model, entry in entries.items() if entry.get("attributes")]


def link(record: int, value: str) -> dict[str, Any]:
    """A link of a record with an address."""
    return {"record_no": record, "identifier_type": "email", "identifier_value": value}


def rejections(reasons: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """Links that were rejected: one for the first reason, two for the second, and so on."""
    return [
        (reason, link(number, f"{reason} {number}"))
        for count, reason in enumerate(reasons, start=1)
        for number in range(count)
    ]


def inputs() -> dict[str, Rows]:
    """The rows of what the figures are measured on."""
    dropped, refused = rejections(DROPPED), rejections(REFUSED)
    # A device's link that the rounds refused, and that stands all the same.
    standing = link(900, "standing")
    accepted = link(901, "accepted")
    return {
        "int_identity__customers": records(),
        "int_identity__customers_counted": CUSTOMERS,
        "int_identity__bridges": [
            {
                "customer360_id": "four",
                "identity_confidence": 0.5,
                "suspect_identifier_type": "email",
            },
            {
                "customer360_id": "crowd",
                "identity_confidence": 0.9,
                "suspect_identifier_type": None,
            },
        ],
        "int_identity__links": [
            *(each | {"dropped_reason": reason} for reason, each in dropped),
            *(each | {"dropped_reason": None} for _, each in refused),
            *(each | {"dropped_reason": None} for each in (standing, accepted)),
        ],
        "int_identity__resolved": [
            *(each | {"reason": reason} for reason, each in refused),
            standing | {"reason": "customer_over_limit"},
            {"record_no": None, "identifier_type": "decision", "identifier_value": "two"}
            | {"reason": "contradictory"},
            {"record_no": 1, "identifier_type": None, "identifier_value": None, "reason": None},
        ],
        "int_identity__links_accepted": [
            each | {"identifier_role": "weak"} for each in (standing, accepted)
        ],
        "int_identity__decisions": [
            {"decision_key": "one", "asleep_reason": "record_absent"},
            {"decision_key": "two", "asleep_reason": None},
            {"decision_key": "three", "asleep_reason": None},
        ],
        "int_state__id_changes_known": [
            {"generation_no": 6, "change": "merged", "customer360_id": "long ago"},
            *(
                {"generation_no": 7, "change": change, "customer360_id": f"{change} {number}"}
                for count, change in enumerate(
                    ("merged", "attached", "retired", "split", "restored", "moved"), start=1
                )
                for number in range(count)
            ),
            # A part that came from two others is one id.
            {"generation_no": 7, "change": "split", "customer360_id": "split 0"},
        ],
        "int_state__ledger_versions": [
            {"valid_from_generation": 5, "valid_to_generation": 7},
            {"valid_from_generation": 6, "valid_to_generation": None},
        ],
        **dict.fromkeys(stating_models(), UNKNOWN),
        "stg_crm__contacts": [*NAMES, NAMES[0]],
        "stg_shop__orders": NAMES[:1],
        "int_state__generation": [{"generation_no": 8}],
        "int_state__generations_known": [{"generation_no": 8, "generated_at": None}],
        "health": [],
    }


EXPECTED = {
    "customers_with_1_record": "1",
    "customers_with_2_records": "94",
    "customers_with_3_to_5_records": "1",
    "customers_with_6_to_10_records": "2",
    "customers_with_11_to_50_records": "1",
    "customers_over_50_records": "1",
    "median_records_per_customer": "2",
    # The 99th of 100.
    "p99_records_per_customer": "20",
    "most_records_per_customer": "60",
    # 60 of 288, cut off.
    "largest_customer_share": "0.208333",
    "customers_over_3_first_names": "1",
    "customers_over_3_last_names": "1",
    "customers_over_5_postal_codes": "1",
    "customers_with_suspect_bridge": "1",
    "people_in_several_customers": "1",
    "ids_merged": "1",
    "ids_attached": "2",
    "ids_retired": "3",
    "ids_split": "4",
    "ids_restored": "5",
    # 15 of 100.
    "ids_changed_share": "0.15",
    # 281 and 7 of 288.
    "identified_records_share": "0.975694",
    "anonymous_records_share": "0.024305",
    **{f"links_{reason}": str(count) for count, reason in enumerate(DROPPED, start=1)},
    **{f"links_{reason}": str(count) for count, reason in enumerate(REFUSED, start=1)},
    # 30 of 32.
    "rejected_links_share": "0.9375",
    "decisions_not_in_force": "2",
}
VALUES = {figure: Decimal(value) for figure, value in EXPECTED.items()}


@cache
def compiled() -> dict[str, str]:
    """The models with limits at each value and just below it; where each relation is."""
    templates = {name: (ROOT / file).read_text(encoding="utf-8") for name, file in MODELS.items()}
    names = [*inputs(), *MODELS]
    templates |= {f"place {name}": f"{{{{ ref('{name}') }}}}" for name in names if name != "health"}
    templates["place health"] = "{{ source('identity_state', 'health') }}"
    for case, below in (("at", Decimal(0)), ("below", STEP)):
        limits = {figure: float(value - below) for figure, value in VALUES.items()}
        forced = FORCED_LIMITS.format(limits=limits)
        templates[f"limits {case}"] = forced + templates["int_state__health"]
    templates["limits none"] = FORCED_LIMITS.format(limits={}) + templates["int_state__health"]
    return render(shared_project(), templates)


def table_of(rows: Rows) -> pa.Table:
    """Rows as a table; an empty one has the columns of the state's health."""
    if rows:
        return pa.Table.from_pylist(list(rows))
    amount, number = pa.decimal128(18, 6), pa.int64()
    return pa.schema(
        [
            *[("figure", pa.string()), ("figure_value", amount), ("warn_above", amount)],
            *[("valid_from_generation", number), ("valid_to_generation", number)],
        ]
    ).empty_table()


def measured(case: str) -> duckdb.DuckDBPyConnection:
    """A warehouse in which the figures were measured and judged under the limits of a case."""
    sql = compiled()
    connection = duckdb.connect(":memory:")
    places = {place.rpartition(".")[0] for name, place in sql.items() if name.startswith("place ")}
    for database in {place.partition(".")[0] for place in places}:
        connection.execute(f"attach ':memory:' as {database}")
    for place in places:
        connection.execute(f"create schema if not exists {place}")
    for name, rows in inputs().items():
        connection.register("given", table_of(rows))
        connection.execute(f"create table {sql[f'place {name}']} as from given")
    for name in MODELS:
        query = sql[f"limits {case}"] if name == "int_state__health" else sql[name]
        connection.execute(f"create table {sql[f'place {name}']} as {query}")
    return connection


def mart() -> str:
    return compiled()["place customer360_identity_health"]


@pytest.fixture(scope="module")
def at_limits() -> duckdb.DuckDBPyConnection:
    return measured("at")


@pytest.fixture(scope="module")
def above_limits() -> duckdb.DuckDBPyConnection:
    return measured("below")


def test_every_figure_is_measured(at_limits: duckdb.DuckDBPyConnection) -> None:
    found = at_limits.execute(f"select figure, figure_value from {mart()}").fetchall()
    assert dict(found) == VALUES
    unnamed = at_limits.execute(f"select figure from {mart()} where aspect is null or unit is null")
    assert unnamed.fetchall() == []


def test_no_alarm_goes_off_at_its_limit(at_limits: duckdb.DuckDBPyConnection) -> None:
    found = at_limits.execute(f"select figure from {mart()} where is_alarm").fetchall()
    assert found == []


@pytest.mark.parametrize("figure", list(VALUES))
def test_every_alarm_goes_off_above_its_limit(
    above_limits: duckdb.DuckDBPyConnection, figure: str
) -> None:
    row = above_limits.execute(
        f"select is_alarm, aspect from {mart()} where figure = ?", [figure]
    ).fetchone()
    assert row is not None
    assert row[0] is True
    # And the test that makes a build warn finds it.
    test = ALARM_TEST.read_text(encoding="utf-8").partition("%}")[2].partition("{% endtest")[0]
    test = test.replace("{{ model }}", mart()).replace("{{ aspect }}", str(row[1]))
    assert figure in {found[0] for found in above_limits.execute(test).fetchall()}


def test_without_limits_nothing_alarms() -> None:
    connection = measured("none")
    found = connection.execute(f"select count(*), count(warn_above) from {mart()}").fetchone()
    assert found == (len(VALUES), 0)
    assert connection.execute(f"select 1 from {mart()} where is_alarm").fetchall() == []


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (["customers"], "must map figures to limits"),
        ({"customer_share": 0.1}, "names the figure 'customer_share', which does not exist"),
        ({"ids_merged": "few"}, "gives ids_merged the limit 'few'; use a number"),
        ({"ids_merged": True}, "gives ids_merged the limit 'True'; use a number"),
        ({"ids_merged": -1}, "gives ids_merged the limit '-1'; use a number"),
    ],
)
def test_a_wrong_limit_stops_dbt_with_one_sentence(limits: Any, told: str) -> None:
    outcome = shared_project().dbt("parse", variables={"identity_health": limits})
    assert not outcome.success
    assert f"Configuration: `identity_health` {told}" in str(outcome.exception)
