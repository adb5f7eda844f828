"""A build that is killed changes what is published wholly or not at all, and leaves nothing behind.

KILLS=200 in the environment says how many random kills the test marked `long` makes.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import copy_project
from project.kill_harness import (
    Contents,
    Extract,
    Moment,
    build,
    build_killed,
    contents,
    differences,
    make_lean,
    published,
    write_extract,
    write_settings,
)

pytestmark = [pytest.mark.project, pytest.mark.sequence, pytest.mark.xdist_group("kills")]

KILLS = int(os.environ.get("KILLS", "200"))
AS_OF, LATER_AS_OF = "2026-03-01 00:00:00", "2027-05-01 00:00:00"


def contact(number: int, email: str, phone: str = "", born: str = "1990-05-05") -> dict[str, str]:
    day = f"2026-01-{number:02} 00:00:00"
    return {
        **{"contact_id": str(number), "email": email, "phone": phone},
        **{"date_of_birth": born, "created_at": day},
    }


def event(number: int, email: str, device: str) -> dict[str, str]:
    return {
        **{"event_id": f"e{number}", "event_name": "page_view", "email": email},
        **{"device_id": device, "occurred_at": f"2026-01-{number:02} 12:00:00"},
    }


def order(number: int, email: str) -> dict[str, str]:
    return {
        **{"order_id": f"o{number}", "email": email, "amount": "10", "currency": "EUR"},
        **{"order_status": "completed", "ordered_at": f"2026-02-{number:02} 12:00:00"},
    }


FIRST = Extract(
    contacts=[
        contact(1, "ann@example.com", "+14155550101"),
        contact(2, "ann@example.com"),
        contact(3, "ben@example.com", "+14155550103", "2001-04-04"),
        contact(4, "cat@example.com"),
        contact(5, "dan@example.com"),
        contact(6, "eve@example.com", "+14155550106"),
    ],
    events=[event(1, "", "D1"), event(2, "ann@example.com", "D1"), event(3, "", "D2")],
    orders=[order(1, "ben@example.com"), order(2, "fay@example.com")],
)
# Cut off: merges Ben and Cat, parts Ann by the loss of her anchor, mints Guy, makes D2 Dan's.
CUT_OFF = Extract(
    contacts=[
        contact(2, "ann@example.com"),
        contact(3, "ben@example.com", "+14155550103", "2001-04-04"),
        contact(4, "cat@example.com", "+14155550103"),
        contact(5, "dan@example.com"),
        contact(7, "guy@example.com", "+14155550106"),
    ],
    events=[*FIRST.events, event(4, "dan@example.com", "D2")],
    orders=[*FIRST.orders, order(3, "ann@example.com")],
)
# What the build after it finds: Cat is Eve now, and the minted Guy was never there.
CORRECTED = replace(
    FIRST,
    contacts=[
        *FIRST.contacts[:3],
        contact(4, "cat@example.com", "+14155550106"),
        *FIRST.contacts[4:],
        contact(8, "ida@example.com"),
    ],
    orders=[*FIRST.orders, order(4, "guy@example.com")],
)

STATE_INSERT = r"insert into .*customer360_state.*"
MOMENTS = [
    Moment("in the Python model", r"Began executing node \S*int_identity__resolved_by_python"),
    Moment("between identity and marts", r"Began executing node \S*customer360_profiles"),
    Moment("while the state is written", STATE_INSERT + "ledger"),
    Moment("while copying", function=("customer360.publish", "copy_tables", "after")),
    Moment("before the rename", function=("customer360.publish", "replace_published", "before")),
]
AFTER_RENAME = Moment(
    "after the rename", function=("customer360.publish", "replace_published", "after")
)
MORE_MOMENTS = [
    *MOMENTS,
    AFTER_RENAME,
    Moment("state taken over", function=("customer360.state", "replace_state", "after")),
    Moment("between identity models", r"Finished running node \S*int_identity__customers"),
    Moment("before the state counts", STATE_INSERT + "generations"),
    Moment("before copying", function=("customer360.publish", "write_fresh", "before")),
]


class Ground:
    """A lean project and what builds that were never cut off make of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        write_extract(root, FIRST)
        build(root)
        self.kept = root.parent / "kept"
        shutil.copytree(root / "warehouse", self.kept)
        self.first = contents(published(root))
        self.bytes = published(root).read_bytes()
        self.known: dict[tuple[int, ...], Contents] = {}

    def restore(self) -> None:
        """Put back the warehouse as it was after the first build."""
        shutil.rmtree(self.root / "warehouse")
        shutil.copytree(self.kept, self.root / "warehouse")

    def after(self, *extracts: Extract) -> Contents:
        """What is published once each extract was built, one after the other."""
        which = tuple(map(id, extracts))
        if which not in self.known:
            warehouse = self.root / "warehouse"
            aside = warehouse.rename(self.root.parent / "aside")
            shutil.copytree(self.kept, warehouse)
            for extract in extracts:
                write_extract(self.root, extract)
                build(self.root)
            self.known[which] = contents(published(self.root))
            shutil.rmtree(warehouse)
            aside.rename(warehouse)
        return self.known[which]

    def is_published(self) -> bool:
        """Whether the killed build's generation is there, wholly; else nothing may have changed."""
        if published(self.root).read_bytes() == self.bytes:
            return False
        assert differences(contents(published(self.root)), self.after(CUT_OFF)) == []
        return True

    def check_next_build(self, was_published: bool) -> None:
        """Build the corrected extract; nothing of the killed build's may be left."""
        right = self.after(*([CUT_OFF] if was_published else []), CORRECTED)
        write_extract(self.root, CORRECTED)
        build(self.root)
        assert differences(contents(published(self.root)), right) == []
        names = {path.name for path in (self.root / "warehouse").iterdir()}
        assert not {name for name in names if ".tmp" in name or name.endswith(".wal")}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """One project for all tests here; each puts the warehouse back first."""
    return Ground(make_lean(copy_project(tmp_path_factory.mktemp("kills") / "project")))


