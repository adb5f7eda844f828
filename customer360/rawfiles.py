"""Raw files: found, checked before any table is touched, and described to dbt as a SQL relation.

The options with which DuckDB reads a file for the check and for the build are the same, and leave
nothing to be guessed: names come from the file's own header, everything is text.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import duckdb

from customer360.aliases import with_columns
from customer360.config import BuildConfig, Instance
from customer360.csvscan import (
    MAX_LINE_BYTES,
    LineEnds,
    locate_fault,
    read_header,
    scan_bytes,
)
from customer360.errors import ConfigError

GLOB_CHARACTERS = set("*?[")
BUFFER_BYTES = 2 * MAX_LINE_BYTES
SHOWN_COLUMNS = 40
NOT_WHOLE = "is not a whole Parquet file; get the file again"
# What each row tells of its file; macros/sources/raw.sql reads the last two by these names.
PATH_COLUMN = "customer360_file_path"
FILE_COLUMN = "customer360_source_file"
LOADED_COLUMN = "customer360_file_loaded_at"
OWN_COLUMNS = (PATH_COLUMN, FILE_COLUMN, LOADED_COLUMN)


@dataclass(frozen=True)
class FileLoad:
    """A raw file as it is, or was, loaded.

    `name` counts from the folder of its instance. `content_hash` is the SHA-256 of its bytes, in
    hexadecimal digits. `content_version` is 1, and one more each time the file's content changed
    after it was loaded. Times are the as_of of builds, UTC, 'YYYY-MM-DD HH:MM:SS'. `state` is
    'present', 'changed' where the folder holds another content by now, or 'gone' from the folder.
    """

    name: str
    content_hash: str
    byte_count: int
    content_version: int
    first_loaded_at: str
    loaded_at: str
    state: str = "present"


@dataclass(frozen=True)
class RawFile:
    """A file found usable; `columns` are its trimmed names in the order of the file.

    `load` is None for a file that is only looked at. Its rows do not tell their file then.
    """

    path: Path
    columns: tuple[str, ...]
    row_count: int
    load: FileLoad | None = None

    @property
    def is_parquet(self) -> bool:
        """Parquet by its name; everything else is CSV."""
        return is_parquet(self.path)

    @property
    def name(self) -> str:
        """How messages name the file: a copy that was kept is called as its original."""
        return self.load.name if self.load else self.path.name


@dataclass(frozen=True)
class RawTable:
    """All files of an instance that are read; `notes` are sentences on what is not as before."""

    instance: Instance
    files: tuple[RawFile, ...]
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, str]:
        """Contract column to the raw column's name as the files spell it."""
        names = {fold(name): name for file in self.files for name in file.columns}
        wanted = self.instance.raw_columns.items()
        return {column: names.get(fold(raw), raw) for column, raw in wanted}

    @property
    def unused_columns(self) -> list[str]:
        """Columns of the files that the mapping does not name."""
        instance = self.instance
        used = {fold(raw) for raw in (*instance.raw_columns.values(), *instance.nested_columns)}
        expressions = fold(" ".join(self.instance.expressions))
        names = dict.fromkeys(name for file in self.files for name in file.columns)
        return [
            name
            for name in names
            if fold(name) not in used
            and not re.search(rf"(?<!\w){re.escape(fold(name))}(?!\w)", expressions)
        ]


def fold(name: str) -> str:
    """Return the form in which column names are compared."""
    return name.strip().casefold()


def is_parquet(path: Path) -> bool:
    """Tell a Parquet file by its name; everything else is CSV."""
    return path.suffix.lower() == ".parquet"


def sql_text(value: str) -> str:
    """Return a SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """Return a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def raw_dir(config: BuildConfig, env: Mapping[str, str], cwd: Path) -> Path:
    """Return where relative paths count from: CUSTOMER360_RAW_DIR, else beside the vars file."""
    chosen = env.get("CUSTOMER360_RAW_DIR")
    if chosen:
        folder = (cwd / Path(chosen).expanduser()).resolve()
        if not folder.is_dir():
            raise ConfigError(
                f"CUSTOMER360_RAW_DIR is '{chosen}', which is not a folder; "
                "set it to the folder of the raw files or unset it."
            )
        return folder
    return config.vars_file.resolve().parent if config.vars_file else cwd


