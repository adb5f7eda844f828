"""Calls macros of the project through `dbt run-operation` and takes their answers.

A macro answers with one line of dbt's log (the macro `tell`): names, counts and times, never data.
No driver of a warehouse is imported here; dbt's adapter does the talking.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from customer360.errors import ConfigError, Customer360Error
from customer360.messages import paragraph
from customer360.paths import Project
from customer360.runner import (
    Listener,
    RunReport,
    common_arguments,
    invoke_dbt,
    run_dbt,
)

ANSWER = "customer360 answer: "


class OperationFailed(Customer360Error):
    """A macro did not end well; the message is what dbt or the warehouse said of it."""


@dataclass
class Answers:
    """Listens to dbt: keeps the answer of a macro, or what went wrong in it."""

    answer: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)

    def __call__(self, event: Any) -> None:
        """Take one event of dbt."""
        name = event.info.name
        if name in ("JinjaLogDebug", "JinjaLogInfo") and event.data.msg.startswith(ANSWER):
            self.answer = json.loads(event.data.msg.removeprefix(ANSWER))
        elif name in ("RunningOperationCaughtError", "RunningOperationUncaughtError"):
            self.faults.append(str(event.data.exc))


@dataclass(frozen=True)
class DbtWarehouse:
    """A warehouse as dbt sees it: a project, a target in its profile, and the build's vars."""

    project: Project
    target: str
    variables: Mapping[str, Any]

    def call(self, macro: str, **arguments: Any) -> dict[str, Any]:
        """Run a macro and return its answer; raises OperationFailed, or ConfigError before that."""
        return self.answer_of(macro, arguments, [])

    def call_unlogged(self, macro: str, **arguments: Any) -> dict[str, Any]:
        """Run a macro whose answer holds data: dbt writes no log file while it runs."""
        return self.answer_of(macro, arguments, ["--log-level-file", "none"])

    def answer_of(
        self, macro: str, arguments: Mapping[str, Any], options: Sequence[str]
    ) -> dict[str, Any]:
        """Run a macro with further options of dbt and return its answer."""
        answers = Answers()
        command = ["run-operation", macro, "--args", json.dumps(arguments)]
        # A folder of its own: the results of the build stay, and dbt need not read the project anew
        # because of a var that only the build is given.
        folder = self.project.target_dir / "operations"
        command += common_arguments(self.project, self.variables, self.target, folder)
        outcome = invoke_dbt(self.project, [*command, *options], answers)
        if not outcome.success or answers.answer is None:
            told = paragraph("\n".join(answers.faults)) or "the macro gave no answer"
            raise OperationFailed(told)
        return answers.answer

    def build(self, schema: str, ending: str, listener: Listener, full_refresh: bool) -> RunReport:
        """Build and test everything, the marts in a schema beside the published one."""
        return run_dbt(
            self.project,
            {**self.variables, "marts_schema_ending": ending},
            listener,
            target=self.target,
            full_refresh=full_refresh,
            marts_schema=schema,
        )


def unreachable(target: str, failed: OperationFailed) -> ConfigError:
    """Return the error for a warehouse that did not even let a build begin."""
    return ConfigError(
        f"the target '{target}' could not be prepared ({str(failed).rstrip('.')}); nothing was "
        "touched; correct the connection or the grants (docs/warehouses.md) and build again."
    )
