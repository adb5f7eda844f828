"""Builds all scenarios of a policy as one set of data, step by step, through the real project."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml
from project.scenarios import (
    COLUMNS,
    IDS,
    Scenario,
    ScenarioError,
    Seen,
    decision_keys,
    load_policies,
)

from customer360.build import prepare_inputs
from customer360.paths import Project, ensure_home, ensure_profile
from customer360.runner import common_arguments, dbt_environment, release_connections
from customer360.sources_yml import resolved_variables

Row = dict[str, str]

# Raw table -> its contract, the key of its rows, the columns of its times.
TABLES = {
    "crm": ("crm.contacts", "contact_id", ("created_at", "updated_at")),
    "legacy": ("crm.contacts", "contact_id", ("created_at", "updated_at")),
    "web": ("web.events", "event_id", ("occurred_at",)),
    "shop": ("shop.orders", "order_id", ("ordered_at",)),
}
# The shop's numbers are everybody's; those of the legacy system are its own.
NAMESPACES = {
    "crm": {"customer_id": "shop", "user_id": "shop", "loyalty_id": "shop"},
    "legacy": {},
    "web": {"user_id": "shop", "order_id": "shop"},
    "shop": {"device_id": "web", "cookie_id": "web"},
}
SEEDS = Path("seeds/reference")
CHANGING_SEEDS = ("blocked_identifiers", "identity_decisions")


# --- what is delivered ----------------------------------------------------------------------------


def fixed_columns(table: str) -> dict[str, str]:
    """The columns of a raw table that say the same for every record."""
    return {"event_name": "page_view"} if table == "web" else {}


def header(table: str) -> list[str]:
    """The columns of a raw file."""
    _, key, times = TABLES[table]
    columns = [column for column in COLUMNS[table] if column != "until"]
    return [key, *columns, *times, *fixed_columns(table)]


def raw_row(scenario: Scenario, name: str, record: Mapping[str, Any]) -> Row:
    """A record as a row of its raw table."""
    table = str(record.get("in", "crm"))
    _, key, times = TABLES[table]
    row = {key: scenario.row_id(name), **fixed_columns(table)}
    row |= {
        column: scenario.value(column, record[column])
        for column in COLUMNS[table]
        if column in record and column != "until"
    }
    if "at" in record:
        row |= dict.fromkeys(times, str(record["at"]))
    if "until" in record:
        row["updated_at"] = str(record["until"])
    return row


def write_raw(folder: Path, scenarios: Iterable[Scenario], place: int) -> None:
    """Write the raw files as they are delivered in a step; a replay gives every row twice."""
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for scenario in scenarios:
        delivered = [
            (str(record.get("in", "crm")), raw_row(scenario, name, record))
            for name, record in scenario.records_at(place).items()
        ]
        times = 2 if scenario.at(place).replay else 1
        for table, row in delivered * times:
            rows[table].append(row)
    folder.mkdir(parents=True, exist_ok=True)
    for table, delivered_rows in rows.items():
        write_csv(folder / f"{table}.csv", header(table), delivered_rows)


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write a file with a header; what a row lacks is empty."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_seeds(root: Path, scenarios: Iterable[Scenario], place: int, before: Seen | None) -> None:
    """Write the human decisions and the blocked values that stand in a step."""
    decisions, blocked = [], []
    for scenario in scenarios:
        for decision, one, other in decision_keys(scenario, place, before):
            decisions.append(
                {"record_key_one": one, "record_key_other": other, "decision": decision}
            )
        for kind, value in scenario.latest("blocked", place) or ():
            blocked.append({"identifier_type": kind, "blocked_value": scenario.value(kind, value)})
    for name, rows in zip(CHANGING_SEEDS, (blocked, decisions), strict=True):
        file = root / SEEDS / f"{name}.csv"
        original = file.with_suffix(".csv.original")
        if not original.exists():
            original.write_bytes(file.read_bytes())
        with original.open(encoding="utf-8", newline="") as stream:
            given = csv.DictReader(stream)
            columns = list(given.fieldnames or [])
            write_csv(file, columns, [*given, *rows])


def settings_of(raw: Path, policy: Mapping[str, Any]) -> dict[str, Any]:
    """The vars of a build: the raw tables and the settings of a policy's step."""
    sources: dict[str, list[dict[str, Any]]] = {}
    for table, (contract, _, _) in TABLES.items():
        sources.setdefault(contract, []).append(
            {
                "name": table,
                "file": str(raw / f"{table}.csv"),
                "columns": {column: column for column in header(table)},
                "namespaces": NAMESPACES[table],
                "allow_empty": True,
            }
        )
    return {
        "include_sample_data": False,
        "as_of": "2024-12-31 00:00:00",
        "sources": sources,
        "source_trust": list(TABLES),
        **{key: value for key, value in policy.items() if key != "full_refresh"},
    }


# --- building -------------------------------------------------------------------------------------