def find_files(instance: Instance, folder: Path, may_be_none: bool = False) -> list[Path]:
    """Return the files of an instance, sorted by name; raises ConfigError when there are none.

    `may_be_none`: a folder or pattern without any is fine, as with the setting `allow_empty`.
    """
    where = f"{instance.where} > file"
    given = instance.file or ""
    path = (folder / Path(given).expanduser()).resolve()
    if path.is_dir():
        files = [
            entry
            for entry in path.iterdir()
            if entry.suffix.lower() in (".csv", ".parquet") and entry.is_file()
        ]
    elif path.is_file():
        files = [path]
    elif GLOB_CHARACTERS & set(given):
        pattern = str(path.relative_to(path.anchor))
        files = [entry for entry in Path(path.anchor).glob(pattern) if entry.is_file()]
    else:
        raise ConfigError(
            f"{where}: '{given}' does not exist in '{folder}'; correct the path, "
            "or set CUSTOMER360_RAW_DIR to the folder it counts from."
        )
    files = sorted(entry for entry in files if not entry.name.startswith("."))
    if not files and not instance.allow_empty and not may_be_none:
        raise ConfigError(
            f"{where}: there is no CSV or Parquet file in '{given}' in '{folder}'; correct the "
            "path, or set 'allow_empty: true' if that is meant."
        )
    for entry in files:
        check_path(entry, where)
    return files


def base_folder(instance: Instance, folder: Path) -> Path:
    """Return the folder that the names of an instance's files count from.

    That is the part of its path before the first pattern, so that moving the raw files as a whole
    renames none of them.
    """
    path = (folder / Path(instance.file or "").expanduser()).resolve()
    if path.is_dir():
        return path
    parts: list[str] = []
    for part in path.parts[:-1]:
        if GLOB_CHARACTERS & set(part):
            break
        parts.append(part)
    return Path(*parts)


def check_path(path: Path, where: str) -> None:
    """Refuse a file that cannot be opened, or whose path DuckDB or dbt would read as a pattern."""
    text = str(path)
    if GLOB_CHARACTERS & set(text) or "{{" in text or "{%" in text or "{#" in text:
        raise ConfigError(
            f"{where}: the path of '{path.name}' holds one of the characters * ? [ or a template "
            "sign; rename the file or folder."
        )
    if not os.access(path, os.R_OK):
        raise ConfigError(f"{where}: '{path.name}' cannot be read; correct its permissions.")


def csv_call(
    paths: Sequence[Path], columns: Sequence[str], delimiter: str, path_column: str = ""
) -> str:
    """Return the SQL that reads CSV files with equal headers; nothing is left to be guessed.

    `path_column` names a further column with the path of each row's file; none where empty.
    """
    files = ", ".join(sql_text(str(path)) for path in paths)
    # struct_pack in place of braces, which the adapter would take for a template.
    types = ", ".join(f"{sql_name(name)} := 'VARCHAR'" for name in columns)
    told = f", filename = {sql_text(path_column)}" if path_column else ""
    return (
        f"read_csv([{files}], columns = struct_pack({types}), auto_detect = false, "
        f"header = true, delim = {sql_text(delimiter)}, quote = '\"', escape = '\"', "
        "encoding = 'utf-8', strict_mode = true, null_padding = false, ignore_errors = false, "
        f"max_line_size = {MAX_LINE_BYTES}, buffer_size = {BUFFER_BYTES}{told})"
    )


def parquet_call(
    paths: Sequence[Path], columns: Sequence[str], path_column: str = "", is_nested: bool = False
) -> str:
    """Return the SQL that reads Parquet files with equal columns: as text, or as they are."""
    files = ", ".join(sql_text(str(path)) for path in paths)
    read = "{name}" if is_nested else "cast({name} as varchar)"
    names = ", ".join(
        f"{read.format(name=sql_name(name))} as {sql_name(name.strip())}" for name in columns
    )
    told = f", filename = {sql_text(path_column)}" if path_column else ""
    shown = f", {sql_name(path_column)}" if path_column else ""
    return f"(select {names}{shown} from read_parquet([{files}]{told}))"


