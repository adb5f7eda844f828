"""What can be seen to be no Snowflake SQL without knowing any table: words and their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from refusals import Refused
from tokens import closing, is_word, parts

from analyzer.words import words

Check = Callable[[list[str], list[str]], None]

DATE_PARTS = words("date_parts")
PART_FUNCTIONS = words("part_functions")
FOREIGN_WORDS = words("foreign_words")
FOREIGN_TYPES = words("foreign_types")
RESERVED = words("reserved")
ORDERED_WINDOWS = words("ordered_windows")
LISTS = frozenset({"array_agg", "listagg"})


def refuse_text(tokens: list[str], foreign: frozenset[str]) -> None:
    """Raise Refused where tokens cannot be Snowflake's.

    foreign: names of functions that the analyzer knows and Snowflake does not.
    """
    words = [token.lower() for token in tokens]
    for position, word in calls(words):
        refuse_call(words, position, word, foreign)
    for check in CHECKS:
        check(tokens, words)


def calls(words: list[str]) -> Iterator[tuple[int, str]]:
    """Give every word with an opening bracket behind it that is no part of a longer name."""
    for position in range(len(words) - 1):
        if words[position + 1] == "(" and is_word(words[position]):
            if position == 0 or words[position - 1] != ".":
                yield position, words[position]
            elif words[position - 2 : position] == ["safe", "."]:
                raise Refused("syntax error: unexpected 'safe.'")


def refuse_call(words: list[str], position: int, name: str, foreign: frozenset[str]) -> None:
    """Refuse a call of what Snowflake does not have, or with arguments in an order it has not."""
    before = words[position - 1] if position else ""
    is_type = before in ("::", "as") or (before == "not" and name == "null")
    if name in FOREIGN_WORDS | foreign and not is_type and before not in ("into", "table"):
        raise Refused(f"Unknown function {name}")
    end = closing(words, position + 1)
    inside = words[position + 2 : end]
    if name in PART_FUNCTIONS:
        refuse_date_part(inside[0].strip("'") if inside else "")
    if name == "date_trunc" and inside and inside[0].strip("'") not in DATE_PARTS:
        refuse_date_part(inside[-1].strip("'"))
    if name in ("cast", "try_cast"):
        refuse_type(parts(inside, "as")[-1])
    if name in LISTS and {"order", "ignore", "limit"} & outer(inside):
        raise Refused(f"syntax error: unexpected order or nulls inside {name}(...)")
    if name in ORDERED_WINDOWS:
        refuse_window_without_order(words, end, name)


def outer(words: list[str]) -> set[str]:
    """Return the words that stand outside of brackets."""
    depth = 0
    found = set()
    for word in words:
        depth += (word in "([{") - (word in ")]}")
        if depth == 0:
            found.add(word)
    return found


def refuse_date_part(part: str) -> None:
    """Refuse what is no part of a date."""
    if part not in DATE_PARTS:
        raise Refused(f"'{part}' is not a valid date/time component")


def refuse_type(kind: list[str]) -> None:
    """Refuse a type that Snowflake does not have."""
    if kind and kind[0] in FOREIGN_TYPES:
        raise Refused(f"Unsupported data type '{kind[0]}'")


def refuse_window_without_order(words: list[str], end: int, name: str) -> None:
    """Refuse a window function that needs an order and has none."""
    after = end + 1
    while words[after : after + 1] and words[after] in ("ignore", "respect", "nulls"):
        after += 1
    if words[after : after + 2] == ["over", "("]:
        window = words[after + 2 : closing(words, after + 1)]
        if "order" not in outer(window):
            raise Refused(f"Window function type [{name}] requires ORDER BY in its window")


def refuse_sequences(tokens: list[str], words: list[str]) -> None:
    """Refuse words that never stand beside each other in Snowflake."""
    if words[:1] == ["from"]:
        raise Refused("syntax error: unexpected 'from'")
    for position, word in enumerate(words):
        following = words[position + 1 : position + 3]
        if word == "`":
            raise Refused("syntax error: unexpected '`'")
        if word == "*" and following == ["except", "("] and words[position + 3] != "select":
            raise Refused("syntax error: unexpected 'except'")
        if word == "filter" and following == ["(", "where"]:
            raise Refused("syntax error: unexpected 'filter'")
        if word == "distinct" and following == ["on", "("]:
            raise Refused("syntax error: unexpected 'on'")
        if word in ("semi", "anti", "positional") and following[:1] == ["join"]:
            raise Refused(f"syntax error: unexpected '{word}'")
        if word == "interval" and following and following[0][0] in "0123456789(":
            raise Refused("syntax error: an interval is written as interval '1 day'")
        if word == "(" and following[:1] == ["from"] and words[position - 1] != "extract":
            raise Refused("syntax error: unexpected 'from'")
        if word == "using" and following[:1] == ["sample"]:
            raise Refused("syntax error: unexpected 'sample'")
        if word == "->" and following[:1] == [">"]:
            raise Refused("syntax error: unexpected '->>'")
        if word == "::":
            refuse_type(following)


def refuse_brackets(tokens: list[str], words: list[str]) -> None:
    """Refuse comprehensions and slices, which stand in square brackets on other engines."""
    for position, word in enumerate(words):
        if word == "[":
            inside = outer(words[position + 1 : closing(words, position)])
            if {"for", "in"} <= inside:
                raise Refused("syntax error: unexpected 'for'")


def refuse_reserved_names(tokens: list[str], words: list[str]) -> None:
    """Refuse an alias that is a reserved word."""
    for position, word in enumerate(words[:-1]):
        name = words[position + 1]
        if word == "as" and name in RESERVED:
            raise Refused(f"syntax error: unexpected '{name}'")


CHECKS: tuple[Check, ...] = (refuse_sequences, refuse_brackets, refuse_reserved_names)
