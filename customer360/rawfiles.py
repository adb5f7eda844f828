"""Raw files: found, checked before any table is touched, and described to dbt as a SQL relation.

The options with which DuckDB reads a file for the check and for the build are the same, and leave
nothing to be guessed: names come from the file's own header, everything is text.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

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


@dataclass(frozen=True)
class RawFile:
    """A file found usable; `columns` are its trimmed names in the order of the file."""

    path: Path
    columns: tuple[str, ...]
    row_count: int

    @property
    def is_parquet(self) -> bool:
        """Parquet by its name; everything else is CSV."""
        return self.path.suffix.lower() == ".parquet"


@dataclass(frozen=True)
class RawTable:
    """All files of an instance."""

    instance: Instance
    files: tuple[RawFile, ...]

    @property
    def columns(self) -> dict[str, str]:
        """Contract column to the raw column's name as the files spell it."""
        names = {fold(name): name for file in self.files for name in file.columns}
        wanted = self.instance.raw_columns.items()
        return {column: names.get(fold(raw), raw) for column, raw in wanted}

    @property
    def unused_columns(self) -> list[str]:
        """Columns of the files that the mapping does not name."""
        used = {fold(raw) for raw in self.instance.raw_columns.values()}
        expressions = fold(" ".join(self.instance.expressions))
        names = dict.fromkeys(name for file in self.files for name in file.columns)
        return [
            name
            for name in names
            if fold(name) not in used
            and not re.search(rf"\b{re.escape(fold(name))}\b", expressions)
        ]


def fold(name: str) -> str:
    """Return the form in which column names are compared."""
    return name.strip().casefold()


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


def find_files(instance: Instance, folder: Path) -> list[Path]:
    """Return the files of an instance, sorted by name; raises ConfigError when there are none."""
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
    if not files and not instance.allow_empty:
        raise ConfigError(
            f"{where}: there is no CSV or Parquet file in '{given}' in '{folder}'; correct the "
            "path, or set 'allow_empty: true' if that is meant."
        )
    if len({entry.suffix.lower() == ".parquet" for entry in files}) > 1:
        raise ConfigError(
            f"{where}: '{given}' holds both CSV and Parquet files; "
            "name one kind with a pattern such as '*.csv'."
        )
    for entry in files:
        check_path(entry, where)
    return files


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


def csv_call(paths: Sequence[Path], columns: Sequence[str], delimiter: str) -> str:
    """Return the SQL that reads CSV files with equal headers; nothing is left to be guessed."""
    files = ", ".join(sql_text(str(path)) for path in paths)
    # struct_pack in place of braces, which the adapter would take for a template.
    types = ", ".join(f"{sql_name(name)} := 'VARCHAR'" for name in columns)
    return (
        f"read_csv([{files}], columns = struct_pack({types}), auto_detect = false, "
        f"header = true, delim = {sql_text(delimiter)}, quote = '\"', escape = '\"', "
        "encoding = 'utf-8', strict_mode = true, null_padding = false, ignore_errors = false, "
        f"max_line_size = {MAX_LINE_BYTES}, buffer_size = {BUFFER_BYTES})"
    )


def parquet_call(paths: Sequence[Path], columns: Sequence[str]) -> str:
    """Return the SQL that reads Parquet files with equal columns, everything as text."""
    files = ", ".join(sql_text(str(path)) for path in paths)
    names = ", ".join(
        f"cast({sql_name(name)} as varchar) as {sql_name(name.strip())}" for name in columns
    )
    return f"(select {names} from read_parquet([{files}]))"


def relation_sql(table: RawTable) -> str:
    """Return what dbt reads in place of a table: a table function or a query in brackets."""
    parts: list[str] = []
    files = table.files
    for columns, group in groupby(files, key=lambda file: file.columns):
        paths = [file.path for file in group]
        if files[0].is_parquet:
            parts.append(parquet_call(paths, parquet_columns(paths[0])))
        else:
            parts.append(csv_call(paths, columns, table.instance.delimiter))
    if not parts:
        raw = dict.fromkeys(table.instance.raw_columns.values())
        names = ", ".join(f"cast(null as varchar) as {sql_name(name)}" for name in raw)
        return f"(select {names or 'null as nothing'} where false)"
    if len(parts) == 1:
        return parts[0]
    # Files may order their columns differently: `columns` goes by place, so each order is read
    # by itself and the results are joined by name.
    return "(" + " union all by name ".join(f"select * from {part}" for part in parts) + ")"


def parquet_columns(path: Path) -> list[str]:
    """Return the top-level columns of a Parquet file as it spells them."""
    with duckdb.connect() as connection:
        described = connection.execute(
            f"describe select * from read_parquet([{sql_text(str(path))}])"
        )
        return [str(row[0]) for row in described.fetchall()]


