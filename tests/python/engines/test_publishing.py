"""`customer360 build` on the stand-ins of the warehouses: what people read changes whole or not.

A tiny project with the real macros of publishing and of the state: two marts that must always show
the same version, and one id whose anchor moves with it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from engines.rehearsal import environments
from engines.rehearsal.engines import STAND_INS, Refused, Target, started
from unit.state_rows import some_rows, tables, write_state

from customer360.paths import Project
from customer360.state_files import export_state

ROOT = environments.PROJECT
SCHEMA = "customer360"
# Between writing the state down and the step that people see.
SWAP = "{%- do bring_in(working_schema, tables, facts) -%}"
DIES_HERE = (
    "{%- if var('outcome') == 'cut off' -%}"
    "{{ exceptions.raise_compiler_error('cut off') }}"
    "{%- endif -%}\n    "
)
BUILD_SECONDS = 300.0
FILES = {
    "dbt_project.yml": """
name: customer360
version: "1.0"
config-version: 2
profile: customer360
model-paths: ["models"]
test-paths: ["tests"]
flags: {send_anonymous_usage_stats: false}
on-run-start: ["{{ begin_generation() }}"]
on-run-end: ["{{ end_generation(results) }}"]
models:
  customer360:
    +materialized: table
    staging: {+schema: staging}
    intermediate: {+schema: intermediate}
    marts:
      +schema: "{{ var('marts_schema_ending', none) }}"
      +access: public
vars:
  include_sample_data: true
  as_of: null
  sample_as_of: "2026-06-30 00:00:00"
  sources: {}
  marts_schema_ending: null
  version: 1
  outcome: good
  code_version: "1"
  source_entries: {stg_versions: {}}
  sample_sources: {}
  identity_policy: []
""",
    "models/staging/crm/_crm__sources.yml": """
sources:
  - name: crm
    tables:
      - name: contacts
        columns:
          - {name: contact_id, config: {meta: {required: true}}}
""",
    "models/staging/stg_versions.sql": "select {{ var('version') }} as version",
    # The second mart comes after the first, and takes its time where a test wants to kill it there:
    # in dbt, not in the warehouse, so that nothing goes on when dbt is dead.
    "models/marts/customer360_profiles.sql": "select version from {{ ref('stg_versions') }}",
    "models/marts/customer360_events.sql": """
{{ config(materialized='view' if var('outcome') == 'view' else 'table') }}
{% if execute and var('outcome') == 'slow' %}
    {% for _ in range(50000) %}{% for _ in range(50000) %}{% endfor %}{% endfor %}
{% endif %}
select version from {{ ref('customer360_profiles') }}
""",
    "models/marts/_marts.yml": """
models:
  - {name: customer360_profiles, columns: [{name: version}]}
  - {name: customer360_events, columns: [{name: version}]}
  - {name: customer360_extra, columns: [{name: version}]}
""",
    # What stands for identity: which generation this is, and what it adds to the state.
    "models/intermediate/int_identity__changes.sql": "select 1 as record_no",
    "models/intermediate/int_state__generation.sql": """
select
    coalesce(max(generation_no), 0) + 1 as generation_no,
    cast('2026-06-30 00:00:00' as {{ dbt.type_timestamp() }}) as generated_at,
    {{ 'true' if var('include_sample_data') else 'false' }} as is_sample_data,
    'policy' as policy_hash,
    'decisions' as decisions_hash,
    '1' as code_version,
    '{{ invocation_id }}' as invocation_id
from {{ state_relation('generations') }}
""",
    "models/intermediate/int_state__ids.sql": """
select
    'A' as customer360_id,
    'record {{ var("version") }}' as anchor_record_key,
    'record 1' as minted_record_key,
    cast(null as {{ dbt.type_timestamp() }}) as minted_record_at,
    1 as minted_generation_no,
    true as was_identified_at_minting,
    false as is_removed
""",
    "models/intermediate/int_state__ledger.sql": """
