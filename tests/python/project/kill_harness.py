"""Builds of a small project that are killed at a chosen moment, and what they leave behind.

Run as a program this file is `customer360` with a function that kills it:
`kill_harness.py customer360.publish replace_published before build --vars own.yml`.
"""

from __future__ import annotations

import csv
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

POLL_SECONDS = 0.002
LONGEST_SECONDS = 600.0
SETTINGS = "own.yml"
STATE_SCHEMA = "customer360_state"
SHOWN_SCHEMAS = ("customer360", STATE_SCHEMA)
# Two builds of the same data differ in these alone.
NAMED_ANEW = ("invocation_id",)


# contract -> its file, and which of its columns that file has
READ_AS = {
    f"{system}.{entity}": (f"raw/{entity}.csv", {column: column for column in columns.split()})
    for system, entity, columns in (
        ("crm", "contacts", "contact_id email phone date_of_birth created_at"),
        ("web", "events", "event_id event_name email device_id occurred_at"),
        ("shop", "orders", "order_id email amount currency order_status ordered_at"),
    )
}


# --- a small project ------------------------------------------------------------------------------

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Extract:
    """What the sources hold on one day."""

    contacts: Rows
    events: Rows
    orders: Rows


def without_tests(node: Any) -> Any:
    """A yml without its tests, which take most of a build's time and kill nobody."""
    if isinstance(node, dict):
        kept = {
            key: value for key, value in node.items() if key not in ("data_tests", "unit_tests")
        }
        return {key: without_tests(value) for key, value in kept.items()}
    return [without_tests(item) for item in node] if isinstance(node, list) else node


def make_lean(root: Path) -> Path:
    """Take the tests out of a copy of the project, and give it settings for the extracts."""
    for folder in ("models", "python_models", "seeds"):
        for file in (root / folder).rglob("*.yml"):
            lean = without_tests(yaml.safe_load(file.read_text(encoding="utf-8")))
            file.write_text(yaml.safe_dump(lean, sort_keys=False), encoding="utf-8")
    shutil.rmtree(root / "tests")
    write_settings(root, "2026-03-01 00:00:00")
    return root


def write_settings(root: Path, as_of: str) -> None:
    """Say which files are what, and the moment the marts speak of."""
    settings = {
        "include_sample_data": False,
        "as_of": as_of,
        "sources": {
            contract: [{"name": contract.partition(".")[0], "file": file, "columns": columns}]
            for contract, (file, columns) in READ_AS.items()
        },
    }
    (root / SETTINGS).write_text(yaml.safe_dump(settings), encoding="utf-8")


def write_extract(root: Path, extract: Extract) -> None:
    """Put an extract in the place of the last one."""
    (root / "raw").mkdir(exist_ok=True)
    for name, rows in vars(extract).items():
        with (root / "raw" / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def published(root: Path) -> Path:
    """The file that people read."""
    return root / "warehouse" / "customer360.duckdb"


# --- builds and kills -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """When a build is killed: as soon as a line is in dbt's log, or at a function, or after a time.

    function: module, name, and `before` or `after` it has run.
    """

    name: str
    log_line: str | None = None
    function: tuple[str, str, str] | None = None
    seconds: float = LONGEST_SECONDS


def start(root: Path, moment: Moment | None = None, *options: str) -> subprocess.Popen[bytes]:
    """Start a build in a process of its own."""
    program = ["-m", "customer360"]
    if moment is not None and moment.function is not None:
        program = [str(Path(__file__)), *moment.function]
    ours = ("CUSTOMER360_", "DBT_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return subprocess.Popen(
        [sys.executable, *program, "build", "--vars", SETTINGS, *options],
        cwd=root,
        env={**kept, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A session, so that what the build started goes with it.
        start_new_session=True,
    )


def build(root: Path, *options: str) -> str:
    """Build to the end; return what it said. Raises AssertionError where it fails."""
    process = start(root, None, *options)
    said = process.communicate(timeout=LONGEST_SECONDS)[0].decode()
    assert process.returncode == 0, said
    return said


def build_killed(root: Path, moment: Moment) -> bool:
    """Build and kill; False where the build ended before the moment came."""
    log = NewLines(root / "logs" / "dbt.log")
    deadline = time.monotonic() + moment.seconds
    process = start(root, moment)
    pattern = re.compile(moment.log_line.encode()) if moment.log_line else None
    try:
        while process.poll() is None and time.monotonic() < deadline:
            if pattern and pattern.search(log.read()):
                break
            time.sleep(POLL_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return process.returncode == -signal.SIGKILL


class NewLines:
    """Reads what is added to a log from now on, which may be moved aside and begun anew."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.place = file.stat().st_size if file.exists() else 0

    def read(self) -> bytes:
        """Whole lines that were not read before."""
        if not self.file.exists():
            return b""
        with self.file.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) < self.place:
                self.place = 0
            stream.seek(self.place)
            lines = stream.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        self.place += len(lines)
        return lines


