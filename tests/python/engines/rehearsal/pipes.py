"""A process of the environment `dbt` that answers questions over its standard input and output."""

from __future__ import annotations

import os
import pickle
import subprocess
from pathlib import Path
from threading import Lock
from typing import Any

from engines.rehearsal import environments


class Ended(RuntimeError):
    """The process is no longer there to answer."""


class Pipe:
    """A script run by that environment's interpreter; pickled questions in, pickled answers out.

    Threads take turns. What the script writes to standard error goes into its log.
    """

    def __init__(self, script: Path, *arguments: str, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.turn = Lock()
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [str(environments.python_of("dbt")), str(script), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                env={**os.environ, **SETTINGS},
            )

    def ask(self, question: Any) -> Any:
        """Return the answer to one question. Raises Ended with the end of the log."""
        assert self.process.stdin and self.process.stdout
        with self.turn:
            try:
                pickle.dump(question, self.process.stdin)
                self.process.stdin.flush()
                return pickle.load(self.process.stdout)
            except (BrokenPipeError, EOFError) as ended:
                told = self.log.read_text("utf-8", "replace")[-2000:]
                raise Ended(f"{self.process.args!r} has ended:\n{told}") from ended

    def close(self) -> None:
        """End the process by ending its input."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


SETTINGS = {
    "PYTHONNOUSERSITE": "1",
    "TZ": "UTC",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
}
