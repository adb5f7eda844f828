"""The project's identity kernel beside the oracle: compiled by dbt, run on DuckDB by its driver.

Many cases are resolved in one run: the names of a case's records and values begin with its number,
so that no two cases have anything in common.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import random
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import ModuleType
from typing import Any

import duckdb
import pyarrow as pa
from properties.identity_cases import POLICIES, Case, Policy
from properties.identity_oracle import Decision, Link, Record, Type, oldest, resolve, unusable
from unit.macro_runner import ROOT, LeanProject, render, shared_project

DRIVER_FILE = ROOT / "python_models/identity/int_identity__resolved_by_python.py"
MODELS = ROOT / "models/intermediate/identity"
BEGINNING = dt.datetime(2020, 1, 1)

# kind, name, SQL
Step = tuple[str, str, str]


@dataclass(frozen=True)
class Compiled:
    """What dbt makes of a policy.

    Queries of int_identity__links, __touched and __touched_links, and the rows of __steps.
    """

    links: str
    touched: str
    touched_links: str
    steps: tuple[Step, ...]

    def replaced(self, old: str, new: str) -> Compiled:
        """A copy with other SQL. Raises AssertionError where the old text is not there."""
        queries = (self.links, self.touched, self.touched_links)
        steps = tuple((kind, name, text.replace(old, new)) for kind, name, text in self.steps)
        changed = Compiled(*(text.replace(old, new) for text in queries), steps)
        assert changed != self, f"nowhere: {old}"
        return changed


@dataclass(frozen=True)
class Outcome:
    """Record -> (oldest own record of its customer, role); rejected links; decisions set aside."""

    partition: Mapping[str, tuple[str, str]]
    rejections: Mapping[Link, str]
    set_aside: frozenset[Decision]

    def customers(self) -> set[frozenset[str]]:
        """The records of each customer."""
        of_customer: dict[str, set[str]] = {}
        for record, (customer, _) in self.partition.items():
            of_customer.setdefault(customer, set()).add(record)
        return {frozenset(records) for records in of_customer.values()}


def expected(case: Case, policy: Policy) -> Outcome:
    """What the oracle says of a case."""
    found = resolve(case.records, policy, case.decisions)
    records = {record.key: record for record in case.records}
    partition = {}
    for customer in found.customers:
        name = min((records[key] for key in customer.own), key=oldest).key
        role = "known" if customer.is_identified else "anonymous"
        partition.update(dict.fromkeys(customer.own, (name, role)))
        partition.update(dict.fromkeys(customer.attached, (name, "attached")))
    return Outcome(partition, found.rejections, frozenset(found.set_aside))


# --- what dbt compiles ----------------------------------------------------------------------------


def as_settings(policy: Policy) -> list[dict[str, Any]]:
    """A policy as it is written under `identity_policy`."""
    return [entry_settings(entry) for entry in policy]


def entry_settings(entry: Type) -> dict[str, Any]:
    """One entry, without the settings that it does not use."""
    settings = {
        "type": entry.name,
        "role": entry.role,
        "when_missing": list(entry.when_missing),
        "format": entry.valid,
        "max_records_per_value": entry.max_records,
        "max_distinct": dict(entry.max_distinct),
        "max_customers_per_value": entry.max_customers,
        "within_days": entry.within_days,
        "max_values_per_customer": entry.max_per_customer,
    }
    return {name: value for name, value in settings.items() if value}


@cache
def compiled() -> dict[str, Compiled]:
    """Every policy of POLICIES compiled; once for all tests of this process."""
    return compile_policies(shared_project(), POLICIES)


def compile_policies(project: LeanProject, policies: Mapping[str, Policy]) -> dict[str, Compiled]:
    """Compile the models under every policy with one dbt command.

    dbt reads a project again for other vars, which takes seconds; so the list that the one var
    holds is written anew before each copy of a model.
    """
    parts = ("links", "touched", "touched_links", "steps")
    texts = {
        part: (MODELS / f"int_identity__{part}.sql").read_text(encoding="utf-8") for part in parts
    }
    templates = {
        f"{part} of {name}": "{% do var('identity_policy').clear() %}"
        f"{{% do var('identity_policy').extend({as_settings(policy)!r}) %}}\n{text}"
        for name, policy in policies.items()
        for part, text in texts.items()
    }
    sql = render(project, templates)
    return {
        name: Compiled(
            *(sql[f"{part} of {name}"] for part in parts[:-1]), steps_of(sql[f"steps of {name}"])
        )
        for name in policies
    }


def steps_of(query: str) -> tuple[Step, ...]:
    """The rows of int_identity__steps, in their order, without the number."""
    rows = sorted(duckdb.execute(query).fetchall())
    return tuple((kind, name, statement) for _, kind, name, statement in rows)


def load_driver(source: str | None = None) -> ModuleType:
    """The Python model as a module; `source` takes the place of the file's text."""
    spec = importlib.util.spec_from_file_location(DRIVER_FILE.stem, DRIVER_FILE)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    text = source or DRIVER_FILE.read_text(encoding="utf-8")
    # A named tuple looks for its module by name.
    sys.modules[spec.name] = module
    exec(compile(text, DRIVER_FILE, "exec"), vars(module))
    return module


