"""The project's identity and its memory on DuckDB: compiled by dbt once, built again and again.

A build here runs the same SQL as a build of the project, from the links to the marts about ids, and
writes the state down with the same statements as the hooks do.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pyarrow as pa
from properties.identity_cases import POLICIES, Policy
from properties.identity_kernel import (
    MODELS,
    Step,
    as_settings,
    columns,
    load_driver,
    moment,
    steps_of,
)
from properties.identity_oracle import Record, Value, unusable
from unit.macro_runner import ROOT, lean_project, render

STATE_MODELS = ROOT / "models/intermediate/state"
MARTS = ROOT / "models/marts/identity"
WORKING_MACROS = "macros/state/working.sql"

# Policies that sequences of builds change between; they read the same types differently.
USED_POLICIES = ("plain", "one login", "fallbacks with caps", "limits", "windows")
# One more, under which devices often pass their limit.
COMPILED_POLICIES = (*USED_POLICIES, "few on a device")

# Built in this order. The values of fresh records are given, and the rounds run after ROUNDS_AFTER.
VALUES, ROUNDS_AFTER = "int_identity__fresh_values", "int_identity__decided_records"
ROUNDS_RESULT = "int_identity__resolved_by_python"
BUILT = (
    *("int_identity__changes", "int_identity__records", VALUES),
    *("int_identity__touched_values", "int_identity__earlier_carriers", "int_identity__values"),
    *("int_identity__blocked", "int_identity__links", "int_identity__decisions"),
    *("int_identity__touched", "int_identity__touched_links", ROUNDS_AFTER),
    *("int_identity__resolved", "int_state__generation", "int_state__anchors"),
    *("int_identity__named", "int_identity__customers"),
    *("int_state__ids", "int_state__ledger", "int_state__ledger_versions", "int_state__flows"),
    *("int_state__generations_known", "int_state__decisions"),
    *("int_state__id_changes_found", "int_state__id_changes", "int_state__id_changes_known"),
    *("customer360_identity_map", "customer360_identity_history"),
    *("customer360_id_lookup", "customer360_id_changes"),
)
BY_POLICY = ("int_identity__records", "int_identity__links", "int_state__generation")
GIVEN = ("int_identity__gathered", "blocked_identifiers", "identity_decisions")
MART_NAMES = tuple(name for name in BUILT if name.startswith("customer360_"))
DELTAS = ("int_state__ids", "int_state__ledger", "int_state__id_changes")
STATE_NAMES = ("generations", "ids", "ledger", "id_changes", "decisions")

FORCED_POLICY = (
    "{{% do var('identity_policy').clear() %}}"
    "{{% do var('identity_policy').extend({settings!r}) %}}\n"
)
CONFIG = re.compile(r"\{\{\n    config\(.*?\n\}\}\n", re.DOTALL)
PRE_HOOK = re.compile(r'pre_hook="\{\{ (.*) \}\}"\n')
MAKE_STATE = """
{% for name in names -%}
create table {{ state_relation(name) }} (
    {%- for column, type in state_columns(name).items() -%}
    {{ column }} {{ type }}{{ ', ' if not loop.last }}
    {%- endfor -%}
);
{% endfor -%}
"""
# The project's nodes, which macros look its models up in, are known only once dbt executes.
EXECUTED = "{{% if execute %}}{{{{ {0} }}}}{{% endif %}}"
# What a run would find out by asking the warehouse is said here in its place.
ASKED_FIRST = "{% macro works_on_changes() -%}\n"
FRESH_VALUES = """
    select changes.record_no, given_values.* exclude (record_key)
    from given_values inner join {0} as changes
        on given_values.record_key = changes.record_key and changes.change in ('added', 'changed')
