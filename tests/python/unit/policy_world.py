"""A small hand-made world under any identity policy: staging rows in, customers and reasons out.

dbt reads a lean copy of the project once; the identity models are then compiled anew under each
policy and run on DuckDB, from the records to the kernel's result.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import yaml
from unit.macro_runner import ROOT, LeanProject, lean_project

DRIVER_FILE = ROOT / "python_models/identity/int_identity__resolved_by_python.py"
ENTRIES: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
)["vars"]["source_entries"]
BEGINNING = dt.datetime(2026, 1, 1)
RELATION = re.compile(r'"(\w+)"\."(\w+)"\."(\w+)"')
LOOKBACK_MODEL = "int_events__time_attributed"
# The models from staging to the kernel, in the order in which they are made.
BEFORE_DECISIONS = ("gathered", "changes", "records", "fresh_values", "values", "links")
AFTER_DECISIONS = ("touched", "touched_links", "steps")

Policy = Sequence[Mapping[str, Any]] | Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Drop:
    """A link that was dropped or refused."""

    record: str
    identifier_type: str
    value: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """Who is one customer, as 'ab c' (records by name), and what was dropped on the way."""

    customers: str
    drops: frozenset[Drop]
    roles: Mapping[str, str]

    def reasons(self) -> set[str]:
        """The reasons of all drops."""
        return {drop.reason for drop in self.drops}


class World:
    """A project that dbt has read, and a DuckDB to run its identity models in."""

    def __init__(self, folder: Path) -> None:
        self.project: LeanProject = lean_project(folder)
        # Without any test `dbt test` has nothing to do, not even to judge the configuration.
        test = folder / "tests/dbt/nothing_is_wrong.sql"
        test.parent.mkdir(parents=True)
        test.write_text("select 1 as fault where 1 = 0", encoding="utf-8")
        outcome = self.project.dbt("parse")
        assert outcome.success, outcome.exception
        self.manifest = outcome.result
        self.driver = load_driver()
        self.compiled_policies: dict[str, dict[str, str]] = {}

    def dbt(self, *arguments: str, variables: Mapping[str, Any]) -> Any:
        """Run a dbt command on what was read; vars are those of the command."""
        from dbt.cli.main import dbtRunner

        root = self.project.root
        where = ["--project-dir", root, "--profiles-dir", root, "--target", "dev"]
        outputs = ["--target-path", root / "target", "--log-path", root / "logs"]
        given = ["--vars", json.dumps(variables)]
        lean = ["--quiet", "--no-write-json", "--no-populate-cache"]
        return dbtRunner(manifest=self.manifest).invoke(
            [*lean, *arguments, *map(str, where + outputs), *given]
        )

    def compiled(self, models: Iterable[str], variables: Mapping[str, Any]) -> dict[str, str]:
        """The SQL of some models under some vars."""
        with contextlib.redirect_stdout(io.StringIO()):
            outcome = self.dbt("compile", "--select", *models, variables=variables)
        assert outcome.success, outcome.exception
        return {each.node.name: str(each.node.compiled_code) for each in outcome.result.results}

    def resolve(
        self,
        policy: Policy,
        contacts: Iterable[Row] = (),
        events: Iterable[Row] = (),
        blocked: Iterable[tuple[str, str]] = (),
    ) -> Outcome:
        """Who is who under a policy. Rows have a record_key of one letter; `at` counts in days."""
        names = [f"int_identity__{part}" for part in (*BEFORE_DECISIONS, *AFTER_DECISIONS)]
        written = json.dumps(policy)
        if written not in self.compiled_policies:
            self.compiled_policies[written] = self.compiled(names, {"identity_policy": policy})
        sql = self.compiled_policies[written]
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("attach ':memory:' as work")
        make_inputs(connection, sql.values(), contacts, events, blocked)
        for name in names[: len(BEFORE_DECISIONS)]:
            make(connection, name, sql[name])
        make(connection, "int_identity__decisions", NO_DECISIONS)
        *others, steps_name = names[len(BEFORE_DECISIONS) :]
        for name in others:
            make(connection, name, sql[name])
        rows = sorted(connection.execute(sql[steps_name]).fetchall())
        steps = [self.driver.Step(*row[1:]) for row in rows]
        self.driver.take_steps(steps, lambda text: self.driver.run_statement(connection, text))
        connection.execute(f"create temp table outcome as from {self.driver.result_table(steps)}")
        return read_outcome(connection)


NO_DECISIONS = """
select
    cast(null as varchar) as decision_key, cast(null as bigint) as record_no_one,
    cast(null as bigint) as record_no_other, cast(null as boolean) as is_same
