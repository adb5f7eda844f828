"""Every macro says the same on every engine: one table of inputs and expected values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import yaml
from engines.rehearsal import cases
from engines.rehearsal.engines import ENGINES, Target
from engines.rehearsal.pipes import Pipe
from engines.rehearsal.project import ROOT

GROUPS = cases.read_table()
FEWEST_CASES = 120
# Not SQL, a step of utc_timestamp or utc_moment, or seen elsewhere: where the identity rounds run,
# in test_rehearsal.py, and where columns nest, in test_nested_columns.py.
NOT_IN_THE_TABLE = {
    "adding_strategy",
    "canonical_time",
    "create_scratch_table",
    "identity_driver",
    "materialized",
    "nested_first_text",
    "nested_json",
    "nested_text",
    "nested_value_text",
    "scratch_table",
    "time_of_microseconds",
    "utc_timestamp_pattern",
}


@dataclass(frozen=True)
class Answers:
    """Fault, or none, of each case by name of its group."""

    faults: dict[str, list[str | None]]

    def wrong(self, group: str) -> list[str]:
        return [fault for fault in self.faults[group] if fault]


@pytest.fixture(scope="session")
def answers(
    target_of: Callable[[str], Target],
    renderer: Pipe,
    tmp_path_factory: pytest.TempPathFactory,
    figures: list[str],
) -> dict[str, Answers]:
    """What every engine answers to every case."""
    found = {}
    for name in ENGINES:
        target = target_of(name)
        folder = tmp_path_factory.mktemp("macros") / "project"
        project = cases.macro_project(folder, target.profile("customer360"))
        sql = cases.render(renderer, project, GROUPS)
        found[name] = Answers({one.name: cases.ask(target, one, sql[one.name]) for one in GROUPS})
    equal = [one for one in GROUPS if not any(said.wrong(one.name) for said in found.values())]
    count = sum(len(one.cases) for one in GROUPS)
    figures.append(
        f"macros: {len(equal)} of {len(GROUPS)} constructs equal on {', '.join(found)}"
        f" ({count} cases each)"
    )
    return found


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("group", [one.name for one in GROUPS])
def test_a_macro_says_what_the_table_says(
    answers: dict[str, Answers], group: str, engine: str
) -> None:
    wrong = answers[engine].wrong(group)
    assert not wrong, "\n".join(wrong)


def test_the_table_is_long_enough_and_knows_every_adapter_macro() -> None:
    assert sum(len(one.cases) for one in GROUPS) >= FEWEST_CASES
    described = yaml.safe_load((ROOT / "macros/adapters/_macros.yml").read_text("utf-8"))
    names = {macro["name"] for macro in described["macros"]} - NOT_IN_THE_TABLE
    asked = "\n".join(step for one in GROUPS for step in one.steps)
    assert not {name for name in names if f"{name}(" not in asked}
