"""A stand-in for BigQuery on this machine: python server.py PORT.

Crucible executes on DuckDB; in front of it stands the gate, with Google's own analyzer. What the
gate did is told at /_gate: counts, and every statement that passed without a judgement.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

import repairs
import uvicorn
from crucible.engine import Engine, Pipeline, Result, Session
from crucible.server.app import create_app
from database import Database
from execution import Execution
from gate import Gate
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

HOST = "127.0.0.1"


def application(gate: Gate, engine: Engine) -> Any:
    """Return the emulator's application with the gate in its pipeline and its account at /_gate."""
    repairs.install()
    execution = Execution(gate)

    def execute(self: Pipeline, session: Session, sql: str, params: Any = None) -> list[Result]:
        return execution.execute(self, session, sql, params)

    Pipeline.execute = execute  # type: ignore[method-assign]
    app = create_app("bigquery", engine)

    async def account(_: Request) -> JSONResponse:
        return JSONResponse(gate.account.as_json())

    app.router.routes.insert(0, Route("/_gate", account, methods=["GET"]))
    return app


if __name__ == "__main__":
    # Syntax trees are many small objects: to look for cycles in them costs a tenth of the time.
    gc.set_threshold(100_000, 20, 100)
    uvicorn.run(application(Gate(), Database()), host=HOST, port=int(sys.argv[1]), access_log=False)
