"""`customer360 dry-run` without a build: what it refuses, and how it compares."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from customer360 import cli
from customer360.dry_run import Step, compare, instances_kept, remember
from customer360.paths import Project
from customer360.published import META_SCHEMA

PUBLICATION = f"""
create schema p.customer360;
create schema p.customer360_state;
create schema p.{META_SCHEMA};
create table p.customer360_state.generations as select 1 as generation_no;
create table p.customer360.customer360_identity_map as
    select 'r' as record_key, 'A' as customer360_id, 'known' as record_role;
create table p.customer360.customer360_profiles as
    select 'A' as customer360_id, 1 as orders_count, 5.00 as total_revenue;
create table p.customer360.customer360_id_changes as select 'A' as customer360_id;
create table p.{META_SCHEMA}.publication as select
    1 as generation, timestamp '2026-01-01' as published_at, timestamp '2026-01-01' as as_of,
    'run' as invocation_id, $own as is_sample_data, 'hash' as vars_hash, '0' as code_version,
    3 as table_count, 1 as state_generation;
"""
OWN = "include_sample_data: false\nsources:\n  crm.contacts:\n    - {name: crm, file: raw/*.csv}\n"


def publish(project: Project, is_sample: bool) -> None:
    project.home.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{project.published_file}' as p")
        connection.execute(PUBLICATION.replace("$own", str(is_sample).lower()))


@pytest.fixture
def project(mini_project: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("CUSTOMER360_PROJECT_DIR", str(mini_project))
    monkeypatch.chdir(mini_project)
    return Project(mini_project, mini_project / "warehouse")


def refused(*arguments: str) -> str:
    """Run the command, see that it is refused as bad input, and return its one line."""
    outcome = CliRunner().invoke(cli.app, ["dry-run", *arguments])
    assert outcome.exit_code == 2, outcome.output
    assert outcome.stderr.count("\n") == 1
    return outcome.stderr


def test_nothing_to_compare_with_is_refused(project: Project) -> None:
    assert "Nothing has been published yet" in refused()
    with duckdb.connect(str(project.published_file)) as connection:
        connection.execute("create table t (n int)")
    assert "is of an earlier version; run `customer360 build` first" in refused()
    assert not list(project.home.glob("*.tmp*"))


def test_files_of_vars_that_do_not_fit_are_refused(project: Project) -> None:
    publish(project, is_sample=False)
    (project.root / "own.yml").write_text(OWN)
    (project.root / "policy.yml").write_text("outcome: good\n")
    (project.root / "wrong.yml").write_text("outcom: good\n")
    before = project.published_file.read_bytes()
    assert "name the file of vars that it was built with as --base-vars" in refused()
    assert "'missing.yml" in refused("--base-vars", "missing.yml").replace(f"{project.root}/", "")
    told = refused("--base-vars", "own.yml", "--vars", "wrong.yml")
    assert "'outcom' in 'wrong.yml' is not a setting of this project" in told
    told = refused("--base-vars", "own.yml", "--vars", "policy.yml")
    assert "add 'sources' and 'include_sample_data: false' to" in told
    project.published_file.unlink()
    publish(project, is_sample=True)
    told = refused("--vars", "own.yml")
    assert "builds data of your own; build that first" in told
    project.published_file.unlink()
    publish(project, is_sample=False)
    assert project.published_file.stat().st_size == len(before)
    assert not list(project.home.glob("*.tmp*")) and not project.work_file.exists()


def test_a_policy_that_is_wrong_is_known_before_the_first_build(project: Project) -> None:
    publish(project, is_sample=True)
    (project.root / "seeds").mkdir()
    (project.root / "seeds" / "colours.csv").write_text("colour\nred\n")
    (project.root / "bad.yml").write_text("outcome: bad policy\n")
    before = project.published_file.read_bytes()
    outcome = CliRunner().invoke(cli.app, ["dry-run", "--vars", "bad.yml"])
    assert outcome.exit_code == 2, outcome.output
    assert "identity_policy: 'emial' is no type; write 'email'." in outcome.stderr
    assert "A build with the settings in force" not in outcome.stdout
    assert project.published_file.read_bytes() == before
    assert {file.name for file in project.home.iterdir()} <= {"customer360.duckdb", ".lock"}


def test_places_outside_the_home_are_refused(project: Project) -> None:
    assert "is on snowflake; try the settings in another schema" in refused("--target", "snowflake")
    example = project.profiles_example.read_text()
    fixed = example.replace("{{ env_var('CUSTOMER360_HOME', 'warehouse') }}/work", "warehouse/work")
    assert fixed != example
    project.profiles_file.write_text(fixed)
    assert "in profiles.yml is fixed, so a dry run would write there" in refused()
    assert "has no target 'prod' with a path" in refused("--target", "prod")


@pytest.mark.parametrize("before", [None, "version: 2\n"])
@pytest.mark.parametrize("after", [None, "version: 2 # other\n"])
def test_the_declaration_of_raw_tables_is_put_back(
    tmp_path: Path, before: str | None, after: str | None
) -> None:
    project = Project(tmp_path, tmp_path)
    file = project.instances_file
    file.parent.mkdir(parents=True)
    if before:
        file.write_text(before)
    with pytest.raises(KeyboardInterrupt), instances_kept(project):
        file.unlink(missing_ok=True)
        if after:
            file.write_text(after)
        raise KeyboardInterrupt
    assert (file.read_text() if file.exists() else None) == before


# --- what is compared -----------------------------------------------------------------------------

MARTS = """
create or replace table {place}.customer360_identity_map
    (record_key varchar, customer360_id varchar, record_role varchar);
