"""The judgement of a statement before it is executed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

import grpc
from refusals import Refused
from tokens import (
    Unbalanced,
    closing,
    is_quoted,
    is_word,
    object_name,
    outer_words,
    parts,
    tokenize,
)

from analyzer.catalog import Table, World
from analyzer.names import decoded, encode_names
from analyzer.protocol import Service
from analyzer.refused_text import refuse_text
from analyzer.resolved import Resolved
from analyzer.rewrites import NotJudged, rewrite
from analyzer.words import words

Path = tuple[str, ...]
FindTable = Callable[[Path], Table | None]
JUDGED = frozenset({"select", "with", "insert", "update", "delete", "merge", "("})
# Statements with expressions that the analyzer cannot read.
UNREADABLE = frozenset({"copy", "declare", "execute", "explain", "let", "values"})
PLAIN = words("plain")
TABLE_FUNCTION_WORDS = frozenset({"lateral", "table", "values", "unnest", "select", "generator"})
EXAMPLES = 20
TABLE_CONSTRAINTS = frozenset({"primary", "unique", "foreign", "constraint", "check"})
# What the analyzer answers to a wrong statement; every other status is a failure of its own.
REFUSALS = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)


class Query(NamedTuple):
    """The part of a statement that is judged, and what it makes."""

    tokens: list[str]
    makes: Path | None
    declared: int | None


@dataclass
class Record:
    """How many statements were judged; which were not, by reason, with a few of each."""

    judged: int = 0
    refused: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def passed_by(self, reason: str, sql: str) -> None:
        """Count a statement that goes on without a judgement."""
        with self.lock:
            self.unjudged[reason] += 1
            kept = self.examples.setdefault(reason, [])
            if len(kept) < EXAMPLES:
                kept.append(" ".join(sql.split())[:300])


class Gate:
    """Judges statements with the analyzer."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.world = World(service)
        self.record = Record()
        self.known: dict[Path, dict[str, Any]] = {}

    def judge(self, sql: str, find: FindTable, place: Path) -> None:
        """Let a statement pass or raise Refused.

        find: gives the table of a full path, or None. place: the session's database and schema.
        """
        try:
            queries = judged_parts(tokenize(sql), place)
            for query in queries:
                self.analyze(query, find)
            if queries:
                with self.record.lock:
                    self.record.judged += 1
            else:
                self.record.passed_by("no expressions: " + first_word(sql), sql)
        except NotJudged as reason:
            self.record.passed_by(f"syntax that the analyzer lacks: {reason}", sql)
        except (Refused, Unbalanced) as reason:
            with self.record.lock:
                self.record.refused += 1
            raise Refused(str(reason)) from reason

    def analyze(self, query: Query, find: FindTable) -> None:
        """Analyze the judged part; remember the columns of what it makes. Raises Refused."""
        refuse_text(query.tokens, self.world.foreign)
        tables = [table for path in table_paths(query.tokens) if (table := find(path))]
        text = rewrite(encode_names(query.tokens))
        request = self.world.request(text, tables)
        try:
            answer = self.service.ask("Analyze", request)
        except grpc.RpcError as error:
            if error.code() not in REFUSALS:
                raise RuntimeError(f"the analyzer failed: {error.details()}") from error
            raise Refused(decoded(str(error.details()))) from error
        resolved = Resolved(self.service.protocol, answer)
        resolved.refuse_casts()
        made = resolved.columns()
        if query.declared is not None and made and len(made) != query.declared:
            raise Refused(f"{query.declared} columns are declared, the query gives {len(made)}")
        if query.makes and query.declared is None:
            refuse_column_names([name for name, _ in made])
        if query.makes:
            self.known[query.makes] = dict(made)

    def types_of(self, path: Path) -> Mapping[str, Any]:
        """Return the types of a table that was made of a judged query; empty for others."""
        return self.known.get(path, {})


def refuse_column_names(names: list[str]) -> None:
    """Raise Refused where columns of a new table have no name, or two have the same."""
    if any(not name or name.startswith("$") for name in names):
        raise Refused("Missing column specification")
    if len({name.lower() for name in names}) < len(names):
        raise Refused("duplicate column name")