select
    'record {{ var("version") }}' as record_key,
    'A' as customer360_id,
    'known' as record_role,
    false as is_removed
""",
    "models/intermediate/int_state__id_changes.sql": """
select
    'A' as customer360_id,
    'moved' as change,
    'B' as other_customer360_id,
    {{ var('version') }} as record_count,
    'record_added' as cause,
    'record {{ var("version") }}' as cause_detail
""",
    # For all other tables of the state.
    "macros/nothing_new.sql": """
{% macro nothing_new(name) %}
select
    {% for column, type in state_tables()[name]['columns'].items() %}
    cast(null as {{ type }}) as {{ column }},
    {% endfor %}
    false as is_removed
from (select 1 as one) as nothing
where one = 0
{% endmacro %}
""",
    "models/marts/customer360_extra.sql": """
{{ config(enabled=var('version') < 3) }}
select version from {{ ref('customer360_profiles') }}
""",
    "tests/fails_when_asked.sql": """
select version from {{ ref('customer360_events') }} where '{{ var("outcome") }}' = 'failing test'
""",
}


@dataclass(frozen=True)
class Tiny:
    """The tiny project on a running stand-in."""

    root: Path
    target: Target

    def command(self, *arguments: str, **variables: object) -> list[str]:
        """Return the command's line; variables go into a file of vars."""
        line = [str(environments.python_of("dbt")), "-m", "customer360", *arguments]
        if variables:
            (self.root / "own.yml").write_text(json.dumps(variables), "utf-8")
            line += ["--vars", "own.yml"]
        return [*line, "--target", "rehearsal"]

    def start(self, line: Sequence[str], home: str = "home") -> subprocess.Popen[str]:
        """Start the command in a folder of database files of its own."""
        ours = ("CUSTOMER360_", "DBT_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        return subprocess.Popen(
            line,
            cwd=self.root,
            env={**kept, "PYTHONPATH": str(ROOT), "CUSTOMER360_HOME": home, "COLUMNS": "80"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, home: str = "home", **variables: object) -> tuple[int, str, str]:
        """Run the command to its end: exit code, standard output, standard error."""
        process = self.start(self.command(*arguments, **variables), home)
        out, err = process.communicate(timeout=BUILD_SECONDS)
        return process.returncode, out, err

    def relation(self, schema: str, name: str) -> str:
        """Return a relation's name as the engine's SQL has it."""
        if self.target.engine.name == "bigquery":
            return f"`fake-project`.`{schema}`.`{name}`"
        return f"REHEARSAL.{schema}.{name}"

    def read(self, name: str, column: str = "version", schema: str = SCHEMA) -> list[object]:
        """Return one column of what people read, or of another schema. Raises Refused."""
        rows = self.target.rows(f"select {column} from {self.relation(schema, name)}").rows
        return sorted(row[0] for row in rows)

    def versions(self) -> list[object]:
        """Return the version that each mart shows to people."""
        return [*self.read("customer360_profiles"), *self.read("customer360_events")]

    def generation(self) -> list[object]:
        """Return the generation that the record names."""
        return self.read("publication", "generation", f"{SCHEMA}_internal")

    def state(self) -> tuple[int, list[object], list[object]]:
        """Return the last generation written down, the anchors valid now, and what was said.

        Rows of what a generation adds are numbered by it.
        """
        schema = f"{SCHEMA}_state"
        last = max(map(int, map(str, self.read("generations", "generation_no", schema))))
        valid = f"{self.relation(schema, 'ids')} where valid_to_generation is null"
        anchors = [
            row[0] for row in self.target.rows(f"select anchor_record_key from {valid}").rows
        ]
        return last, anchors, self.read("id_changes", "generation_no", schema)

    def published_state(self) -> int:
        """Return the generation of the state that the record names."""
        (number,) = self.read("publication", "state_generation", f"{SCHEMA}_internal")
        return int(str(number))

    def stands(self, schema: str, name: str) -> bool:
        """Tell whether a relation can be read."""
        try:
            self.target.rows(f"select 1 as one from {self.relation(schema, name)}")
        except Refused:
            return False
        return True


def write_files(root: Path) -> None:
    """Write the tiny project into a folder."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "macros", root / "macros", dirs_exist_ok=True)
    state = (root / "macros/state/state_tables.sql").read_text("utf-8")
    for table, model in re.findall(r"'(\w+)': \{\s+'keys': .*\s+'model': '(\w+)'", state):
        file = root / f"models/intermediate/{model}.sql"
        if not file.exists():
            file.write_text(f"{{{{ nothing_new('{table}') }}}}", "utf-8")
    publishing = root / "macros/publishing/publishing.sql"
    text = publishing.read_text("utf-8")
    assert text.count(SWAP) == 1
    publishing.write_text(text.replace(SWAP, DIES_HERE + SWAP), "utf-8")


@pytest.fixture(scope="module", params=STAND_INS)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A running stand-in, for all tests of this file."""
    with started(request.param, tmp_path_factory.mktemp(request.param)) as target:
        yield target


@pytest.fixture(scope="module")
def tiny(engine: Target, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The tiny project with its first generation published."""
    root = tmp_path_factory.mktemp("tiny")
    write_files(root)
    profile = {"rehearsal": engine.profile(SCHEMA)}
    profiles = {"customer360": {"target": "rehearsal", "outputs": profile}}
    (root / "profiles.yml").write_text(json.dumps(profiles), "utf-8")
    made = Tiny(root, engine)
    nothing = made.run("summary")
    assert nothing[0] == 2, nothing
    assert "Nothing has been published there yet" in nothing[2]
    code, out, err = made.run("build")
    assert code == 0, out + err
    assert "published generation 1" in out
    assert made.versions() == [1, 1]
    assert made.generation() == [1]
    assert made.state() == (1, ["record 1"], [1])
    assert made.published_state() == 1
    return made


def test_a_build_publishes_the_next_generation_and_says_what_stands(tiny: Tiny) -> None:
    (before,) = tiny.generation()
    code, out, err = tiny.run("build", version=2)
    assert code == 0, out + err
    assert tiny.versions() == [2, 2]
    assert tiny.generation() == [before + 1]
    assert tiny.state() == (2, ["record 2"], [1, 2])
    assert tiny.published_state() == 2
    assert tiny.read("published_tables", "table_name", f"{SCHEMA}_internal") == [
        "customer360_events",
        "customer360_extra",
        "customer360_profiles",
    ]
    code, out, err = tiny.run("summary")
    assert code == 0, err
    assert f"Generation {before + 1}, published" in out
    assert "customer360.customer360_profiles" in out
    code, out, err = tiny.run("doctor")
    assert f"answers; generation {before + 1}" in out, out + err


def test_a_failing_test_leaves_what_people_read(tiny: Tiny) -> None:
    before = tiny.versions(), tiny.generation(), tiny.state()
    code, _, err = tiny.run("build", version=5, outcome="failing test")
    assert code == 1
    assert "nothing was published" in err
    assert (tiny.versions(), tiny.generation(), tiny.state()) == before
    assert not tiny.stands(f"{SCHEMA}_internal", "build_lock")


def test_a_state_without_its_marts_is_taken_back(tiny: Tiny) -> None:
    """As if the process had died when the state was written down and the marts were not shown."""
    before = tiny.versions(), tiny.generation()
    last, anchors, told = tiny.state()
    code, _, err = tiny.run("build", version=5, outcome="cut off")
    assert code == 1
    assert "publishing them failed" in err
    assert (tiny.versions(), tiny.generation()) == before
    assert tiny.state() == (last + 1, ["record 5"], [*told, last + 1])
    assert tiny.published_state() == last
    # A build that fails takes it back all the same.
    assert tiny.run("build", version=5, outcome="failing test")[0] == 1
    assert tiny.state() == (last, anchors, told)
    code, out, err = tiny.run("build", version=2)
    assert code == 0, out + err
    assert tiny.state() == (last + 1, ["record 2"], [*told, last + 1])
    assert tiny.published_state() == last + 1


def test_a_mart_that_is_a_view_is_not_published(tiny: Tiny) -> None:
    before = tiny.versions(), tiny.generation()
    code, _, err = tiny.run("build", "--full-refresh", version=5, outcome="view")
    assert code == 1
    assert "The mart 'customer360_events' is a view" in err
    assert (tiny.versions(), tiny.generation()) == before


def test_a_killed_build_leaves_what_people_read_and_the_next_one_completes(tiny: Tiny) -> None:
    before, (generation,) = tiny.versions(), tiny.generation()
    process = tiny.start(tiny.command("build", version=6, outcome="slow"))
    working = f"{SCHEMA}_next"
    if tiny.target.engine.name == "bigquery":
        working = SCHEMA + ("_odd" if generation % 2 == 0 else "_even")
    wait_for(tiny, process, working)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert tiny.read("customer360_profiles", schema=working) == [6], "it was killed too early"
    assert (tiny.versions(), tiny.generation()) == (before, [generation])
    assert tiny.stands(f"{SCHEMA}_internal", "build_lock")

    # Another machine cannot know that it is dead, the same folder can.
    code, _, err = tiny.run("build", home="elsewhere")
    assert code == 3
    assert "is running" in err
    assert (tiny.versions(), tiny.generation()) == (before, [generation])

    code, out, err = tiny.run("build", version=7)
    assert code == 0, out + err
    assert (tiny.versions(), tiny.generation()) == ([7, 7], [generation + 1])
    assert not tiny.stands(SCHEMA, "customer360_extra"), "a mart that is gone is still read"


def wait_for(tiny: Tiny, process: subprocess.Popen[str], schema: str) -> None:
    """Return as soon as the first mart of the version 6 stands in the working schema."""
    end = time.monotonic() + BUILD_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if tiny.stands(schema, "customer360_profiles") and tiny.read(
            "customer360_profiles", schema=schema
        ) == [6]:
            return
        time.sleep(0.5)
    process.kill()
    raise AssertionError(process.communicate())


def test_a_dead_builds_lock_can_be_taken_over(tiny: Tiny) -> None:
    (generation,) = tiny.generation()
    lock = tiny.relation(f"{SCHEMA}_internal", "build_lock")
    tiny.target.rows(
        f"create table {lock} as select 'elsewhere' as holder, '2999-01-01 00:00:00' as taken_at"
    )
    assert tiny.run("build", version=2)[0] == 3
    code, out, err = tiny.run("build", "--take-over", version=2)
    assert code == 0, out + err
    assert tiny.generation() == [generation + 1]


def test_the_sample_does_not_replace_own_data(tiny: Tiny) -> None:
    source = tiny.relation(f"{SCHEMA}_staging", "raw_contacts")
    tiny.target.rows(f"create or replace table {source} as select 'C1' as contact_id")
    own = {"crm.contacts": [{"name": "own", "relation": f"{SCHEMA}_staging.raw_contacts"}]}
    files = {"crm.contacts": [{"name": "own", "file": "contacts.csv"}]}
    code, _, err = tiny.run("build", include_sample_data=False, sources=files)
    assert code == 2
    assert "reads tables, not files" in err
    # Ids of people who do not exist are not passed on: what was remembered goes first.
    code, _, err = tiny.run("build", include_sample_data=False, sources=own)
    assert code == 2
    assert "was built from the sample" in err
    state = (tiny.root / "macros/state/state_tables.sql").read_text("utf-8")
    for name in ("generations", *re.findall(r"'(\w+)': \{\s+'keys'", state)):
        tiny.target.rows(f"drop table {tiny.relation(SCHEMA + '_state', name)}")
    code, out, err = tiny.run("build", include_sample_data=False, sources=own)
    assert code == 0, out + err
    assert tiny.state()[0] == tiny.published_state() == 1
    before = tiny.generation()
    code, _, err = tiny.run("build")
    assert code == 2
    assert "holds published data of your own" in err
    assert tiny.generation() == before
    assert not tiny.stands(f"{SCHEMA}_internal", "build_lock")


def test_a_publication_that_was_cut_off_is_mended(tiny: Tiny) -> None:
    """As if the process had died behind the step that people see: the swap, or one of the views."""
    own = {"crm.contacts": [{"name": "own", "relation": f"{SCHEMA}_staging.raw_contacts"}]}
    before, (generation,) = tiny.versions(), tiny.generation()
    if tiny.target.engine.name == "snowflake":
        tiny.target.rows(f"drop view {tiny.relation(SCHEMA + '_internal', 'publication')}")
    else:
        stands, other = ("_even", "_odd") if generation % 2 == 0 else ("_odd", "_even")
        profiles = tiny.relation(SCHEMA, "customer360_profiles")
        earlier = tiny.relation(SCHEMA + other, "customer360_profiles")
        tiny.target.rows(
            f"create or replace view {profiles} as select version + 100 as version from {earlier}"
        )
        assert tiny.versions() != before
        code, _, _ = tiny.run(
            "build", include_sample_data=False, sources=own, outcome="failing test"
        )
        assert code == 1
        assert tiny.versions() == before, f"not what customer360{stands} holds"
    code, out, err = tiny.run("build", version=8, include_sample_data=False, sources=own)
    assert code == 0, out + err
    assert (tiny.versions(), tiny.generation()) == ([8, 8], [generation + 1])


def test_an_exported_state_is_restored_on_an_empty_warehouse(
    engine: Target, tmp_path: Path
) -> None:
    """What a home on DuckDB remembers; the build after it continues from there."""
    home = Project(tmp_path / "home", tmp_path / "home")
    state = some_rows()
    generations = [(*row[:2], True, *row[3:]) for row in state["generations"]]
    write_state(home.published_file, state | {"generations": generations})
    export_state(home, tmp_path / "files")
    write_files(tmp_path)
    outputs = {"rehearsal": engine.profile("restored")}
    profiles = {"customer360": {"target": "rehearsal", "outputs": outputs}}
    (tmp_path / "profiles.yml").write_text(json.dumps(profiles), "utf-8")
    tiny = Tiny(tmp_path, engine)
    code, out, err = tiny.run("state", "restore", "files")
    assert code == 0, out + err
    for name, rows in {**state, "generations": generations}.items():
        relation = tiny.relation("restored_state", name)
        found = engine.rows(f"select {', '.join(tables()[name])} from {relation}").rows
        assert sorted(map(plain_row, found)) == sorted(map(plain_row, rows)), name
    assert tiny.run("state", "restore", "files")[0] == 2
    code, out, err = tiny.run("build", version=9)
    assert code == 0, out + err
    assert tiny.read("generations", "generation_no", "restored_state") == [1, 2, 3]


def plain_row(row: Sequence[object]) -> list[str]:
    """Return a row's values as text that does not depend on how a client types them."""
    return [
        str(value.replace(tzinfo=None)) if isinstance(value, dt.datetime) else
        f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
        for value in row
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        ("snowflake", ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_KEY_FILE")),
        ("bigquery", ("BIGQUERY_PROJECT",)),
    ],
)
def test_the_adapters_take_the_example_profile(
    target: str, needed: Sequence[str], tmp_path: Path
) -> None:
    write_files(tmp_path)
    shutil.copy(ROOT / "profiles.yml.example", tmp_path / "profiles.yml")
    line = [str(environments.program_of("dbt", "dbt")), "parse", "--target", target]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CUSTOMER360_")}
    given = {f"CUSTOMER360_{name}": "x" for name in needed}
    for env, is_good in ((given, True), ({}, False)):
        done = subprocess.run(
            line, cwd=tmp_path, env={**kept, **env}, capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) == is_good, done.stdout
    assert f"Env var required but not provided: 'CUSTOMER360_{needed[0]}'" in done.stdout
