"""The engines of the rehearsal: how to start one, connect dbt to it, and ask it for rows."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from engines.rehearsal import environments
from engines.rehearsal.pipes import Pipe
from engines.rehearsal.servers import HOST, running

HERE = Path(__file__).resolve().parent
# The catalogs of reader.py: Snowflake's database and BigQuery's project.
DATABASE = "REHEARSAL"
PROJECT = "fake-project"
THREADS = 2

Column = tuple[str, str]
Row = tuple[Any, ...]


class Refused(RuntimeError):
    """An engine did not run a statement; the message is what its client raised."""


@dataclass(frozen=True)
class Rows:
    """What an engine answered: columns as (name in lower case, class), and one tuple a row."""

    columns: tuple[Column, ...]
    rows: list[Row]

    def values(self, column: str) -> list[Any]:
        """Return one column. Raises ValueError where there is none of that name."""
        at = [name for name, _ in self.columns].index(column)
        return [row[at] for row in self.rows]

    def without(self, columns: Sequence[str]) -> Rows:
        """Return the rows without some columns."""
        kept = [at for at, (name, _) in enumerate(self.columns) if name not in columns]
        return Rows(
            tuple(self.columns[at] for at in kept),
            [tuple(row[at] for at in kept) for row in self.rows],
        )


@dataclass(frozen=True)
class Engine:
    """One kind of engine. Without a server script it runs in the file that it is given."""

    name: str
    # Class of a value, as in reader.py, to SQL type.
    types: Mapping[str, str]
    # Folder and environment of the stand-in, and what it answers when it is ready.
    stands_in: bool = True
    ready_path: str = "/"
    # Where the stand-in tells what its analyzer judged, refused and let through unjudged.
    account_path: str | None = None
    reads_escapes: bool = True

    def profile(self, place: str, schema: str) -> dict[str, Any]:
        """Return dbt's target for a running engine; place is the file, or the port."""
        common = {"type": self.name, "schema": schema, "threads": THREADS}
        if self.name == "duckdb":
            options = {"storage_compatibility_version": "v1.2.0"}
            settings = {"TimeZone": "UTC", "preserve_insertion_order": "false"}
            return {**common, "path": place, "config_options": options, "settings": settings}
        if self.name == "snowflake":
            address = {"account": "fakesnow", "host": HOST, "port": int(place), "protocol": "http"}
            login = {"user": "fake", "password": "fake"}
            return {**common, **address, **login, "database": DATABASE, "warehouse": "fake"}
        login = {"method": "oauth-secrets", "token": "fake"}
        common["dataset"] = common.pop("schema")
        endpoint = f"http://{HOST}:{place}"
        return {**common, **login, "project": PROJECT, "api_endpoint": endpoint, "location": "US"}

    def literal(self, value: Any, kind: str) -> str:
        """Return a typed SQL literal of a plain Python value of a class."""
        if value is None:
            return f"cast(null as {self.types[kind]})"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (int, float, Decimal)) and kind != "text":
            return f"cast('{value}' as {self.types[kind]})"
        return f"cast({self.text(str(value))} as {self.types[kind]})"

    def text(self, text: str) -> str:
        """Return the SQL literal of a text, its quotes, backslashes and control characters kept."""
        if not self.reads_escapes:
            return "'" + text.replace("'", "''") + "'"
        escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
        written = (escapes.get(c, c if c >= " " else f"\\u{ord(c):04x}") for c in text)
        return "'" + "".join(written) + "'"


DUCKDB = Engine(
    "duckdb",
    {
        "text": "varchar",
        "integer": "bigint",
        "decimal": "decimal(18, 2)",
        "float": "double",
        "boolean": "boolean",
        "timestamp": "timestamp",
        "date": "date",
    },
    stands_in=False,
    reads_escapes=False,
)
SNOWFLAKE = Engine(
    "snowflake",
    {
        "text": "varchar",
        "integer": "number(38, 0)",
        "decimal": "number(18, 2)",
        "float": "float",
        "boolean": "boolean",
        "timestamp": "timestamp_ntz",
        "date": "date",
    },
    account_path="/rehearsal",
)
BIGQUERY = Engine(
    "bigquery",
    {
        "text": "string",
        "integer": "int64",
        "decimal": "numeric",
        "float": "float64",
        "boolean": "bool",
        "timestamp": "timestamp",
        "date": "date",
    },
    ready_path="/_crucible/health",
    account_path="/_gate",
)
ENGINES = {engine.name: engine for engine in (DUCKDB, SNOWFLAKE, BIGQUERY)}
STAND_INS: Sequence[str] = [engine.name for engine in ENGINES.values() if engine.stands_in]


@dataclass(frozen=True)
class Account:
    """What an analyzer judged, refused, and let through unjudged: reason -> statements."""

    judged: int
    refused: int
    unjudged: Counter[str]


@dataclass(frozen=True)
class Target:
    """An engine that runs, with a process to ask it; what it holds goes when it stops."""

    engine: Engine
    place: str
    reader: Pipe

    def rows(self, statement: str) -> Rows:
        """Run one statement. Raises Refused when the engine or its client does not take it."""
        outcome, *answer = self.reader.ask(statement)
        if outcome == "error":
            raise Refused(answer[0])
        columns, rows = answer
        return Rows(tuple(columns), rows)

    def account(self) -> Account:
        """Return what the stand-in's analyzer has done since it began."""
        if self.engine.account_path is None:
            return Account(0, 0, Counter())
        url = f"http://{HOST}:{self.place}{self.engine.account_path}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            told = json.load(answer)
        unjudged: Counter[str] = Counter()
        for each in told["unjudged"]:
            unjudged[each["reason"]] += each["times"]
        return Account(told["judged"], told["refused"], unjudged)

    def profile(self, schema: str) -> dict[str, Any]:
        """Return dbt's target for a schema of this engine."""
        return self.engine.profile(self.place, schema)


@contextmanager
def started(name: str, folder: Path) -> Iterator[Target]:
    """Run an engine while the block lasts; its log, or DuckDB's file, stands in the folder.

    The stand-ins hold everything in memory: the end of the block drops it all.
    Raises environments.EnvironmentNotMade and servers.ServerNotReady.
    """
    engine = ENGINES[name]
    environments.make("dbt")
    if not engine.stands_in:
        with reading(engine, str(folder / "work.duckdb"), folder) as target:
            yield target
        return
    python = environments.make(name)
    script = str(HERE.parent / name / "server.py")

    def arguments(port: int) -> list[str]:
        return [script, str(port)]

    log = folder / f"{name}_server.log"
    with (
        running(name, python, arguments, log, ready_path=engine.ready_path) as server,
        reading(engine, str(server.port), folder) as target,
    ):
        yield target


@contextmanager
def reading(engine: Engine, place: str, folder: Path) -> Iterator[Target]:
    """Ask an engine that runs already while the block lasts; the folder is for the log."""
    log = folder / f"{engine.name}_reader.log"
    reader = Pipe(HERE / "reader.py", engine.name, place, log=log)
    try:
        yield Target(engine, place, reader)
    finally:
        reader.close()