def first_word(sql: str) -> str:
    """Return the first word of a statement, in lower case."""
    return next(iter(tokenize(sql[:2000])), "").lower()


def judged_parts(tokens: list[str], place: Path) -> list[Query]:
    """Return what of a statement is to be judged; nothing where it holds no expression."""
    words = [token.lower() for token in tokens[:12]]
    if words[:1] and words[0] in ("describe", "desc", "explain") and "select" in words:
        return [Query(tokens[words.index("select") :], None, None)]
    if words[:1] == ["create"]:
        query = created_query(tokens, place)
        return [query] if query else []
    if not words or words[0] in PLAIN:
        return []
    if words[0] == "insert":
        return inserted_query(tokens)
    if words[0] in UNREADABLE:
        raise NotJudged(f"statement {words[0]}")
    if words[0] not in JUDGED:
        raise Refused(f"syntax error: unexpected '{words[0]}'")
    return [Query(tokens, None, None)]


def created_query(tokens: list[str], place: Path) -> Query | None:
    """Return the query of `create table t (columns) as query` or of a view; else None."""
    words = [token.lower() for token in tokens]
    kinds = [position for position, word in enumerate(words[:8]) if word in ("table", "view")]
    if not kinds:
        return None
    start = kinds[0] + 1
    if words[start : start + 3] == ["if", "not", "exists"]:
        start += 3
    end = path_end(tokens, start)
    path = full_path(tuple(object_name(token) for token in tokens[start:end:2]), place)
    declared = None
    if words[end : end + 1] == ["("]:
        close = closing(tokens, end)
        columns = parts(words[end + 1 : close])
        declared = sum(column[0] not in TABLE_CONSTRAINTS for column in columns)
        end = close + 1
    for position, word in outer_words(tokens[end:]):
        if word == "as":
            return Query(tokens[end + position + 1 :], path, declared)
    return None


def inserted_query(tokens: list[str]) -> list[Query]:
    """Return the columns of an INSERT as a query of its table, and the query it inserts.

    They are judged apart because Snowflake converts what is inserted to the columns' types.
    """
    start = 1 + (tokens[1].lower() == "overwrite") + 1
    end = path_end(tokens, start)
    columns, declared = ["*"], None
    is_list = tokens[end] == "(" and tokens[end + 1].lower() not in ("select", "with")
    target = tokens[start:end]
    if is_list:
        close = closing(tokens, end)
        columns = tokens[end + 1 : close]
        declared = len(parts(columns))
        end = close + 1
    rows = tokens[end:]
    if rows[:1] and rows[0].lower() == "values":
        rows = ["select", "*", "from", *rows]
    return [Query(["select", *columns, "from", *target], None, None), Query(rows, None, declared)]


def path_end(tokens: list[str], start: int) -> int:
    """Return where a name that may be qualified ends."""
    end = start + 1
    while tokens[end : end + 1] == ["."]:
        end += 2
    return end


def full_path(path: Path, place: Path) -> Path:
    """Return database, schema and name of a path that may leave out the first of them."""
    return (*place[: 3 - len(path)], *path)


def table_paths(tokens: list[str]) -> list[Path]:
    """Return the names that may be tables: what stands where a statement reads or changes one."""
    found: dict[Path, None] = {}
    words = [token.lower() for token in tokens]
    in_from = False
    depths: list[bool] = []
    for position, word in enumerate(words):
        if word == "(":
            depths.append(in_from)
            starts = words[position - 1] in ("from", "join", ",", "(") and in_from
            in_from = starts
        elif word == ")":
            in_from = depths.pop() if depths else False
        elif word in ("from", "join", "into", "using", "update"):
            in_from = True
        elif word in (
            "where",
            "group",
            "order",
            "having",
            "qualify",
            "select",
            "on",
            "set",
            "limit",
        ):
            in_from = False
        begins = words[position - 1] in ("from", "join", "into", "using", "update", ",", "(")
        is_name = is_word(word) or is_quoted(tokens[position])
        if in_from and begins and is_name and word not in TABLE_FUNCTION_WORDS:
            end = path_end(tokens, position)
            found[tuple(object_name(token) for token in tokens[position:end:2])] = None
    return list(found)
