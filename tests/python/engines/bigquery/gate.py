"""The gate in front of the emulator: what BigQuery would refuse does not pass.

Every statement is shown to the analyzer together with the tables it names, then to the rules that
BigQuery has beyond the language. What no judge could judge is counted and listed with its reason.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rules
from analyzer import Analyzer, Refused
from language import base_catalog, language
from schema import Columns, NoSuchType, Path, add_tables
from sql_text import Statement, altered_table, with_separate_names
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2

MAX_QUERY_BYTES = 1024 * 1024
SHOWN_CHARACTERS = 200

# Finds the columns of a table by its path, or None where there is no such table.
FindTable = Callable[[Path], Columns | None]

# Types of a script's variables by their names, as the analyzer writes types.
Variables = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """A statement that passed, and all that this depended on; equal verdicts mean equal plans."""

    sql: str
    tables: tuple[tuple[Path, str], ...]
    variables: tuple[tuple[str, bytes], ...]


@dataclass
class Account:
    """What the gate has done: counts, and the statements that it let through unjudged."""

    judged: int = 0
    refused: int = 0
    unjudged: Counter[tuple[str, str]] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return counts and, for each unjudged statement, reason, text and how often it came."""
        return {
            "judged": self.judged,
            "refused": self.refused,
            "unjudged": [
                {"reason": reason, "statement": text, "times": times}
                for (reason, text), times in sorted(self.unjudged.items())
            ],
        }


class Gate:
    """Judges statements. One analyzer serves all threads."""

    def __init__(self) -> None:
        self.analyzer = Analyzer()
        self.language = language(self.analyzer.maximum_features())
        self.options = options_pb2.AnalyzerOptionsProto(language_options=self.language)
        self.options.default_timezone = "UTC"
        self.catalog = base_catalog(self.language)
        self.account = Account()
        self.passed: set[Verdict] = set()
        self.lock = threading.Lock()

    def judge(
        self, statement: Statement, find_table: FindTable, variables: Variables | None = None
    ) -> Verdict | None:
        """Let a statement pass or raise Refused; None where nobody could judge it.

        variables: types of the script's variables that the statement can see.
        """
        try:
            return self.judge_uncounted(statement, find_table, variables or {})
        except Refused:
            self.account.refused += 1
            raise

    def judge_uncounted(
        self, statement: Statement, find_table: FindTable, variables: Variables
    ) -> Verdict | None:
        """Let a statement pass, counted as judged or unjudged, or raise Refused."""
        if len(statement.text.encode()) > MAX_QUERY_BYTES:
            raise Refused("The query is too large: at most 1024 kB of text.")
        sql = with_separate_names(statement.text)
        paths = self.analyzer.table_names(sql, self.language)
        if (altered := altered_table(statement)) is not None:
            paths.append(altered)
        found = {path: columns for path in paths if (columns := find_table(path)) is not None}
        verdict = Verdict(
            sql,
            tuple((path, described(columns)) for path, columns in found.items()),
            tuple((name, kind.SerializeToString()) for name, kind in variables.items()),
        )
        if verdict not in self.passed:
            try:
                rules.check(self.resolve(sql, found, variables))
            except NoSuchType as unknown:
                self.let_through(statement, f"a table has a column of type {unknown}")
                return None
            self.passed.add(verdict)
        self.account.judged += 1
        return verdict

    def resolve(self, sql: str, tables: dict[Path, Columns], variables: Variables) -> Any:
        """Return the analyzer's resolved statement. Raises Refused and NoSuchType."""
        catalog = simple_catalog_pb2.SimpleCatalogProto()
        catalog.CopyFrom(self.catalog)
        add_tables(catalog, tables)
        for name, value in variables.items():
            constant = catalog.constant.add()
            constant.name_path.append(name)
            constant.type.CopyFrom(value)
        request = service.AnalyzeRequest(
            options=self.options, simple_catalog=catalog, sql_statement=sql
        )
        return self.analyzer.analyze(request).resolved_statement

    def let_through(self, statement: Statement, reason: str) -> None:
        """Count a statement that nobody judged."""
        with self.lock:
            self.account.unjudged[reason, " ".join(statement.text.split())[:SHOWN_CHARACTERS]] += 1


def described(columns: Columns) -> str:
    """Return columns as text: what a verdict depends on besides the statement."""
    return ", ".join(f"{name} {kind.sql()}" for name, kind in columns)