def build_policy(root: Path, name: str, scenarios: Sequence[Scenario]) -> list[Seen]:
    """Build the scenarios of a policy in a copy of the project; what was seen after each step."""
    given = load_policies()[name]
    project = Project(root=root, home=root / "warehouse")
    ensure_home(project)
    ensure_profile(project)
    seen: list[Seen] = []
    for place in range(max(len(scenario.steps) for scenario in scenarios)):
        policy = given[min(place, len(given) - 1)]
        before = seen[-1] if seen else None
        write_raw(root / "raw", scenarios, place)
        write_seeds(root, scenarios, place, before)
        settings = root / "scenarios.yml"
        settings.write_text(
            yaml.safe_dump(settings_of(root / "raw", policy), sort_keys=False), encoding="utf-8"
        )
        run_models(
            project, settings, is_first=before is None, full_refresh="full_refresh" in policy
        )
        seen.append(look(project.work_file, before))
    return seen


def run_models(project: Project, settings: Path, is_first: bool, full_refresh: bool) -> None:
    """Run every seed and model with plain dbt; the hook at the end keeps the state."""
    from dbt.cli.main import dbtRunner

    inputs = prepare_inputs(project, settings, os.environ)
    variables = resolved_variables(inputs.config, inputs.tables)
    arguments = ["build", *common_arguments(project, variables, "dev", project.target_dir)]
    arguments += ["--resource-type", "model", "--resource-type", "seed"]
    if not is_first:
        fixed = [
            file.stem
            for file in (project.root / SEEDS).glob("*.csv")
            if file.stem not in CHANGING_SEEDS
        ]
        arguments += ["--exclude", *fixed]
    if full_refresh:
        arguments.append("--full-refresh")
    with dbt_environment(project):
        try:
            outcome = dbtRunner().invoke(arguments)
        finally:
            release_connections()
    if not outcome.success:
        raise ScenarioError(f"dbt failed: {failure(outcome)}")


def failure(outcome: Any) -> str:
    """What dbt says went wrong first."""
    if outcome.exception is not None:
        return str(outcome.exception)
    bad = [each for each in outcome.result.results if each.status not in ("success", "pass")]
    return f"{bad[0].node.name}: {bad[0].message}"


# --- looking --------------------------------------------------------------------------------------

RECORD_KEYS = """
    select source_system, crm_contact_id, record_key from customer360_staging.stg_crm__contacts
    union all
    select source_system, source_event_id, record_key from customer360_staging.stg_web__events
    union all
    select source_system, source_order_id, record_key from customer360_staging.stg_shop__orders
"""
CUSTOMERS = """
    select record_key, customer360_id, record_role from customer360.customer360_identity_map
"""
LOOKUP = """
    select customer360_id, current_customer360_id from customer360.customer360_id_lookup
"""
CHANGES = """
    select customer360_id, change, other_customer360_id, cause, record_count
    from customer360.customer360_id_changes
    where generation_no > ?
"""
REJECTIONS = """
    select record_key, identifier_type, reason, identifier_value
    from customer360.customer360_identity_rejections
    where identifier_type <> 'decision'
"""
DECISIONS = """
    select
        decisions.decision,
        decisions.record_key_one,
        decisions.record_key_other,
        case
            when decisions.asleep_reason is not null then 'asleep'
            when resolved.reason is not null then 'set_aside'
            else 'standing'
        end as status
    from customer360_intermediate.int_identity__decisions as decisions
    left join customer360_intermediate.int_identity__resolved as resolved
        on
            resolved.identifier_type = 'decision'
            and decisions.decision_key = resolved.identifier_value
"""
EVENTS = """
    select source_system, source_record_id, customer360_id, attributed_by
    from customer360.customer360_events
"""
GENERATION = "select max(generation_no) from customer360_state.generations"


def look(file: Path, before: Seen | None) -> Seen:
    """Reduce what was built to what scenarios speak of."""
    last = before.generation if before else 0
    with duckdb.connect(str(file), read_only=True) as connection:

        def rows(sql: str, *values: object) -> list[tuple[Any, ...]]:
            return connection.execute(sql, values).fetchall()

        changes = rows(CHANGES, last)
        rejections = rows(REJECTIONS)
        ((generation,),) = rows(GENERATION)
        return Seen(
            record_keys={(table, row): key for table, row, key in rows(RECORD_KEYS)},
            customers={key: (shown, role) for key, shown, role in rows(CUSTOMERS)},
            lookup=dict(rows(LOOKUP)),
            changes=[
                dict(zip(("id", "change", "other", "cause", "records"), row, strict=True))
                for row in changes
            ],
            rejections=[
                (key, kind, reason, without_namespace(kind, value))
                for key, kind, reason, value in rejections
            ],
            decisions={(word, one, other): status for word, one, other, status in rows(DECISIONS)},
            events={(table, row): (shown, by) for table, row, shown, by in rows(EVENTS)},
            generation=int(generation),
        )


def without_namespace(kind: str, value: str) -> str:
    """An identifier as scenarios write it: ids stand behind their namespace."""
    return value.split(":", 1)[-1] if kind in IDS else value
