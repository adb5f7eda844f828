"""A build that works out only what changed gives what a full one gives, and what the oracle says.

INCREMENTAL_SEED in the environment draws other worlds for the long test.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from conftest import copy_project
from project.incremental_worlds import (
    Expected,
    Seen,
    Worlds,
    different_marts,
    disproportion,
    look,
    settings,
)
from project.scenario_builds import run_models

from customer360.paths import Project, ensure_home, ensure_profile

pytestmark = pytest.mark.project

SHARE = 0.4
SEED = int(os.environ.get("INCREMENTAL_SEED", "1"))


@dataclass
class Sequel:
    """A copy of the project that is built again and again while its worlds change.

    seen: after each build. faults: what the oracle had to say of it.
    """

    root: Path
    worlds: Worlds
    expected: Expected = field(default_factory=Expected)
    seen: list[Seen] = field(default_factory=list)

    @property
    def project(self) -> Project:
        """Where its state is kept."""
        return Project(root=self.root, home=self.root / "warehouse")

    def begin(self) -> list[str]:
        """Build the first rows."""
        self.worlds.begin()
        ensure_home(self.project)
        ensure_profile(self.project)
        return self.build(self.project)

    def build(self, project: Project, full_refresh: bool = False) -> list[str]:
        """Build what stands; gives what the oracle finds wrong."""
        raw = self.worlds.write(self.root)
        file = self.root / "worlds.yml"
        file.write_text(yaml.safe_dump(settings(raw)), encoding="utf-8")
        run_models(project, file, is_first=not self.seen, full_refresh=full_refresh)
        self.seen.append(look(project.work_file))
        return self.expected.faults(self.seen[-1], self.worlds)

    def step(self) -> list[str]:
        """Change something and build only that; gives what is wrong, also with its extent."""
        decided = self.worlds.decided()
        changed = self.worlds.change(SHARE)
        faults = self.build(self.project)
        seen = self.seen[-1]
        assert seen.mode == "changes"
        # All records with a decision are looked at anew, wherever they are.
        keys = {
            key for each in (*decided, *self.worlds.decided()) for key in (each.one, each.other)
        }
        also = {no for key, no in seen.worlds().items() if key in keys and no is not None}
        touched = disproportion(seen, changed | also)
        return [*faults, *(f"touched for nothing: {key}" for key in touched)]

    def full_step_beside(self) -> Project:
        """The same home as it stands now, for a full build of what comes next."""
        beside = Project(root=self.root, home=self.root / "beside")
        shutil.rmtree(beside.home, ignore_errors=True)
        shutil.copytree(self.project.home, beside.home)
        return beside

    def full_build_differs(self, beside: Project) -> list[str]:
        """Build the rows of the last step in full on the state before; gives marts that differ."""
        file = self.root / "worlds.yml"
        run_models(beside, file, is_first=False, full_refresh=True)
        assert look(beside.work_file).mode == "all"
        return different_marts(self.project.work_file, beside.work_file)


def sequel(root: Path, count: int, seed: int) -> Sequel:
    """Worlds in a copy of the project that is not there yet."""
    return Sequel(copy_project(root), Worlds(count, random.Random(seed)))


def run_sequel(sequel: Sequel, steps: int, full_at: Sequence[int]) -> None:
    """Build step by step, some of them in full beside; fails where something differs."""
    faults = sequel.begin()
    assert not faults, told(sequel, faults)
    assert sequel.seen[-1].mode == "all"
    for place in range(1, steps):
        beside = sequel.full_step_beside() if place in full_at else None
        faults = sequel.step()
        assert not faults, told(sequel, faults)
        if beside is not None:
            faults = sequel.full_build_differs(beside)
            assert not faults, told(sequel, faults)


def told(sequel: Sequel, faults: Sequence[str]) -> str:
    """What to read when something went wrong."""
    lines = [f"build {len(sequel.seen)}: {len(faults)} differences", *faults[:20]]
    return "\n".join(lines)


def test_only_what_changed_gives_the_whole(tmp_path: Path) -> None:
    small = sequel(tmp_path / "project", count=60, seed=1)
    run_sequel(small, steps=4, full_at=(2,))
    assert met_by(small) >= EVERYTHING
    # Else everything would be worked out anew and nothing be shown.
    for seen in small.seen[1:]:
        assert len(seen.touched) < 0.75 * len(seen.records)


@pytest.mark.long
def test_only_what_changed_gives_the_whole_for_many(tmp_path: Path) -> None:
    many = sequel(tmp_path / "project", count=1500, seed=SEED)
    run_sequel(many, steps=8, full_at=(1, 4, 7))
    assert met_by(many) >= EVERYTHING


EVERYTHING = {
    "known", "attached", "anonymous", "merged", "retired", "blocked_value", "value_over_records",
    "value_over_customers", "customer_over_limit", "never_decided", "fallback_taken",
}  # fmt: skip


def met_by(sequel: Sequel) -> set[str]:
    """Roles, reasons and fates of ids that came up."""
    roles = {role for seen in sequel.seen for _, role in seen.customers.values()}
    reasons = {reason for seen in sequel.seen for reason in seen.rejections.values()}
    last = sequel.seen[-1].lookup
    fates = {
        "retired" if current is None else "merged" for name, current in last.items()
        if current != name
    }  # fmt: skip
    return roles | reasons | fates


# --- forgetting something must be found -----------------------------------------------------------

IDENTITY = "models/intermediate/identity/int_identity__"
# file, what is written, what is written in its place
BROKEN: dict[str, tuple[tuple[str, str, str], ...]] = {
    "earlier carriers forgotten": (
        (
            f"{IDENTITY}touched.sql",
            "where role in ('strong', 'fallback')\n    union distinct\n    select record_no_one",
            "where role = 'forgotten'\n    union distinct\n    select record_no_one",
        ),
    ),
    "earlier devices forgotten": (
        (f"{IDENTITY}touched.sql", "where role = 'weak'\n", "where role = 'forgotten'\n"),
    ),
    "devices of touched customers forgotten": (
        (
            f"{IDENTITY}touched.sql",
            "where links.role = 'weak'\n    union distinct",
            "where links.role = 'forgotten'\n    union distinct",
        ),
    ),
    "neighbours forgotten": (
        (f"{IDENTITY}touched.sql", "where links.role = 'weak' and", "where false and"),
    ),
    "withdrawn decisions forgotten": (
        (
            f"{IDENTITY}touched.sql",
            "select record_no from standing_decisions\n",
            "select record_no from standing_decisions where record_no is null\n",
        ),
    ),
    "values that are no longer carried forgotten": (
        (
            f"{IDENTITY}touched_values.sql",
            "on standing.record_no = changes.record_no",
            "on standing.record_no = changes.record_no and changes.record_no is null",
        ),
    ),
    "blocked values not judged again": (
        (f"{IDENTITY}changes.sql", "or rejudged.record_no is not null then", "then"),
    ),
    "removed records kept": (
        (
            f"{IDENTITY}customers.sql",
            "'added', 'changed', 'removed', 'seen_again'",
            "'added', 'changed', 'seen_again'",
        ),
    ),
    "customers keep the names they had": (
        (f"{IDENTITY}customers.sql", "forget_touched_records(", "forget_changed_records("),
        (
            f"{IDENTITY}customers.sql",
            "where not is_neighbour\n    union distinct",
            "where false\n    union distinct",
        ),
    ),
    "ledger of changed records alone": (
        (
            "models/intermediate/state/int_state__ledger.sql",
            "where not is_neighbour",
            "where false",
        ),
    ),
    "components end at refused links": (
        (
            "macros/identity/identity_steps.sql",
            "coalesce(labels.parent, strong.parent, found.same_no) as component_no",
            "found.customer_no as component_no",
        ),
    ),
}  # fmt: skip


def break_copy(root: Path, fault: str) -> None:
    """Put a fault into a copy; the text must still be there, once."""
    for name, right, wrong in BROKEN[fault]:
        file = root / name
        text = file.read_text(encoding="utf-8")
        assert text.count(right) == 1, f"{name} says it {text.count(right)} times: {right}"
        file.write_text(text.replace(right, wrong), encoding="utf-8")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Sequel]:
    """Give a function that gives worlds whose first build is done, each time the same.

    Always in the same place: raw files that have moved are other sources, and all would be worked
    out anew.
    """
    folder = tmp_path_factory.mktemp("begun")
    root, kept = folder / "project", folder / "kept"
    sequel(root, count=150, seed=2).begin()
    root.rename(kept)

    def again() -> Sequel:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(kept, root, symlinks=True)
        found = Sequel(root, Worlds(150, random.Random(2)))
        found.worlds.begin()
        found.seen.append(look(found.project.work_file))
        assert not found.expected.faults(found.seen[-1], found.worlds)
        return found

    return again


@pytest.mark.long
@pytest.mark.parametrize("fault", BROKEN)
def test_forgetting_something_is_found(fault: str, begun: Callable[[], Sequel]) -> None:
    """Within four builds. SQL that does not run would prove nothing: its error is let through."""
    broken = begun()
    break_copy(broken.root, fault)
    assert any(broken.step() for _ in range(4))