def relation_sql(table: RawTable) -> str:
    """Return what dbt reads in place of a table: a table function or a query in brackets."""
    files = table.files
    loads = [(file.path, file.load) for file in files if file.load]
    path_column = PATH_COLUMN if loads else ""
    parts: list[str] = []
    # A file of no bytes has no columns to be read by name.
    for _, group in groupby(
        [file for file in files if file.columns], key=lambda file: (file.is_parquet, file.columns)
    ):
        alike = list(group)
        paths = [file.path for file in alike]
        if alike[0].is_parquet:
            is_nested = table.instance.layout == "nested"
            parts.append(parquet_call(paths, parquet_columns(paths[0]), path_column, is_nested))
        else:
            delimiter = table.instance.delimiter
            parts.append(csv_call(paths, alike[0].columns, delimiter, path_column))
    if not parts:
        return no_rows(table.instance)
    # Files may order their columns differently: `columns` goes by place, so each order is read
    # by itself and the results are joined by name.
    rows = " union all by name ".join(f"select * from {part}" for part in parts)
    if loads:
        return f"({with_loads(rows, loads)})"
    return parts[0] if len(parts) == 1 else f"({rows})"


def with_loads(rows: str, loads: Sequence[tuple[Path, FileLoad]]) -> str:
    """Return a query that tells of each row which file it came from and when that was loaded."""
    known = ", ".join(
        f"({sql_text(str(path))}, {sql_text(load.name)}, timestamp {sql_text(load.loaded_at)})"
        for path, load in loads
    )
    names = ", ".join(sql_name(name) for name in (PATH_COLUMN, FILE_COLUMN, LOADED_COLUMN))
    return (
        f"select rows_read.* exclude ({sql_name(PATH_COLUMN)}), "
        f"files.{sql_name(FILE_COLUMN)}, files.{sql_name(LOADED_COLUMN)} "
        f"from ({rows}) as rows_read inner join (values {known}) as files({names}) "
        f"on rows_read.{sql_name(PATH_COLUMN)} = files.{sql_name(PATH_COLUMN)}"
    )


def no_rows(instance: Instance) -> str:
    """Return a query in brackets without rows, for an instance that has no file."""
    raw = [*dict.fromkeys(instance.raw_columns.values()), FILE_COLUMN]
    names = ", ".join(f"cast(null as varchar) as {sql_name(name)}" for name in raw)
    loaded = f"cast(null as timestamp) as {sql_name(LOADED_COLUMN)}"
    return f"(select {names}, {loaded} where false)"


def parquet_columns(path: Path) -> list[str]:
    """Return the top-level columns of a Parquet file as it spells them."""
    with duckdb.connect() as connection:
        described = connection.execute(
            f"describe select * from read_parquet([{sql_text(str(path))}])"
        )
        return [str(row[0]) for row in described.fetchall()]


def check_names(instance: Instance, name: str, columns: Sequence[str]) -> None:
    """Refuse a header with a name twice, or with one that stands for the file itself."""
    folded = [fold(column) for column in columns]
    twice = sorted({column for column in columns if folded.count(fold(column)) > 1})
    if twice:
        raise ConfigError(
            f"{instance.where} > file: '{name}' has the column '{twice[0]}' twice in its "
            "header; rename one of them in the file."
        )
    taken = [column for column in columns if fold(column) in OWN_COLUMNS]
    if taken:
        raise ConfigError(
            f"{instance.where} > file: '{name}' has the column '{taken[0]}', a name that this "
            "project gives itself; rename it in the file."
        )


def check_columns(instance: Instance, files: Sequence[RawFile]) -> list[str]:
    """Refuse a mapped column that no file has, or a required one that some file lacks.

    Returns a note for each file whose rows have null in columns that other files have. A file of
    no bytes lacks nothing.
    """
    lacking: dict[str, list[str]] = {}
    headers = [(file, {fold(name) for name in file.columns}) for file in files if file.columns]
    for name in instance.nested_columns:
        for file, names in headers:
            if not file.is_parquet or fold(name) not in names:
                raise not_nested(instance, name, file)
    for column, raw in instance.raw_columns.items():
        without = [file for file, names in headers if fold(raw) not in names]
        required = column in instance.contract.required
        if without and (required or len(without) == len(headers)):
            raise missing_column(instance, column, raw, without[0])
        for file in without:
            lacking.setdefault(file.name, []).append(raw)
    return [
        f"'{name}' has no column {', '.join(raws)}: null in its rows"
        for name, raws in lacking.items()
    ]


