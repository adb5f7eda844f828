"""The stand-in for Snowflake: `python server.py PORT`, on the loopback address.

fakesnow speaks Snowflake's protocol and executes on DuckDB; emulator.py repairs it; the analyzer of
Snowflake's dialect refuses what Snowflake would refuse. `GET /rehearsal` tells as JSON how many
statements were judged, which were not and why, and where the time went.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any

import answers
import fakesnow.arrow
import fakesnow.cursor
import fakesnow.info_schema
import fakesnow.server
import fakesnow.transforms
import procedures
import tables
import temporary
import translation
import uvicorn
from analyzer import process
from analyzer.gate import Gate
from bulk_insert import first_row
from emulator import Emulator
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from fakesnow.instance import FakeSnow
from sqlglot import Expr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

HOST = "127.0.0.1"
HERE = Path(__file__).resolve().parent
# Where environments.py lets fetch_analyzer.py put the analyzer: in this interpreter's environment.
ANALYZER = Path(sys.prefix) / "extra"
FUNCTIONS = (HERE / "functions.sql").read_text("utf-8")
QUERY_PATH = "/queries/v1/query-request"
SESSION_PATH = "/session"
ERROR_CODE = "001003"
# Answers that are kept for a client that asks again.
ANSWERS_KEPT = 100
asked: OrderedDict[str, asyncio.Task[JSONResponse]] = OrderedDict()


def failure(message: str) -> JSONResponse:
    """Return the answer with which a client sees an error and does not try again."""
    data = {"errorCode": ERROR_CODE, "sqlState": "42000"}
    return JSONResponse({"data": data, "code": ERROR_CODE, "message": message, "success": False})


async def query(request: Request) -> JSONResponse:
    """Answer a client's statement once.

    A client that has waited for a minute sends its request again, under the same number, and must
    get the answer to the first one: two runs of one procedure would take each other's tables.
    """
    number = request.query_params.get("requestId")
    if number is None:
        return await run(request)
    if number not in asked:
        await request.body()
        asked[number] = asyncio.create_task(run(request))
        while len(asked) > ANSWERS_KEPT and next(iter(asked.values())).done():
            asked.popitem(last=False)
    return await asyncio.shield(asked[number])


async def run(request: Request) -> JSONResponse:
    """Run a client's statement; whatever goes wrong is an answer too, with status 200."""
    try:
        answer = await fakesnow.server.query_request(request)
    except Exception as error:
        return failure(f"{type(error).__name__}: {error}")
    if answer.status_code >= 500:
        return failure("InternalServerError: " + bytes(answer.body).decode("utf-8", "replace"))
    return answer


async def session(request: Request) -> JSONResponse:
    """Answer what a client says about its session; temporary tables end with it."""
    if request.query_params.get("delete"):
        token = fakesnow.server.to_token(request)
        if connection := fakesnow.server.sessions.get(token):
            temporary.drop_all(connection)
    return await fakesnow.server.session(request)


# The server and the cursor parse a statement one after the other, and what follows works on a copy.
parse_once = lru_cache(maxsize=16)(parse_one)


def parsed(sql: str) -> Expr:
    """Parse a statement for the server, which asks for nothing but its kind."""
    return parse_once("select 1" if procedures.body(sql) else first_row(sql) or sql)


def mended(cursor: FakeSnowflakeCursor, statement: Expr, params: Any) -> Expr:
    """Translate a statement to DuckDB's: what translation.py mends, then fakesnow's own way."""
    return plain_transform(cursor, translation.mend(statement), params)


def connected(instance: FakeSnow, *args: Any, **kwargs: Any) -> FakeSnowflakeConnection:
    """Begin a session that has the functions of functions.sql."""
    connection = plain_connect(instance, *args, **kwargs)
    connection._duck_conn.execute(FUNCTIONS)
    return connection


plain_execute = FakeSnowflakeCursor.execute
plain_transform = FakeSnowflakeCursor._transform
plain_connect = FakeSnow.connect


def describe_whole_numbers() -> None:
    """Describe the type of DuckDB's sums of whole numbers as NUMBER, as of whole numbers."""
    view = fakesnow.info_schema.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW
    view = view.replace("create view if not exists", "create or replace view")
    view = view.replace(".data_type='BIGINT'", ".data_type in ('BIGINT', 'HUGEINT')")
    fakesnow.server.shared_fs.duck_conn.execute(view)


def put_in_place(emulator: Emulator) -> None:
    """Put the repairs in the place of fakesnow's own functions."""

    def execute(
        cursor: FakeSnowflakeCursor, sql: str, *args: Any, **kwargs: Any
    ) -> FakeSnowflakeCursor:
        return emulator.run(cursor, sql, *args, **kwargs)

    FakeSnowflakeCursor.execute = execute
    FakeSnowflakeCursor._transform = mended
    FakeSnow.connect = connected
    fakesnow.transforms.create_table_as = translation.declared_table
    describe_whole_numbers()
    # It would make every sum and average a floating-point number.
    fakesnow.transforms.numeric_agg_implicit_cast = lambda node: node
    fakesnow.arrow.timestamp_to_sf_struct = answers.timestamps
    fakesnow.server.parse_one = parsed
    fakesnow.cursor.parse_one = parse_once
    # sqlglot warns of every regexp_replace with flags that it translates.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)


def application(gate: Gate, port: int) -> Starlette:
    """Return the server's application. gate: judges. port: where it will listen."""

    def judge(cursor: FakeSnowflakeCursor, sql: str) -> None:
        place = (cursor._conn.database or "", cursor._conn.schema or "")
        gate.judge(first_row(sql) or sql, tables.finder(cursor, gate.types_of), place)

    emulator = Emulator(plain_execute, judge, port)
    put_in_place(emulator)

    async def report(request: Request) -> JSONResponse:
        record, timings = gate.record, emulator.timings
        return JSONResponse(
            {
                "judged": record.judged,
                "refused": record.refused,
                "unjudged": [
                    {"reason": reason, "times": times, "examples": record.examples[reason]}
                    for reason, times in sorted(record.unjudged.items())
                ],
                "calls": dict(timings.calls),
                "seconds": {name: round(spent, 2) for name, spent in timings.seconds.items()},
            }
        )

    ours = [
        Route(QUERY_PATH, query, methods=["POST"]),
        Route(SESSION_PATH, session, methods=["POST"]),
        Route("/rehearsal", report, methods=["GET"]),
    ]
    replaced = {route.path for route in ours}
    kept = [route for route in fakesnow.server.routes if route.path not in replaced]
    return Starlette(routes=[*ours, *kept])


def main(port: int) -> None:
    """Serve until the process is ended."""
    with process.running(ANALYZER) as service:
        uvicorn.run(
            application(Gate(service), port),
            host=HOST,
            port=port,
            log_level="warning",
            # An open connection must not outlast the patience of whoever stops this.
            timeout_graceful_shutdown=1,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
