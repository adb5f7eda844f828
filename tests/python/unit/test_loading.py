"""Raw files between builds: what is new, changed, gone or there twice, and what is read then."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from customer360.config import BuildConfig, load_config
from customer360.errors import BuildError, ConfigError
from customer360.loading import (
    EMPTY,
    FILES_READ,
    Ledger,
    check_raw_files,
    copies_folder,
    copy_path,
    files_read_sql,
    keep_copies,
    read_ledger,
    remove_forgotten,
    to_ledger,
)
from customer360.paths import Project
from customer360.rawfiles import RawTable, relation_sql

HEADER = "id,mail\n"


class World:
    """A folder of raw files, and what is remembered of it from build to build."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.project = Project(root=root, home=root / "warehouse")
        self.project.home.mkdir()
        self.raw = root / "raw"
        self.raw.mkdir()
        self.settings = settings
        self.ledger = EMPTY
        self.ever: list[tuple[Any, ...]] = []
        self.day = 0

    def write(self, name: str, *rows: str, header: str = HEADER) -> None:
        path = self.raw / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")

    def config(self) -> BuildConfig:
        columns = {"contact_id": "id", "email": "mail"}
        instance = {"name": "main", "file": "raw", "columns": columns, **self.settings}
        content = {"include_sample_data": False, "sources": {"crm.contacts": [instance]}}
        file = self.project.root / "own.yml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        now = dt.datetime(2030, 1, 1) + dt.timedelta(days=self.day)
        return load_config(self.project, file, now=lambda: now)

    def look(self) -> RawTable:
        """Check what is there, as a build does that fails afterwards."""
        copies = copies_folder(self.project)
        (table,) = check_raw_files(self.config(), {}, self.project.root, self.ledger, copies)
        return table

    def build(self) -> RawTable:
        """Check what is there and remember it, as a build does that is published."""
        table = self.look()
        keep_copies(self.project, [table])
        rows = self.files(table)
        self.ever += rows
        self.ledger = to_ledger(
            [(*row, False) for row in self.ever] + [(*row, True) for row in rows]
        )
        self.day += 1
        return table

    @staticmethod
    def files(table: RawTable) -> list[tuple[Any, ...]]:
        """What is remembered of the files of a build, in the order of the state."""
        names = [name for name in FILES_READ if name not in ("file_key", "file_state")]
        with duckdb.connect() as connection:
            return connection.execute(
                f"select {', '.join(names)} from {files_read_sql([table])} order by file_key"
            ).fetchall()

    def copies(self) -> list[Path]:
        return sorted(copies_folder(self.project).glob("*"))


def rows(table: RawTable) -> list[tuple[Any, ...]]:
    """Every row with its file and the day on which that was loaded."""
    with duckdb.connect() as connection:
        return connection.execute(
            "select id, mail, customer360_source_file, day(customer360_file_loaded_at) "
            f"from {relation_sql(table)} order by all"
        ).fetchall()


@pytest.fixture
def overwrite(mini_project: Path) -> World:
    return World(mini_project)


@pytest.fixture
def append(mini_project: Path) -> World:
    return World(mini_project, load="append")


def test_rows_know_their_file_and_when_it_was_loaded(overwrite: World) -> None:
    overwrite.write("a.csv", "1,x", "2,y")
    overwrite.write("b's.csv", "z,3", header="mail,id\n")
    assert rows(overwrite.build()) == [
        ("1", "x", "a.csv", 1),
        ("2", "y", "a.csv", 1),
        ("3", "z", "b's.csv", 1),
    ]


def test_names_count_from_the_folder_before_the_pattern(overwrite: World) -> None:
    overwrite.write("north/a.csv", "1,x")
    overwrite.write("south/a.csv", "2,y")
    overwrite.settings["file"] = "raw/*/*.csv"
    table = overwrite.build()
    assert [row[2] for row in rows(table)] == ["north/a.csv", "south/a.csv"]
    assert table.notes == ()


def test_overwriting_follows_the_folder(overwrite: World) -> None:
    overwrite.write("a.csv", "1,x")
    overwrite.write("b.csv", "2,y")
    overwrite.build()
    overwrite.write("a.csv", "1,x2")
    overwrite.write("c.csv", "3,z")
    (overwrite.raw / "b.csv").unlink()
    table = overwrite.build()
    # A file that is loaded as it was keeps its day.
    assert rows(table) == [("1", "x2", "a.csv", 2), ("3", "z", "c.csv", 2)]
    assert table.notes == (
        "'c.csv': new",
        "'a.csv': changed since the last build",
        "'b.csv': gone from the folder, rows gone too",
    )
    table = overwrite.build()
    assert rows(table) == [("1", "x2", "a.csv", 2), ("3", "z", "c.csv", 2)]
    assert table.notes == ()
    assert overwrite.copies() == []