def run_until(module: str, name: str, when: str, arguments: Sequence[str]) -> None:
    """Be the command, and die at a function."""
    place = importlib.import_module(module)
    original = getattr(place, name)

    def deadly(*given: Any, **named: Any) -> None:
        if when == "after":
            original(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    # Whoever imported the function by name has it under the same name.
    for other in [each for key, each in sys.modules.items() if key.startswith("customer360")]:
        if getattr(other, name, None) is original:
            setattr(other, name, deadly)
    from customer360.cli import main

    sys.argv = ["customer360", *arguments]
    main()


# --- what is there afterwards ---------------------------------------------------------------------


@dataclass(frozen=True)
class Contents:
    """The marts and the state of a file: table -> rows as sorted texts; generations as numbers."""

    tables: Mapping[str, tuple[str, ...]]
    generation: int
    state_generation: int


def contents(file: Path, left_out: Mapping[str, Sequence[str]] | None = None) -> Contents:
    """Read a published file. left_out: table -> columns that are not compared.

    Raises AssertionError where its record and its state disagree, or where it holds more than one
    generation's worth of open versions.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        # By another name than the marts' schema has.
        connection.execute(f"attach '{file}' as shown (read_only)")
        connection.execute("use shown")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in (?, ?)",
            SHOWN_SCHEMAS,
        ).fetchall()
        found = {
            f"{schema}.{table}": rows_of(connection, schema, table, (left_out or {}).get(table, ()))
            for schema, table in tables
        }
        (record,) = connection.execute(
            "select generation, state_generation from customer360_internal.publication"
        ).fetchall()
        newest = connection.execute(
            f"select max(generation_no) from {STATE_SCHEMA}.generations"
        ).fetchall()
        assert newest == [(record[1],)], "the publication is of another generation than its state"
        for table in ("ids", "ledger"):
            later = connection.execute(
                f"select count(*) from {STATE_SCHEMA}.{table} where valid_from_generation > $1"
                " or valid_to_generation > $1",
                [record[1]],
            ).fetchall()
            assert later == [(0,)], f"{table} has rows of a generation that is not there"
        current = connection.execute(
            "select count(*) from (select record_key, customer360_id, record_role"
            " from customer360.customer360_identity_map except"
            f" select record_key, customer360_id, record_role from {STATE_SCHEMA}.ledger"
            " where valid_to_generation is null)"
        ).fetchall()
        assert current == [(0,)], "the map is of another generation than the ledger"
    return Contents(found, int(record[0]), int(record[1]))


def rows_of(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, left_out: Sequence[str]
) -> tuple[str, ...]:
    """The rows of a table as texts."""
    columns = [
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ?"
            " order by column_index",
            [schema, table],
        ).fetchall()
        if name not in (*NAMED_ANEW, *left_out)
    ]
    rows = connection.execute(f"select {', '.join(columns)} from {schema}.{table}").fetchall()
    return tuple(sorted(map(str, rows)))


def differences(one: Contents, other: Contents) -> list[str]:
    """What to read where two files say different things."""
    told = []
    for table in sorted(one.tables.keys() | other.tables.keys()):
        left, right = one.tables.get(table, ()), other.tables.get(table, ())
        if left != right:
            told += [f"{table}, only the first: {row}" for row in sorted(set(left) - set(right))]
            told += [f"{table}, only the second: {row}" for row in sorted(set(right) - set(left))]
    if (one.generation, one.state_generation) != (other.generation, other.state_generation):
        told.append(f"generations {one.generation}, {other.generation} or those of the state")
    return told


if __name__ == "__main__":
    run_until(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
