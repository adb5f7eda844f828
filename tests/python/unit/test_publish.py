"""Publishing: whole, private, readable by older clients, and only when there is something new."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from customer360.errors import BuildError, ConfigError
from customer360.paths import Project
from customer360.publish import Release, publish
from customer360.published import read_publication, remove_drafts

RELEASE = Release(
    tables=[("customer360", "profiles"), ("customer360", "seen")],
    as_of="2025-07-01 00:00:00",
    invocation_id="run-1",
    is_sample_data=True,
    vars_hash="a",
    code_version="0",
)


def work(project: Project, *statements: str) -> None:
    with duckdb.connect(str(project.work_file)) as connection:
        for statement in statements:
            connection.execute(statement)


def fetch(project: Project, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{project.published_file}' as p (read_only)")
        return connection.execute(query).fetchall()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    home = tmp_path / "home"
    home.mkdir()
    project = Project(root=tmp_path, home=home)
    work(
        project,
        "create schema customer360",
        "create schema customer360_staging",
        "create table customer360_staging.private as select 1 as a",
        "create table customer360.profiles ("
        "id varchar not null, total decimal(18, 2), emails varchar[], check (total >= 0))",
        "comment on table customer360.profiles is 'It''s the customers'",
        "comment on column customer360.profiles.total is 'net'",
        "insert into customer360.profiles values ('b', 1.5, ['x', null]), ('a', null, []), "
        "('a', null, [])",
        "create view customer360.seen as select id from customer360.profiles",
        "create table customer360.leftover as select 1 as a",
    )
    return project


def test_the_marts_and_nothing_else_are_published(project: Project) -> None:
    assert publish(project, RELEASE).generation == 1
    tables = fetch(
        project,
        "select schema_name, table_name from duckdb_tables() where database_name = 'p' order by 2",
    )
    assert tables == [
        ("customer360", "profiles"),
        ("customer360_internal", "publication"),
        ("customer360_internal", "published_tables"),
        ("customer360", "seen"),
    ]
    # In the order the rows are stored, duplicates and nulls included.
    assert fetch(project, "select * from p.customer360.profiles") == [
        ("b", 1.5, ["x", None]),
        ("a", None, []),
        ("a", None, []),
    ]
    assert fetch(project, "from p.customer360.seen") == [("b",), ("a",), ("a",)]
    counts = fetch(project, "from p.customer360_internal.published_tables order by 2")
    assert counts == [("customer360", "profiles", 3), ("customer360", "seen", 3)]


def test_constraints_and_comments_come_along(project: Project) -> None:
    publish(project, RELEASE)
    assert fetch(
        project,
        "select column_name, is_nullable, comment from duckdb_columns() where database_name = 'p' "
        "and table_name = 'profiles' order by column_index",
    ) == [("id", False, None), ("total", True, "net"), ("emails", True, None)]
    assert fetch(
        project,
        "select comment, check_constraint_count from duckdb_tables() where table_name = 'profiles'",
    ) == [("It's the customers", 1)]


def test_the_file_says_what_it_is(project: Project) -> None:
    publish(project, RELEASE)
    found = read_publication(project)
    assert found is not None
    assert (found.generation, str(found.as_of), found.invocation_id, found.is_sample_data) == (
        1,
        "2025-07-01 00:00:00",
        "run-1",
        True,
    )
    assert found.table_count == 2


def test_the_file_is_private_and_opens_in_older_clients(project: Project) -> None:
    publish(project, RELEASE)
    assert stat.S_IMODE(project.published_file.stat().st_mode) == 0o600
    assert not project.published_file.with_name("customer360.duckdb.wal").exists()
    (tags,) = fetch(project, "select tags from duckdb_databases() where database_name = 'p'")
    # DuckDB marks a file that its version 1.2 can open with this, and a later format with more.
    assert tags == ({"storage_version": "v1.2.0+"},)


def test_what_did_not_change_is_not_published(project: Project) -> None:
    publish(project, RELEASE)
    before = project.published_file.stat()
    again = publish(project, replace(RELEASE, invocation_id="run-2", as_of="2025-08-01 00:00:00"))
    assert not again.is_new
    assert again.generation == 1
    assert project.published_file.stat().st_mtime_ns == before.st_mtime_ns
    # The order of rows is no change.
    work(
        project,
        "create table t as from customer360.profiles order by id",
        "delete from customer360.profiles",
        "insert into customer360.profiles from t",
    )
    assert not publish(project, RELEASE).is_new


@pytest.mark.parametrize(
    "change",
    [
        "insert into customer360.profiles values ('a', null, [])",
        "update customer360.profiles set total = 1.51 where id = 'b'",
        "update customer360.profiles set emails = [null, 'x'] where id = 'b'",
        "alter table customer360.profiles add column more integer",
        "comment on column customer360.profiles.id is 'key'",
    ],
)
def test_any_change_makes_a_generation(project: Project, change: str) -> None:
    publish(project, RELEASE)
    if change.startswith("alter"):
        work(project, "drop view customer360.seen", change)
        work(project, "create view customer360.seen as select id from customer360.profiles")
    else:
        work(project, change)
    outcome = publish(project, RELEASE)
    assert outcome.is_new
    assert outcome.generation == 2


@pytest.mark.parametrize(
    "release",
    [
        replace(RELEASE, is_sample_data=False),
        replace(RELEASE, vars_hash="b"),
        replace(RELEASE, tables=RELEASE.tables[:1]),
    ],
)
def test_other_settings_make_a_generation(project: Project, release: Release) -> None:
    publish(project, RELEASE)
    assert publish(project, release).generation == 2


def test_a_reader_keeps_its_version_and_stops_nobody(project: Project) -> None:
    publish(project, RELEASE)
    reader = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys\n"
            f"c = duckdb.connect({str(project.published_file)!r}, read_only=True)\n"
            "print('open', flush=True)\n"
            "sys.stdin.readline()\n"
            "print(c.execute('select count(*) from customer360.customer360.profiles')"
            ".fetchone()[0])\n",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    work(project, "insert into customer360.profiles values ('c', 2, [])")
    assert publish(project, RELEASE).generation == 2
    out, _ = reader.communicate("go\n", timeout=30)
    assert out == "3\n"
    assert fetch(project, "select count(*) from p.customer360.profiles") == [(4,)]


def test_a_program_that_writes_to_the_published_file_stops_nobody(project: Project) -> None:
    publish(project, RELEASE)
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys\n"
            f"c = duckdb.connect({str(project.published_file)!r})\n"
            "print('open', flush=True)\n"
            "sys.stdin.readline()\n",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    assert not publish(project, RELEASE).is_new
    work(project, "insert into customer360.profiles values ('c', 2, [])")
    assert publish(project, RELEASE).generation == 2
    writer.communicate("\n", timeout=30)
    assert [path.name for path in project.home.glob("*.tmp*")] == []


def test_a_kill_before_the_rename_leaves_the_old_file(project: Project) -> None:
    publish(project, RELEASE)
    before = project.published_file.read_bytes()
    work(project, "insert into customer360.profiles values ('c', 2, [])")
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from customer360 import publish as p\n"
        "from customer360.paths import Project\n"
        "p.flush = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"project = Project(Path({str(project.root)!r}), Path({str(project.home)!r}))\n"
        f"p.publish(project, p.{RELEASE!r})\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": ":".join(sys.path)}
    )
    assert killed.returncode == -signal.SIGKILL
    assert project.published_file.read_bytes() == before
    assert len(list(project.home.glob("customer360.duckdb.*.tmp"))) == 1
    remove_drafts(project)
    assert list(project.home.glob("customer360.duckdb.*.tmp*")) == []
    assert publish(project, RELEASE).generation == 2


def test_a_failing_copy_leaves_the_old_file_and_no_draft(project: Project) -> None:
    publish(project, RELEASE)
    before = project.published_file.read_bytes()
    broken = replace(RELEASE, tables=[*RELEASE.tables, ("customer360", "absent")])
    with pytest.raises(BuildError, match="could not be published"):
        publish(project, broken)
    assert project.published_file.read_bytes() == before
    assert sorted(path.name for path in project.home.iterdir()) == [
        "customer360.duckdb",
        "work.duckdb",
    ]


def test_a_log_of_another_client_is_not_played_onto_the_new_file(project: Project) -> None:
    publish(project, RELEASE)
    log = project.published_file.with_name("customer360.duckdb.wal")
    work(project, "insert into customer360.profiles values ('c', 2, [])")
    log.touch()
    publish(project, RELEASE)
    assert not log.exists()


def test_a_damaged_published_file_is_never_written_over(project: Project) -> None:
    project.published_file.write_bytes(b"not a database")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_publication(project)
    with pytest.raises(BuildError):
        publish(project, RELEASE)
    assert project.published_file.read_bytes() == b"not a database"