def test_appending_keeps_what_left_the_folder_and_loads_nothing_twice(append: World) -> None:
    append.write("a.csv", "1,x")
    append.build()
    append.write("b.csv", "2,y")
    append.build()
    for path in append.raw.iterdir():
        path.unlink()
    table = append.build()
    assert rows(table) == [("1", "x", "a.csv", 1), ("2", "y", "b.csv", 2)]
    assert table.notes == ("'a.csv', 'b.csv': gone from the folder, rows kept",)
    # They come back, one of them under another name.
    append.write("a.csv", "1,x")
    append.write("b again.csv", "2,y")
    assert rows(append.build()) == rows(table)
    assert len(append.copies()) == 2
    assert {path.stat().st_mode & 0o777 for path in append.copies()} == {0o600}


def test_a_changed_file_takes_the_place_of_its_earlier_rows(append: World) -> None:
    append.write("a.csv", "1,x")
    append.write("b.csv", "2,y")
    append.build()
    # Two lines more, as in a log of which each day's copy is longer.
    append.write("a.csv", "1,x", "3,z")
    table = append.build()
    assert rows(table) == [("1", "x", "a.csv", 2), ("2", "y", "b.csv", 1), ("3", "z", "a.csv", 2)]
    assert table.notes == ("'a.csv': changed since loaded, rows replaced",)
    versions = {load.name: load for load in (file.load for file in table.files) if load}
    assert versions["a.csv"].content_version == 2
    assert versions["a.csv"].first_loaded_at == "2030-01-01 00:00:00"
    assert versions["b.csv"].content_version == 1
    assert append.build().notes == ()


def test_a_changed_file_can_be_kept_as_it_was(append: World) -> None:
    append.settings["changed_files"] = "keep"
    append.write("a.csv", "1,x")
    append.build()
    append.write("a.csv", "1,other")
    for _ in range(2):
        table = append.build()
        assert rows(table) == [("1", "x", "a.csv", 1)]
        assert table.notes == ("'a.csv': changed since loaded, earlier rows kept",)
        assert [file.load.state for file in table.files if file.load] == ["changed"]


def test_a_changed_file_can_stop_the_build(append: World) -> None:
    append.settings["changed_files"] = "stop"
    append.write("a.csv", "1,x")
    append.build()
    append.write("a.csv", "1,other")
    with pytest.raises(ConfigError, match=r"'a\.csv' changed since it was loaded"):
        append.build()
    append.write("a.csv", "1,x")
    assert append.build().notes == ()


@pytest.mark.parametrize("load", ["overwrite", "append"])
def test_one_content_under_two_names_is_read_once(mini_project: Path, load: str) -> None:
    world = World(mini_project, load=load)
    world.write("b.csv", "1,x")
    world.build()
    world.write("a.csv", "1,x")
    world.write("c.csv", "1,x")
    table = world.build()
    assert rows(table) == [("1", "x", "b.csv", 1)]
    assert table.notes == (
        "'a.csv' holds what 'b.csv' holds and is not read",
        "'c.csv' holds what 'b.csv' holds and is not read",
    )


def test_a_build_that_failed_has_loaded_nothing(append: World) -> None:
    append.write("a.csv", "1,x")
    assert rows(append.look()) == [("1", "x", "a.csv", 1)]
    assert append.copies() == []
    append.day += 4
    assert rows(append.build()) == [("1", "x", "a.csv", 5)]
    # What came and went between two builds was never loaded.
    append.write("b.csv", "2,y")
    append.look()
    (append.raw / "b.csv").unlink()
    assert rows(append.build()) == [("1", "x", "a.csv", 5)]


def test_a_file_that_changes_while_it_is_read_is_not_kept(append: World) -> None:
    append.write("a.csv", "1,x")
    table = append.look()
    append.write("a.csv", "1,y")
    with pytest.raises(BuildError, match=r"'a\.csv' changed while the build read it"):
        keep_copies(append.project, [table])
    assert append.copies() == []


def test_a_copy_that_is_lost_stops_the_build_unless_its_file_is_there(append: World) -> None:
    append.write("a.csv", "1,x")
    append.build()
    (copy,) = append.copies()
    copy.unlink()
    assert rows(append.build()) == [("1", "x", "a.csv", 1)]
    assert append.copies() == [copy]
    copy.write_bytes(copy.read_bytes()[:-3])
    (append.raw / "a.csv").unlink()
    with pytest.raises(ConfigError, match=r"the copy of 'a\.csv'"):
        append.look()
    append.settings["load"] = "overwrite"
    append.write("b.csv", "2,y")
    assert rows(append.build()) == [("2", "y", "b.csv", 3)]


def test_files_that_were_overwritten_before_have_no_copy_to_be_missed(overwrite: World) -> None:
    overwrite.write("a.csv", "1,x")
    overwrite.write("b.csv", "2,y")
    overwrite.build()
    overwrite.settings["load"] = "append"
    (overwrite.raw / "a.csv").unlink()
    table = overwrite.build()
    assert rows(table) == [("2", "y", "b.csv", 1)]
    assert "'a.csv': gone from the folder, rows gone too" in table.notes
    assert len(overwrite.copies()) == 1


