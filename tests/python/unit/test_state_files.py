"""`customer360 state`: what is exported comes back the same, and only where nothing is lost."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner
from unit.macro_runner import lean_project, render, shared_project
from unit.state_rows import KEYS, read_state, some_rows, tables, write_state

from customer360 import cli, state_files
from customer360.errors import ConfigError
from customer360.operations import DbtWarehouse, OperationFailed
from customer360.paths import Project
from customer360.state_files import export_state, restore_on_warehouse, restore_state
from customer360.targets import Target

DUCKDB = Target("dev", "duckdb", ())


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, Project]:
    """The folder of an exported state, and the project it came from."""
    home = Project(tmp_path / "home", tmp_path / "home")
    state = some_rows()
    write_state(home.published_file, state)
    folder = tmp_path / "files" / "state"
    assert export_state(home, folder) == {table: len(rows) for table, rows in state.items()}
    return folder, home


def lean(folder: Path) -> Project:
    root = lean_project(folder).root
    return Project(root, root)


def test_the_files_are_the_owners_alone(exported: tuple[Path, Project]) -> None:
    folder, _ = exported
    assert sorted(file.stem for file in folder.iterdir()) == sorted(tables())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_nothing_is_exported_from_nothing_or_over_something(
    tmp_path: Path, exported: tuple[Path, Project]
) -> None:
    folder, home = exported
    before = {file: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(ConfigError, match="is not empty; name a new one"):
        export_state(home, folder)
    assert {file: file.read_bytes() for file in folder.iterdir()} == before
    with pytest.raises(ConfigError, match="Nothing has been published yet"):
        export_state(Project(tmp_path, tmp_path / "nowhere"), tmp_path / "new")
    early = Project(tmp_path / "early", tmp_path / "early")
    write_state(early.published_file, {"generations": []})
    with pytest.raises(ConfigError, match="holds no state yet; run `customer360 build`"):
        export_state(early, tmp_path / "new")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be written to"):
        export_state(home, tmp_path / "taken")
    assert not (tmp_path / "new").exists()


def test_it_comes_back_the_same_on_an_empty_home_and_only_there(
    tmp_path: Path, exported: tuple[Path, Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = exported
    project = lean(tmp_path / "lean")
    monkeypatch.setenv("CUSTOMER360_PROJECT_DIR", str(project.root))
    monkeypatch.setenv("CUSTOMER360_HOME", str(project.home))
    shown = CliRunner().invoke(cli.app, ["state", "restore", str(folder)])
    assert shown.exit_code == 0, shown.output
    assert "The state is restored, rows per table: " in shown.output
    assert read_state(project.work_file) == read_state(home.published_file)
    assert stat.S_IMODE(project.work_file.stat().st_mode) == 0o600
    # Again: the ids that are there must not be lost.
    before = project.work_file.read_bytes()
    again = CliRunner().invoke(cli.app, ["state", "restore", str(folder)])
    assert again.exit_code == 2
    assert "work.duckdb' already, whose ids would be lost" in again.stderr
    assert project.work_file.read_bytes() == before
    with pytest.raises(ConfigError, match=r"customer360\.duckdb' already"):
        restore_state(Project(project.root, home.home), DUCKDB, folder)


def test_through_the_macros_it_comes_back_the_same(
    tmp_path: Path, exported: tuple[Path, Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = exported
    project = lean(tmp_path / "lean")
    monkeypatch.setattr(state_files, "ROWS_PER_CALL", 3)
    warehouse = DbtWarehouse(project, "dev", {})

    class CutOff:
        """Ends before the generations are written, as a lost connection does."""

        def call(self, macro: str, **arguments: Any) -> dict[str, Any]:
            if arguments.get("name") == "generations":
                raise OperationFailed("the line is dead")
            return warehouse.call(macro, **arguments)

    with pytest.raises(ConfigError, match=r"\(the line is dead\); restore it again"):
        restore_on_warehouse(CutOff(), "dev", folder)
    assert (
        read_state(project.work_file)["ledger"] and not read_state(project.work_file)["generations"]
    )
    counts = restore_on_warehouse(warehouse, "dev", folder)
    assert counts == {table: len(rows) for table, rows in read_state(home.published_file).items()}
    assert read_state(project.work_file) == read_state(home.published_file)
    with pytest.raises(ConfigError, match="a state in the target 'dev' already"):
        restore_on_warehouse(warehouse, "dev", folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("copy (select 1 as n) to '{folder}/ids.parquet'", "ids.parquet has other columns"),
        (
            "copy (select * replace (generation_no::varchar as generation_no) "
            "from '{folder}/id_changes.parquet') to '{folder}/id_changes.parquet'",
            "id_changes.parquet has columns of other types",
        ),
        ("copy (select 1 as n) to '{folder}/people.parquet'", "people.parquet is unknown"),
        (
            "copy (from '{folder}/generations.parquet' limit 0) to '{folder}/generations.parquet'",
            "generations.parquet is empty",
        ),
    ],
)
def test_files_that_are_no_state_are_refused(
    tmp_path: Path, exported: tuple[Path, Project], change: str, told: str
) -> None:
    folder, _ = exported
    with duckdb.connect() as connection:
        for part in change.format(folder=folder).split(";"):
            connection.execute(part)
    project = lean(tmp_path / "lean")
    with pytest.raises(ConfigError, match=f"holds no state of this version .{told}"):
        restore_state(project, DUCKDB, folder)
    if project.work_file.exists():
        assert not any(read_state(project.work_file).values())


def test_folders_that_are_none_are_refused(tmp_path: Path, exported: tuple[Path, Project]) -> None:
    folder, _ = exported
    project = Project(tmp_path / "p", tmp_path / "p")
    with pytest.raises(ConfigError, match="there is no folder"):
        restore_state(project, DUCKDB, tmp_path / "missing")
    (folder / "ledger.parquet").write_text("no parquet")
    with duckdb.connect() as connection, pytest.raises(ConfigError, match="cannot be read; export"):
        state_files.read_columns(connection, folder)
    (tmp_path / "empty").mkdir()
    with (
        duckdb.connect() as connection,
        pytest.raises(ConfigError, match=r"there is no generations\.parquet"),
    ):
        state_files.read_columns(connection, tmp_path / "empty")


def test_text_of_any_kind_becomes_a_literal_and_comes_back() -> None:
    texts = [*KEYS, "", "two\nlines", "''", "\\'"]
    templates = {
        f"case {n}": "select {{ data_literal(" + repr_of(text) + ") }}"
        for n, text in enumerate(texts)
    }
    rendered = render(shared_project(), templates)
    with duckdb.connect() as connection:
        found = [connection.execute(rendered[name]).fetchall()[0][0] for name in templates]
    assert found == texts


def repr_of(text: str) -> str:
    """Write a text as a Jinja expression that has no character of its own in the file."""
    return "'" + "".join(f"\\U{ord(letter):08x}" for letter in text) + "'"
