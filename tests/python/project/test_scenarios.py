"""Every scenario of tests/scenarios through the real project, and that a wrong one is found out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import copy_project
from project.scenario_builds import build_policy
from project.scenarios import (
    FOLDER,
    POLICIES_FILE,
    Scenario,
    ScenarioError,
    Seen,
    Step,
    differences,
    load_scenario,
    load_scenarios,
)

Built = Callable[[str], list[Seen]]

SCENARIOS = load_scenarios()
POLICIES = sorted({scenario.policy for scenario in SCENARIOS})
RULES = {f"rule_{number:02}" for number in range(1, 21)}


def of_policy(policy: str) -> list[Scenario]:
    return [scenario for scenario in SCENARIOS if scenario.policy == policy]


def in_one_worker(policy: str, name: str, *values: Any) -> Any:
    """A test case; all of a policy run in one process, which builds it once."""
    group = pytest.mark.xdist_group(f"scenarios {policy}")
    return pytest.param(*values, id=name, marks=[pytest.mark.project, pytest.mark.sequence, group])


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a policy when it is first asked for; a build that failed is not tried again."""
    folder = tmp_path_factory.mktemp("scenarios")

    @cache
    def outcome(policy: str) -> list[Seen] | Exception:
        try:
            return build_policy(copy_project(folder / policy), policy, of_policy(policy))
        except Exception as error:
            return error

    def seen(policy: str) -> list[Seen]:
        found = outcome(policy)
        if isinstance(found, Exception):
            raise found
        return found

    return seen


@pytest.mark.parametrize(
    "scenario", [in_one_worker(each.policy, each.name, each) for each in SCENARIOS]
)
def test_scenario(scenario: Scenario, built: Built) -> None:
    found = differences(scenario, built(scenario.policy))
    assert not found, "\n".join([scenario.shows, *found])


def test_there_are_enough_and_every_settling_rule_has_one() -> None:
    assert len(SCENARIOS) >= 60
    assert {each.name[:7] for each in SCENARIOS if each.name.startswith("rule_")} == RULES


# --- the runner can fail --------------------------------------------------------------------------


def changed(scenario: Scenario, place: int, **changes: Any) -> Scenario:
    """The scenario with other expectations in one step."""
    steps = list(scenario.steps)
    steps[place] = dataclasses.replace(steps[place], **changes)
    return dataclasses.replace(scenario, steps=tuple(steps))


Wrong = Iterator[tuple[str, dict[str, Any]]]


def wrong_steps(scenario: Scenario, place: int) -> Wrong:
    """Every way of expecting something else of a step that says it: what, and the new fields."""
    yield from wrong_customers(scenario, place)
    yield from wrong_changes(scenario.steps[place])
    yield from wrong_reports(scenario, place)


def wrong_customers(scenario: Scenario, place: int) -> Wrong:
    """Other groups of records, other ids and other roles."""
    step = scenario.steps[place]
    customers = dict(step.customers or {})
    names, groups = list(customers), list(customers.values())
    # Names that are used for the first time may stand for any id.
    named = {name for each in scenario.steps[:place] for name in each.customers or {}}
    if len(named & set(names)) > 1:
        yield "other ids", {"customers": dict(zip(names, groups[1:] + groups[:1], strict=True))}
    if len(names) > 1:
        joined = tuple(record for each in groups for record in each)
        yield "one customer", {"customers": {names[0]: joined}}
    for name, members in customers.items():
        if len(members) > 1:
            parted = {**customers, name: members[:1], "another": members[1:]}
            yield "another customer", {"customers": parted}
    for name, role in step.roles.items():
        other = "known" if role != "known" else "anonymous"
        yield "another role", {"roles": {**step.roles, name: other}}


def wrong_changes(step: Step) -> Wrong:
    """Other changes of ids, and other customers that ids resolve to."""
    for change in step.changes:
        rest = tuple(each for each in step.changes if each is not change)
        yield "a change less", {"changes": rest}
        yield "another change", {"changes": (*rest, {**change, "change": "unheard of"})}
        yield "another cause", {"changes": (*rest, {**change, "cause": "chance"})}
        yield "another count", {"changes": (*rest, {**change, "records": 999})}
        yield "another other", {"changes": (*rest, {**change, "other": change["id"]})}
    for name, other in step.resolves.items():
        told = "nobody" if other != "nobody" else name
        yield "another resolution", {"resolves": {**step.resolves, name: told}}


def wrong_reports(scenario: Scenario, place: int) -> Wrong:
    """Other rejections, decisions, attributions and generations."""
    step = scenario.steps[place]
    if step.rejections is not None:
        more = {"record": next(iter(scenario.records_at(place))), "type": "email", "reason": "whim"}
        yield "a rejection more", {"rejections": (*step.rejections, more)}
        for rejection in step.rejections:
            rest = tuple(each for each in step.rejections if each is not rejection)
            yield "a rejection less", {"rejections": rest}
    for status in ("asleep", "set_aside"):
        decisions = getattr(step, status)
        if decisions:
            yield f"less {status}", {status: decisions[1:]}
    for name, (customer, by) in step.events.items():
        yield "an event by chance", {"events": {**step.events, name: (customer, "chance")}}
        yield "an event of nobody", {"events": {**step.events, name: ("nobody", by)}}
    if step.generation:
        other = "none" if step.generation == "new" else "new"
        yield "another generation", {"generation": other}