where false
"""


def load_driver() -> ModuleType:
    """The Python model as a module."""
    spec = importlib.util.spec_from_file_location("policy_driver", DRIVER_FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def contact(record_key: str, at: float = 0, **columns: Any) -> Row:
    """A row of stg_crm__contacts."""
    moment = BEGINNING + dt.timedelta(days=at)
    return {"record_key": record_key, "created_at": moment, "updated_at": moment, **columns}


def event(record_key: str, at: float = 0, **columns: Any) -> Row:
    """A row of stg_web__events."""
    return {"record_key": record_key, "occurred_at": BEGINNING + dt.timedelta(days=at), **columns}


def make(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Make a table of a model's query, where its readers look for it."""
    connection.execute("create schema if not exists work.customer360_intermediate")
    connection.execute(f"create table work.customer360_intermediate.{name} as {sql}")


def make_inputs(
    connection: duckdb.DuckDBPyConnection,
    queries: Iterable[str],
    contacts: Iterable[Row],
    events: Iterable[Row],
    blocked: Iterable[tuple[str, str]],
) -> None:
    """Make the staging tables and the seed that the models read."""
    rows = {"stg_crm__contacts": list(contacts), "stg_web__events": list(events)}
    places = {match for sql in queries for match in RELATION.findall(sql)}
    for _, schema, name in sorted(places):
        if name not in ENTRIES and name != "blocked_identifiers":
            continue
        connection.execute(f"create schema if not exists work.{schema}")
        columns = ["identifier_type", "blocked_value"] if name not in ENTRIES else columns_of(name)
        typed = ", ".join(f"{column} {type_of(column)}" for column in columns)
        connection.execute(f"create table work.{schema}.{name} ({typed})")
        for row in rows.get(name, []):
            values = [row.get(column) for column in columns]
            marks = ", ".join("?" * len(columns))
            connection.execute(f"insert into work.{schema}.{name} values ({marks})", values)
        if name == "blocked_identifiers":
            for pair in blocked:
                connection.execute(f"insert into work.{schema}.{name} values (?, ?)", list(pair))


def columns_of(model: str) -> list[str]:
    """The columns of a staging model that the identity models may read."""
    entry = ENTRIES[model]
    listed = [*entry.get("identifiers", []), *entry.get("many_valued", [])]
    listed += entry.get("attributes", [])
    times = [entry[key] for key in ("first_seen_at", "last_seen_at") if key in entry]
    keys = ["record_key", "source_system", entry["source_key"]]
    return list(dict.fromkeys([*keys, *listed, *times]))


def type_of(column: str) -> str:
    """The type of a staging column."""
    if column.endswith("_at"):
        return "timestamp"
    numbers = ("birth_year", "monthly_income", "credit_score")
    if column in numbers:
        return "decimal(18, 2)"
    return "date" if column == "date_of_birth" else "varchar"


def read_outcome(connection: duckdb.DuckDBPyConnection) -> Outcome:
    """The kernel's result in terms of record keys."""
    found = connection.execute(
        "select outcome.record_no, record_key, customer_no, record_role"
        " from outcome join work.customer360_intermediate.int_identity__records using (record_no)"
        " where customer_no is not null order by outcome.record_no"
    ).fetchall()
    groups: dict[int, list[str]] = {}
    for _, key, customer, _ in found:
        groups.setdefault(customer, []).append(key)
    dropped = connection.execute(
        "select record_key, identifier_type, identifier_value, reason from ("
        " select record_no, identifier_type, identifier_value, reason from outcome"
        " where reason is not null union all"
        " select record_no, identifier_type, identifier_value, dropped_reason"
        " from work.customer360_intermediate.int_identity__links where dropped_reason is not null"
        ") join work.customer360_intermediate.int_identity__records using (record_no)"
    ).fetchall()
    customers = " ".join(sorted("".join(sorted(keys)) for keys in groups.values()))
    return Outcome(
        customers,
        frozenset(Drop(*row) for row in dropped),
        {key: role for _, key, _, role in found},
    )
