"""Raw files: what is read, what is refused, and that check and build read alike."""

from __future__ import annotations

import codecs
import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from customer360.config import BuildConfig, load_config
from customer360.csvscan import CHUNK_BYTES, MAX_LINE_BYTES, locate_fault
from customer360.errors import ConfigError
from customer360.loading import EMPTY
from customer360.loading import check_raw_files as check_against
from customer360.paths import Project
from customer360.rawfiles import RawTable, relation_sql
from customer360.sources_yml import resolved_variables, write_sources

SECRET = "hidden@example.com"
HEADER = b"id,mail\n"


def config_for(root: Path, file: str = "in.csv", **settings: Any) -> BuildConfig:
    columns = settings.pop("columns", {"contact_id": "id", "email": "mail"})
    instance = {"name": "main", "file": file, **settings}
    if columns is not None:
        instance["columns"] = columns
    content = {"include_sample_data": False, "sources": {"crm.contacts": [instance]}}
    (root / "own.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    project = Project(root=root, home=root / "warehouse")
    return load_config(project, root / "own.yml", now=lambda: dt.datetime(2030, 1, 1))


def check_raw_files(config: BuildConfig, env: dict[str, str], folder: Path) -> tuple[RawTable, ...]:
    """Check files of which none was loaded before."""
    return check_against(config, env, folder, EMPTY, folder / "copies")


def read(config: BuildConfig, folder: Path) -> list[tuple[Any, ...]]:
    """The rows as the build will read them."""
    (table,) = check_raw_files(config, {}, folder)
    with duckdb.connect() as connection:
        rows = connection.execute(f"select id, mail from {relation_sql(table)}").fetchall()
    assert sum(file.row_count for file in table.files) == len(rows)
    return rows


def refusal(config: BuildConfig, folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        check_raw_files(config, {}, folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert SECRET not in message
    return message


GOOD = {
    "plain": (HEADER + b"1,a\n2,b\n", [("1", "a"), ("2", "b")]),
    "no last line end": (HEADER + b"1,a\n2,b", [("1", "a"), ("2", "b")]),
    "CRLF": (b"id,mail\r\n1,a\r\n2,b\r\n", [("1", "a"), ("2", "b")]),
    "byte-order mark": (codecs.BOM_UTF8 + HEADER + b"1,a\n", [("1", "a")]),
    "line end in quotes": (HEADER + b'1,"a\nb"\n2,c\n', [("1", "a\nb"), ("2", "c")]),
    "other line end in quotes": (HEADER + b'1,"a\r\nb"\n2,c\n', [("1", "a\r\nb"), ("2", "c")]),
    "quote in quotes": (HEADER + b'1,"a""b,"\n', [("1", 'a"b,')]),
    "quote inside a value": (HEADER + b'1,5" pipe\n', [("1", '5" pipe')]),
    "empty is null": (HEADER + b'1,\n2,""\n', [("1", None), ("2", None)]),
    "no guessing of types": (
        HEADER + b"007,+1555\nNULL,1e3\n",
        [("007", "+1555"), ("NULL", "1e3")],
    ),
    "columns in another order": (b"mail,id\na,1\n", [("1", "a")]),
    "names in another case": (b" ID ,Mail\n1,a\n", [("1", "a")]),
    "quoted names": (b'"id","mail"\n1,a\n', [("1", "a")]),
    "more columns": (b"id,x,mail\n1,z,a\n", [("1", "a")]),
    "UTF-8": (HEADER + "1,Zoë 李\n".encode(), [("1", "Zoë 李")]),
    "a single NUL is a fault of the row": (HEADER + b"1,a\x00b\n", [("1", "a\x00b")]),
    "blank line": (HEADER + b"1,a\n\n2,b\n", [("1", "a"), ("2", "b")]),
    "one wide then narrow": (HEADER + b"1,a,\n".replace(b",\n", b"\n"), [("1", "a")]),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_good_file_is_read(mini_project: Path, case: str) -> None:
    content, rows = GOOD[case]
    (mini_project / "in.csv").write_bytes(content)
    assert read(config_for(mini_project), mini_project) == rows
    # The slow search for a fault must not find one where the engine finds none.
    assert locate_fault(mini_project / "in.csv", ",") is None


def row(number: int) -> bytes:
    return f"{number},{SECRET}\n".encode()


FAULTS = {
    "cut off in a row": (HEADER + row(1) + b"2", ["line 3", "cut off", "1 of 2 columns"]),
    "too few columns": (b"id,mail,x\n1,a,b\n2,a\n3,a,b\n", ["line 3", "2 of 3 columns"]),
    "too many columns": (HEADER + row(1) + b"2,a,b\n", ["line 3", "3 columns", "has 2"]),
    "only rows with too many": (HEADER + b"2,a,b\n", ["line 2", "3 columns", "has 2"]),
    "open quote": (HEADER + row(1) + b'2,"a\n' + row(3), ["line 3", "never closed"]),
    "text after a quote": (HEADER + b'1,"a"b\n', ["line 2", "closing quote"]),
    "after a quoted line end": (HEADER + b'1,"a\nb"\n2\n', ["line 4", "1 of 2 columns"]),
    "Latin-1": (HEADER + row(1) + "2,Zoë\n".encode("latin-1"), ["line 3", "Latin-1", "byte 34"]),
    "Windows-1252": (HEADER + "1,“a”\n".encode("cp1252"), ["line 2", "Windows-1252"]),
    "UTF-16": ("id,mail\n1,a\n".encode("utf-16"), ["UTF-16"]),
    "UTF-16 without a mark": ("id,mail\n1,a\n".encode("utf-16-le"), ["UTF-16"]),
    "block of NUL": (HEADER + row(1) + b"\x00" * 4096, ["line 3", "NUL"]),
    "cut in a character": (HEADER + "1,李".encode()[:-1], ["cut off"]),
    "empty": (b"", ["is empty", "allow_empty: true"]),
    "only a mark": (codecs.BOM_UTF8, ["is empty"]),
    "header only": (HEADER, ["no rows", "allow_empty: true"]),
    "no header": (b"\n1,a\n", ["line 1", "header"]),
    "mixed line ends": (HEADER + row(1) + b"2,a\r\n" + row(3), ["line 3", "mixed line ends"]),
    "lone carriage return": (HEADER + row(1) + b"2,a\r3,b\n", ["line 3", "mixed line ends"]),
    "gzip": (b"\x1f\x8b\x08\x00abc", ["gzip"]),
    "a column twice": (b"id,mail,MAIL\n1,a,b\n", ["main > file", "twice"]),
    "a column missing": (
        b"id,email\n1,a\n",
        ["main > columns > email", "'mail'", "id, email", "'email' is meant"],
    ),
    "another delimiter": (b"id;mail\n1;a\n", ["parted by ';'", "delimiter"]),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_bad_file_is_refused_with_its_place(mini_project: Path, case: str) -> None:
    content, words = FAULTS[case]
    (mini_project / "in.csv").write_bytes(content)
    message = refusal(config_for(mini_project), mini_project)
    for word in ["sources > crm.contacts > main", "'in.csv'", *words]:
        assert word in message


def test_faults_far_into_a_file_have_their_line(mini_project: Path) -> None:
    count = CHUNK_BYTES // len(row(1)) + 1000
    many = HEADER + row(1) * count
    path = mini_project / "in.csv"
    path.write_bytes(many + "2,Zoë\n".encode("latin-1"))
    assert f"line {count + 2}" in refusal(config_for(mini_project), mini_project)
    path.write_bytes(many + b"2\n" + row(3))
    assert f"line {count + 2}" in refusal(config_for(mini_project), mini_project)


def test_a_long_line_is_left_to_staging_and_a_huge_one_refused(mini_project: Path) -> None:
    path = mini_project / "in.csv"
    path.write_bytes(HEADER + row(1) + b"2," + b"x" * (MAX_LINE_BYTES // 2) + b"\n")
    config = config_for(mini_project)
    assert [len(mail) for _, mail in read(config, mini_project)][1] == MAX_LINE_BYTES // 2
    path.write_bytes(HEADER + row(1) + b"2," + b"x" * (MAX_LINE_BYTES + 10) + b"\n")
    message = refusal(config, mini_project)
    assert "line 3" in message
    assert "16 MB" in message


def test_a_folder_is_read_by_name_whatever_the_order_of_columns(mini_project: Path) -> None:
    folder = mini_project / "raw $x {y}"
    folder.mkdir()
    (folder / "b.csv").write_bytes(b"mail,id\nb,2\n")
    (folder / "a.csv").write_bytes(b"id,mail,new\n1,a,z\n")
    (folder / "notes.txt").write_bytes(b"no data")
    config = config_for(mini_project, file="raw $x {y}")
    assert read(config, mini_project) == [("1", "a"), ("2", "b")]
    # What some files lack is null in their rows, unless the contract requires it.
    (folder / "c.csv").write_bytes(b"id\n3\n")
    assert sorted(read(config, mini_project)) == [("1", "a"), ("2", "b"), ("3", None)]
    (table,) = check_raw_files(config, {}, mini_project)
    assert table.notes == ("'c.csv' has no column mail: null in its rows",)
    (folder / "d.csv").write_bytes(b"mail\nd\n")
    assert "the column 'id' is not in 'd.csv'" in refusal(config, mini_project)


def test_csv_and_parquet_may_stand_side_by_side(mini_project: Path) -> None:
    folder = mini_project / "raw"
    folder.mkdir()
    (folder / "a.csv").write_bytes(HEADER + b"1,a\n")
    parquet(folder / "b.parquet", "select 'b' as \"MAIL\", 2 as id")
    (folder / "c.csv").write_bytes(HEADER + b"3,c\n")
    config = config_for(mini_project, file="raw")
    assert sorted(read(config, mini_project)) == [("1", "a"), ("2", "b"), ("3", "c")]


@pytest.mark.parametrize("name", ["customer360_source_file", "Customer360_File_Loaded_At"])
def test_names_that_tell_of_the_file_are_refused_in_it(mini_project: Path, name: str) -> None:
    (mini_project / "in.csv").write_bytes(f"id,mail,{name}\n1,a,b\n".encode())
    assert f"the column '{name}'" in refusal(config_for(mini_project), mini_project)


def test_a_pattern_is_resolved(mini_project: Path) -> None:
    for name in ("c2", "c1", "d1"):
        (mini_project / f"{name}.csv").write_bytes(HEADER + f"{name},a\n".encode())
    config = config_for(mini_project, file="c*.csv")
    assert sorted(key for key, _ in read(config, mini_project)) == ["c1", "c2"]


def test_empty_files_can_be_allowed(mini_project: Path) -> None:
    (mini_project / "in.csv").write_bytes(b"")
    assert read(config_for(mini_project, allow_empty=True), mini_project) == []
    (mini_project / "in.csv").write_bytes(HEADER)
    assert read(config_for(mini_project, allow_empty=True), mini_project) == []


def test_another_delimiter_can_be_set(mini_project: Path) -> None:
    (mini_project / "in.csv").write_bytes(b"id;mail\n1;a,b\n")
    assert read(config_for(mini_project, delimiter=";"), mini_project) == [("1", "a,b")]


@pytest.mark.parametrize(
    ("header", "id_column", "email_column"),
    [
        ("contact_id,email", "contact_id", "email"),
        ("ID,E-Mail,Loyalty ID", "ID", "E-Mail"),
        ("Contact Id;mail", None, None),
        ("mail,id,email,contactId", "contactId", "email"),
    ],
)
def test_without_a_mapping_columns_are_read_by_name_or_alias(
    mini_project: Path, header: str, id_column: str | None, email_column: str | None
) -> None:
    row = ",".join(["x"] * len(header.split(",")))
    (mini_project / "in.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    config = config_for(mini_project, columns=None)
    if id_column is None:
        message = refusal(config, mini_project)
        assert "'contact_id'" in message
        assert "delimiter" in message
        return
    (table,) = check_raw_files(config, {}, mini_project)
    assert table.instance.columns is not None
    assert table.instance.columns["contact_id"] == id_column
    assert table.instance.columns["email"] == email_column
    assert table.instance.columns["country"] is None
    assert any("country" in note and "null" in note for note in table.notes)
    # What dbt is told: in the vars and in the list of sources.
    (entry,) = resolved_variables(config, [table])["sources"]["crm.contacts"]
    assert entry["columns"]["contact_id"] == id_column
    project = Project(root=mini_project, home=mini_project / "warehouse")
    written = write_sources(project, config, [table])
    assert written is not None
    (source,) = yaml.safe_load(written.read_text(encoding="utf-8"))["sources"][:1]
    names = {each["name"] for each in source["tables"][0]["columns"]}
    assert {id_column, email_column} <= names
    assert "country" not in names


def test_without_a_mapping_a_required_column_must_be_there(mini_project: Path) -> None:
    (mini_project / "in.csv").write_bytes(b"person,email\n1,a\n")
    message = refusal(config_for(mini_project, columns=None), mini_project)
    assert "'contact_id'" in message
    assert "person, email" in message
    assert "one of id" in message
    assert "'columns'" in message


def test_a_file_of_a_nested_layout_is_parquet_with_its_columns(mini_project: Path) -> None:
    contract = mini_project / "models/staging/crm/_crm__sources.yml"
    text = contract.read_text(encoding="utf-8").replace(
        "          meta:\n", "          meta:\n            nested_columns: [profile]\n"
    )
    contract.write_text(text, encoding="utf-8")
    (mini_project / "in.csv").write_bytes(b"profile\nx\n")
    config = config_for(mini_project, columns=None, layout="nested")
    assert "is not Parquet" in refusal(config, mini_project)
    parquet(mini_project / "in.parquet", "select {'id': 1} as person")
    config = config_for(mini_project, "in.parquet", columns=None, layout="nested")
    assert "has no column 'profile'" in refusal(config, mini_project)
    parquet(mini_project / "in.parquet", "select {'id': 1} as profile")
    (table,) = check_raw_files(config, {}, mini_project)
    with duckdb.connect() as connection:
        found = connection.execute(f"select profile.id from {relation_sql(table)}").fetchall()
    assert found == [(1,)]
    for layout, told in (("deep", "must be one of flat, nested"), ("nested", "knows no nested")):
        contract.write_text(text.replace("nested_columns: [profile]", "x: y"), encoding="utf-8")
        with pytest.raises(ConfigError, match=told):
            config_for(mini_project, columns=None, layout=layout)


def test_expressions_and_values_need_no_column(mini_project: Path) -> None:
    (mini_project / "in.csv").write_bytes(HEADER + b"1,a\n")
    columns = {
        "contact_id": "id",
        "email": {"expression": "lower(nothing)"},
        "country": {"value": "IN"},
    }
    check_raw_files(config_for(mini_project, columns=columns), {}, mini_project)


def parquet(path: Path, select: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")


def test_parquet_is_read_as_text(mini_project: Path) -> None:
    parquet(mini_project / "in.parquet", "select 7 as id, date '2025-01-02' as mail")
    config = config_for(mini_project, file="in.parquet")
    assert read(config, mini_project) == [("7", "2025-01-02")]


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ("select 7 as id", ["'mail' is not in 'in.parquet'", "which has id"]),
        ("select 7 as id, 'a' as mail where false", ["no rows"]),
    ],
)
def test_bad_parquet_is_refused(mini_project: Path, select: str, words: list[str]) -> None:
    parquet(mini_project / "in.parquet", select)
    message = refusal(config_for(mini_project, file="in.parquet"), mini_project)
    for word in words:
        assert word in message


def test_half_a_parquet_file_is_refused(mini_project: Path) -> None:
    path = mini_project / "in.parquet"
    parquet(path, "select range as id, 'a' as mail from range(1000)")
    path.write_bytes(path.read_bytes()[:-20])
    config = config_for(mini_project, file="in.parquet")
    assert "not a whole Parquet file" in refusal(config, mini_project)


def test_missing_files_are_named_with_the_folder(mini_project: Path) -> None:
    message = refusal(config_for(mini_project, file="gone.csv"), mini_project)
    assert "main > file" in message
    assert "'gone.csv' does not exist" in message
    (mini_project / "void").mkdir()
    assert "no CSV or Parquet file" in refusal(config_for(mini_project, "void"), mini_project)
    assert "no CSV or Parquet file" in refusal(config_for(mini_project, "x*.csv"), mini_project)


def test_paths_count_from_the_raw_folder_when_one_is_set(mini_project: Path) -> None:
    folder = mini_project / "raw"
    folder.mkdir()
    (folder / "in.csv").write_bytes(HEADER + b"1,a\n")
    config = config_for(mini_project)
    env = {"CUSTOMER360_RAW_DIR": str(folder)}
    (table,) = check_raw_files(config, env, mini_project)
    assert table.files[0].path == folder / "in.csv"
    with pytest.raises(ConfigError, match="CUSTOMER360_RAW_DIR"):
        check_raw_files(config, {"CUSTOMER360_RAW_DIR": str(folder / "no")}, mini_project)


def test_instances_are_declared_to_dbt_and_forgotten_for_the_sample(mini_project: Path) -> None:
    (mini_project / "in.csv").write_bytes(b"ID,mail,at\n1,a,2025-01-01\n")
    config = config_for(
        mini_project, columns={"contact_id": "id", "email": "mail", "loaded_at": "at"}
    )
    project = Project(root=mini_project, home=mini_project / "warehouse")
    tables = check_raw_files(config, {}, mini_project)
    path = write_sources(project, config, tables)
    assert path is not None
    source, files = yaml.safe_load(path.read_text())["sources"]
    assert files["name"] == "raw_files"
    (table,) = source["tables"]
    assert (source["name"], table["name"]) == ("crm", "contacts__main")
    assert table["config"]["meta"]["contract"] == "crm.contacts"
    assert table["config"]["freshness"] == {"warn_after": {"count": 2, "period": "day"}}
    assert table["config"]["loaded_at_field"] == 'try_cast("at" as timestamp)'
    described = {column["name"]: column for column in table["columns"]}
    assert described["mail"]["description"] == "Address."
    assert described["mail"]["config"]["meta"]["pii"] == "direct"
    # Names go to dbt as the file spells them, so that a warehouse that minds case finds them.
    sources = resolved_variables(config, tables)["sources"]
    assert sources["crm.contacts"][0]["columns"]["contact_id"] == "ID"
    write_sources(project, load_config(project, None), ())
    assert not path.exists()


def test_tables_are_declared_with_their_schema(mini_project: Path) -> None:
    text = (
        "include_sample_data: false\nsources:\n  crm.contacts:\n"
        "    - {name: a, relation: raw.people}\n    - {name: b, relation: base.raw.people}\n"
    )
    (mini_project / "own.yml").write_text(text)
    project = Project(root=mini_project, home=mini_project / "warehouse")
    config = load_config(project, mini_project / "own.yml")
    path = write_sources(project, config, ())
    assert path is not None
    first, second = yaml.safe_load(path.read_text())["sources"]
    assert (first["schema"], first["tables"][0]["identifier"]) == ("raw", "people")
    assert (second["database"], second["schema"]) == ("base", "raw")
