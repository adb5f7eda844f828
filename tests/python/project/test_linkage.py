"""Public lists of people without a reliable id, held against rules of equal values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from project.scoring import score
from unit.macro_runner import render, shared_project

ROOT = Path(__file__).resolve().parents[3]
LISTS = ROOT.parent / "shared" / "data" / "linkage"
NAMES = ("splink_fake_1000", "febrl1", "febrl3", "rldata500", "splink_historical_dev")

sys.path.insert(0, str(ROOT / "benchmarks"))

from score_linkage import (  # noqa: E402
    Resolved,
    build_identity,
    copied_project,
    load_settings,
    read_customers,
    read_peers,
    read_truth,
)

# One build serves all the lists, so one process must have them all.
needs_lists = [
    pytest.mark.project,
    pytest.mark.real,
    pytest.mark.xdist_group("linkage"),
    pytest.mark.skipif(not LISTS.is_dir(), reason="the lists of people are not here"),
]


@pytest.fixture(scope="module")
def customers() -> Iterator[Resolved]:
    """The customer of each row of each list, all built in one base."""
    with copied_project() as project:
        yield read_customers(build_identity(project, load_settings(), LISTS))


def marked(name: str) -> object:
    return pytest.param(name, marks=needs_lists)


@pytest.mark.parametrize("name", [marked(name) for name in NAMES])
def test_several_facts_together_find_what_equal_values_miss(customers: Resolved, name: str) -> None:
    found = score(customers[name], read_truth(LISTS / name))
    print(name, found, found.f1)
    assert found.precision >= 0.97
    exact = [peer for peer in read_peers(LISTS)[name] if peer.is_exact_rule]
    assert exact
    # Among them are rules that use a number of the person, which is not given here.
    assert found.recall >= max(peer.recall for peer in exact)


# What a part of a composite identifier becomes: macro, value, answer.
TRANSFORMED = [
    ("phonetic_name", "Anna Schmidt", "A500 S530"),
    ("phonetic_name", "Schmitt Ana", "A500 S530"),
    ("phonetic_name", "Ana Maria Schmitt", "A500 S530"),
    ("phonetic_name", "Bob Bopp", "B100 B100"),
    ("phonetic_name", "Élodie Noël", "E430 N400"),
    ("phonetic_name", "Madonna", None),
    ("phonetic_name", "李 雷", None),
    ("phonetic_name", "Anna 李", None),
    ("phonetic_name", "", None),
    ("phonetic_name", None, None),
    ("year_and_month", "1985-03-07", "1985-03"),
    ("year_and_month", None, None),
    ("month_and_day", "1985-03-07", "03-07"),
    ("month_and_day", None, None),
]


@pytest.fixture(scope="module")
def transforms() -> dict[str, str]:
    """The SQL of each transform of a column `value`."""
    names = sorted({macro for macro, _, _ in TRANSFORMED})
    return render(shared_project(), {name: "{{ " + name + "('value') }}" for name in names})


@pytest.mark.parametrize(("macro", "value", "answer"), TRANSFORMED)
def test_transforms(
    transforms: dict[str, str], macro: str, value: str | None, answer: str | None
) -> None:
    with duckdb.connect() as connection:
        query = f"select {transforms[macro]} from (select cast(? as varchar) as value)"
        assert connection.execute(query, [value]).fetchone() == (answer,)
