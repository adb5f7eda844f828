"""What fakesnow lacks or does otherwise than Snowflake, put around its cursor.

Every statement of a client goes through `Emulator.run`: first it is judged, then whoever knows it
best executes it. Whatever goes wrong becomes an error of Snowflake's kind, because clients repeat
for ever what ends in an HTTP status of 500.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import bulk_insert
import merging
import procedures
import swapping
import temporary
from fakesnow.cursor import FakeSnowflakeCursor
from refusals import Refused
from snowflake.connector.errors import Error, ProgrammingError
from tokens import first_tokens

Judge = Callable[[FakeSnowflakeCursor, str], None]
COMPILATION_ERROR = 1003
Plain = Callable[..., FakeSnowflakeCursor]


@dataclass
class Timings:
    """Seconds spent and calls made, by what was done."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def add(self, name: str, since: float) -> None:
        """Count one call that began at a moment of time.perf_counter()."""
        with self.lock:
            self.seconds[name] += time.perf_counter() - since
            self.calls[name] += 1


def compilation_error(message: str) -> ProgrammingError:
    """Return the error that a client is told."""
    return ProgrammingError(msg=message, errno=COMPILATION_ERROR, sqlstate="42000")


class Emulator:
    """Runs statements for fakesnow's server: judged first, repaired where fakesnow needs it."""

    def __init__(self, plain: Plain, judge: Judge, port: int) -> None:
        """plain: fakesnow's own execute. judge: raises Refused. port: where this server listens."""
        self.plain = plain
        self.judge = judge
        self.port = port
        self.timings = Timings()

    def run(
        self, cursor: FakeSnowflakeCursor, sql: str, *args: Any, **kwargs: Any
    ) -> FakeSnowflakeCursor:
        """Execute one statement on a cursor. Raises snowflake.connector's errors and no others."""
        try:
            return self.route(cursor, sql, *args, **kwargs)
        except Error:
            raise
        except Refused as reason:
            raise compilation_error(f"SQL compilation error: {reason}") from reason
        except Exception as error:
            raise compilation_error(f"{type(error).__name__}: {error}") from error

    def route(
        self, cursor: FakeSnowflakeCursor, sql: str, *args: Any, **kwargs: Any
    ) -> FakeSnowflakeCursor:
        """Judge a statement, then give it to whoever executes statements of its kind."""
        start = time.perf_counter()
        if body := procedures.body(sql):
            procedures.run(body, cursor, self.port)
            return self.plain(cursor, "select 'OK' as status", *args, **kwargs)
        self.judge(cursor, sql)
        self.timings.add("judge", start)
        start = time.perf_counter()
        kind = " ".join(first_tokens(sql, 2))
        try:
            if kind.startswith("merge"):
                return self.plain(cursor, merging.run(cursor, sql), *args, **kwargs)
            if kind in ("alter schema", "alter table") and swapping.swap(cursor, sql):
                return self.plain(cursor, swapping.DONE, *args, **kwargs)
            if kind == "insert into" and (count := bulk_insert.run(cursor, sql)) is not None:
                answer = f'select {count} as "number of rows inserted"'
                return self.plain(cursor, answer, *args, **kwargs)
            return self.plain(cursor, temporary.as_permanent(cursor, sql), *args, **kwargs)
        finally:
            self.timings.add(f"run {kind}", start)