# --- what runs ------------------------------------------------------------------------------------


@dataclass
class Kernel:
    """Resolves cases under one policy on an in-memory DuckDB.

    driver: the Python model as a module. executed: the statements of the last run.
    """

    code: Compiled
    policy: Policy
    driver: ModuleType = field(default_factory=load_driver)
    executed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the place where the compiled SQL looks for its tables."""
        found = re.search(r'((?:"\w+"\.)+)"int_identity__records"', self.code.links)
        assert found is not None
        self.place = found[1]
        database, schema = self.place.strip(".").split(".")
        self.steps = [self.driver.Step(*step) for step in self.code.steps]
        self.connection = duckdb.connect(":memory:")
        self.connection.execute(f"attach ':memory:' as {database}")
        self.connection.execute(f"create schema {database}.{schema}")
        # Most cases are small, and a second thread costs them more than it gives.
        self.connection.execute("set threads = 1")

    def table(self, name: str) -> str:
        """The full name of a model of the identity folder."""
        return f'{self.place}"int_identity__{name}"'

    def run(self, statement: str) -> list[Any]:
        """The function that the driver gets: executes one statement and remembers it."""
        self.executed.append(statement)
        rows: list[Any] = self.driver.run_statement(self.connection, statement)
        return rows

    def resolve(self, case: Case) -> Outcome:
        """Resolve one case."""
        return self.resolve_all([case])[0]

    def resolve_all(self, cases: Sequence[Case], seed: int = 0) -> list[Outcome]:
        """Resolve cases in one run. Raises AssertionError unless each record comes out once.

        seed: draws the order of the rows.
        """
        given = merged(cases)
        self.fill_tables(given, seed)
        self.executed.clear()
        self.driver.take_steps(self.steps, self.run)
        return self.read(self.driver.result_table(self.steps), given, len(cases))

    def fill_tables(self, case: Case, seed: int = 0) -> None:
        """Put a case in the place of the last one, its rows in an order drawn by the seed."""
        rng = random.Random(seed)
        # A record's number says nothing about its age.
        records = sorted(case.records, key=lambda record: record.key)
        random.Random("numbers").shuffle(records)
        self.keys = {number: record.key for number, record in enumerate(records, start=1)}
        numbers = {key: number for number, key in self.keys.items()}
        self.fill("records", record_rows(records, self.policy, rng))
        self.fill("values", value_rows(records, self.policy, rng))
        self.fill("decisions", decision_rows(case.decisions, numbers, rng))
        for name in ("links", "touched", "touched_links"):
            query = getattr(self.code, name)
            self.connection.execute(f"create or replace table {self.table(name)} as {query}")

    def fill(self, name: str, rows: pa.Table) -> None:
        """Make one table anew."""
        self.connection.register("given", rows)
        self.connection.execute(f"create or replace table {self.table(name)} as from given")

    def read(self, table: str, given: Case, count: int) -> list[Outcome]:
        """Take a result table apart into the outcomes of the cases that were merged."""
        columns = "record_no, customer_no, record_role, identifier_type, identifier_value, reason"
        rows = self.connection.execute(f"select {columns} from {table}").fetchall()
        dropped = self.connection.execute(
            "select record_no, null, null, identifier_type, identifier_value, dropped_reason"
            f" from {self.table('links')} where dropped_reason is not null"
        ).fetchall()
        partitions: list[dict[str, tuple[str, str]]] = [{} for _ in range(count)]
        rejections: list[dict[Link, str]] = [{} for _ in range(count)]
        set_aside: list[set[Decision]] = [set() for _ in range(count)]
        for record, customer, role, kind, value, reason in rows + dropped:
            if record is None:
                place, decision = own_name(given.decisions[int(value)])
                assert (kind, reason) == ("decision", "contradictory")
                assert decision not in set_aside[place]
                set_aside[place].add(decision)
                continue
            place, key = parted(self.keys[record])
            if reason is None:
                assert key not in partitions[place], f"{key} twice"
                owner, name = parted(self.keys[customer])
                assert owner == place, "a customer of two cases"
                partitions[place][key] = (name, role)
            else:
                link = (key, kind, parted(value)[1])
                assert link not in rejections[place], f"{link} rejected twice"
                rejections[place][link] = reason
        assert sum(map(len, partitions)) == len(self.keys), "a record is lost"
        parts = zip(partitions, rejections, map(frozenset, set_aside), strict=True)
        return [Outcome(*part) for part in parts]

    def passes(self) -> tuple[int, int]:
        """How many contractions and how many jumps the last run needed, all phases together."""
        made = [words[words.index("table") + 1] for words in map(str.split, self.executed)
                if words[0] == "create"]  # fmt: skip
        contractions = sum(1 for name in made if re.search(r"_edges_[1-9]", name))
        jumps = sum(1 for name in made if re.search(r"_parents_\d+_[1-9]", name))
        return contractions, jumps


# --- many cases as one ----------------------------------------------------------------------------


def merged(cases: Sequence[Case]) -> Case:
    """Many cases side by side, their names apart."""
    records: list[Record] = []
    decisions: list[Decision] = []
    for place, case in enumerate(cases):
        start = f"{place:06}/"
        for record in case.records:
            values = frozenset((kind, start + value) for kind, value in record.values)
            records.append(replace(record, key=start + record.key, values=values))
        for decision in case.decisions:
            pair = (start + decision.one, start + decision.other)
            decisions.append(Decision(*pair, decision.is_same))
    return Case(tuple(records), tuple(decisions), "merged")


def parted(name: str) -> tuple[int, str]:
    """The place of a case and a name as the case has it."""
    place, _, own = name.partition("/")
    return int(place), own


def own_name(decision: Decision) -> tuple[int, Decision]:
    """The place of a case and a decision as the case has it."""
    place, one = parted(decision.one)
    return place, Decision(one, parted(decision.other)[1], decision.is_same)


# --- rows -----------------------------------------------------------------------------------------


def moment(hours: int | None) -> dt.datetime | None:
    """A time of a case as a timestamp."""
    return None if hours is None else BEGINNING + dt.timedelta(hours=hours)


def columns(schema: Mapping[str, pa.DataType], rows: list[Any], rng: random.Random) -> pa.Table:
    """Rows as columns, in an order of their own."""
    rng.shuffle(rows)
    parts = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pa.table(
        {
            name: pa.array(part, kind)
            for (name, kind), part in zip(schema.items(), parts, strict=True)
        }
    )


def record_rows(records: Sequence[Record], policy: Policy, rng: random.Random) -> pa.Table:
    """Rows of int_identity__records, with the fields that the policy counts."""
    fields = sorted({name for entry in policy for name in entry.max_distinct})
    schema = {"record_no": pa.int64(), "record_key": pa.string()}
    schema |= {"first_seen_at": pa.timestamp("us"), "last_seen_at": pa.timestamp("us")}
    schema |= dict.fromkeys(fields, pa.string())
    rows = [
        (
            number,
            record.key,
            moment(record.first),
            moment(record.first if record.last is None else record.last),
            *map(record.fields.get, fields),
        )
        for number, record in enumerate(records, start=1)
    ]
    return columns(schema, rows, rng)


def value_rows(records: Sequence[Record], policy: Policy, rng: random.Random) -> pa.Table:
    """Rows of int_identity__values: what is carried, and why it cannot be evidence as such."""
    entries = {entry.name: entry for entry in policy}
    schema = {"record_no": pa.int64()}
    schema |= dict.fromkeys(("identifier_type", "identifier_value", "dropped_reason"), pa.string())
    rows = [
        (number, kind, value, unusable(entries[kind], value.rpartition("/")[2]))
        for number, record in enumerate(records, start=1)
        for kind, value in record.values
        if kind in entries
    ]
    return columns(schema, rows, rng)


def decision_rows(
    decisions: Sequence[Decision], numbers: Mapping[str, int], rng: random.Random
) -> pa.Table:
    """Rows of int_identity__decisions, named by their place."""
    schema = {"decision_key": pa.string()}
    schema |= {"record_no_one": pa.int64(), "record_no_other": pa.int64(), "is_same": pa.bool_()}
    rows = [
        (str(place), numbers.get(each.one), numbers.get(each.other), each.is_same)
        for place, each in enumerate(decisions)
    ]
    return columns(schema, rows, rng)
