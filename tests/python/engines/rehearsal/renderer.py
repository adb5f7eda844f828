"""Macros as an engine's SQL, over a pipe, without a connection to the engine.

Run with the interpreter of the environment `dbt`:

    python renderer.py

Standard input holds pickled pairs (folder of a dbt project, name of a model); standard output one
pickled answer each: ("sql", compiled SQL) or ("error", message). One process for many, because dbt
takes seconds to import and one to compile. The end of the input ends the process.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from typing import Any

from dbt.cli.main import dbtRunner


def compiled(folder: str, model: str) -> tuple[str, str]:
    """Compile one model of a project; dbt is to read the project anew and connect to nothing."""
    command = ["--quiet", "compile", "--select", model, "--no-introspect", "--no-populate-cache"]
    where = ["--no-partial-parse", "--project-dir", folder, "--profiles-dir", folder]
    os.chdir(folder)
    with contextlib.redirect_stdout(sys.stderr):
        outcome: Any = dbtRunner().invoke([*command, *where, "--log-level", "none"])
    if not outcome.success:
        return "error", str(outcome.exception or [one.message for one in outcome.result.results])
    (result,) = outcome.result.results
    return "sql", str(result.node.compiled_code)


def main() -> None:
    """Compile until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    # dbt prints what it compiled, past sys.stdout too.
    os.dup2(2, 1)
    while True:
        try:
            folder, model = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(compiled(folder, model), answers)
        answers.flush()


if __name__ == "__main__":
    main()