def missing_column(instance: Instance, column: str, raw: str, file: RawFile) -> ConfigError:
    """Return the error for a mapped column that is not in a file."""
    if instance.columns is None or instance.is_by_name:
        others = instance.contract.columns[column].aliases
        known = f" or by one of {', '.join(others)}" if others else ""
        setting = f"{instance.where}: "
        advice = (
            f"call it so{known}, or say under 'columns' which column it is (those not listed there "
            "are null)"
        )
    else:
        setting = f"{instance.where} > columns > {column}: "
        advice = "correct the name"
    return ConfigError(
        f"{setting}the column '{raw}' is not in '{file.name}', which has "
        f"{column_list(file.columns)}; {delimiter_hint(instance, file.columns)}"
        f"{near_column(raw, file.columns)}{advice}."
    )


def not_nested(instance: Instance, column: str, file: RawFile) -> ConfigError:
    """Return the error for a file that does not have the columns of the nested layout."""
    if not file.is_parquet:
        return refuse(
            instance,
            file.name,
            "is not Parquet, the only files that hold nested columns; remove 'layout: nested' or "
            "export as Parquet",
        )
    return refuse(
        instance,
        file.name,
        f"has no column '{column}', which the nested layout needs; it has "
        f"{column_list(file.columns)}; export it again, or remove 'layout: nested' and map columns",
    )


def column_list(columns: Sequence[str]) -> str:
    """Column names for a message."""
    shown = ", ".join(columns[:SHOWN_COLUMNS])
    more = len(columns) - SHOWN_COLUMNS
    return shown + (f" and {more} more" if more > 0 else "")


def near_column(raw: str, columns: Sequence[str]) -> str:
    """Return a hint at the column that may be meant."""
    names = {fold(name): name for name in columns}
    match = difflib.get_close_matches(fold(raw), names, n=1, cutoff=0.6)
    return f"if '{names[match[0]]}' is meant, " if match else ""


def delimiter_hint(instance: Instance, columns: Sequence[str]) -> str:
    """Return a hint when a one-column header looks as if another character parts its columns."""
    if len(columns) == 1:
        for mark, shown in ((";", ";"), ("\t", "\\t"), ("|", "|"), (",", ",")):
            if mark in columns[0] and mark != instance.delimiter:
                return (
                    f"if its columns are parted by '{shown}', set 'delimiter: \"{shown}\"', else "
                )
    return ""


def refuse(instance: Instance, name: str, reason: str, line: int | None = None) -> ConfigError:
    """Return the error for a file that cannot be used."""
    place = f" (line {line})" if line else ""
    return ConfigError(f"{instance.where} > file: '{name}'{place} {reason}.")


@dataclass(frozen=True)
class Candidate:
    """A file to be checked; `row_count` is known of a copy that was checked before it was kept."""

    path: Path
    load: FileLoad | None = None
    row_count: int | None = None

    @property
    def name(self) -> str:
        """How messages name the file."""
        return self.load.name if self.load else self.path.name


@dataclass(frozen=True)
class Header:
    """What is known of a file before its rows are read; `row_count` is 0 for one of no bytes."""

    file: RawFile
    ends: LineEnds | None
    row_count: int | None


def read_csv_head(instance: Instance, candidate: Candidate) -> Header:
    """Look at the bytes and the header of a CSV file; raises ConfigError with file and line."""
    path, ends = candidate.path, None
    if candidate.row_count is None:
        fault, ends = scan_bytes(path)
        if fault:
            raise refuse(instance, candidate.name, fault.reason, fault.line)
    columns = read_header(path, instance.delimiter)
    if columns is None:
        return empty_file(instance, candidate)
    if not columns:
        raise refuse(
            instance, candidate.name, "has no header; its first line must name the columns", 1
        )
    file = RawFile(path, tuple(columns), 0, candidate.load)
    check_names(instance, file.name, columns)
    return Header(file, ends, candidate.row_count)


