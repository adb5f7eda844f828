"""`summary`, `doctor`, `prepare`, and how messages of dbt become one sentence."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from customer360 import cli
from customer360.doctor import Check, run_checks
from customer360.errors import BuildError, ConfigError, LockedError
from customer360.messages import paragraph, safe_reason
from customer360.paths import Project
from customer360.publish import Release, publish
from customer360.runner import NodeResult, judge, start_error

MARTS = """
create schema customer360;
create table customer360.customer360_identity_map as
    select 'r' || range as record_key, 'c' || (range % 3) as customer360_id,
        case when range % 3 = 2 then 'anonymous' else 'known' end as record_role
    from range(7);
create table customer360.customer360_profiles as
    select distinct customer360_id from customer360.customer360_identity_map;
create table customer360.customer360_quarantine as
    select 'crm' as source_system, 'contacts' as source_entity, 'no key' as reason,
        'a@hidden' as raw_row, 3 as row_count;
create table customer360.customer360_data_quality as
    select 'crm' as source_system, 'contacts' as source_entity, * from (values
        ('rows_read', null, 1234), ('rows_kept', null, 1229), ('duplicates_removed', null, 2),
        ('rows_quarantined', 'no key', 2), ('rows_quarantined', 'no time', 1)
    ) as t (check_name, reason, row_count);
"""


@pytest.fixture
def project(mini_project: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The tiny project, as the current folder, with the profile in place."""
    monkeypatch.chdir(mini_project)
    monkeypatch.setenv("COLUMNS", "80")
    example = mini_project / "profiles.yml.example"
    (mini_project / "profiles.yml").write_text(example.read_text(encoding="utf-8"))
    return Project(root=mini_project, home=mini_project / "warehouse")


@pytest.fixture
def published(project: Project) -> Project:
    """The tiny project with something published."""
    project.home.mkdir()
    with duckdb.connect(str(project.work_file)) as connection:
        connection.execute(MARTS)
    names = ("identity_map", "profiles", "quarantine", "data_quality")
    publish(
        project,
        Release(
            tables=[("customer360", f"customer360_{name}") for name in names],
            as_of="2025-07-01 00:00:00",
            invocation_id="i",
            is_sample_data=True,
            vars_hash="v",
            code_version="0",
        ),
    )
    for path in (project.work_file, project.published_file):
        path.chmod(0o600)
    return project


def test_the_summary_shows_what_was_published(published: Project) -> None:
    done = CliRunner().invoke(cli.app, ["summary"])
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    assert ["crm.contacts", "1,234", "1,229", "2", "3"] in lines
    assert ["all", "3"] in lines
    assert ["identified", "2", "67%"] in lines
    assert ["anonymous", "1", "33%"] in lines
    assert ["with", "2", "records", "2", "67%"] in lines
    assert ["with", "3", "to", "5", "records", "1", "33%"] in lines
    assert ["crm.contacts", "no", "key", "3"] in lines
    assert "2.33 on average" in done.output
    assert "Generation 1" in done.output
    assert "as of 2025-07-01 00:00:00 UTC" in done.output
    assert str(published.published_file) in done.output
    assert "make docs" in done.output
    assert "hidden" not in done.output
    shown = [line for line in done.output.splitlines() if str(published.home) not in line]
    assert max(map(len, shown)) <= 80


def test_the_query_that_the_summary_shows_runs(published: Project) -> None:
    done = CliRunner().invoke(cli.app, ["summary"])
    query = done.output[done.output.index("select * from") :].split(" order by")[0]
    name = query.split("\n")[0].strip()
    with duckdb.connect(str(published.published_file), read_only=True) as connection:
        assert len(connection.execute(name).fetchall()) == 3


def test_without_a_published_file_the_summary_says_what_to_do(project: Project) -> None:
    done = CliRunner().invoke(cli.app, ["summary"])
    assert done.exit_code == 2
    assert "Nothing has been published yet; run `make demo`" in done.output
    assert "Traceback" not in done.output


def problems(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.is_good}


def test_the_doctor_finds_nothing_in_a_good_project(published: Project) -> None:
    assert problems(run_checks(published, {})) == {}
    done = CliRunner().invoke(cli.app, ["doctor"])
    assert done.exit_code == 0, done.output
    assert "generation 1" in done.output


def test_the_doctor_finds_what_is_wrong_and_how_to_mend_it(published: Project) -> None:
    root = published.root
    (root / "requirements.lock").write_text("duckdb==0.1.0 \\\n    --hash=sha256:0\n")
    (root / "packages.yml").write_text("packages: [{package: someone/some_package}]\n")
    (root / "profiles.yml").write_text("other: {}\n")
    published.work_file.chmod(0o644)
    published.published_file.write_bytes(b"x")
    found = problems(run_checks(published, {"CUSTOMER360_RAW_DIR": str(root / "gone")}))
    assert set(found) == {
        "duckdb",
        "dbt packages",
        "profile",
        "file modes",
        "published file",
        "raw files",
    }
    assert all(check.fix for check in found.values())
    done = CliRunner().invoke(cli.app, ["doctor"])
    assert done.exit_code == 1
    assert "make setup" in done.output
    assert "5 problems found" in done.output


