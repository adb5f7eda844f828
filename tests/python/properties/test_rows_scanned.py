"""Rows that a build reads from tables: those of everything, beside those of one small change.

ROWS_SCANNED_SEQUENCES=5000 in the environment measures so many in the test marked `long`.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache

import pytest
from properties.identity_oracle import State
from properties.state_kernel import ROUNDS_RESULT, Code, Warehouse, compiled_code
from properties.state_machine import Operation, World

SEQUENCES = int(os.environ.get("ROWS_SCANNED_SEQUENCES", "2000"))
POLICY = "plain"
TOUCHED = "int_identity__touched"


@dataclass(frozen=True)
class Scans:
    """Model -> rows read: in a build of everything, after one record changed, and after nothing."""

    records: int
    everything: Counter[str]
    change: Counter[str]
    nothing: Counter[str]


def scans(changing: Code, sequences: int) -> Scans:
    """Build so many sequences, then again with one record of the first one changed."""
    warehouse = Warehouse(compiled_code(), changing, measures=True)
    worlds = []
    for place in range(sequences):
        rng = random.Random(place)
        world = World(place)
        for _ in range(8):
            world.apply(Operation("add", rng.getrandbits(32)), State())
        worlds.append(world)
    found = []
    for step in range(3):
        if step == 1:
            worlds[0].apply(Operation("change", 1), State())
        warehouse.begin()
        warehouse.build([world.data() for world in worlds], POLICY, step)
        found.append(Counter(warehouse.scanned))
        warehouse.commit(POLICY)
    assert warehouse.worked_on_changes == 2
    return Scans(8 * sequences, *found)


@cache
def right_scans(sequences: int) -> Scans:
    """What the project's own code reads."""
    return scans(compiled_code(works_on_changes=True), sequences)


def grown(small: Scans, large: Scans) -> list[str]:
    """What of the rounds a change reads more of where there is more data; the rounds, or none."""
    return [name for name in (ROUNDS_RESULT,) if large.change[name] > 1.5 * small.change[name]]


def test_the_rounds_read_what_a_change_touches_alone() -> None:
    """However much other data there is; and all of it, where everything is worked out."""
    small, large = right_scans(20), right_scans(200)
    assert grown(small, large) == []
    assert large.everything[ROUNDS_RESULT] > 5 * small.everything[ROUNDS_RESULT]
    assert 0 < large.change[ROUNDS_RESULT] < 0.05 * large.everything[ROUNDS_RESULT]


def test_a_change_reads_the_data_a_fixed_number_of_times() -> None:
    """To see what changed, and to find what it touches: a few passes over what is there."""
    small, large = (sum(right_scans(n).change.values()) / (8 * n) for n in (20, 200))
    assert large < 1.2 * small
    everything = sum(right_scans(200).everything.values())
    assert sum(right_scans(200).change.values()) < everything


def test_a_full_run_behind_an_incremental_name_shows() -> None:
    """A copy that touches all records at every change, and gives the right customers."""
    right = compiled_code(works_on_changes=True)
    broken = right.replaced(
        TOUCHED, "standing.component_no = touched_components.component_no", "true"
    )
    small, large = scans(broken, 20), scans(broken, 200)
    assert grown(small, large) == [ROUNDS_RESULT]


@pytest.mark.long
def test_the_rows_scanned_are_told() -> None:
    """Says with -s how many rows each model reads."""
    told = right_scans(SEQUENCES)
    print(f"{told.records} records; rows read: everything, one record changed, nothing changed")
    for name in sorted(told.everything, key=lambda name: -told.everything[name]):
        rows = (told.everything[name], told.change[name], told.nothing[name])
        print(f"{name:40}" + "".join(f"{count:>12,}" for count in rows))
    sums = (sum(c.values()) for c in (told.everything, told.change, told.nothing))
    print(f"{'sum':40}" + "".join(f"{count:>12,}" for count in sums))
    assert grown(right_scans(20), told) == []