def changes_of(after: Contents) -> str:
    """All changes of ids in one text."""
    return "\n".join(after.tables["customer360_state.id_changes"])


def ids_of(after: Contents) -> set[str]:
    """All rows about ids."""
    return set(after.tables["customer360_state.ids"])


def test_the_extracts_change_ids(ground: Ground) -> None:
    """Without this, a killed build might leave nothing that could be seen."""
    cut_off, corrected = ground.after(CUT_OFF), ground.after(CORRECTED)
    for after in (cut_off, corrected):
        assert after.generation == after.state_generation == 2
        assert "'merged'" in changes_of(after)
    assert "'attached'" in changes_of(cut_off)
    minted = ids_of(cut_off) - ids_of(ground.first)
    assert len(minted) > 1
    assert not minted & ids_of(corrected)


def test_a_killed_build_publishes_nothing_and_leaves_nothing(ground: Ground) -> None:
    """One kill after the other, then one build that comes through."""
    ground.restore()
    for moment in MOMENTS:
        write_extract(ground.root, CUT_OFF)
        assert build_killed(ground.root, moment), f"{moment.name}: the build was not killed"
        assert not ground.is_published(), moment.name
    ground.check_next_build(was_published=False)


def test_a_build_killed_after_the_rename_has_published(ground: Ground) -> None:
    ground.restore()
    write_extract(ground.root, CUT_OFF)
    assert build_killed(ground.root, AFTER_RENAME)
    assert ground.is_published()


@pytest.mark.long
def test_random_kills(ground: Ground) -> None:
    """Says with -s how many of each kind there were."""
    ground.restore()
    write_extract(ground.root, CUT_OFF)
    began = time.monotonic()
    build(ground.root)
    longest = time.monotonic() - began
    rng = random.Random(KILLS)
    counts = {"killed": 0, "published": 0, "ended first": 0, "completed after": 0}
    ground.restore()
    for number in range(1, KILLS + 1):
        write_extract(ground.root, CUT_OFF)
        moment = (
            Moment("at random", seconds=rng.uniform(0.1, 1.0) * longest)
            if rng.random() < 0.8
            else rng.choice(MORE_MOMENTS)
        )
        was_killed = build_killed(ground.root, moment)
        was_published = ground.is_published()
        counts["killed" if was_killed else "ended first"] += 1
        counts["published"] += was_published
        if was_published or number % 4 == 0:
            ground.check_next_build(was_published)
            counts["completed after"] += 1
            ground.restore()
    print(counts)
    assert counts["killed"] + counts["ended first"] == KILLS
    assert counts["killed"] > KILLS / 2, counts


# --- replays --------------------------------------------------------------------------------------


def columns_that_move_with_time(root: Path) -> dict[str, list[str]]:
    """Mart -> its columns that are tagged so."""
    manifest = json.loads((root / "target" / "manifest.json").read_text(encoding="utf-8"))
    moving: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        for name, column in node.get("columns", {}).items():
            moves = column.get("config", {}).get("meta", {}).get("moves_with_time")
            if moves and node["fqn"][1] == "marts":
                moving.setdefault(node["name"], []).append(name)
    return moving


@pytest.mark.parametrize("how", ["without the working file", "full refresh"])
def test_a_replay_changes_nothing_at_all(how: str, ground: Ground) -> None:
    """One more replay is in test_whole_project, of the sample."""
    ground.restore()
    write_extract(ground.root, FIRST)
    if how == "without the working file":
        (ground.root / "warehouse" / "work.duckdb").unlink()
    said = build(ground.root, *(["--full-refresh"] if how == "full refresh" else []))
    assert "nothing changed, generation 1 stays" in said
    assert published(ground.root).read_bytes() == ground.bytes
    assert differences(contents(published(ground.root)), ground.first) == []


def test_another_as_of_moves_nothing_but_what_time_moves(ground: Ground) -> None:
    """Every column that is tagged so does move, and no other one, nor the state."""
    ground.restore()
    write_extract(ground.root, FIRST)
    write_settings(ground.root, LATER_AS_OF)
    build(ground.root)
    write_settings(ground.root, AS_OF)
    earlier, later = ground.kept / published(ground.root).name, published(ground.root)
    ((mart, columns),) = columns_that_move_with_time(ground.root).items()
    assert contents(later).state_generation == 1
    assert contents(later, {mart: columns}).tables == contents(earlier, {mart: columns}).tables
    # Nobody in the extracts has a subscription; its unit test tells that these move.
    for column in set(columns) - {"active_subscriptions", "mrr"}:
        others = {mart: [name for name in columns if name != column]}
        assert contents(later, others).tables != contents(earlier, others).tables, column
