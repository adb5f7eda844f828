"""Scenarios of who is who on one engine: all of a policy as one set of data, step by step.

They are delivered as the sample's seeds, because a warehouse reads no files. What they must give
is said in tests/scenarios and held against DuckDB elsewhere; here every engine must say the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.rehearsal.builds import sibling
from engines.rehearsal.engines import Account, Rows, Target, started
from engines.rehearsal.inputs import CONTACTS, EVENTS, ITEMS, ORDERS, SAMPLE, Record, read_rows
from engines.rehearsal.project import ROOT, Project, copied
from project.scenario_builds import CHANGING_SEEDS, SEEDS, raw_row, write_csv
from project.scenarios import Scenario, decision_keys, load_policies, load_scenarios

# Limits, human decisions, merges and splits, and the smallest steps.
POLICY = "caps"
# Raw table of the scenarios -> the seed that stands for it.
DELIVERED = {"crm": CONTACTS, "web": EVENTS, "shop": ORDERS}
OTHERS = (ITEMS, "sample_truth")
# Relation -> the columns that name a row.
COMPARED = {
    "customer360_identity_map": ("record_key",),
    "customer360_identity_history": ("record_key", "valid_from_generation"),
    "customer360_id_lookup": ("customer360_id",),
    "customer360_id_changes": ("id_change_key",),
    "customer360_identity_rejections": ("record_key", "identifier_type", "identifier_value"),
    "customer360_events": ("event_id",),
}


@dataclass(frozen=True)
class Told:
    """What stood after each step, and whether it worked out `all` or `changes`.

    steps: relation -> rows.
    """

    steps: tuple[Mapping[str, Rows], ...]
    modes: tuple[str, ...]
    account: Account
    seconds: float


def stories() -> list[Scenario]:
    """Return the scenarios that can be told on every engine, in the order of their names.

    Not those that need a second system, or a key that people know only when they have seen it.
    """
    return [
        scenario
        for scenario in load_scenarios()
        if scenario.policy == POLICY
        and all(record.get("in", "crm") in DELIVERED for record in records_of(scenario))
        and not decides_on_visitors(scenario)
    ]


def records_of(scenario: Scenario) -> list[Mapping[str, Any]]:
    """Return every record that a scenario ever delivers."""
    return [each for step in scenario.steps for each in step.records.values() if each is not None]


def decides_on_visitors(scenario: Scenario) -> bool:
    """Tell whether a decision names a record whose key is a hash."""
    hashed = {
        name
        for step in scenario.steps
        for name, record in step.records.items()
        if record is not None and record.get("in", "crm") != "crm"
    }
    return any(
        hashed & {one, other} for step in scenario.steps for _, one, other in step.decisions or ()
    )


def tell(name: str, folder: Path) -> Told:
    """Build every step on an engine. Raises what rehearse() raises."""
    scenarios = stories()
    settings = load_policies()[POLICY]
    start = time.monotonic()
    with started(name, folder) as target:
        project = copied(folder / "project", target.profile("customer360"))
        shorten(project.root)
        steps, modes = [], []
        for place in range(max(len(scenario.steps) for scenario in scenarios)):
            deliver(project.root, scenarios, place)
            given = dict(settings[min(place, len(settings) - 1)])
            build(project, place, given)
            steps.append(look(target, project))
            modes.append(mode_of(target, project))
        account = target.account()
    return Told(tuple(steps), tuple(modes), account, time.monotonic() - start)


def build(project: Project, place: int, given: Mapping[str, Any]) -> None:
    """Load what was delivered and run every model."""
    variables = {"as_of": "2024-12-31 00:00:00", "source_trust": list(DELIVERED), **given}
    seeds = [] if place == 0 else ["--select", *DELIVERED.values(), *CHANGING_SEEDS]
    project.dbt("seed", *seeds, variables=variables)
    project.dbt("run", variables=variables)


def shorten(root: Path) -> None:
    """Leave one row in the seeds that no scenario fills: of none, BigQuery makes no table."""
    for name in OTHERS:
        seed = read_rows(root / SAMPLE / f"{name}.csv")
        write_csv(seed.path, seed.columns, seed.rows[:1])


def deliver(root: Path, scenarios: Sequence[Scenario], place: int) -> None:
    """Write the seeds as they are in a step."""
    rows: dict[str, list[Record]] = {table: [] for table in DELIVERED}
    decisions, blocked = [], []
    for scenario in scenarios:
        for name, record in scenario.records_at(place).items():
            rows[str(record.get("in", "crm"))].append(raw_row(scenario, name, record))
        decisions += [
            {"decision": decision, "record_key_one": one, "record_key_other": other}
            for decision, one, other in decision_keys(scenario, place, None)
        ]
        blocked += [
            {"identifier_type": kind, "blocked_value": scenario.value(kind, value)}
            for kind, value in scenario.latest("blocked", place) or ()
        ]
    for table, name in DELIVERED.items():
        file = root / SAMPLE / f"{name}.csv"
        write_csv(file, read_rows(file).columns, rows[table])
    for name, given in zip(CHANGING_SEEDS, (blocked, decisions), strict=True):
        before = read_rows(ROOT / SEEDS / f"{name}.csv")
        write_csv(root / SEEDS / f"{name}.csv", before.columns, [*before.rows, *given])


def look(target: Target, project: Project) -> dict[str, Rows]:
    """Read what is compared."""
    relations = project.relations("models/marts/")
    return {name: target.rows(f"select * from {relations[name].name}") for name in COMPARED}


def mode_of(target: Target, project: Project) -> str:
    """Return whether the last run worked out `all` or `changes`."""
    resolved = project.relations("models/intermediate/identity/")["int_identity__resolved"].name
    ((mode,),) = target.rows(f"select mode from {sibling(resolved, 'identity_working')}").rows
    return str(mode)
