"""The project's set-up: Makefile, lock, ignored files and CI say and do what they promise."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TARGETS = {
    "help", "setup", "demo", "build", "test", "test-sequences", "test-real", "rehearse", "lint",
    "docs", "clean", "lock", "verify", "benchmark", "benchmark-growth",
}  # fmt: skip


def make(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder, without what an outer make or an outer build has exported."""
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CUSTOMER360_HOME", "PYTHON", "VARS"}
    environment = {key: value for key, value in os.environ.items() if key not in outer}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder, with a blank in its name, that holds the Makefile and what set-up needs."""
    folder = tmp_path / "a copy"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "packages.yml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements-snowflake.lock", folder)
    for name in ("setup", "compat", "warehouse"):
        ignored = shutil.ignore_patterns("*.duckdb*", "__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / "profiles.yml.example").write_text("example: {}\n")
    return folder


@pytest.fixture
def set_up_copy(copy: Path) -> Path:
    """The same, with the Python that runs the tests as its finished installation."""
    (copy / ".venv" / "bin").mkdir(parents=True)
    script(copy / ".venv" / "bin" / "python", f'exec "{sys.executable}" "$@"')
    for stamp in (".made", ".requirements", ".project"):
        (copy / ".venv" / stamp).touch()
    return copy


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# --- make ---------------------------------------------------------------------------------------


def test_make_alone_lists_every_command(copy: Path):
    done = make(copy)
    assert done.returncode == 0
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    assert listed == TARGETS


def test_an_old_python_is_refused_in_one_sentence(copy: Path):
    old = script(copy / "python3.10", "exit 1")
    done = make(copy, "demo", f"PYTHON={old}")
    assert done.returncode != 0
    (line,) = done.stdout.splitlines()
    assert "3.11" in line
    assert "PYTHON=" in line
    assert "Traceback" not in done.stderr
    assert not (copy / ".venv").exists() or not any((copy / ".venv").iterdir())


def test_a_missing_python_is_refused_in_the_same_sentence(copy: Path):
    done = make(copy, "demo", "PYTHON=no-such-python")
    assert done.returncode != 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("no-such-python is missing")


def test_set_up_installs_once_and_again_when_the_lock_changes(copy: Path):
    log = copy / "calls.log"
    bin_folder = copy / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    script(bin_folder / "python", f'echo "$@" >> "{log}"')

    assert make(copy, "setup").returncode == 0
    calls = log.read_text().splitlines()
    installs = [call for call in calls if "pip install" in call]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert installs[1].endswith("--no-deps --no-build-isolation -e .")

    log.unlink()
    assert make(copy, "setup").returncode == 0
    assert "pip" not in log.read_text()

    log.unlink()
    later = (copy / ".venv" / ".project").stat().st_mtime + 5
    os.utime(copy / "requirements.lock", (later, later))
    assert make(copy, "setup").returncode == 0
    assert "--require-hashes -r requirements.lock" in log.read_text()


def test_an_adapter_is_installed_only_when_it_is_asked_for(set_up_copy: Path):
    log = set_up_copy / "calls.log"
    script(set_up_copy / ".venv" / "bin" / "python", f'echo "$@" >> "{log}"')
    assert make(set_up_copy, "setup").returncode == 0
    assert "snowflake" not in log.read_text()
    assert make(set_up_copy, "setup", "ADAPTER=snowflake").returncode == 0
    assert "--require-hashes -r requirements-snowflake.lock" in log.read_text()
    log.unlink()
    assert make(set_up_copy, "setup", "ADAPTER=snowflake").returncode == 0
    assert "pip" not in log.read_text(), "a second call does nothing"
    assert make(set_up_copy, "setup", "ADAPTER=oracle").returncode != 0


def test_verify_without_a_target_says_what_to_write(set_up_copy: Path):
    nobody = {"DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/", "NO_PROXY": "127.0.0.1"}
    done = make(set_up_copy, "verify", **nobody)
    assert done.returncode != 0
    assert "make verify TARGET=snowflake" in done.stdout.splitlines()[-1]


def test_an_active_environment_does_not_reach_ours(copy: Path):
    log = copy / "environment.log"
    bin_folder = copy / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    script(bin_folder / "python", f'env >> "{log}"')
    foreign = {"VIRTUAL_ENV": "/elsewhere", "PYTHONPATH": "/elsewhere", "PYTHONHOME": "/elsewhere"}
    assert make(copy, "setup", PIP_TARGET="/elsewhere", **foreign).returncode == 0
    seen = log.read_text()
    assert "/elsewhere" not in seen
    assert "DBT_SEND_ANONYMOUS_USAGE_STATS=false" in seen
    assert "DO_NOT_TRACK=1" in seen


def test_a_profile_is_made_once_and_never_overwritten(set_up_copy: Path):
    nobody = {"DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/", "NO_PROXY": "127.0.0.1"}
    assert make(set_up_copy, "setup", **nobody).returncode == 0
    profile = set_up_copy / "profiles.yml"
    assert profile.read_text() == "example: {}\n"
    profile.write_text("mine: {}\n")
    os.utime(profile, (0, 0))
    assert make(set_up_copy, "setup", **nobody).returncode == 0
    assert profile.read_text() == "mine: {}\n"


def test_build_hands_over_the_file_with_the_vars(set_up_copy: Path):
    log = set_up_copy / "calls.log"
    script(set_up_copy / ".venv" / "bin" / "customer360", f'printf "%s\\n" "$@" >> "{log}"')
    nobody = {"DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/", "NO_PROXY": "127.0.0.1"}
    assert make(set_up_copy, "build", "VARS=my vars.yml", **nobody).returncode == 0
    assert log.read_text().splitlines() == ["build", "--vars-file", "my vars.yml"]
    log.unlink()
    assert make(set_up_copy, "build", "TARGET=far away", **nobody).returncode == 0
    assert log.read_text().splitlines() == ["build", "--target", "far away"]
    log.unlink()
    assert make(set_up_copy, "demo", **nobody).returncode == 0
    assert log.read_text().splitlines() == ["build"]


def test_docs_without_a_build_say_what_to_run(set_up_copy: Path):
    nobody = {"DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/", "NO_PROXY": "127.0.0.1"}
    done = make(set_up_copy, "docs", **nobody)
    assert done.returncode != 0
    assert "run make demo" in done.stdout.splitlines()[-1]


def test_clean_removes_what_can_be_made_again_and_nothing_else(set_up_copy: Path):
    made = [
        "target/manifest.json",
        "logs/dbt.log",
        "dbt_packages/dbt_expectations/dbt_project.yml",
        "warehouse/work.duckdb",
        "models/staging/_instances__sources.yml",
        "docs/site/index.html",
        "customer360/__pycache__/cli.pyc",
    ]
    kept = [
        "profiles.yml",
        "docs/sources.md",
        "models/staging/crm/_crm__sources.yml",
        "warehouse/.gitignore",
        "warehouse/customer360.duckdb",
        ".venv/lib/__pycache__/kept.pyc",
        "compat/dbt_expectations/dbt_project.yml",
    ]
    for name in made + kept:
        (set_up_copy / name).parent.mkdir(parents=True, exist_ok=True)
        (set_up_copy / name).touch()
    assert make(set_up_copy, "clean").returncode == 0
    assert [name for name in made if (set_up_copy / name).exists()] == []
    assert [name for name in kept if not (set_up_copy / name).exists()] == []
    assert make(set_up_copy, "clean").returncode == 0, "nothing left to remove is no error"


def test_clean_keeps_the_stand_in_that_dbt_packages_links_to(set_up_copy: Path):
    (set_up_copy / "dbt_packages").mkdir()
    link = set_up_copy / "dbt_packages" / "dbt_expectations"
    link.symlink_to(Path("..", "compat", "dbt_expectations"))
    assert make(set_up_copy, "clean").returncode == 0
    assert not (set_up_copy / "dbt_packages").exists()
    assert (set_up_copy / "compat" / "dbt_expectations" / "macros").is_dir()


# --- the lock -------------------------------------------------------------------------------------


def normal(name: str) -> str:
    """Return a distribution's name as indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