def test_kinds_and_headers_may_change_from_file_to_file(append: World) -> None:
    append.write("a.csv", "1,x")
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 2 as id, 'y' as mail) to '{append.raw / 'b.parquet'}' (format parquet)"
        )
    append.write("c.csv", "3", header="id\n")
    append.build()
    for path in append.raw.iterdir():
        path.unlink()
    assert rows(append.build()) == [
        ("1", "x", "a.csv", 1),
        ("2", "y", "b.parquet", 1),
        ("3", None, "c.csv", 1),
    ]


def test_an_empty_file_is_refused_unless_allowed_and_then_listed(append: World) -> None:
    append.write("a.csv", "1,x")
    (append.raw / "b.csv").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"'b\.csv' is empty"):
        append.build()
    append.settings["allow_empty"] = True
    table = append.build()
    assert rows(table) == [("1", "x", "a.csv", 1)]
    assert {row[2]: row[6] for row in append.files(table)} == {"a.csv": 1, "b.csv": 0}
    (append.raw / "a.csv").unlink()
    assert rows(append.build()) == [("1", "x", "a.csv", 1)]


def test_a_renamed_column_of_a_kept_file_is_still_looked_for(append: World) -> None:
    append.write("a.csv", "1,x")
    append.build()
    append.settings["columns"] = {"contact_id": "number", "email": "mail"}
    append.write("b.csv", "2,y", header="number,mail\n")
    with pytest.raises(ConfigError, match=r"the column 'number' is not in 'a\.csv'"):
        append.build()


# --- the state ------------------------------------------------------------------------------------


def write_state(path: Path, table: RawTable, last_generation: int) -> None:
    """Write a state in which the files count from generation 2 on."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema customer360_state")
        connection.execute(
            f"create table customer360_state.generations as select {last_generation}::bigint "
            "as generation_no"
        )
        connection.execute(
            "create table customer360_state.raw_files as select * exclude (file_state), "
            "2::bigint as valid_from_generation, null::bigint as valid_to_generation "
            f"from {files_read_sql([table])}"
        )


def test_the_ledger_is_what_was_published(append: World) -> None:
    append.write("a.csv", "1,x")
    table = append.build()
    assert read_ledger(append.project) == EMPTY
    write_state(append.project.work_file, table, last_generation=2)
    expected = Ledger(append.ledger.files)
    assert read_ledger(append.project) == expected
    # Rows of a generation that never came to be do not count, nor does the working file any more.
    write_state(append.project.published_file, table, last_generation=1)
    assert read_ledger(append.project) == EMPTY


def test_a_damaged_state_stops_the_build_and_a_damaged_working_file_does_not(
    append: World,
) -> None:
    append.project.work_file.write_bytes(b"no database")
    assert read_ledger(append.project) == EMPTY
    append.project.published_file.write_bytes(b"no database")
    with pytest.raises(BuildError, match="could not be read"):
        read_ledger(append.project)


def test_copies_go_when_nothing_published_holds_them(append: World) -> None:
    append.write("a.csv", "1,x")
    first = append.build()
    append.write("a.csv", "1,y")
    second = append.build()
    copies = copies_folder(append.project)
    old, new = (copy_path(copies, t.files[0].load) for t in (first, second) if t.files[0].load)
    unknown = copies / ("0" * 64 + ".csv")
    unknown.write_text(HEADER)
    write_state(append.project.published_file, second, last_generation=3)
    remove_forgotten(append.project)
    assert sorted(copies.iterdir()) == sorted([old, new, unknown])
    with duckdb.connect(str(append.project.published_file)) as connection:
        connection.execute(
            "insert into customer360_state.raw_files select * exclude (file_state), 1, 2 "
            f"from {files_read_sql([first])}"
        )
    remove_forgotten(append.project)
    assert sorted(copies.iterdir()) == sorted([new, unknown])


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"load": "add"}, "load: must be one of overwrite, append, but is 'add'"),
        ({"load": "append", "changed_files": "no"}, "changed_files: must be one of replace"),
        ({"changed_files": "keep"}, "changed_files: goes with 'load: append'"),
        ({"file": None, "relation": "raw.people", "load": "append"}, "a table already"),
        ({"columns": {"contact_id": "id", "source_file": "x"}}, "source_file: is filled by"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    overwrite: World, settings: dict[str, Any], words: str
) -> None:
    overwrite.settings.update(settings)
    with pytest.raises(ConfigError) as caught:
        overwrite.config()
    message = str(caught.value)
    assert words in message
    assert message.endswith(".")


def test_a_table_may_say_which_files_its_rows_came_from(overwrite: World) -> None:
    columns = {"contact_id": "id", "source_file": "_file", "file_loaded_at": "_at"}
    overwrite.settings.update({"file": None, "relation": "raw.people", "columns": columns})
    (instance,) = overwrite.config().instances
    assert set(instance.columns or {}) == {"contact_id"}
