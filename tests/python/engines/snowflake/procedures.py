"""The Python procedures with which dbt-snowflake builds Python models.

dbt sends `with NAME as procedure () ... as $$ PYTHON $$ call NAME()`; the Python has a function
`main(session)`. It runs in this server's process, on a real Snowpark session that is connected to
this server.
"""

from __future__ import annotations

import re
from typing import Any

from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.snowpark import Session
from tokens import first_tokens

PROCEDURE = re.compile(r"\bas\s+procedure\s*\(\).*?\$\$(?P<body>.*)\$\$\s*call\s", re.I | re.S)


def body(sql: str) -> str | None:
    """Return the Python of an anonymous procedure; None for every other statement."""
    if first_tokens(sql, 1) != ["with"]:
        return None
    match = PROCEDURE.search(sql)
    return match["body"] if match else None


def run(code: str, cursor: FakeSnowflakeCursor, port: int) -> None:
    """Run a procedure's `main` on a session of its own; what it raises is raised."""
    names: dict[str, Any] = {"__name__": "procedure"}
    exec(compile(code, "<procedure>", "exec"), names)
    names["main"](session(cursor, port))


def session(cursor: FakeSnowflakeCursor, port: int) -> Session:
    """Return a Snowpark session on this server, in the caller's database and schema.

    It is not closed: closing sends a statement that this server does not know.
    """
    connection = cursor._conn
    configuration: dict[str, Any] = {
        "user": "procedure",
        "password": "none",
        "account": "fakesnow",
        "host": "127.0.0.1",
        "port": port,
        "protocol": "http",
        "database": connection.database,
        "schema": connection.schema,
    }
    return Session.builder.configs(configuration).create()