def read_parquet_head(instance: Instance, candidate: Candidate) -> Header:
    """Read the columns of a Parquet file; raises ConfigError."""
    path = candidate.path
    if path.stat().st_size == 0:
        return empty_file(instance, candidate)
    try:
        columns = [name.strip() for name in parquet_columns(path)]
    except duckdb.Error:
        raise refuse(instance, candidate.name, NOT_WHOLE) from None
    file = RawFile(path, tuple(columns), 0, candidate.load)
    check_names(instance, file.name, columns)
    return Header(file, None, candidate.row_count)


def empty_file(instance: Instance, candidate: Candidate) -> Header:
    """Return the header of a file of no bytes: refused unless the instance allows it."""
    if not instance.allow_empty:
        raise refuse(
            instance,
            candidate.name,
            "is empty; get the file again, or set 'allow_empty: true' if that is meant",
        )
    return Header(RawFile(candidate.path, (), 0, candidate.load), None, 0)


def count_rows(
    instance: Instance,
    path: Path,
    columns: Sequence[str],
    ends: LineEnds | None,
    connection: duckdb.DuckDBPyConnection,
) -> int:
    """Read the file as the build will; raises ConfigError with the line of the first fault."""
    if ends is not None and ends.may_be_mixed and (fault := locate_fault(path, instance.delimiter)):
        raise refuse(instance, path.name, fault.reason, fault.line)
    call = csv_call([path], columns, instance.delimiter)
    try:
        row = connection.execute(f"select count(*) from {call}").fetchone()
    except duckdb.Error as error:
        fault = locate_fault(path, instance.delimiter)
        if fault:
            raise refuse(instance, path.name, fault.reason, fault.line) from None
        # The text of the error quotes the row: only its line number may go further.
        match = re.search(r"CSV Error on Line: (\d+)", str(error))
        line = int(match.group(1)) if match else None
        raise refuse(
            instance,
            path.name,
            "cannot be read as CSV; correct the row or get the file again",
            line,
        ) from None
    return int(row[0]) if row else 0


def count_parquet(instance: Instance, path: Path, connection: duckdb.DuckDBPyConnection) -> int:
    """Count the rows of a Parquet file; raises ConfigError."""
    try:
        row = connection.execute(
            f"select count(*) from read_parquet([{sql_text(str(path))}])"
        ).fetchone()
    except duckdb.Error:
        raise refuse(instance, path.name, NOT_WHOLE) from None
    return int(row[0]) if row else 0


def check_rows(
    instance: Instance, header: Header, connection: duckdb.DuckDBPyConnection
) -> RawFile:
    """Read the rows of a file once; raises ConfigError for a fault, or for none at all."""
    file, row_count = header.file, header.row_count
    if row_count is None:
        if file.is_parquet:
            row_count = count_parquet(instance, file.path, connection)
        else:
            row_count = count_rows(instance, file.path, file.columns, header.ends, connection)
    if row_count == 0 and file.columns and not instance.allow_empty:
        found = "has no rows" if file.is_parquet else "has a header but no rows"
        raise refuse(
            instance,
            file.name,
            f"{found}; get the file again, or set 'allow_empty: true' if that is meant",
        )
    return replace(file, row_count=row_count)


def read_as_null(instance: Instance) -> list[str]:
    """Return a note on the contract columns that no file has, where nobody listed columns."""
    if not instance.is_by_name or instance.columns is None:
        return []
    missing = [name for name, raw in instance.columns.items() if raw is None]
    return [f"no column for {', '.join(missing)}: null"] if missing else []


def check_files(
    instance: Instance, candidates: Sequence[Candidate], connection: duckdb.DuckDBPyConnection
) -> RawTable:
    """Check the files of one instance: all headers first, then the rows."""
    headers = [
        (read_parquet_head if is_parquet(each.path) else read_csv_head)(instance, each)
        for each in candidates
    ]
    files = [header.file for header in headers]
    instance = with_columns(instance, [name for file in files for name in file.columns])
    notes = [*read_as_null(instance), *check_columns(instance, files)]
    checked = [check_rows(instance, header, connection) for header in headers]
    # Files with the same columns are read by one call.
    checked.sort(key=lambda file: (file.is_parquet, file.columns, file.name))
    return RawTable(instance, tuple(checked), tuple(notes))


def check_instance(
    instance: Instance, folder: Path, connection: duckdb.DuckDBPyConnection
) -> RawTable:
    """Find and check all files of one instance."""
    return check_files(
        instance, [Candidate(path) for path in find_files(instance, folder)], connection
    )
