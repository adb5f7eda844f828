"""What each stand-in refuses and takes: the rehearsal is only worth what it refuses.

snowflake/ and bigquery/ hold corpus_valid.yml and corpus_invalid.yml: statements that make tables
(`setup`), then those that the real engine takes or refuses, with the rows it gives (`returns`) or
the reason it refuses them (`why`). A statement that the stand-in judges wrongly says so with
`known_gap`; the test fails as well when such a gap has closed, so that the list stays true.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from engines.rehearsal.engines import STAND_INS, Refused, Target

HERE = Path(__file__).parent
FEWEST = 60
# The stand-in fell over it; that is no judgement.
BROKE = ("InternalServerError", "RuntimeError")

Statement = Mapping[str, Any]


def corpus(engine: str, kind: str) -> Mapping[str, Any]:
    """The statements of a kind, valid or invalid, for an engine."""
    path = HERE / engine / f"corpus_{kind}.yml"
    return yaml.safe_load(path.read_text("utf-8"))


def written(value: Any) -> Any:
    """A value as the corpus writes it: numbers by nine digits, times as text."""
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, (int, float, Decimal)):
        return f"{float(value):.9g}"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, (list, tuple)):
        return [written(member) for member in value]
    return str(value)


def rows_written(rows: Any) -> list[str]:
    """Rows in one order, as text."""
    return sorted(repr(written(row)) for row in rows)


def fault_of_valid(target: Target, statement: Statement) -> str | None:
    """What is wrong with the answer to a valid statement, if anything."""
    try:
        rows = target.rows(statement["sql"]).rows
    except Refused as refusal:
        return f"refused: {str(refusal)[:300]}"
    if "returns" in statement and rows_written(rows) != rows_written(statement["returns"]):
        return f"gave {rows!r}, not {statement['returns']!r}"
    return None


def fault_of_invalid(target: Target, statement: Statement) -> str | None:
    """What is wrong with the answer to an invalid statement: nothing when it is a refusal."""
    try:
        rows = target.rows(statement["sql"]).rows
    except Refused as refusal:
        return f"broke: {str(refusal)[:300]}" if str(refusal).startswith(BROKE) else None
    return f"taken, gave {rows[:3]!r}, though {statement.get('why', 'invalid')}"


FAULT_OF = {"valid": fault_of_valid, "invalid": fault_of_invalid}
WORD = {"valid": "accepted", "invalid": "refused"}


def judged(target: Target, kind: str) -> Iterator[tuple[Statement, str | None]]:
    """Each statement of a corpus with its fault."""
    whole = corpus(target.engine.name, kind)
    for statement in whole.get("setup", []):
        target.rows(statement)
    for statement in whole["statements"]:
        yield statement, FAULT_OF[kind](target, statement)


@pytest.mark.parametrize("kind", list(FAULT_OF))
@pytest.mark.parametrize("engine", STAND_INS)
def test_the_stand_in_judges_as_the_engine_does(
    target_of: Callable[[str], Target], figures: list[str], engine: str, kind: str
) -> None:
    outcomes = list(judged(target_of(engine), kind))
    right = [statement["name"] for statement, fault in outcomes if fault is None]
    gaps = [one["name"] for one, fault in outcomes if fault and one.get("known_gap")]
    told = f"; known gaps: {', '.join(gaps)}" if gaps else ""
    figures.append(f"{engine}: {len(right)} of {len(outcomes)} {kind} {WORD[kind]}{told}")
    misses = [
        f"{one['name']}: {fault}" for one, fault in outcomes if fault and not one.get("known_gap")
    ]
    closed = [
        f"{one['name']}: its known gap has closed, take it out"
        for one, fault in outcomes
        if fault is None and one.get("known_gap")
    ]
    assert not misses + closed, "\n".join(misses + closed)
    names = [one["name"] for one, _ in outcomes]
    assert len(set(names)) == len(names) >= FEWEST
