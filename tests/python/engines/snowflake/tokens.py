"""SQL as Snowflake reads it, cut into tokens: what text is code, what is a literal, what a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

TOKEN = re.compile(
    r"(?P<gap>\s+|--[^\n]*|//[^\n]*|/\*.*?\*/)"
    r"|\$\$.*?\$\$"
    r"|'(?:[^'\\]|\\.|'')*'"
    r'|"(?:[^"]|"")*"'
    r"|[^\W\d][\w$]*|\$\w+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)"
    r"|=>|->|::|\|\||<>|!=|<=|>=|.",
    re.DOTALL,
)
OPENING = {"(": ")", "[": "]", "{": "}"}
CLOSING = {closing: opening for opening, closing in OPENING.items()}
PLAIN_NAME = re.compile(r"[A-Z_][A-Z0-9_$]*\Z")
WORD = re.compile(r"[^\W\d][\w$]*\Z")
ESCAPE = re.compile(r"''|\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([0-7]{1,3})|(.))", re.DOTALL)
LETTER_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Unbalanced(ValueError):
    """A bracket is opened and never closed, or the other way round."""


def tokenize(sql: str) -> list[str]:
    """Return the tokens of SQL without blanks and comments, and without a semicolon at the end."""
    tokens = [match[0] for match in TOKEN.finditer(sql) if match["gap"] is None]
    while tokens and tokens[-1] == ";":
        tokens.pop()
    return tokens


def first_tokens(sql: str, count: int) -> list[str]:
    """Return the first few tokens in lower case, without reading the rest."""
    found: list[str] = []
    for match in TOKEN.finditer(sql):
        if match["gap"] is None:
            found.append(match[0].lower())
        if len(found) == count:
            break
    return found


def is_word(token: str) -> bool:
    """Tell whether a token is a keyword or a name without quotes."""
    return bool(WORD.match(token))


def is_quoted(token: str) -> bool:
    """Tell whether a token is a name in quotes."""
    return token[:1] == '"' and len(token) > 1


def is_literal(token: str) -> bool:
    """Tell whether a token is a text literal, in either of its two spellings."""
    return token[:1] == "'" or token[:2] == "$$"


def literal_text(token: str) -> str:
    """Return the characters that a text literal stands for."""
    if token.startswith("$$"):
        return token[2:-2]
    return ESCAPE.sub(_unescaped, token[1:-1])


def _unescaped(escape: re.Match[str]) -> str:
    two, four, octal, letter = escape.groups()
    if two or four:
        return chr(int(two or four, 16))
    if octal:
        return chr(int(octal, 8))
    return LETTER_ESCAPES.get(letter, letter) if letter else "'"


def object_name(token: str) -> str:
    """Return the name of an object as Snowflake keeps it: upper case unless written in quotes."""
    return token[1:-1].replace('""', '"') if is_quoted(token) else token.upper()


def closing(tokens: list[str], start: int) -> int:
    """Return where the bracket that opens at `start` closes. Raises Unbalanced."""
    depth = 0
    for position in range(start, len(tokens)):
        if tokens[position] in OPENING:
            depth += 1
        elif tokens[position] in CLOSING:
            depth -= 1
        if depth == 0:
            return position
    raise Unbalanced("a bracket is not closed")


def opening(tokens: list[str], end: int) -> int:
    """Return where the bracket that closes at `end` opens. Raises Unbalanced."""
    depth = 0
    for position in range(end, -1, -1):
        if tokens[position] in CLOSING:
            depth += 1
        elif tokens[position] in OPENING:
            depth -= 1
        if depth == 0:
            return position
    raise Unbalanced("a bracket is closed that was not opened")


def parts(tokens: list[str], separator: str = ",") -> list[list[str]]:
    """Split tokens at a separator that stands outside of all brackets; nothing gives no parts."""
    found: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in OPENING) - (token in CLOSING)
        if token == separator and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return found if tokens else []


def outer_words(tokens: list[str]) -> Iterator[tuple[int, str]]:
    """Give the position and the lower case of every token that stands outside of all brackets."""
    depth = 0
    for position, token in enumerate(tokens):
        depth += (token in OPENING) - (token in CLOSING)
        if depth == 0:
            yield position, token.lower()
