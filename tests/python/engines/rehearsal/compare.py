"""Whether two engines hold the same rows: value by value, classes of types too.

A class is what reader.py makes of an engine's type: text, integer, decimal, float, boolean,
timestamp, date, list, json. Numbers are equal as numbers (1.5 is 1.50), floats when the first nine
digits are, all else when it is the same value.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from engines.rehearsal.engines import Row, Rows

FLOAT_TOLERANCE = 1e-9
# Enough to see what is wrong; a whole table of differences helps nobody.
MOST_TOLD = 10


def same(expected: Any, actual: Any) -> bool:
    """Tell whether two plain values are one; True is not 1 and a date is no timestamp."""
    if isinstance(expected, float) and isinstance(actual, float):
        close = math.isclose(expected, actual, rel_tol=FLOAT_TOLERANCE)
        return close or (math.isnan(expected) and math.isnan(actual))
    if isinstance(expected, list) and isinstance(actual, list):
        paired = zip(expected, actual, strict=False)
        return len(expected) == len(actual) and all(same(one, other) for one, other in paired)
    return type(expected) is type(actual) and bool(expected == actual)


def differences(relation: str, key: Sequence[str], expected: Rows, actual: Rows) -> list[str]:
    """Return what differs, a line each: relation, key, column, both values; nothing when equal.

    The order of rows and of columns does not count. key: the columns that name a row; where they do
    not, whole rows are held against each other, as often as each occurs.
    """
    faults = list(different_columns(relation, dict(expected.columns), dict(actual.columns)))
    if faults:
        return faults
    names = [name for name, _ in expected.columns]
    actual_rows = [tuple(row) for row in zip(*map(actual.values, names), strict=True)]
    if names_rows(expected, key) and names_rows(actual, key):
        faults = list(different_cells(relation, key, names, expected.rows, actual_rows))
    else:
        faults = list(different_rows(relation, expected.rows, actual_rows))
    return faults[:MOST_TOLD] + told_rest(len(faults))


def told_rest(count: int) -> list[str]:
    """Return a last line that says how many faults are not told."""
    return [f"... and {count - MOST_TOLD} more"] if count > MOST_TOLD else []


def different_columns(
    relation: str, expected: dict[str, str], actual: dict[str, str]
) -> Iterator[str]:
    """Give a line for each column that is missing, too much, or of another class."""
    for name in expected.keys() | actual.keys():
        classes = expected.get(name, "no column"), actual.get(name, "no column")
        if classes[0] != classes[1]:
            yield f"{relation}.{name}: {classes[0]} became {classes[1]}"


def names_rows(rows: Rows, key: Sequence[str]) -> bool:
    """Tell whether the key columns are there and name each row, none of them twice."""
    if not key or not set(key) <= dict(rows.columns).keys():
        return False
    return len(set(zip(*map(rows.values, key), strict=True))) == len(rows.rows)


def different_cells(
    relation: str, key: Sequence[str], names: Sequence[str], expected: list[Row], actual: list[Row]
) -> Iterator[str]:
    """Give a line for each row on one side only and for each cell that differs."""
    places = [names.index(column) for column in key]

    def by_key(rows: list[Row]) -> dict[Row, Row]:
        return {tuple(row[place] for place in places): row for row in rows}

    ours, theirs = by_key(expected), by_key(actual)
    for at, row in ours.items():
        if at not in theirs:
            yield f"{relation} {at}: row is missing"
            continue
        for name, one, other in zip(names, row, theirs[at], strict=True):
            if not same(one, other):
                yield f"{relation} {at} {name}: {one!r} became {other!r}"
    for at in theirs.keys() - ours.keys():
        yield f"{relation} {at}: row is too much"


def different_rows(relation: str, expected: list[Row], actual: list[Row]) -> Iterator[str]:
    """Give a line for each row that one side holds more often than the other."""
    ours, theirs = Counter(map(written, expected)), Counter(map(written, actual))
    for row, count in (ours - theirs).items():
        yield f"{relation}: {count} fewer of {row}"
    for row, count in (theirs - ours).items():
        yield f"{relation}: {count} more of {row}"


def written(row: Row) -> str:
    """Return a row as text that is equal for equal rows."""
    return repr([normal(value) for value in row])


def normal(value: Any) -> Any:
    """Return a value in the one spelling of all values that are the same."""
    if isinstance(value, Decimal):
        return value.normalize()
    return float(f"{value:.9g}") if isinstance(value, float) else value