def check_columns(instance: Instance, path: Path, columns: Sequence[str]) -> None:
    """Refuse a header with a name twice, or without a column that the mapping names."""
    folded = [fold(name) for name in columns]
    twice = sorted({name for name in columns if folded.count(fold(name)) > 1})
    if twice:
        raise ConfigError(
            f"{instance.where} > file: '{path.name}' has the column '{twice[0]}' twice in its "
            "header; rename one of them in the file."
        )
    for column, raw in instance.raw_columns.items():
        if fold(raw) in folded:
            continue
        if instance.columns is None:
            setting = f"{instance.where}: "
            advice = "say under 'columns' which columns it has (those not listed are null)"
        else:
            setting = f"{instance.where} > columns > {column}: "
            advice = "correct the name"
        raise ConfigError(
            f"{setting}the column '{raw}' is not in '{path.name}', which has "
            f"{column_list(columns)}; {delimiter_hint(instance, columns)}"
            f"{near_column(raw, columns)}{advice}."
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


def refuse(instance: Instance, path: Path, reason: str, line: int | None = None) -> ConfigError:
    """Return the error for a file that cannot be used."""
    place = f" (line {line})" if line else ""
    return ConfigError(f"{instance.where} > file: '{path.name}'{place} {reason}.")


def check_csv(instance: Instance, path: Path, connection: duckdb.DuckDBPyConnection) -> RawFile:
    """Check one CSV file; raises ConfigError with file and line."""
    fault, ends = scan_bytes(path)
    if fault:
        raise refuse(instance, path, fault.reason, fault.line)
    columns = read_header(path, instance.delimiter)
    if columns is None:
        return empty_file(instance, path)
    if not columns:
        raise refuse(instance, path, "has no header; its first line must name the columns", 1)
    check_columns(instance, path, columns)
    row_count = count_rows(instance, path, columns, ends, connection)
    if row_count == 0 and not instance.allow_empty:
        raise refuse(
            instance,
            path,
            "has a header but no rows; get the file again, or set "
            "'allow_empty: true' if that is meant",
        )
    return RawFile(path, tuple(columns), row_count)


def empty_file(instance: Instance, path: Path) -> RawFile:
    """Return a file of no bytes: refused unless the instance allows it."""
    if not instance.allow_empty:
        raise refuse(
            instance,
            path,
            "is empty; get the file again, or set 'allow_empty: true' if that is meant",
        )
    return RawFile(path, (), 0)


def count_rows(
    instance: Instance,
    path: Path,
    columns: Sequence[str],
    ends: LineEnds,
    connection: duckdb.DuckDBPyConnection,
) -> int:
    """Read the file as the build will; raises ConfigError with the line of the first fault."""
    if ends.may_be_mixed and (fault := locate_fault(path, instance.delimiter)):
        raise refuse(instance, path, fault.reason, fault.line)
    call = csv_call([path], columns, instance.delimiter)
    try:
        row = connection.execute(f"select count(*) from {call}").fetchone()
    except duckdb.Error as error:
        fault = locate_fault(path, instance.delimiter)
        if fault:
            raise refuse(instance, path, fault.reason, fault.line) from None
        # The text of the error quotes the row: only its line number may go further.
        match = re.search(r"CSV Error on Line: (\d+)", str(error))
        line = int(match.group(1)) if match else None
        raise refuse(
            instance, path, "cannot be read as CSV; correct the row or get the file again", line
        ) from None
    return int(row[0]) if row else 0


def check_parquet(instance: Instance, path: Path, connection: duckdb.DuckDBPyConnection) -> RawFile:
    """Check one Parquet file; raises ConfigError."""
    if path.stat().st_size == 0:
        return empty_file(instance, path)
    try:
        columns = parquet_columns(path)
        call = f"read_parquet([{sql_text(str(path))}])"
        row = connection.execute(f"select count(*) from {call}").fetchone()
    except duckdb.Error:
        raise refuse(instance, path, "is not a whole Parquet file; get the file again") from None
    check_columns(instance, path, columns)
    row_count = int(row[0]) if row else 0
    if row_count == 0 and not instance.allow_empty:
        raise refuse(
            instance,
            path,
            "has no rows; get the file again, or set 'allow_empty: true' if that is meant",
        )
    return RawFile(path, tuple(name.strip() for name in columns), row_count)


def check_instance(
    instance: Instance, folder: Path, connection: duckdb.DuckDBPyConnection
) -> RawTable:
    """Find and check all files of one instance."""
    files: list[RawFile] = []
    for path in find_files(instance, folder):
        check = check_parquet if path.suffix.lower() == ".parquet" else check_csv
        file = check(instance, path, connection)
        # A file of no bytes has no columns to be read by name.
        if file.columns:
            files.append(file)
    return RawTable(instance, tuple(files))


def check_raw_files(config: BuildConfig, env: Mapping[str, str], cwd: Path) -> tuple[RawTable, ...]:
    """Check every file of every instance; raises ConfigError for the first fault."""
    by_file = [instance for instance in config.instances if instance.file is not None]
    if not by_file:
        return ()
    folder = raw_dir(config, env, cwd)
    with duckdb.connect() as connection:
        return tuple(check_instance(instance, folder, connection) for instance in by_file)
