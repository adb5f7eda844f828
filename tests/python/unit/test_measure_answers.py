"""The judging of answers: scores worked out by hand, agreement, partitions whatever their names."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from project.scoring import score as score_in_python

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))

from measure import answers  # noqa: E402

Partition = Mapping[int, int | str]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def fill(connection: duckdb.DuckDBPyConnection, table: str, column: str, rows: Partition) -> None:
    connection.execute(f"create or replace table {table} (record_no bigint, {column} varchar)")
    if rows:
        connection.executemany(f"insert into {table} values (?, ?)", [*rows.items()])


def scored(
    connection: duckdb.DuckDBPyConnection, found: Partition, truth: Partition
) -> answers.Score:
    fill(connection, "answer", "component", found)
    fill(connection, "truth", "person", truth)
    return answers.score(connection, "answer", "truth")


def test_a_score_worked_out_by_hand(connection: duckdb.DuckDBPyConnection) -> None:
    """1 2 3 are one person, 4 5 another; found are 1 2, 3 4, and 5 not at all; 9 is nobody's."""
    found = {1: "x", 2: "x", 3: "y", 4: "y", 9: "y"}
    score = scored(connection, found, {1: "p", 2: "p", 3: "p", 4: "q", 5: "q"})
    # Pairs: 12 is right, 34 is wrong; 13, 23 and 45 are missed.
    assert (score.precision, score.recall) == (1 / 2, 1 / 4)
    assert score.f1 == pytest.approx(1 / 3)
    assert score.bcubed_precision == pytest.approx((1 + 1 + 1 / 2 + 1 / 2 + 1) / 5)
    assert score.bcubed_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({1: "a", 2: "a", 3: "b"}, (1, 1)),
        ({1: "a", 2: "b", 3: "c"}, (1, 0)),
        ({}, (1, 0)),
        ({1: "a", 2: "a", 3: "a"}, (1 / 3, 1)),
    ],
)
def test_all_right_nothing_claimed_and_all_in_one(
    connection: duckdb.DuckDBPyConnection, found: Partition, expected: tuple[float, float]
) -> None:
    score = scored(connection, found, {1: "p", 2: "p", 3: "q"})
    assert (score.precision, score.recall) == pytest.approx(expected)


def test_the_tests_own_score_says_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    found = {number: f"c{number * 7 % 23}" for number in range(120) if number % 10}
    truth = {number: f"p{number * 7 % 23 // 2 + number % 2}" for number in range(150)}
    ours = scored(connection, found, truth)
    other = score_in_python(
        {str(key): value for key, value in found.items()},
        {str(key): value for key, value in truth.items()},
    )
    for name in ("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1"):
        assert getattr(ours, name) == pytest.approx(getattr(other, name)), name


def test_a_signature_is_about_the_partition_not_its_names(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    signatures = []
    for rows in (
        {1: "a", 2: "a", 3: "b", 4: "b"},
        {4: "1", 3: "1", 2: "2", 1: "2"},
        {1: "a", 3: "a", 2: "b", 4: "b"},
        {1: "a", 2: "a", 3: "b"},
    ):
        fill(connection, "answer", "component", rows)
        signatures.append(answers.signature(connection))
    same, renamed, other, short = signatures
    assert same == renamed
    assert (other.records, other.components) == (same.records, same.components)
    assert other != same
    assert short.records == 3


def test_a_disagreement_is_told_with_its_figures() -> None:
    right = answers.Signature(10, 4, 77)
    answers.check_agreement({"ours": right, "scipy": answers.Signature(10, 4, 77)})
    answers.check_agreement({})
    with pytest.raises(answers.Disagreement, match="ours: 4 components of 10 records"):
        answers.check_agreement({"ours": right, "scipy": answers.Signature(10, 5, 78)})
    with pytest.raises(answers.Disagreement):
        answers.check_agreement({"ours": right, "scipy": answers.Signature(10, 4, 78)})