ADAPTER_LOCKS = ("requirements-snowflake", "requirements-bigquery")
LOCKS = ("requirements", *ADAPTER_LOCKS, "requirements-benchmark")


def direct_requirements(name: str = "requirements") -> dict[str, str]:
    """Return the lines of an .in file as {name: reason}, an empty reason when there is none."""
    lines = (ROOT / f"{name}.in").read_text("utf-8").splitlines()
    found = {}
    for line in lines:
        requirement, _, reason = line.partition("#")
        if requirement.strip() and not requirement.startswith("-r"):
            found[normal(re.split(r"[=<>~!\[ ]", requirement.strip())[0])] = reason.strip()
    return found


def locked(name: str = "requirements") -> dict[str, str]:
    """Return a lock's entries as {name: whole entry}."""
    text = (ROOT / f"{name}.lock").read_text("utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    return {normal(entry.split("==")[0]): entry for entry in entries}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_direct_requirement_has_a_reason_and_is_locked(lock: str):
    direct = direct_requirements(lock)
    assert [name for name, reason in direct.items() if not reason] == []
    assert set(direct) <= set(locked(lock))


@pytest.mark.parametrize("lock", ADAPTER_LOCKS)
def test_an_adapter_comes_with_all_that_the_project_asks_for(lock: str):
    assert set(direct_requirements()) <= set(locked(lock))


def test_what_is_measured_is_the_engine_that_builds():
    ours, measured = (locked(lock)["duckdb"] for lock in ("requirements", "requirements-benchmark"))
    assert ours.splitlines()[0] == measured.splitlines()[0]


def test_an_adapter_changes_no_version_but_those_it_holds_back():
    ours = {name: entry.splitlines()[0] for name, entry in locked().items()}
    held_back = {"requirements-snowflake": {"certifi", "filelock"}, "requirements-bigquery": set()}
    for lock, names in held_back.items():
        theirs = {name: entry.splitlines()[0] for name, entry in locked(lock).items()}
        assert {name for name in ours if ours[name] != theirs.get(name)} == names, lock


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_is_exact_and_hashed(lock: str):
    loose = [
        name
        for name, entry in locked(lock).items()
        if not re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==\S+ \\\n", entry)
        or "--hash=sha256:" not in entry
    ]
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_registry_and_no_place_on_a_machine(lock: str):
    text = (ROOT / f"{lock}.lock").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"--(index-url|extra-index-url|find-links|trusted-host)", text)
    places = {word for line in text.splitlines() for word in line.split() if "/" in word}
    assert places == set()