"""
HOOK_GUARD = "execute and flags.WHICH in ('run', 'build') and is_incremental()"


@dataclass(frozen=True)
class PolicyCode:
    """What depends on the policy: queries by model, and the rows of int_identity__steps."""

    models: Mapping[str, str]
    steps: tuple[Step, ...]
    allows_changes: bool


@dataclass(frozen=True)
class Code:
    """Everything that a build runs.

    models: name -> query. hooks: name -> what runs before rows are added to a model that is worked
    on. relations: name of a model or of a table of the state -> where it is. additions and
    roll_back: statements with @no (and @hash) where a generation's number (and what stands for its
    contents) belongs. record_columns: those of int_identity__gathered.
    """

    policies: Mapping[str, PolicyCode]
    models: Mapping[str, str]
    hooks: Mapping[str, str]
    relations: Mapping[str, str]
    make_state: str
    additions: tuple[str, ...]
    roll_back: tuple[str, ...]
    record_columns: tuple[str, ...]

    def replaced(self, model: str, old: str, new: str) -> Code:
        """A copy with other SQL in a model. Raises AssertionError where the text is not there."""
        assert old in self.models[model], f"nowhere in {model}: {old}"
        models = {**self.models, model: self.models[model].replace(old, new)}
        return replace(self, models=models)

    def query(self, model: str, policy: str) -> str:
        """The query of a model under a policy."""
        return self.policies[policy].models.get(model) or self.models[model]


def model_text(name: str) -> str:
    """The file of a model."""
    folders = (MODELS, STATE_MODELS, MARTS)
    (file,) = (found for folder in folders if (found := folder / f"{name}.sql").exists())
    return file.read_text(encoding="utf-8")


@cache
def compiled_code(works_on_changes: bool = False) -> Code:
    """The SQL that works out everything, or only what changed; once for all tests of this process.

    What a run asks the warehouse for, before it decides between the two, is answered here.
    """
    folder = Path(tempfile.mkdtemp(prefix="customer360-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    project = lean_project(folder / "project")
    macros = project.root / WORKING_MACROS
    text = macros.read_text(encoding="utf-8")
    assert ASKED_FIRST in text
    assert HOOK_GUARD in text
    answer = f"{ASKED_FIRST}    {{{{ return({str(works_on_changes).lower()}) }}}}\n"
    text = text.replace(ASKED_FIRST, answer).replace(HOOK_GUARD, "execute")
    macros.write_text(text, encoding="utf-8")
    # dbt prints what it compiles, which nobody wants to read before the counts of a long run.
    with contextlib.redirect_stdout(io.StringIO()):
        return read_code(render(project, code_templates()))


def code_templates() -> dict[str, str]:
    """What is rendered: name -> template."""
    texts = {name: model_text(name) for name in (*BUILT, "int_identity__steps") if name != VALUES}
    plain = {name: CONFIG.sub("", text) for name, text in texts.items()}
    templates = {f"model {name}": plain[name] for name in BUILT if name in plain}
    names = (*BUILT, *GIVEN, ROUNDS_RESULT)
    templates |= {f"relation {name}": f"{{{{ ref('{name}') }}}}" for name in names}
    for name, text in texts.items():
        if hook := PRE_HOOK.search(text):
            templates[f"hook {name}"] = EXECUTED.format(hook[1].replace('\\"', '"'))
    for name in COMPILED_POLICIES:
        forced = FORCED_POLICY.format(settings=as_settings(POLICIES[name]))
        for model in (*BY_POLICY, "int_identity__steps"):
            templates[f"{model} of {name}"] = forced + plain[model]
        templates[f"allows changes {name}"] = forced + "{{ policy_allows_changes() }}"
    # With a policy that counts every field that any of them counts.
    counting = FORCED_POLICY.format(settings=as_settings(POLICIES["limits"]))
    templates["record columns"] = counting + "{{ record_columns() | join(' ') }}"
    templates["state names"] = "{{ state_tables().keys() | join(' ') }}"
    templates["make"] = f"{{% set names = {list(STATE_NAMES)!r} %}}{MAKE_STATE}"
    templates["this"] = "{{ this }}"
    templates["additions"] = EXECUTED.format("addition_statements('@no', '@hash') | join(';\\n')")
    templates["roll back"] = "{{ roll_back_statements('@no') | join(';\\n') }}"
    return templates | {f"state {n}": f"{{{{ state_relation('{n}') }}}}" for n in STATE_NAMES}


def read_code(sql: Mapping[str, str]) -> Code:
    """What was rendered, in its places."""
    relations = {name: sql[f"relation {name}"] for name in (*BUILT, *GIVEN, ROUNDS_RESULT)}
    hooks = {name: sql[f"hook {name}"] for name in BUILT if f"hook {name}" in sql}
    case_model = sql["this"].rpartition(".")[2].strip('"')
    for name, hook in hooks.items():
        own = hook.replace(sql["this"], relations[name])
        hooks[name] = own.replace(f"{case_model}.", f"{name}.")
    # Tables of the state that nothing here builds stay out, with their statements.
    others = set(sql["state names"].split()) - set(STATE_NAMES)
    return Code(
        policies={
            name: PolicyCode(
                {model: sql[f"{model} of {name}"] for model in BY_POLICY},
                steps_of(sql[f"int_identity__steps of {name}"]),
                sql[f"allows changes {name}"] == "True",
            )
            for name in COMPILED_POLICIES
        },
        models={name: sql[f"model {name}"] for name in BUILT if name != VALUES},
        hooks=hooks,
        relations=relations | {f"state.{name}": sql[f"state {name}"] for name in STATE_NAMES},
        make_state=sql["make"],
        additions=statements(sql["additions"], others),
        roll_back=statements(sql["roll back"], others),
        record_columns=tuple(sql["record columns"].split()),
    )


def statements(text: str, left_out: Iterable[str]) -> tuple[str, ...]:
    """Statements apart, without those that write to certain tables of the state."""
    parts = (part for part in text.split(";\n"))
    return tuple(p for p in parts if not any(f'_state"."{name}"' in p for name in left_out))


# --- what is built from ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Data:
    """What the sources and the seeds hold at one moment, of one sequence.

    Keys of records begin with the sequence's place, so that many can be built as one; values do
    not, and get it here.
    """

    place: int
    records: tuple[Record, ...]
    decisions: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    blocked: frozenset[Value] = frozenset()


def place_of(key: str) -> int:
    """The sequence that a record belongs to."""
    return int(key.partition("/")[0])


def record_rows(
    records: Iterable[Record], names: Sequence[str], has_windows: bool, rng: random.Random
) -> pa.Table:
    """Rows of int_identity__gathered; has_windows: whether the policy looks at last times."""
    schema = dict.fromkeys(names, pa.string())
    schema |= {"first_seen_at": pa.timestamp("us"), "last_seen_at": pa.timestamp("us")}
    schema |= {"row_count": pa.int64()}
    rows = []
    for record in records:
        first_name = record.fields.get("first_name")
        last = record.first if record.last is None else record.last
        known = {
            **{"record_key": record.key, "source_system": "crm", "source_entity": "contacts"},
            **{"shown_id": record.key, "first_name": first_name, "row_count": 1},
            **{"first_seen_at": moment(record.first), "last_seen_at": moment(last)},
            "record_hash": repr(
                (record.first, has_windows and last, sorted(record.values), first_name)
            ),
        }
        rows.append(tuple(known.get(name) for name in schema))
    return columns(schema, rows, rng)


def value_rows(all_data: Iterable[Data], policy: Policy, rng: random.Random) -> pa.Table:
    """What the records carry, by their keys, and why it cannot be evidence as such."""
    entries = {entry.name: entry for entry in policy}
    names = ("record_key", "identifier_type", "identifier_value", "bare_value", "dropped_reason")
    rows = [
        (
            *(record.key, kind, f"{data.place}/{value}", f"{data.place}/{value}"),
            unusable(entries[kind], value)
            or ("blocked_value" if (kind, value) in data.blocked else None),
        )
        for data in all_data
        for record in data.records
        for kind, value in record.values
        if kind in entries
    ]
    return columns(dict.fromkeys(names, pa.string()), rows, rng)


def blocked_rows(all_data: Iterable[Data], rng: random.Random) -> pa.Table:
    """Rows of the seed of blocked values."""
    rows = [(kind, f"{data.place}/{value}") for data in all_data for kind, value in data.blocked]
    schema = dict.fromkeys(("identifier_type", "blocked_value"), pa.string())
    return columns(schema, rows, rng)


def decision_rows(all_data: Iterable[Data], rng: random.Random) -> pa.Table:
    """Rows of the seed of decisions."""
    names = ("record_key_one", "record_key_other", "decision", "decided_by", "decided_at", "reason")
    rows = [
        (*pair, "same" if is_same else "never", None, None, None)
        for data in all_data
        for pair, is_same in data.decisions.items()
    ]
    return columns(dict.fromkeys(names, pa.string()), rows, rng)


def rows_scanned(operators: Iterable[Mapping[str, Any]]) -> int:
    """The rows that a statement's plan read from tables."""
    return sum(
        int(operator.get("rows_scanned", 0)) + rows_scanned(operator.get("children", ()))
        for operator in operators
    )