def test_prepare_declares_the_users_tables(project: Project) -> None:
    (project.root / "in.csv").write_bytes(b"contact_id,email\n1,a\n")
    (project.root / "own.yml").write_text(
        "include_sample_data: false\nsources:\n  crm.contacts:\n"
        "    - {name: main, file: in.csv, columns: {contact_id: contact_id}}\n"
    )
    done = CliRunner().invoke(cli.app, ["prepare", "--vars", "own.yml"])
    assert done.exit_code == 0, done.output
    assert "contacts__main" in project.instances_file.read_text()
    assert CliRunner().invoke(cli.app, ["prepare"]).exit_code == 0
    assert not project.instances_file.exists()


def test_a_bad_configuration_leaves_everything_as_it_is(project: Project) -> None:
    (project.root / "own.yml").write_text("include_sample_data: false\nsources: {x.y: []}\n")
    done = CliRunner().invoke(cli.app, ["build", "--vars", "own.yml"])
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert not project.work_file.exists()
    assert not project.instances_file.exists()


def test_something_unexpected_shows_no_traceback(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object) -> None:
        raise RuntimeError("a@hidden")

    monkeypatch.setattr(cli, "show_published", burst)
    done = CliRunner().invoke(cli.app, ["summary"])
    assert done.exit_code == 4
    assert "RuntimeError" in done.output
    assert "hidden" not in done.output
    debug = CliRunner().invoke(cli.app, ["--debug", "summary"])
    assert isinstance(debug.exception, RuntimeError)


MACRO = """Compilation Error in operation customer360-on-run-start-0 (./dbt_project.yml)
  identity_policy: 'emial' is not a type;
  write 'email'.

  > in macro validate (macros/x.sql)
  > called by operation customer360-on-run-start-0 (./dbt_project.yml)"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MACRO, "identity_policy: 'emial' is not a type; write 'email'."),
        (
            'Runtime Error in model m (models/m.sql)\n  Binder Error: no column "x"\n  \n  LINE 1',
            'Binder Error: no column "x"',
        ),
        (
            "Runtime Error in model m (models/m.sql)\n"
            "  Conversion Error: Could not convert string 'a@hidden' to INT32",
            "Conversion Error",
        ),
        (
            "Runtime Error in model m (models/m.sql)\n"
            '  Constraint Error: Duplicate key "id: a@hidden"',
            "Constraint Error",
        ),
        ("Runtime Error\n  Python model failed:\nTraceback\nValueError: a@hidden", "an error"),
        (None, "an error"),
    ],
)
def test_reasons_never_hold_values(text: str | None, expected: str) -> None:
    assert safe_reason(text) == expected


def test_a_message_is_taken_without_its_headline() -> None:
    assert paragraph("Runtime Error\n  one\n  two\n\n  three") == "one two"


def test_an_open_working_file_is_a_lock_not_a_fault() -> None:
    assert isinstance(start_error(RuntimeError("Could not set lock on file")), LockedError)
    assert isinstance(start_error(RuntimeError("else")), ConfigError)


def node(name: str, kind: str = "model", **config: object) -> dict[str, object]:
    return {"name": name, "resource_type": kind, "schema": "customer360", "config": config}


def manifest(*names: str, **tests: str) -> dict[str, object]:
    nodes: dict[str, object] = {f"model.p.{name}": node(name) for name in names}
    nodes.update({f"test.p.{name}": node(name, "test") for name in tests})
    return {"nodes": nodes, "unit_tests": {}, "metadata": {"invocation_id": "i"}}


def result(unique_id: str, status: str, failures: int | None = None) -> NodeResult:
    return NodeResult(unique_id, status, failures, None)


def test_success_means_every_node_of_the_project() -> None:
    both = manifest("a", "b")
    one = [result("model.p.a", "success")]
    with pytest.raises(BuildError, match="1 of 2 nodes did not run, the first is model 'b'"):
        judge(both, one)
    report = judge(both, [*one, result("model.p.b", "success")])
    assert report.relations == (("customer360", "a"), ("customer360", "b"))


def test_a_skipped_node_is_no_success_and_what_broke_it_is_named() -> None:
    found = manifest("a", "b", t="")
    results = [
        result("test.p.t", "fail", 3),
        result("model.p.a", "error"),
        result("model.p.b", "skipped"),
    ]
    with pytest.raises(BuildError, match=r"The model 'a' could not be built.*1 more failed"):
        judge(found, results)


def test_a_failed_hook_is_a_failure() -> None:
    found = manifest("a")
    results = [result("model.p.a", "success"), result("operation.p.p-on-run-end-0", "error")]
    with pytest.raises(BuildError, match="end of the run"):
        judge(found, results)


def test_times_are_shown_as_they_are_stored(published: Project) -> None:
    from customer360.summary import load_summary

    summary = load_summary(published)
    assert summary.publication.as_of == datetime(2025, 7, 1)
