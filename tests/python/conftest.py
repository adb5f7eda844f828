"""Fixtures for all tests: the project, a copy of it, a tiny project, and the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RunCli = Callable[..., subprocess.CompletedProcess[str]]

# A dbt project with two marts, the contract of CRM contacts cut short, and a switch (`outcome`) for
# what goes wrong: enough to test the command without the real models.
MINI_FILES = {
    "dbt_project.yml": """
name: mini
version: "1.0"
config-version: 2
profile: customer360
model-paths: ["models"]
test-paths: ["tests"]
flags: {send_anonymous_usage_stats: false}
on-run-start: ["{{ judge_policy() }}"]
models:
  mini:
    +materialized: table
    staging: {+schema: staging}
vars:
  include_sample_data: true
  as_of: null
  sample_as_of: "2026-06-30 00:00:00"
  sources: {}
  outcome: good
""",
    "macros/judge_policy.sql": """
{% macro judge_policy() %}
    {% if execute and var('outcome') == 'bad policy' %}
        {{ exceptions.raise_compiler_error("identity_policy: 'emial' is no type; write 'email'.") }}
    {% endif %}
{% endmacro %}
""",
    "models/staging/crm/_crm__sources.yml": """
sources:
  - name: crm
    tables:
      - name: contacts
        description: One row per contact.
        config:
          meta:
            freshness: {warn_after: {count: 2, period: day}}
        columns:
          - {name: contact_id, description: Key., config: {meta: {required: true, aliases: [id]}}}
          - {name: loyalty_id, config: {meta: {namespaced: true}}}
          - {name: email, description: Address., config: {meta: {pii: direct, aliases: [mail]}}}
          - {name: country}
          - {name: loaded_at}
""",
    "models/staging/crm/stg_crm__contacts.sql": """
{% if var('include_sample_data') %}
select 'C1' as contact_id, 'a@example.com' as email
{% else %}
select contact_id, email from {{ source('crm', 'contacts__main') }}
{% endif %}
""",
    "models/marts/customer360_profiles.sql": """
{% if var('outcome') == 'slow' %}
select count(*) as n from range(400000) as a, range(400000) as b where hash(a.range, b.range) = 7
{% else %}
select
    {% if var('outcome') == 'bad value' %}cast('hidden' || contact_id as integer){% else %}
    contact_id{% endif %} as customer360_id,
    email
from {{ ref('stg_crm__contacts') }}
{% endif %}
""",
    "models/marts/customer360_contacts.sql": """
{{ config(materialized='view') }}
select customer360_id from {{ ref('customer360_profiles') }}
""",
    "tests/fails_when_asked.sql": """
{{ config(severity='warn' if var('outcome') == 'warning' else 'error') }}
select customer360_id from {{ ref('customer360_profiles') }}
where '{{ var("outcome") }}' in ('failing test', 'warning')
""",
}


@pytest.fixture(scope="session")
def project_dir() -> Path:
    """The project these tests belong to."""
    return ROOT


def clean_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would lead the command to somebody's own files."""
    ours = ("CUSTOMER360_", "DBT_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**kept, **changes}


@pytest.fixture(autouse=True)
def _no_outer_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in list(os.environ):
        if key.startswith(("CUSTOMER360_", "DBT_")):
            monkeypatch.delenv(key)


def copy_project(copy: Path) -> Path:
    """Copy the project as git would give it, with the dbt packages and the Python set-up."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source = ROOT / name
        if not source.is_file():
            continue
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    if (ROOT / "dbt_packages").is_dir():
        # Links in it are relative and lead into the copy.
        shutil.copytree(ROOT / "dbt_packages", copy / "dbt_packages", symlinks=True)
    if (ROOT / ".venv").is_dir():
        (copy / ".venv").symlink_to(ROOT / ".venv", target_is_directory=True)
    return copy


@pytest.fixture
def project_copy(tmp_path: Path) -> Path:
    """A copy of the project of this test's own."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def sample_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the sample was built once; for reading only."""
    root = copy_project(tmp_path_factory.mktemp("sample") / "project")
    process = start_cli(root, "build")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    return root


@pytest.fixture
def mini_project(tmp_path: Path) -> Path:
    """A tiny dbt project that the command can build in a few seconds."""
    root = tmp_path / "mini"
    for name, text in MINI_FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "profiles.yml.example", root / "profiles.yml.example")
    return root


def start_cli(cwd: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own, with the code of the project it runs in."""
    code = cwd if (cwd / "customer360" / "cli.py").is_file() else ROOT
    return subprocess.Popen(
        [sys.executable, "-m", "customer360", *arguments],
        cwd=cwd,
        env=clean_environment({"PYTHONPATH": str(code), "COLUMNS": "80", **env}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def run_cli() -> RunCli:
    """Give a function that runs the command in a folder: arguments, then environment by name."""

    def run(cwd: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        process = start_cli(cwd, *arguments, **env)
        out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start the command without waiting for its end."""
    return start_cli