def test_the_package_asks_for_nothing_that_is_not_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {normal(re.split(r"[=<>~!]", text)[0]) for text in project["dependencies"]}
    assert asked <= set(direct_requirements())


# --- git and CI -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        ".venv/bin/python",
        "target/manifest.json",
        "logs/dbt.log",
        "dbt_packages/dbt_expectations/dbt_project.yml",
        ".dbt_packages_x/packages.yml",
        "package-lock.yml",
        "profiles.yml",
        ".user.yml",
        "warehouse/work.duckdb",
        "warehouse/work.duckdb.wal",
        "models/staging/_instances__sources.yml",
        "docs/site/index.html",
        "customer360.egg-info/PKG-INFO",
        ".mypy_cache/x",
    ],
)
def test_git_ignores_what_is_made_here(tmp_path: Path, name: str):
    assert ignored(tmp_path, name)


@pytest.mark.parametrize(
    "name",
    [
        "profiles.yml.example",
        "requirements.lock",
        "compat/dbt_expectations/dbt_project.yml",
        "warehouse/.gitignore",
        "models/staging/crm/_crm__sources.yml",
        "seeds/sample/sample_crm__contacts.csv",
        "docs/sources.md",
    ],
)
def test_git_keeps_what_belongs_to_the_project(tmp_path: Path, name: str):
    assert not ignored(tmp_path, name)


def ignored(folder: Path, name: str) -> bool:
    """Ask git, in a repository with the project's ignore files only, whether it ignores a path."""
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    (folder / "warehouse").mkdir()
    for file in (".gitignore", "warehouse/.gitignore"):
        shutil.copy(ROOT / file, folder / file)
    command = ["git", "-C", str(folder), "-c", "core.excludesFile=", "check-ignore", "-q", name]
    return subprocess.run(command, check=False).returncode == 0


@pytest.mark.xdist_group("together")
def test_tests_of_a_group_run_in_one_process(request: pytest.FixtureRequest):
    """Else every process builds what the group shares, and all tests take twice as long."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("all tests run in one process")
    assert request.node.nodeid.endswith("@together")


def test_ci_runs_the_tests_and_stops_at_the_first_failure(copy: Path):
    shutil.copytree(ROOT / ".ci", copy / ".ci")
    (copy / "Makefile").write_text("test:\n\t@echo ran in $(notdir $(CURDIR)); exit 3\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        [copy / ".ci" / "run"],
        cwd=copy / "compat",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ran in a copy" in done.stdout
    assert done.returncode != 0
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR
