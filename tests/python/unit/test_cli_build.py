"""`customer360 build` on a tiny project: exit codes, one sentence, and what is published."""

from __future__ import annotations

import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from customer360 import cli
from customer360.lock import build_lock, is_locked
from customer360.paths import Project
from customer360.published import read_publication

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


def project_of(root: Path) -> Project:
    return Project(root=root, home=root / "warehouse")


def write_vars(root: Path, text: str, name: str = "own.yml") -> str:
    (root / name).write_text(text, encoding="utf-8")
    return name


def profiles(project: Project) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{project.published_file}' as p (read_only)")
        return connection.execute("from p.customer360.customer360_profiles").fetchall()


def test_a_build_publishes_once_and_failures_publish_nothing(
    mini_project: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_of(mini_project)
    first = run_cli(mini_project, "build")
    assert first.returncode == 0, first.stderr
    assert "published generation 1" in first.stdout
    assert "Building" in first.stdout
    assert stat.S_IMODE(project.home.stat().st_mode) == 0o700
    for path in (project.work_file, project.published_file, project.log_dir / "dbt.log"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # Eighty columns and no colours, whatever is printed.
    assert max(map(len, first.stdout.splitlines())) <= 80 or str(mini_project) in first.stdout
    assert "\x1b" not in first.stdout
    published = read_publication(project)
    assert published is not None
    assert str(published.as_of) == "2026-06-30 00:00:00"
    assert len(published.invocation_id) == 36
    before = project.published_file.read_bytes()

    # In this process from here on: a build must not spoil the next one.
    monkeypatch.chdir(mini_project)
    failures = {
        "failing test": (1, "The test 'fails_when_asked' failed for 1 row"),
        "bad value": (1, "The model 'customer360_profiles' could not be built: Conversion Error"),
        "bad policy": (2, "identity_policy: 'emial' is no type; write 'email'. Nothing"),
    }
    for outcome, (code, sentence) in failures.items():
        name = write_vars(mini_project, f"outcome: {outcome}\n")
        failed = CliRunner().invoke(cli.app, ["build", "--vars", name])
        assert failed.exit_code == code, failed.output
        assert failed.stderr.startswith(sentence)
        assert failed.stderr.count("\n") == 1
        assert "hidden" not in failed.stderr + failed.stdout
        assert project.published_file.read_bytes() == before

    again = CliRunner().invoke(cli.app, ["build"])
    assert again.exit_code == 0, again.output
    assert "nothing changed, generation 1 stays" in again.stdout
    assert project.published_file.read_bytes() == before


def test_a_damaged_working_file_is_made_anew_and_a_warning_publishes(
    mini_project: Path, run_cli: RunCli
) -> None:
    project = project_of(mini_project)
    project.home.mkdir()
    project.work_file.write_bytes(b"x" * 20000)
    name = write_vars(mini_project, "outcome: warning\n")
    done = run_cli(mini_project, "build", "--vars-file", name)
    assert done.returncode == 0, done.stderr
    assert "could not be read and is built anew" in done.stdout
    assert "Warning: test 'fails_when_asked' warns (1 row)." in done.stdout


def test_own_files_are_built_from_any_folder_and_kept_from_the_sample(
    mini_project: Path, run_cli: RunCli
) -> None:
    folder = mini_project / "raw"
    folder.mkdir()
    (folder / "in.csv").write_bytes(b"email,contact_id,x\na@example.com,C7,1\n")
    write_vars(
        folder,
        "include_sample_data: false\nsources:\n  crm.contacts:\n"
        "    - {name: main, file: in.csv, columns: {contact_id: contact_id, email: email}}\n",
    )
    done = run_cli(folder, "build", "--vars", "own.yml", CUSTOMER360_HOME="other")
    assert done.returncode == 0, done.stderr
    assert "columns not used: x" in done.stdout
    project = Project(root=mini_project, home=mini_project / "other")
    assert profiles(project) == [("C7", "a@example.com")]
    sample = run_cli(folder, "build", CUSTOMER360_HOME="other")
    assert sample.returncode == 2
    assert "holds data of your own" in sample.stderr
    (folder / "in.csv").write_bytes(b"email,contact_id,x\na@example.com\n")
    cut = run_cli(folder, "build", "--vars", "own.yml", CUSTOMER360_HOME="other")
    assert cut.returncode == 2
    assert "'in.csv' (line 2) has a row with 1 of 3 columns" in cut.stderr
    assert profiles(project) == [("C7", "a@example.com")]


def test_a_killed_build_leaves_what_was_published_and_the_next_one_works(
    mini_project: Path, run_cli: RunCli, start: Start
) -> None:
    project = project_of(mini_project)
    assert run_cli(mini_project, "build").returncode == 0
    before = project.published_file.read_bytes()
    slow = start(mini_project, "build", "--vars", write_vars(mini_project, "outcome: slow\n"))
    wait_for_query(project, slow)

    second = run_cli(mini_project, "build")
    assert second.returncode == 3
    assert second.stderr.startswith(f"Another build is running (process {slow.pid}, started ")
    assert second.stderr.endswith(" UTC); wait for it or stop it.\n")
    assert second.stderr.count("\n") == 1
    assert second.stdout == ""

    slow.send_signal(signal.SIGKILL)
    slow.communicate()
    assert project.published_file.read_bytes() == before
    # What a killed Python model leaves.
    with duckdb.connect(str(project.work_file)) as connection:
        connection.execute("create table customer360.profiles__dbt_tmp as select 'a@x' as email")
    spill = project.work_file.with_name("work.duckdb.tmp")
    spill.mkdir(exist_ok=True)
    (spill / "block").write_text("a@x")
    done = run_cli(mini_project, "build")
    assert done.returncode == 0, done.stderr
    assert not spill.exists()
    with duckdb.connect(str(project.work_file), read_only=True) as connection:
        query = "select count(*) from duckdb_tables() where table_name like '%tmp'"
        assert connection.execute(query).fetchone() == (0,)


def wait_for_query(project: Project, process: subprocess.Popen[str]) -> None:
    """Wait until the slow model runs."""
    log = project.log_dir / "dbt.log"
    already = log.stat().st_size
    for _ in range(300):
        assert process.poll() is None
        with log.open(encoding="utf-8") as stream:
            stream.seek(already)
            if "range(400000)" in stream.read():
                return
        time.sleep(0.1)
    raise AssertionError("the slow model never began")


def test_a_working_file_in_use_is_said_in_one_line(mini_project: Path, run_cli: RunCli) -> None:
    project = project_of(mini_project)
    project.home.mkdir()
    with duckdb.connect(str(project.work_file)):
        done = run_cli(mini_project, "build")
    assert done.returncode == 3
    assert "Another program has 'work.duckdb' open" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    project = Project(root=tmp_path, home=tmp_path)
    project.lock_file.touch()
    project.lock_info_file.write_text('{"pid": 1, "started": "long ago"}')
    assert not is_locked(project)
    with build_lock(project):
        assert is_locked(project)
    assert not is_locked(project)


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"]])
def test_help_names_the_exit_codes(tmp_path: Path, run_cli: RunCli, arguments: list[str]) -> None:
    done = run_cli(tmp_path, *arguments)
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    for words in ("0 all is well", "1 a model or test failed", "2 the config", "3 another build"):
        assert words in text
