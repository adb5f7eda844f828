"""Snowflake's syntax in the words that the analyzer's parser knows; names stay as they are.

Every rewrite takes a list of tokens and changes it in place. What the parser cannot be made to
understand raises NotJudged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from refusals import Refused
from tokens import closing, is_literal, is_word, literal_text, opening, outer_words, parts

from analyzer.declared import functions
from analyzer.refused_text import DATE_PARTS, PART_FUNCTIONS
from analyzer.words import words

Rewrite = Callable[[list[str]], None]
TABLE_FUNCTIONS = ("flatten", "generator", "split_to_table")
FLATTEN_ARGUMENTS = ("input", "outer", "path", "recursive", "mode", "rowcount", "timelimit")
BEFORE_ARRAY = words("before_array")
SIZED_TYPES = words("sized_types")
NOT_PARSED = (
    ("group", "by", "all"),
    ("group", "by", "cube"),
    ("grouping", "sets"),
    ("match_recognize",),
    ("connect", "by"),
    ("asof", "join"),
    ("natural",),
    ("lateral", "("),
    ("match_condition",),
    ("->",),
)


class NotJudged(Exception):
    """The analyzer's parser lacks something that is Snowflake's; the message names it."""


def rewrite(tokens: list[str]) -> str:
    """Return a statement for the analyzer. Raises Refused and NotJudged."""
    for step in STEPS:
        step(tokens)
    return " ".join(tokens)


def low(tokens: Sequence[str], position: int) -> str:
    """Return a token in lower case; empty outside of the list."""
    return tokens[position].lower() if 0 <= position < len(tokens) else ""


def stop_at_unknown_syntax(tokens: list[str]) -> None:
    """Raise NotJudged where the parser is known to lack something."""
    words = [token.lower() for token in tokens]
    for phrase in NOT_PARSED:
        for position, word in enumerate(words):
            if word == phrase[0] and tuple(words[position : position + len(phrase)]) == phrase:
                raise NotJudged(" ".join(phrase))
    for position, word in enumerate(words):
        if word == "rename" and words[position - 1] in ("*", ")") and position:
            raise NotJudged("* rename")


def literals(tokens: list[str]) -> None:
    """Write every text literal in one way."""
    for position, token in enumerate(tokens):
        if is_literal(token):
            text = literal_text(token).replace("\\", "\\\\").replace("'", "\\'")
            text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
            tokens[position] = f"'{text}'"


def date_parts(tokens: list[str]) -> None:
    """Write the part that a function of dates works on as a text."""
    for position in range(len(tokens) - 3):
        if tokens[position + 1] != "(":
            continue
        name, part = low(tokens, position), low(tokens, position + 2)
        if name in PART_FUNCTIONS or name == "date_trunc":
            if part in DATE_PARTS and tokens[position + 3] == ",":
                tokens[position + 2] = f"'{part}'"
        elif name == "extract" and part == "epoch":
            tokens[position + 2] = "second"


def ordered_aggregates(tokens: list[str]) -> None:
    """`f(x) within group (order by y)` is `f(x order by y)`."""
    position = 0
    while position < len(tokens):
        if low(tokens, position) == "within" and low(tokens, position + 1) == "group":
            end = closing(tokens, position + 2)
            start = opening(tokens, position - 1)
            order = tokens[position + 3 : end]
            if low(tokens, start - 1).startswith("percentile"):
                value = [token for token in order[2:] if token.lower() not in ("asc", "desc")]
                call = ["percentile_", "(", *tokens[start + 1 : position - 1], ",", *value, ")"]
                tokens[start - 1 : end + 1] = call
            elif low(tokens, end + 1) == "over":
                del tokens[position : end + 1]
            else:
                tokens[position - 1 : end + 1] = [*order, ")"]
        position += 1


def function_names(tokens: list[str]) -> None:
    """Give functions the names under which they are declared."""
    for position in range(len(tokens) - 1):
        if tokens[position + 1] != "(" or low(tokens, position - 1) in (".", "*", ")"):
            continue
        word = low(tokens, position)
        if word == "count" and low(tokens, position + 2) == "distinct":
            inside = tokens[position + 3 : closing(tokens, position + 1)]
            if len(parts(inside)) > 1:
                tokens[position : position + 3] = ["count_distinct", "("]
                return function_names(tokens)
        elif word == "position":
            inside = tokens[position + 2 : closing(tokens, position + 1)]
            for inner, other in outer_words(inside):
                if other == "in":
                    tokens[position + 2 + inner] = ","
        if word == "listagg":
            tokens[position] = "listagg_"
        elif word in functions().checked_as:
            tokens[position] = functions().checked_as[word]
    return None


def small_words(tokens: list[str]) -> None:
    """Words that the parser does not know and that change no type."""
    position = 0
    while position < len(tokens):
        word, following = low(tokens, position), low(tokens, position + 1)
        if word in ("ignore", "respect") and following == "nulls":
            del tokens[position : position + 2]
            continue
        if word in ("ilike", "rlike", "regexp") and following != "(":
            tokens[position] = "like"
        if word == "exclude" and low(tokens, position - 1) == "*":
            tokens[position] = "except"
            if following != "(":
                tokens[position + 1 : position + 2] = ["(", tokens[position + 1], ")"]
        if word in ("sample", "tablesample") and following in ("(", "bernoulli", "system", "row"):
            bracket = position + 1 + (following != "(")
            del tokens[position : closing(tokens, bracket) + 1]
            continue
        if word == "character" and following == "varying":
            tokens[position : position + 2] = ["varchar"]
        if word == "double" and following == "precision":
            del tokens[position + 1]
        if word == "null" and "||" in (low(tokens, position - 1), following):
            tokens[position : position + 1] = ["cast", "(", "null", "as", "string", ")"]
        if word == "interval" and is_literal(tokens[position + 1]):
            interval(tokens, position)
        position += 1


def interval(tokens: list[str], position: int) -> None:
    """`interval '1 day'` is `interval 1 day`; of several parts the first is looked at."""
    words = literal_text(tokens[position + 1]).replace(",", " ").split()
    if len(words) >= 2 and words[0].lstrip("+-").isdigit():
        tokens[position + 1 : position + 2] = [words[0], words[1].lower().rstrip("s")]


def types(tokens: list[str]) -> None:
    """Take the sizes off types, and say what an array holds."""
    position = 1
    while position < len(tokens):
        word, before = low(tokens, position), low(tokens, position - 1)
        if before in ("::", "as", "varying") and word in SIZED_TYPES:
            if low(tokens, position + 1) == "(":
                del tokens[position + 1 : closing(tokens, position + 1) + 1]
        elif before in ("::", "as") and word == "array" and low(tokens, position + 1) != "<":
            tokens[position : position + 1] = ["array", "<", "variant", ">"]
        position += 1


def table_functions(tokens: list[str]) -> None:
    """FLATTEN and its like are an UNNEST of rows whose columns are declared."""
    position = 0
    while position < len(tokens):
        word, following = low(tokens, position), low(tokens, position + 1)
        if word == "table" and following == "(" and low(tokens, position + 2) in TABLE_FUNCTIONS:
            del tokens[closing(tokens, position + 1)]
            tokens[position : position + 2] = ["lateral"]
            following = low(tokens, position + 1)
        if low(tokens, position) == "lateral" and following in TABLE_FUNCTIONS:
            end = closing(tokens, position + 2)
            value = rows_of(tokens[position + 3 : end])
            tokens[position : end + 1] = ["unnest", "(", "flattened", "(", *value, ")", ")"]
        position += 1


def rows_of(arguments: list[str]) -> list[str]:
    """Return what a table function works on. Raises Refused."""
    found: list[str] = []
    for argument in parts(arguments):
        name = argument[0].lower() if argument[1:2] == ["=>"] else ""
        if name and name not in FLATTEN_ARGUMENTS:
            raise Refused(f"unexpected argument '{name}'")
        if not found and name in ("", "input", "rowcount"):
            found = argument[2:] if name else argument
    if not found:
        raise Refused("a table function lacks what it works on")
    return found


def objects(tokens: list[str]) -> None:
    """`{'a': 1}` is a call."""
    position = 0
    while position < len(tokens):
        if tokens[position] == "{":
            end = closing(tokens, position)
            depth = 0
            for inner in range(position + 1, end):
                depth += (tokens[inner] in "([{") - (tokens[inner] in ")]}")
                if tokens[inner] == ":" and depth == 0:
                    tokens[inner] = ","
            tokens[end] = ")"
            tokens[position : position + 1] = ["as_object_literal", "("]
        position += 1


def subscripts(tokens: list[str]) -> None:
    """`[1, 2]` and `x[0]` are calls."""
    position = 0
    while position < len(tokens):
        if tokens[position] != "[":
            position += 1
            continue
        end = closing(tokens, position)
        start = operand_start(tokens, position - 1)
        if start is None:
            tokens[end] = ")"
            tokens[position : position + 1] = ["as_array_literal", "("]
            continue
        operand = tokens[start:position]
        if ":" in operand:
            tokens[start : end + 1] = [*operand[: operand.index(":")], ":", "member"]
        else:
            inside = tokens[position + 1 : end]
            tokens[start : end + 1] = ["member_of", "(", *operand, ",", *inside, ")"]
        position = start + 1


def operand_start(tokens: list[str], end: int) -> int | None:
    """Return where the value begins that a subscript behind `end` reads; None without one."""
    if end < 0 or tokens[end].lower() in BEFORE_ARRAY:
        return None
    if tokens[end] == ")":
        start = opening(tokens, end)
        if start and is_word(tokens[start - 1]):
            start -= 1
    elif is_word(tokens[end]):
        start = end
    else:
        return None
    while start > 1 and tokens[start - 1] in (".", ":"):
        start -= 2
    return start


def star_arguments(tokens: list[str]) -> None:
    """Functions of all columns are functions of nothing."""
    for position in range(len(tokens) - 2):
        if tokens[position + 1 : position + 3] == ["(", "*"]:
            if low(tokens, position) in ("object_construct", "object_construct_keep_null"):
                tokens[position : position + 3] = ["as_object_literal", "("]
            elif low(tokens, position) == "hash_agg":
                tokens[position : position + 3] = ["hash_agg_all", "("]
            elif low(tokens, position) == "hash_":
                tokens[position : position + 3] = ["hash_", "(", "1"]


def value_rows(tokens: list[str]) -> None:
    """`values (1, 'a'), (2, 'b')` in place of a table is a union of queries."""
    position = 1
    while position < len(tokens):
        before = low(tokens, position - 1)
        is_rows = low(tokens, position) == "values" and low(tokens, position + 1) == "("
        if is_rows and before in ("from", "(", "join", ","):
            end = position + 1
            rows = []
            while low(tokens, end) == "(":
                close = closing(tokens, end)
                rows.append(parts(tokens[end + 1 : close]))
                end = close + 1
                if low(tokens, end) != ",":
                    break
                end += 1
            in_brackets = before == "("
            names = alias_columns(tokens, end + in_brackets)
            query = union_of(rows, names)
            tokens[position:end] = query if in_brackets else ["(", *query, ")"]
        position += 1


def alias_columns(tokens: list[str], position: int) -> list[str]:
    """Take the column names off an alias such as `as t (a, b)`, and return them."""
    if low(tokens, position) == "as":
        position += 1
    if not is_word(low(tokens, position) or " ") or low(tokens, position + 1) != "(":
        return []
    end = closing(tokens, position + 1)
    names = [part[0] for part in parts(tokens[position + 2 : end])]
    del tokens[position + 1 : end + 1]
    return names


def union_of(rows: list[list[list[str]]], names: list[str]) -> list[str]:
    """Return one query per row, united; the first names the columns."""
    if any(len(row) != len(rows[0]) for row in rows) or (names and len(names) != len(rows[0])):
        raise Refused("Invalid column count in values")
    query: list[str] = []
    for number, row in enumerate(rows):
        query += ["union", "all"] if number else []
        query.append("select")
        for place, value in enumerate(row):
            name = names[place] if names else f"column{place + 1}"
            query += [*([","] if place else []), *value, "as", name]
    return query


def recursion(tokens: list[str]) -> None:
    """Write `recursive` where a query reads itself: there it may be left out."""
    for position, token in enumerate(tokens):
        if token.lower() != "with" or not is_word(low(tokens, position + 1) or " "):
            continue
        if low(tokens, position + 1) == "recursive":
            continue
        start = position + 1
        while is_word(low(tokens, start) or " ") and low(tokens, start + 1) == "as":
            end = closing(tokens, start + 2)
            if low(tokens, start) in (word.lower() for word in tokens[start + 3 : end]):
                tokens.insert(position + 1, "recursive")
                return recursion(tokens)
            if low(tokens, end + 1) != ",":
                break
            start = end + 2
    return None


def named_query_columns(tokens: list[str]) -> None:
    """`with a (x, y) as (select 1, 2)` is `with a as (select 1 as x, 2 as y)`."""
    position = 1
    while position < len(tokens):
        before = low(tokens, position - 1)
        if before in ("with", "recursive", ",") and low(tokens, position + 1) == "(":
            end = closing(tokens, position + 1)
            names = parts(tokens[position + 2 : end])
            if low(tokens, end + 1) == "as" and low(tokens, end + 2) == "(":
                rename_first_query(tokens, end + 3, [name[0] for name in names])
                del tokens[position + 1 : end + 1]
        position += 1


def rename_first_query(tokens: list[str], start: int, names: list[str]) -> None:
    """Name the columns of a query that begins at `start`. Raises Refused and NotJudged."""
    if low(tokens, start) != "select":
        raise NotJudged("a column list before a query that is no select")
    ends = ("from", ")", "union", "where", "qualify", "except", "intersect", "minus")
    end = start + 1
    depth = 0
    while depth or low(tokens, end) not in ends:
        depth += (tokens[end] in "([{") - (tokens[end] in ")]}")
        end += 1
    first = start + 1 + (low(tokens, start + 1) == "distinct")
    columns = parts(tokens[first:end])
    if any(column[-1] == "*" for column in columns):
        raise NotJudged("a column list before a select with a star")
    if len(columns) != len(names):
        raise Refused("Invalid column count in a column list")
    renamed: list[str] = []
    for column, name in zip(columns, names, strict=True):
        value = column[:-2] if low(column, len(column) - 2) == "as" else column
        renamed += [*([","] if renamed else []), *value, "as", name]
    tokens[first:end] = renamed


def orders(tokens: list[str]) -> None:
    """`order by (a, b)`, as dbt writes clustering keys, is `order by a, b`."""
    for position in range(len(tokens) - 3, 1, -1):
        if tokens[position] == "(" and low(tokens, position - 1) == "by":
            end = closing(tokens, position)
            is_list = len(parts(tokens[position + 1 : end])) > 1
            is_last = low(tokens, end + 1) in ("", ")", "limit", "qualify", "union", "having")
            if is_list and is_last and low(tokens, position + 1) != "select":
                del tokens[end], tokens[position]


def changes(tokens: list[str]) -> None:
    """UPDATE and DELETE need a condition; USING of a DELETE is a condition too."""
    words = [token.lower() for token in tokens]
    if words[:1] == ["delete"] and "using" in words:
        using, where = words.index("using"), words.index("where")
        exists = ["where", "exists", "(", "select", "1", "from"]
        tokens[:] = [*tokens[:using], *exists, *tokens[using + 1 : where], *tokens[where:], ")"]
    elif words[:1] in (["delete"], ["update"]) and "where" not in words:
        tokens += ["where", "true"]
    if words[:3] == ["insert", "overwrite", "into"]:
        del tokens[1]


STEPS: tuple[Rewrite, ...] = (
    stop_at_unknown_syntax,
    literals,
    date_parts,
    small_words,
    types,
    table_functions,
    objects,
    subscripts,
    ordered_aggregates,
    function_names,
    star_arguments,
    value_rows,
    named_query_columns,
    recursion,
    orders,
    changes,
)