create or replace table {place}.customer360_profiles
    (customer360_id varchar, orders_count bigint, total_revenue decimal(18, 2));
create or replace table {place}.customer360_identity_links
    (record_key varchar, customer360_id varchar, identifier_type varchar, identifier_value varchar,
     identifier_role varchar, link_effect varchar, decision varchar);
create or replace table {place}.customer360_id_changes
    (customer360_id varchar, change varchar, record_count bigint, cause varchar,
     generation_no bigint);
"""


def fill(
    connection: duckdb.DuckDBPyConnection, owners: dict[str, str], orders: dict[str, int]
) -> None:
    """Make the marts of some records; `orders`: orders by record, each worth 10.10."""
    place = "work.customer360"
    connection.execute(MARTS.format(place=place))
    rows = [(record, owner, "known") for record, owner in owners.items()]
    insert(connection, f"{place}.customer360_identity_map", rows)
    counts: dict[str, int] = dict.fromkeys(owners.values(), 0)
    for record, owner in owners.items():
        counts[owner] += orders.get(record, 0)
    profiles = [(owner, count, round(count * 10.1, 2)) for owner, count in counts.items()]
    insert(connection, f"{place}.customer360_profiles", profiles)


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Any]) -> None:
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"insert into {table} values ({marks})", rows)


@pytest.mark.parametrize("seed", range(20))
def test_what_moves_is_counted_as_plain_python_does(seed: int) -> None:
    dice = random.Random(seed)
    records = [f"r{n}" for n in range(30)]
    old = {record: f"c{dice.randrange(8)}" for record in records[:25]}
    new = {record: old.get(record, "c9") for record in records[3:]}
    for record in dice.sample(sorted(new), 6):
        new[record] = f"c{dice.randrange(10)}"
    orders = {record: dice.randrange(4) for record in records}
    value = {record: dice.choice("uvw") for record in new}
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as work")
        connection.execute("create schema work.customer360")
        fill(connection, old, orders)
        remember(connection, "work.customer360")
        fill(connection, new, orders)
        insert(
            connection,
            "work.customer360.customer360_identity_links",
            [(r, new[r], "email", value[r], "strong", "joins", None) for r in new],
        )
        step = compare(connection, "New", 3)
    both = set(old) & set(new)
    assert step.records_moved == sum(old[record] != new[record] for record in both)
    assert (step.before.customers, step.after.customers) == tuple(
        len(set(owners.values())) for owners in (old, new)
    )
    assert (step.before.records, step.after.records) == (25, 27)
    risen = lost = 0
    for customer in {*old.values(), *new.values()}:
        change = sum(orders[r] for r in new if new[r] == customer) - sum(
            orders[r] for r in old if old[r] == customer
        )
        risen, lost = risen + max(change, 0), lost + max(-change, 0)
    assert step.orders_moved == min(risen, lost)
    assert step.revenue_moved == pytest.approx(min(risen, lost) * 10.1)
    former = {customer: {old[r] for r in both if new[r] == customer} for customer in new.values()}
    joined = {customer for customer, before in former.items() if len(before) > 1}
    assert {each.customer360_id for each in step.largest} == joined
    for each in step.largest:
        assert each.records == sum(owner == each.customer360_id for owner in new.values())
        assert each.former_customers == len(former[each.customer360_id])
        spans = {
            v: len({old[r] for r in both if new[r] == each.customer360_id and value[r] == v})
            for v in "uvw"
        }
        best = max(spans.values())
        if best < 2:
            assert (each.identifier, each.joined_by_it) == (None, 0)
        else:
            assert each.identifier is not None
            assert each.joined_by_it == best == spans[each.identifier.removeprefix("email ")]
    assert sum(step.joining_types.values()) == len(joined)


def test_a_value_that_both_sides_only_hold_explains_nothing() -> None:
    links = [
        ("a", "A", "cookie_id", "kiosk", "weak", "holds", None),
        ("b", "A", "cookie_id", "kiosk", "weak", "holds", None),
        ("a", "A", "decision", "k", "decision", "joins", "identity_decisions: same, by Ann"),
        ("b", "A", "decision", "k", "decision", "joins", "identity_decisions: same, by Ann"),
    ]
    changes = [
        ("B", "merged", 1, "decision", 2),
        ("C", "merged", 1, "decision", 2),
        ("C", "merged", 1, "decision", 1),
        ("A", "moved", 5, "policy_changed", 2),
        ("D", "moved", 2, "policy_changed", 2),
    ]
    steps: list[Step] = []
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as work")
        connection.execute("create schema work.customer360")
        fill(connection, {"a": "A", "b": "B"}, {})
        remember(connection, "work.customer360")
        steps.append(compare(connection, "Same", 0))
        fill(connection, {"a": "A", "b": "A"}, {})
        insert(connection, "work.customer360.customer360_identity_links", links)
        insert(connection, "work.customer360.customer360_id_changes", changes)
        steps.append(compare(connection, "New", 1))
    assert steps[0].is_quiet and not steps[1].is_quiet
    assert steps[1].changes == {"merged": 2, "moved": 7}
    assert steps[1].causes == {"decision": 2, "policy_changed": 2}
    (found,) = steps[1].largest
    assert found.identifier == "identity_decisions: same, by Ann"
    assert steps[1].joining_types == {"decision": 1}
