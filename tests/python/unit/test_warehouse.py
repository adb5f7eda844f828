"""Publishing on a warehouse: the order of the steps, and what happens when one of them fails."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from unit.macro_runner import LeanProject, lean_project

from customer360 import build as steps
from customer360.build import BuildOptions, build
from customer360.doctor import run_checks
from customer360.errors import BuildError, ConfigError, LockedError
from customer360.operations import ANSWER, Answers, OperationFailed
from customer360.paths import Project
from customer360.runner import RunReport
from customer360.targets import check_ready, find_target
from customer360.warehouse import LOCK_HOURS, holder_of, read_time

RECORD = {
    "generation": "4",
    "published_at": "2026-01-02 03:04:05+00",
    "as_of": "2025-12-31T00:00:00.000000",
    "invocation_id": "run-4",
    "is_sample_data": "true",
    "vars_hash": "a",
    "code_version": "0",
    "table_count": "1",
    "state_generation": "1",
}
REPORT = RunReport("run-5", (("customer360_next", "customer360_profiles"),), (), 3)
PROFILE = """
customer360:
  target: dev
  outputs:
    dev: {type: duckdb, path: work.duckdb}
    far:
      type: snowflake
      account: "{{ env_var('FAR_ACCOUNT') }}"
      role: "{{ env_var('FAR_ROLE', 'builder') }}"
      password: "{{ env_var('DBT_ENV_SECRET_FAR') }}"
"""


@dataclass
class Fake:
    """A warehouse that remembers what it was asked; `fails` names the step that goes wrong."""

    publication: dict[str, str] | None = None
    fails: str | None = None
    error: BaseException = field(default_factory=lambda: OperationFailed("no grants"))
    held: dict[str, str] | None = None
    report: RunReport = REPORT
    asked: list[str] = field(default_factory=list)
    arguments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def call(self, macro: str, **arguments: Any) -> dict[str, Any]:
        """Answer as the macros do."""
        self.asked.append(macro)
        self.arguments[macro] = arguments
        if macro == self.fails:
            raise self.error
        if macro == "begin_publication" and self.held:
            return {"held": self.held}
        generation = int(self.publication["generation"]) if self.publication else 0
        return {
            "publication": self.publication,
            "generation": generation + 1,
            "working_schema": "customer360_next",
            "schema_ending": "next",
            "tables": [["customer360", "customer360_profiles", 7]],
            "facts": {"state_generation": 3},
        }

    def build(self, schema: str, ending: str, listener: object, full_refresh: bool) -> RunReport:
        """Build nothing."""
        self.asked.append(f"build in {schema}")
        assert schema == f"customer360_{ending}"
        if self.fails == "build":
            raise self.error
        return self.report


@pytest.fixture
def project(mini_project: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The tiny project with a target on a warehouse, all of whose needs are met."""
    (mini_project / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    for name in ("FAR_ACCOUNT", "DBT_ENV_SECRET_FAR"):
        monkeypatch.setenv(name, "x")
    for module in ("customer360.targets", "customer360.doctor"):
        monkeypatch.setattr(f"{module}.has_adapter", lambda engine: True)
    return Project(root=mini_project, home=mini_project / "warehouse")


def run(
    project: Project, fake: Fake, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[int, str]:
    """Build on a fake warehouse; return the generation and what was printed."""
    monkeypatch.setattr(steps, "DbtWarehouse", lambda *_: fake)
    console = Console(width=80)
    with console.capture() as printed:
        outcome = build(project, BuildOptions(target="far", **options), console)
    return outcome.generation, printed.get()


def test_a_build_is_begun_built_beside_and_published(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(publication=RECORD)
    generation, printed = run(project, fake, monkeypatch)
    assert fake.asked == ["begin_publication", "build in customer360_next", "publish_generation"]
    assert generation == 5
    assert "published generation 5" in printed
    assert "customer360.customer360_profiles" in printed
    begun, published = fake.arguments["begin_publication"], fake.arguments["publish_generation"]
    assert begun["holder"] == published["holder"] == holder_of(project)
    assert str(project.home) not in begun["holder"]
    hours = read_time(begun["now"]) - read_time(begun["expired_before"])
    assert hours.total_seconds() == LOCK_HOURS * 3600
    assert published["working_schema"] == "customer360_next"
    assert published["tables"] == ["customer360_profiles"]
    assert published["facts"].keys() | {"state_generation"} == RECORD.keys()
    assert published["facts"]["generation"] == 5
    assert published["facts"]["is_sample_data"] == "true"


def test_the_first_build_is_generation_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(project, Fake(), monkeypatch)[0] == 1


@pytest.mark.parametrize("error", [BuildError("a test failed"), KeyboardInterrupt()])
def test_a_failed_or_stopped_build_gives_the_lock_back_and_publishes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    fake = Fake(fails="build", error=error)
    with pytest.raises(type(error)):
        run(project, fake, monkeypatch)
    assert fake.asked[-1] == "release_build_lock"
    assert "publish_generation" not in fake.asked


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (RunReport("r", (("s", "seen"),), (), 1, ("seen",)), "The mart 'seen' is a view"),
        (RunReport("r", (), (), 1), "made no table in the marts' schema"),
    ],
)
def test_marts_that_cannot_be_published_whole_are_not(
    project: Project, monkeypatch: pytest.MonkeyPatch, report: RunReport, sentence: str
) -> None:
    fake = Fake(report=report)
    with pytest.raises(BuildError, match=sentence):
        run(project, fake, monkeypatch)
    assert fake.asked[-1] == "release_build_lock"
    assert "publish_generation" not in fake.asked


def test_a_publication_that_fails_says_so_without_claiming_what_stands(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(fails="publish_generation")
    with pytest.raises(BuildError, match="publishing them failed \\(no grants\\)"):
        run(project, fake, monkeypatch)
    assert fake.asked[-1] == "release_build_lock"


def test_another_build_keeps_this_one_out_and_keeps_its_lock(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(held={"holder": "ci-7", "taken_at": "2026-01-01 00:00:00"})
    with pytest.raises(LockedError, match=r"ci-7, since 2026-01-01 00:00:00 UTC.*--take-over"):
        run(project, fake, monkeypatch)
    assert fake.asked == ["begin_publication"]
    assert fake.arguments["begin_publication"]["take_over"] is False
    run(project, again := Fake(), monkeypatch, take_over=True)
    assert again.arguments["begin_publication"]["take_over"] is True


@pytest.mark.parametrize(
    ("told", "kind"), [("no grants", ConfigError), ("Object LOCK already exists", LockedError)]
)
def test_a_warehouse_that_cannot_begin_is_told_from_one_that_is_taken(
    project: Project, monkeypatch: pytest.MonkeyPatch, told: str, kind: type[Exception]
) -> None:
    fake = Fake(fails="begin_publication", error=OperationFailed(told))
    with pytest.raises(kind):
        run(project, fake, monkeypatch)
    assert fake.asked == ["begin_publication"]


def test_the_sample_does_not_replace_own_data(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(publication={**RECORD, "is_sample_data": "false"})
    with pytest.raises(ConfigError, match="holds published data of your own"):
        run(project, fake, monkeypatch)
    assert fake.asked == ["begin_publication", "release_build_lock"]


def test_files_are_refused_before_the_warehouse_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = project.root / "own.yml"
    sources = {"crm.contacts": [{"name": "main", "file": "in.csv"}]}
    own.write_text(json.dumps({"include_sample_data": False, "sources": sources}))
    fake = Fake()
    with pytest.raises(ConfigError, match=r"crm\.contacts > main > file: snowflake reads tables"):
        run(project, fake, monkeypatch, vars_file=own)
    assert fake.asked == []


def test_a_target_says_what_it_needs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    target = find_target(project, "far")
    assert target.is_warehouse
    assert target.needed_variables == ("FAR_ACCOUNT", "DBT_ENV_SECRET_FAR")
    with pytest.raises(ConfigError, match="needs DBT_ENV_SECRET_FAR in the environment"):
        check_ready(target, {"FAR_ACCOUNT": "x"})
    monkeypatch.setattr("customer360.targets.has_adapter", lambda engine: False)
    with pytest.raises(ConfigError, match="run `make setup ADAPTER=snowflake`"):
        check_ready(target, {})
    assert not find_target(project, "dev").is_warehouse
    assert not find_target(project, "nowhere").is_warehouse


def test_the_example_profile_asks_for_nothing_on_duckdb_and_hides_every_secret(
    project: Project, project_dir: Path
) -> None:
    text = (project_dir / "profiles.yml.example").read_text(encoding="utf-8")
    project.profiles_file.write_text(text, encoding="utf-8")
    assert find_target(project, "dev").needed_variables == ()
    for name in ("snowflake", "bigquery"):
        target = find_target(project, name)
        assert target.engine == name
        assert target.needed_variables
    secrets = ("passphrase", "token", "keyfile_json", "private_key")
    lines = [line.strip("# ").partition(":") for line in text.splitlines() if "env_var('" in line]
    found = {key: value for key, _, value in lines if key.removeprefix("private_key_") in secrets}
    assert len(found) == 3
    assert all("env_var('DBT_ENV_SECRET_" in value for value in found.values())


def test_the_doctor_looks_at_a_warehouse(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customer360.doctor.DbtWarehouse", lambda *_: Fake(publication=RECORD))
    good = {"FAR_ACCOUNT": "a", "DBT_ENV_SECRET_FAR": "hidden"}
    checks = {check.name: check for check in run_checks(project, good, "far")}
    assert checks["warehouse"].found == "answers; generation 4"
    assert "hidden" not in str(checks)
    failing = Fake(fails="describe_publication")
    monkeypatch.setattr("customer360.doctor.DbtWarehouse", lambda *_: failing)
    checks = {check.name: check for check in run_checks(project, good, "far")}
    assert not checks["warehouse"].is_good
    checks = {check.name: check for check in run_checks(project, {}, "far")}
    assert checks["environment"].found == "missing: FAR_ACCOUNT, DBT_ENV_SECRET_FAR"
    assert checks["warehouse"].found == "not asked; see above"


def event(name: str, **data: str) -> Any:
    """An event as dbt gives it."""
    return SimpleNamespace(info=SimpleNamespace(name=name), data=SimpleNamespace(**data))


def test_a_macros_answer_is_taken_from_dbts_log() -> None:
    answers = Answers()
    answers(event("JinjaLogDebug", msg="something else"))
    assert answers.answer is None
    answers(event("JinjaLogDebug", msg=ANSWER + '{"generation": 3}'))
    assert answers.answer == {"generation": 3}
    answers(event("RunningOperationCaughtError", exc="no such table"))
    assert answers.faults == ["no such table"]


def schemas(project: LeanProject, **variables: str) -> dict[str, str]:
    """The schema of each model of a lean copy of the real project."""
    outcome = project.dbt("parse", variables=variables)
    assert outcome.success, outcome.exception
    nodes = outcome.result.nodes.values()
    return {node.name: node.schema for node in nodes if node.resource_type == "model"}


def test_the_working_schema_takes_the_place_of_the_marts_schema_alone(tmp_path: Path) -> None:
    project = lean_project(tmp_path / "project")
    usual, beside = schemas(project), schemas(project, marts_schema_ending="next")
    moved = {name for name in usual if usual[name] != beside[name]}
    assert {name for name in usual if usual[name] == "customer360"} == moved
    assert "customer360_profiles" in moved
    assert {beside[name] for name in moved} == {"customer360_next"}
    assert set(usual.values()) == {
        "customer360",
        "customer360_staging",
        "customer360_intermediate",
    }