# --- what runs ------------------------------------------------------------------------------------


# policy and data as text -> what the rounds made of them
Resolved = dict[str, pa.Table]


@dataclass
class Warehouse:
    """A warehouse in memory, with a state that moves from one build to the next.

    code works out everything; changing, where it is there, what changed since the last build, if
    that one came to its end. known: what the rounds gave before. They see nothing of the state, so
    where everything is worked out the same data need not be resolved twice, here or in a copy of
    the project that differs in what comes after them. worked_on_changes counts builds.
    measures: whether to count the rows that each model's statements read from tables. scanned:
    model -> rows in the last build, ROUNDS_RESULT for the rounds.
    """

    code: Code
    changing: Code | None = None
    driver: ModuleType = field(default_factory=load_driver)
    known: Resolved = field(default_factory=dict)
    worked_on_changes: int = 0
    measures: bool = False
    scanned: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make the places that the compiled SQL names, and an empty state."""
        self.connection = duckdb.connect(":memory:")
        places = {relation.rpartition(".")[0] for relation in self.code.relations.values()}
        for database in {place.partition(".")[0] for place in places}:
            self.connection.execute(f"attach ':memory:' as {database}")
        for place in places:
            self.connection.execute(f"create schema {place}")
        # The tables are small, and a second thread costs them more than it gives.
        self.connection.execute("set threads = 1")
        self.connection.execute(self.code.make_state)
        if self.measures:
            self.connection.execute("set enable_profiling = 'no_output'")
            self.connection.execute("set profiling_coverage = 'ALL'")
        # The policy and generation that the working tables fit; None while they cannot be trusted.
        self.working: tuple[str, int] | None = None

    def run(self, model: str, statement: str) -> None:
        """Run a statement that belongs to a model."""
        self.connection.execute(statement)
        self.count(model)

    def count(self, model: str) -> None:
        """Add what the last statement read to a model's rows."""
        if self.measures:
            told = json.loads(self.connection.get_profiling_information(format="json"))
            self.scanned[model] += rows_scanned(told["operator"])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives; {name} stands for a model's relation."""
        for name, relation in self.code.relations.items():
            query = query.replace("{" + name + "}", relation)
        return self.connection.execute(query).fetchall()

    def fill(self, name: str, table: pa.Table) -> None:
        """Put a table in a model's place."""
        self.connection.register("given", table)
        self.make(name, "from given")

    def make(self, name: str, query: str) -> None:
        """Build one table anew."""
        self.connection.execute(f"create or replace table {self.code.relations[name]} as {query}")

    def last_generation(self) -> int:
        """The number of the last generation; 0 where there is none."""
        ((number,),) = self.rows("select coalesce(max(generation_no), 0) from {state.generations}")
        return int(number)

    def begin(self) -> None:
        """What the hook before a build does: take back what was never finished."""
        number = str(self.last_generation())
        for statement in self.code.roll_back:
            self.connection.execute(statement.replace("@no", number))

    def build(
        self, all_data: Sequence[Data], policy: str, seed: int = 0, is_full_refresh: bool = False
    ) -> None:
        """Build every model from what the sources hold now. seed: draws the order of the rows."""
        rng = random.Random(seed)
        windows = any(entry.within_days for entry in POLICIES[policy])
        records = [each for data in all_data for each in data.records]
        names = self.code.record_columns
        given = {
            "int_identity__gathered": record_rows(records, names, windows, rng),
            "blocked_identifiers": blocked_rows(all_data, rng),
            "identity_decisions": decision_rows(all_data, rng),
        }
        for name, table in given.items():
            self.fill(name, table)
        self.connection.register("given_values", value_rows(all_data, POLICIES[policy], rng))
        is_fit = self.working == (policy, self.last_generation()) and not is_full_refresh
        self.working = None
        if self.changing and is_fit and self.code.policies[policy].allows_changes:
            self.worked_on_changes += 1
            self.build_models(self.changing, policy, None)
        else:
            self.build_models(self.code, policy, repr((policy, all_data)))

    def build_models(self, code: Code, policy: str, what: str | None) -> None:
        """Build every model; what: stands for the data where all of it is worked out."""
        self.scanned.clear()
        for name in BUILT:
            if name == VALUES:
                self.make(name, FRESH_VALUES.format(code.relations["int_identity__changes"]))
            elif what is None and name in code.hooks:
                self.run(name, code.hooks[name])
                query = code.query(name, policy)
                self.run(name, f"insert into {code.relations[name]} by name {query}")
            else:
                self.make(name, code.query(name, policy))
                self.count(name)
            if name == ROUNDS_AFTER:
                self.fill(ROUNDS_RESULT, self.resolve(code, policy, what))

    def resolve(self, code: Code, policy: str, what: str | None) -> pa.Table:
        """Go through the rounds."""
        if what is not None and what in self.known:
            return self.known[what]
        steps = [self.driver.Step(*step) for step in code.policies[policy].steps]

        def take(statement: str) -> Any:
            told = self.driver.run_statement(self.connection, statement)
            self.count(ROUNDS_RESULT)
            return told

        self.driver.take_steps(steps, take)
        result = self.connection.sql(f"from {self.driver.result_table(steps)}").to_arrow_table()
        if what is not None:
            self.known[what] = result
        return result

    def adds_to_state(self) -> bool:
        """Whether the build changed anything that is remembered."""
        return any(self.rows(f"select 1 from {{{name}}} limit 1") for name in DELTAS)

    def contents(self) -> str:
        """Stands for what the marts say."""
        hashes = [
            self.rows(f"select count(*), sum(cast(hash(mart) as hugeint)) from {{{name}}} as mart")
            for name in MART_NAMES
        ]
        return str(hashes)

    def standing_contents(self) -> str | None:
        """The contents of the last generation; None where there is none."""
        found = self.rows(
            "select content_hash from {state.generations} order by generation_no desc limit 1"
        )
        return str(found[0][0]) if found else None

    def commit(self, policy: str, share: float = 1.0) -> str:
        """Write the generation down if it changes anything: `written`, `nothing` to write or `cut`.

        share: of the statements, after which the run is cut off.
        """
        contents = self.contents()
        told = "nothing"
        if contents != self.standing_contents() or self.adds_to_state():
            number = str(self.last_generation() + 1)
            for statement in self.code.additions[: int(len(self.code.additions) * share)]:
                text = statement.replace("@no", number)
                self.connection.execute(text.replace("@hash", contents.replace("'", "''")))
            if share < 1:
                return "cut"
            told = "written"
        self.working = (policy, self.last_generation())
        return told

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every table of the state, its rows sorted."""
        return {
            name: sorted(self.rows(f"select * from {{state.{name}}}"), key=repr)
            for name in STATE_NAMES
        }
