"""Answers of an engine as plain Python values, over a pipe.

Run with the interpreter of the environment `dbt`, which has the client of every engine:

    python reader.py duckdb|snowflake|bigquery PLACE

PLACE is the DuckDB file, or the port of the stand-in. Standard input holds pickled statements,
standard output one pickled answer each: ("rows", columns, rows) with columns as (name, class) and
one tuple a row, or ("error", message). The end of the input ends the process. Only the process that
started this one writes to it: pickles are safe here.

Classes and their values: text str, integer int, decimal Decimal, float float, boolean bool,
timestamp datetime without zone (UTC), date date, time time, list list, json what it holds; null is
None in all of them.
"""

from __future__ import annotations

import datetime as dt
import json
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

HOST = "127.0.0.1"
# Of Snowflake the database, of BigQuery the project.
CATALOG = {"snowflake": "REHEARSAL", "bigquery": "fake-project"}
ANSWER_SECONDS = 120

Column = tuple[str, str]
Answer = tuple[Sequence[Column], list[tuple[Any, ...]]]
Ask = Callable[[str], Answer]


def plain(value: Any, kind: str) -> Any:
    """Return a client's value as the plain Python value of its class."""
    if value is None:
        return None
    if kind == "timestamp" and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    if kind == "integer":
        return int(value)
    if kind in ("list", "json") and isinstance(value, str):
        return json.loads(value)
    return list(value) if kind == "list" else value


def answer_of(names: Iterable[str], kinds: Sequence[str], rows: Iterable[Iterable[Any]]) -> Answer:
    """Put an answer together; names in lower case, because Snowflake's are upper case."""
    columns = [(name.lower(), kind) for name, kind in zip(names, kinds, strict=True)]
    return columns, [tuple(map(plain, row, kinds)) for row in rows]


def of_scale(whole: bool) -> str:
    """Return the class of an exact number."""
    return "integer" if whole else "decimal"


# --- DuckDB ---------------------------------------------------------------------------------------

DUCKDB_CLASSES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "DOUBLE": "float",
    "FLOAT": "float",
    "JSON": "json",
}


def duckdb_class(kind: str) -> str:
    """Return the class of a DuckDB type's name."""
    if kind.endswith("[]"):
        return "list"
    if kind.startswith("DECIMAL"):
        return of_scale(kind.endswith(",0)"))
    if kind.endswith("INT") or kind.endswith("INTEGER"):
        return "integer"
    return "timestamp" if kind.startswith("TIMESTAMP") else DUCKDB_CLASSES.get(kind, kind)


def ask_duckdb(path: str) -> Ask:
    """Ask a file, opened for each statement so that dbt can write to it in between."""
    import duckdb

    def ask(statement: str) -> Answer:
        with duckdb.connect(path, config={"storage_compatibility_version": "v1.2.0"}) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(statement)
            described = connection.description or []
            names = [str(column[0]) for column in described]
            kinds = [duckdb_class(str(column[1])) for column in described]
            return answer_of(names, kinds, connection.fetchall())

    return ask


# --- Snowflake ------------------------------------------------------------------------------------

SNOWFLAKE_CLASSES = {
    "REAL": "float",
    "TEXT": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "ARRAY": "list",
    "OBJECT": "json",
    "VARIANT": "json",
}


def ask_snowflake(port: str) -> Ask:
    """Ask the stand-in for Snowflake; a refusal is an exception, never a wait."""
    import snowflake.connector
    from snowflake.connector.constants import FIELD_ID_TO_NAME

    connection = snowflake.connector.connect(
        user="fake",
        password="fake",
        account="fakesnow",
        host=HOST,
        port=int(port),
        protocol="http",
        database=CATALOG["snowflake"],
        schema="PUBLIC",
        session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        network_timeout=ANSWER_SECONDS,
    )

    def kind(column: Any) -> str:
        name = FIELD_ID_TO_NAME[column.type_code]
        if name == "FIXED":
            return of_scale(not column.scale)
        return "timestamp" if name.startswith("TIMESTAMP") else SNOWFLAKE_CLASSES.get(name, name)

    def ask(statement: str) -> Answer:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            described, rows = cursor.description or [], cursor.fetchall()
            kinds = [kind(column) for column in described]
            kinds = [listed(kind, [row[at] for row in rows]) for at, kind in enumerate(kinds)]
            return answer_of([column.name for column in described], kinds, rows)

    return ask


def listed(kind: str, values: Iterable[Any]) -> str:
    """Return list for a variant that holds nothing but lists: the stand-in calls both variant."""
    known = [value for value in values if value is not None]
    return "list" if kind == "json" and known and all(v[:1] == "[" for v in known) else kind


# --- BigQuery -------------------------------------------------------------------------------------

BIGQUERY_CLASSES = {
    "STRING": "text",
    "INTEGER": "integer",
    "INT64": "integer",
    "FLOAT": "float",
    "FLOAT64": "float",
    "NUMERIC": "decimal",
    "BIGNUMERIC": "decimal",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "TIMESTAMP": "timestamp",
    "DATETIME": "timestamp",
    "DATE": "date",
    "TIME": "time",
    "JSON": "json",
}


def ask_bigquery(port: str) -> Ask:
    """Ask the stand-in for BigQuery.

    A list is never null there: an empty one is what null is elsewhere.
    """
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    client = bigquery.Client(
        project=CATALOG["bigquery"],
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://{HOST}:{port}"},
        location="US",
    )

    def kind(field: Any) -> str:
        return "list" if field.mode == "REPEATED" else BIGQUERY_CLASSES.get(field.field_type, "?")

    def ask(statement: str) -> Answer:
        result = client.query(statement, retry=None, job_retry=None).result(timeout=ANSWER_SECONDS)
        names = [field.name for field in result.schema]
        kinds = [kind(field) for field in result.schema]
        rows = ([None if value == [] else value for value in row.values()] for row in result)
        return answer_of(names, kinds, rows)

    return ask


CLIENTS = {"duckdb": ask_duckdb, "snowflake": ask_snowflake, "bigquery": ask_bigquery}


def main(engine: str, place: str) -> None:
    """Answer statements until the input ends."""
    ask = CLIENTS[engine](place)
    statements, answers = sys.stdin.buffer, sys.stdout.buffer
    # What a client prints must not get between the answers.
    sys.stdout = sys.stderr
    while True:
        try:
            statement = pickle.load(statements)
        except EOFError:
            return
        try:
            answer: tuple[Any, ...] = ("rows", *ask(statement))
        except Exception as refusal:
            answer = ("error", f"{type(refusal).__name__}: {refusal}")
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
