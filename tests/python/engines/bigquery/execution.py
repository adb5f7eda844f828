"""How a request is run: each statement judged, planned, executed; scripts by an interpreter."""

from __future__ import annotations

from typing import Any

import information
from analyzer import Refused
from crucible.engine import CrucibleError, ErrorKind, ExecContext, Pipeline, Plan, Result, Session
from gate import Gate, Variables, Verdict
from schema import Columns, Path
from scripts import Script
from sql_text import Statement, is_script, statements


class Execution:
    """Runs requests through the gate; plans are kept, because planning is slow."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.plans: dict[tuple[Verdict, str | None, str | None], Plan] = {}

    def execute(self, pipeline: Pipeline, session: Session, sql: str, params: Any) -> list[Result]:
        """Run a request; return the results of its statements. Raises CrucibleError."""
        try:
            parts = statements(sql)
            if not is_script(parts):
                return [self.run(pipeline, session, part, params) for part in parts]
            tree = self.gate.analyzer.parse_script(sql, self.gate.language)
        except (Refused, ValueError) as refusal:
            raise CrucibleError(ErrorKind.INVALID_QUERY, str(refusal)) from refusal

        def run(statement: Statement, variables: Variables, written: str) -> Result:
            return self.run(pipeline, session, statement, params, variables, written)

        return Script(sql, run).results(tree)

    def run(
        self,
        pipeline: Pipeline,
        session: Session,
        statement: Statement,
        params: Any,
        variables: Variables | None = None,
        written: str | None = None,
    ) -> Result:
        """Judge and run one statement.

        variables: types of the script's variables it may name; written: its text with their values.
        """
        with pipeline.engine.cursor(session) as cursor:
            context = ExecContext(pipeline.engine, pipeline.dialect, session, cursor, params)
            try:
                verdict = self.gate.judge(
                    statement, lambda path: columns_of(context, path), variables
                )
            except (Refused, ValueError) as refusal:
                raise CrucibleError(ErrorKind.INVALID_QUERY, str(refusal)) from refusal
            text = statement.text if written is None else written
            if verdict is None or written is not None or information.WORD in text.upper():
                return context.run(self.plan(pipeline, context, text))
            key = (verdict, session.default_catalog, session.default_schema)
            if key not in self.plans:
                self.plans[key] = self.plan(pipeline, context, text)
            return context.run(self.plans[key])

    def plan(self, pipeline: Pipeline, context: ExecContext, text: str) -> Plan:
        """Return the emulator's plan of one statement."""
        (part,) = pipeline.dialect.split(text)
        return pipeline.dialect.plan(part, context)


def columns_of(context: ExecContext, path: Path) -> Columns | None:
    """Return the columns of a table as a statement names it, or None where there is none."""
    if information.view_of(path) is not None:
        return information.columns_of(path)
    session = context.session
    full = (session.default_catalog, session.default_schema)[: 3 - len(path)] + path
    if len(full) != 3 or None in full:
        return None
    info = context.catalog.table(*map(str, full))
    if info is None or info.name != full[2] or info.schema != full[1]:
        return None
    return tuple((column.name, column.type) for column in info.columns)
