"""SQL as text, cut by BigQuery's own lexis: quoted paths, statements of a request."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

SCRIPT_WORDS = frozenset(
    {
        *(
            "BEGIN",
            "BREAK",
            "CALL",
            "CASE",
            "CONTINUE",
            "DECLARE",
            "EXECUTE",
            "FOR",
            "IF",
            "ITERATE",
        ),
        *("LEAVE", "LOOP", "RAISE", "REPEAT", "RETURN", "SET", "WHILE"),
    }
)
# BEGIN TRANSACTION and friends are no blocks.
TRANSACTION_WORDS = frozenset(("TRANSACTION", ";", ""))


@dataclass(frozen=True)
class Statement:
    """One statement of a request: its text, and its first words in upper case."""

    text: str
    words: tuple[str, ...]


def tokens_of(sql: str) -> list[Token]:
    """Return the tokens of a text. Raises ValueError where it cannot be cut into tokens."""
    try:
        return list(sqlglot.tokenize(sql, read="bigquery"))
    except TokenError as fault:
        raise ValueError(str(fault)) from fault


def with_separate_names(sql: str) -> str:
    """Write `a.b.c` as `a`.`b`.`c`: BigQuery reads both alike, the analyzer only the second.

    Only quoted names are touched, never text in a literal or a comment.
    """
    if "`" not in sql:
        return sql
    parts: list[str] = []
    done = 0
    for token in tokens_of(sql):
        if token.token_type is TokenType.IDENTIFIER and "." in token.text:
            parts.append(sql[done : token.start])
            parts.append(".".join(f"`{name}`" for name in token.text.split(".")))
            done = token.end + 1
    return "".join([*parts, sql[done:]])


def statements(sql: str) -> list[Statement]:
    """Cut a request at its semicolons; empty statements are left out.

    Raises ValueError where it cannot be cut into tokens.
    """
    found: list[Statement] = []
    pending: list[Token] = []
    for token in tokens_of(sql):
        if token.token_type is TokenType.SEMICOLON:
            found.extend(statement_of(sql, pending))
            pending = []
        else:
            pending.append(token)
    return [*found, *statement_of(sql, pending)]


def statement_of(sql: str, tokens: list[Token]) -> list[Statement]:
    """Return the statement that tokens make up: one, or none where there is no token."""
    if not tokens:
        return []
    text = sql[tokens[0].start : tokens[-1].end + 1]
    return [Statement(text, tuple(token.text.upper() for token in tokens[:3]))]


def is_script(parts: list[Statement]) -> bool:
    """Tell whether a request has procedural statements, which only an interpreter can run."""
    for part in parts:
        second = part.words[1] if len(part.words) > 1 else ""
        if part.words[0] == "BEGIN" and second in TRANSACTION_WORDS:
            continue
        if part.words[0] in SCRIPT_WORDS:
            return True
    return False


def altered_table(statement: Statement) -> tuple[str, ...] | None:
    """Return the path of the table that ALTER TABLE changes, or None for other statements."""
    if statement.words[:2] != ("ALTER", "TABLE"):
        return None
    path: list[str] = []
    for token in tokens_of(statement.text)[2:]:
        if token.text.upper() in ("IF", "EXISTS") and not path:
            continue
        if token.token_type is TokenType.DOT:
            continue
        if path and token.start and statement.text[token.start - 1] not in ".`":
            break
        path += token.text.split(".")
    return tuple(path)