@pytest.mark.parametrize("policy", [in_one_worker(policy, policy, policy) for policy in POLICIES])
def test_every_wrong_expectation_is_found(policy: str, built: Built) -> None:
    seen = built(policy)
    missed = [
        (scenario.name, place + 1, what)
        for scenario in of_policy(policy)
        for place in range(len(scenario.steps))
        for what, fields in wrong_steps(scenario, place)
        if not differences(changed(scenario, place, **fields), seen)
    ]
    assert missed == []


def test_every_kind_of_expectation_was_broken() -> None:
    kinds = {
        what
        for each in SCENARIOS
        for place in range(len(each.steps))
        for what, _ in wrong_steps(each, place)
    }
    assert len(kinds) == 17


# --- files that are no scenarios ------------------------------------------------------------------

GOOD: Mapping[str, Any] = {
    "name": "one",
    "shows": "Nothing much.",
    "policy": "plain",
    "prefix": 101,
    "steps": [{"records": {"ann": {"email": "a"}}, "customers": {"A": ["ann"]}}],
}


def folder_of(folder: Path, *scenarios: Mapping[str, Any]) -> Path:
    """A folder with scenarios and the policies of the real ones."""
    policies = (FOLDER / POLICIES_FILE).read_text(encoding="utf-8")
    (folder / POLICIES_FILE).write_text(policies, encoding="utf-8")
    for scenario in scenarios:
        file = folder / f"{scenario['name']}.yml"
        file.write_text(yaml.safe_dump(dict(scenario)), encoding="utf-8")
    return folder


def test_two_scenarios_that_share_a_prefix_are_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, GOOD, {**GOOD, "name": "two"})
    with pytest.raises(ScenarioError, match="two and one share the prefix 101"):
        load_scenarios(folder)


def test_a_generation_is_expected_where_nobody_else_brings_data(tmp_path: Path) -> None:
    steps = [{**GOOD["steps"][0], "generation": "new"}]
    alone = {**GOOD, "name": "two", "prefix": 102, "steps": steps}
    with pytest.raises(ScenarioError, match="two expects a generation in step 1, in which one"):
        load_scenarios(folder_of(tmp_path, GOOD, alone))
    assert load_scenarios(folder_of(tmp_path, {**GOOD, "policy": "caps"}, alone))


STEPS: Mapping[str, tuple[list[dict[str, Any]], str]] = {
    "a record in no customer": (
        [{"records": {"ann": {}, "bob": {}}, "customers": {"A": ["ann"]}}],
        "name every record just once",
    ),
    "a record that left": (
        [*GOOD["steps"], {"records": {"ann": None}}],
        "name every record just once",
    ),
    "a column that no table has": (
        [{"records": {"ann": {"e-mail": "a"}}, "customers": {"A": ["ann"]}}],
        "has what its table lacks",
    ),
    "an event without a time": (
        [{"records": {"v": {"in": "web"}}, "customers": {"A": ["v"]}}],
        "needs a time",
    ),
    "an unknown key": ([{**GOOD["steps"][0], "change": []}], "unknown key 'change'"),
    "an unknown change": (
        [{**GOOD["steps"][0], "changes": [{"id": "A", "change": "gone"}]}],
        "a change must be one of",
    ),
    "an id that goes nowhere": (
        [*GOOD["steps"], {"customers": {"B": ["ann"]}}],
        "nobody shows A any more",
    ),
    "an unknown generation": (
        [{**GOOD["steps"][0], "generation": "old"}],
        "must be new or none",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    steps, sentence = STEPS[name]
    folder = folder_of(tmp_path, {**GOOD, "steps": steps})
    with pytest.raises(ScenarioError, match=sentence):
        load_scenario(folder / "one.yml")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"policy": "strict"}, "names the policy 'strict', which"),
        ({"prefix": "x1"}, "needs a prefix of three digits"),
        ({"notes": "none"}, "must have just"),
    ],
)
def test_a_file_of_another_form_is_refused(
    tmp_path: Path, changes: Mapping[str, Any], sentence: str
) -> None:
    folder = folder_of(tmp_path, {**GOOD, **changes})
    with pytest.raises(ScenarioError, match=sentence):
        load_scenarios(folder)


def test_a_file_is_called_like_its_scenario(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, GOOD)
    (folder / "one.yml").rename(folder / "two.yml")
    with pytest.raises(ScenarioError, match="has the name 'one'; call both alike"):
        load_scenarios(folder)
