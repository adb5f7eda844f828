"""A build that works out only what changed gives what a full one gives, and what the oracle says.

INCREMENTAL_SEED in the environment draws other worlds for the long test.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Sequence
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

pytestmark = [pytest.mark.project, pytest.mark.sequence]

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
