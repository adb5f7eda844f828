"""Scenarios of who is who: one YAML file each, with what identity resolution must make of it.

Ids are symbolic: a name such as `A` stands for the id that the customer showed when the name was
first used, and means that id in every later step. Values are written short (`email: a`) and get the
scenario's prefix, so that all scenarios of a policy can be one set of data.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
POLICIES_FILE = "_policies.yml"

IDS = ("customer_id", "user_id", "loyalty_id", "order_id", "device_id", "cookie_id", "session_id")
CRM_COLUMNS = (
    "email", "phone", "customer_id", "user_id", "loyalty_id", "first_name", "last_name",
    "date_of_birth", "city", "postal_code", "until",
)  # fmt: skip
# The columns that a record may give, by the raw table it stands in; web events and orders are rows
# of which several can be one record.
COLUMNS = {
    "crm": CRM_COLUMNS,
    "legacy": CRM_COLUMNS,
    "web": ("email", "phone", "user_id", "order_id", "device_id", "cookie_id", "session_id"),
    "shop": ("email", "phone", "customer_id", "user_id", "loyalty_id", "device_id", "cookie_id"),
}
SCENARIO_KEYS = {"name", "shows", "policy", "prefix", "steps"}
STEP_KEYS = {
    "records", "decisions", "blocked", "replay", "customers", "roles", "changes", "resolves",
    "rejections", "asleep", "set_aside", "events", "generation",
}  # fmt: skip
CHANGES = ("merged", "attached", "retired", "split", "restored", "moved")
CHANGE_KEYS = {"id", "change", "other", "cause", "records"}

Decision = tuple[str, str, str]  # same or never, and the names of two records


class ScenarioError(Exception):
    """A scenario file that cannot be read as one."""


@dataclass(frozen=True)
class Step:
    """What one delivery changes, and what must be seen after it; None: as in the step before."""

    records: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    decisions: tuple[Decision, ...] | None = None
    blocked: tuple[tuple[str, str], ...] | None = None
    replay: bool = False
    customers: Mapping[str, tuple[str, ...]] | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Mapping[str, Any], ...] = ()
    resolves: Mapping[str, str] = field(default_factory=dict)
    rejections: tuple[Mapping[str, str], ...] | None = None
    asleep: tuple[Decision, ...] | None = None
    set_aside: tuple[Decision, ...] | None = None
    events: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    generation: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One file."""

    name: str
    shows: str
    policy: str
    prefix: str
    steps: tuple[Step, ...]

    def at(self, place: int) -> Step:
        """The step in a place; beyond the last one nothing comes and nothing changes."""
        return self.steps[place] if place < len(self.steps) else Step()

    def records_at(self, place: int) -> dict[str, Mapping[str, Any]]:
        """All records after a step: name -> columns, in the order of the file."""
        found: dict[str, Mapping[str, Any]] = {}
        for step in self.steps[: place + 1]:
            for name, record in step.records.items():
                if record is None:
                    del found[name]
                else:
                    found[name] = record
        return found

    def latest(self, attribute: str, place: int) -> Any:
        """What was last said of something that stands until it is said anew; None: nothing."""
        said = [getattr(step, attribute) for step in self.steps[: place + 1]]
        return next((each for each in reversed(said) if each is not None), None)

    def value(self, column: str, written: object) -> str:
        """The value as it stands in the raw data. One that begins with = is taken as it is."""
        text = str(written)
        if text.startswith("="):
            return text[1:].replace("{prefix}", self.prefix)
        if column == "email":
            return f"{text}@mail{self.prefix}.example"
        if column == "phone":
            return f"+447{self.prefix}{int(text):06}"
        return f"{self.prefix}-{text}" if column in IDS else text

    def row_id(self, name: str) -> str:
        """The key of a record's row in its raw table."""
        return f"{self.prefix}-{name}"


# --- reading --------------------------------------------------------------------------------------


def load_scenarios(folder: Path = FOLDER) -> list[Scenario]:
    """Read every scenario of a folder; raises ScenarioError with one sentence."""
    policies = load_policies(folder)
    scenarios = [
        load_scenario(file) for file in sorted(folder.glob("*.yml")) if file.name != POLICIES_FILE
    ]
    prefixes: dict[str, str] = {}
    for scenario in scenarios:
        if scenario.policy not in policies:
            raise ScenarioError(
                f"{scenario.name} names the policy '{scenario.policy}', which {POLICIES_FILE} "
                "does not hold; add it there or name another."
            )
        if scenario.prefix in prefixes:
            raise ScenarioError(
                f"{scenario.name} and {prefixes[scenario.prefix]} share the prefix "
                f"{scenario.prefix}; give one of them a prefix of its own."
            )
        prefixes[scenario.prefix] = scenario.name
        for place, step in enumerate(scenario.steps):
            others = [
                each.name
                for each in scenarios
                if each.policy == scenario.policy and len(each.steps) > place and each != scenario
            ]
            if step.generation and others:
                raise ScenarioError(
                    f"{scenario.name} expects a generation in step {place + 1}, in which "
                    f"{others[0]} brings data too; take a later step for it."
                )
    return scenarios


def load_policies(folder: Path = FOLDER) -> dict[str, list[dict[str, Any]]]:
    """Read policy -> the settings of each step; the last ones stand for all later steps."""
    read: dict[str, list[dict[str, Any]]] = read_yaml(folder / POLICIES_FILE)
    return read


def read_yaml(file: Path) -> Any:
    """Read a YAML file; raises ScenarioError where it is none."""
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{file.name} is no YAML: {error}") from error


def load_scenario(file: Path) -> Scenario:
    """Read one scenario and judge its form; raises ScenarioError with one sentence."""
    read = read_yaml(file)
    if not isinstance(read, dict) or set(read) != SCENARIO_KEYS:
        raise ScenarioError(f"{file.name} must have just {', '.join(sorted(SCENARIO_KEYS))}.")
    if read["name"] != file.stem:
        raise ScenarioError(f"{file.name} has the name '{read['name']}'; call both alike.")
    if not re.fullmatch(r"[1-9][0-9]{2}", str(read["prefix"])):
        raise ScenarioError(f"{file.name} needs a prefix of three digits, such as 101.")
    scenario = Scenario(
        read["name"],
        read["shows"],
        read["policy"],
        str(read["prefix"]),
        tuple(read_step(file.name, step) for step in read["steps"]),
    )
    for place in range(len(scenario.steps)):
        check_step(scenario, place)
    return scenario


def read_step(file: str, read: Mapping[str, Any]) -> Step:
    """Turn a step of a file into its form here."""
    unknown = set(read) - STEP_KEYS
    if unknown:
        raise ScenarioError(f"{file} has the unknown key '{unknown.pop()}' in a step; remove it.")

    def listed(key: str) -> tuple[Any, ...] | None:
        return None if key not in read else tuple(tuple(map(str, each)) for each in read[key])

    customers = read.get("customers")
    return Step(
        records={str(name): record for name, record in read.get("records", {}).items()},
        decisions=listed("decisions"),
        blocked=listed("blocked"),
        replay=read.get("replay", False),
        customers=None
        if customers is None
        else {name: tuple(map(str, records)) for name, records in customers.items()},
        roles={str(name): role for name, role in read.get("roles", {}).items()},
        changes=tuple(read.get("changes", [])),
        resolves=read.get("resolves", {}),
        rejections=None if "rejections" not in read else tuple(read["rejections"]),
        asleep=listed("asleep"),
        set_aside=listed("set_aside"),
        events={str(name): tuple(found) for name, found in read.get("events", {}).items()},
        generation=read.get("generation"),
    )


def check_step(scenario: Scenario, place: int) -> None:
    """Refuse a step that says something impossible or leaves a record or an id out."""
    step, where = scenario.steps[place], f"{scenario.name}, step {place + 1}"
    for name, record in step.records.items():
        if record is None:
            continue
        table = record.get("in", "crm")
        unknown = set(record) - {"in", "at"} - set(COLUMNS.get(table, ()))
        if table not in COLUMNS or unknown:
            raise ScenarioError(f"{where}: '{name}' has what its table lacks: {unknown or table}.")
        if table in ("web", "shop") and "at" not in record:
            raise ScenarioError(f"{where}: '{name}' needs a time; say when in `at`.")
    present = scenario.records_at(place)
    customers = scenario.latest("customers", place) or {}
    placed = [name for names in customers.values() for name in names]
    if sorted(placed) != sorted(present):
        raise ScenarioError(f"{where}: name every record just once under `customers`.")
    for change in step.changes:
        if set(change) - CHANGE_KEYS or change.get("change") not in CHANGES:
            raise ScenarioError(f"{where}: a change must be one of {', '.join(CHANGES)}.")
    if step.generation not in (None, "new", "none"):
        raise ScenarioError(f"{where}: `generation` must be new or none.")
    unresolved = ids_not_shown(scenario, place) - set(resolutions_at(scenario, place))
    if unresolved:
        raise ScenarioError(
            f"{where}: nobody shows {unresolved.pop()} any more; say under `resolves` who holds it."
        )


def ids_not_shown(scenario: Scenario, place: int) -> set[str]:
    """The symbolic ids of earlier steps that no customer shows after this one."""
    named = {name for step in scenario.steps[: place + 1] for name in step.customers or {}}
    return named - set(scenario.latest("customers", place) or {})


def resolutions_at(scenario: Scenario, place: int) -> dict[str, str]:
    """What ids that nobody shows resolve to after a step, or `nobody`."""
    found: dict[str, str] = {}
    for step in scenario.steps[: place + 1]:
        found |= step.resolves
    hidden = ids_not_shown(scenario, place)
    return {name: other for name, other in found.items() if name in hidden}


# --- what was seen --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What a build gave: every table reduced to what scenarios speak of.

    record_keys: table and row id -> record. customers: record -> (id, role). lookup: id -> the id
    valid now. changes: rows of this generation. rejections: record, type, reason, value.
    decisions: (decision, the two records) -> asleep, set_aside or standing. events: table and row
    id -> (id, attributed_by).
    """

    record_keys: Mapping[tuple[str, str], str]
    customers: Mapping[str, tuple[str, str]]
    lookup: Mapping[str, str | None]
    changes: Sequence[Mapping[str, Any]]
    rejections: Sequence[tuple[str, str, str, str]]
    decisions: Mapping[tuple[str, str, str], str]
    events: Mapping[tuple[str, str], tuple[str, str]]
    generation: int

    @property
    def members(self) -> dict[str, set[str]]:
        """Id -> its records."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for key, (shown, _) in self.customers.items():
            found[shown].add(key)
        return found


def differences(scenario: Scenario, seen: Sequence[Seen]) -> list[str]:
    """Hold all steps of a scenario against what was seen; one sentence for each difference."""
    symbols: dict[str, str] = {}
    found: list[str] = []
    for place, now in enumerate(seen):
        before = seen[place - 1] if place else None
        check = StepCheck(scenario, place, now, before, symbols)
        found += [f"step {place + 1}: {each}" for each in check.differences()]
    return found


@dataclass
class StepCheck:
    """One step of one scenario held against what was seen after it."""

    scenario: Scenario
    place: int
    now: Seen
    before: Seen | None
    symbols: dict[str, str]

    @property
    def step(self) -> Step:
        """The step, empty beyond the scenario's last one."""
        return self.scenario.at(self.place)

    def differences(self) -> list[str]:
        """All differences of this step."""
        lost = [name for name in self.records if self.key(name) not in self.now.customers]
        if lost:
            return [f"{name} is in no customer" for name in lost]
        return [
            *self.customers(),
            *self.roles(),
            *self.lookups(),
            *self.changes(),
            *self.rejections(),
            *self.decisions(),
            *self.events(),
            *self.generation(),
        ]

    @property
    def records(self) -> Mapping[str, Mapping[str, Any]]:
        """The records that are there after this step."""
        return self.scenario.records_at(self.place)

    def key(self, name: str) -> str:
        """The key of a record; empty where the build has not seen it."""
        return self.now.record_keys.get(row_of(self.scenario, name), "")

    def symbol(self, shown: str | None) -> str:
        """The symbolic name of an id."""
        if shown is None:
            return "nobody"
        names = {real: name for name, real in self.symbols.items()}
        return names.get(shown, f"an id without a name ({shown[:6]})")

    def customers(self) -> Iterator[str]:
        """Each customer: just these records, under this id."""
        names = {self.key(name): name for name in self.records}
        expected = self.scenario.latest("customers", self.place) or {}
        for symbol, members in expected.items():
            shown = {self.now.customers[self.key(name)][0] for name in members}
            if len(shown) > 1:
                yield f"{', '.join(members)} are several customers, expected one, {symbol}"
                continue
            (only,) = shown
            others = self.now.members[only] - {self.key(name) for name in members}
            if others:
                told = ", ".join(sorted(names.get(other, other) for other in others))
                yield f"the customer of {', '.join(members)} also holds {told}"
            if symbol not in self.symbols and only not in self.symbols.values():
                self.symbols[symbol] = only
            if self.symbols.get(symbol) != only:
                told = "a new one" if symbol not in self.symbols else symbol
                yield f"{', '.join(members)} shows {self.symbol(only)}, expected {told}"

    def roles(self) -> Iterator[str]:
        """How a record belongs to its customer."""
        for name, role in self.step.roles.items():
            found = self.now.customers[self.key(name)][1]
            if found != role:
                yield f"{name} is {found}, expected {role}"

    def lookups(self) -> Iterator[str]:
        """Every id ever shown resolves in one join."""
        expected = {name: name for name in self.scenario.latest("customers", self.place) or {}}
        expected |= resolutions_at(self.scenario, self.place)
        for name, other in expected.items():
            if name not in self.symbols:
                continue
            if self.symbols[name] not in self.now.lookup:
                yield f"{name} is not in the lookup"
                continue
            found = self.symbol(self.now.lookup[self.symbols[name]])
            if found != other:
                yield f"{name} resolves to {found}, expected {other}"

    def changes(self) -> Iterator[str]:
        """All changes of this step, and no other."""
        ours = {self.now.customers[self.key(name)][0] for name in self.records}
        ours |= set(self.symbols.values())
        unmet = list(self.step.changes)
        for row in self.now.changes:
            if not ours & {row["id"], row["other"]}:
                continue
            told = {**row, "id": self.symbol(row["id"]), "other": self.symbol(row["other"])}
            match = next((each for each in unmet if matches(each, told)), None)
            if match is None:
                yield f"there is the change {told}, which is not expected"
            else:
                unmet.remove(match)
        for each in unmet:
            yield f"the change {each} is missing"

    def rejections(self) -> Iterator[str]:
        """All links of the scenario that were dropped or refused, where the step names them."""
        if self.step.rejections is None:
            return
        names = {self.key(name): name for name in self.records}
        found = [
            {"record": names[record], "type": kind, "reason": reason, "value": value}
            for record, kind, reason, value in self.now.rejections
            if record in names
        ]
        unmet = list(self.step.rejections)
        for row in found:
            match = next((each for each in unmet if self.is_rejection(each, row)), None)
            if match is None:
                yield f"there is the rejection {row}, which is not expected"
            else:
                unmet.remove(match)
        for each in unmet:
            yield f"the rejection {each} is missing"

    def is_rejection(self, expected: Mapping[str, str], row: Mapping[str, str]) -> bool:
        """Whether a rejection is the one expected; rows of one record share it."""
        if "value" in expected and row["value"] != self.scenario.value(
            expected["type"], expected["value"]
        ):
            return False
        is_record = self.key(str(expected["record"])) == self.key(row["record"])
        return is_record and all(row[part] == expected[part] for part in ("type", "reason"))

    def decisions(self) -> Iterator[str]:
        """Decisions that sleep or are set aside, where the step names them."""
        ours = decision_keys(self.scenario, self.place, self.before)
        for status in ("asleep", "set_aside"):
            expected = getattr(self.step, status)
            if expected is None:
                continue
            found = sorted(
                decision for key, decision in ours.items() if self.now.decisions.get(key) == status
            )
            if found != sorted(expected):
                yield f"{status} are {found}, expected {sorted(expected)}"

    def events(self) -> Iterator[str]:
        """Whom an event is attributed to, and by what."""
        for name, (symbol, by) in self.step.events.items():
            found = self.now.events.get(row_of(self.scenario, name))
            if found is None:
                yield f"the event {name} is missing"
            elif (self.symbol(found[0]), found[1]) != (symbol, by):
                yield (
                    f"the event {name} is of {self.symbol(found[0])} by {found[1]}, "
                    f"expected {symbol} by {by}"
                )

    def generation(self) -> Iterator[str]:
        """Whether the step made a generation."""
        before = self.before.generation if self.before else 0
        made = "new" if self.now.generation > before else "none"
        if self.step.generation not in (None, made):
            yield f"generation: {made}, expected {self.step.generation}"


def matches(expected: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a change is the one expected; what it does not name may be anything."""
    named = {"other": "nobody", **expected}
    return all(row[part] == value for part, value in named.items())


def row_of(scenario: Scenario, name: str) -> tuple[str, str]:
    """The raw table and row id of a record, which may still be to come."""
    for step in scenario.steps:
        record = step.records.get(name)
        if record is not None:
            return str(record.get("in", "crm")), scenario.row_id(name)
    raise ScenarioError(f"{scenario.name} speaks of '{name}', which is no record of it.")


def decision_keys(
    scenario: Scenario, place: int, before: Seen | None
) -> dict[tuple[str, str, str], Decision]:
    """The decisions that stand after a step: decision and record keys, the lesser first -> names.

    The key of a record of web or shop is a hash, which people know when they have seen it; raises
    ScenarioError where a decision comes before that.
    """

    def key_of(name: str) -> str:
        table, row = row_of(scenario, name)
        if table in ("crm", "legacy"):
            return f"{table}:contacts:{row}"
        if before is None or (table, row) not in before.record_keys:
            raise ScenarioError(
                f"{scenario.name}, step {place + 1}: nobody has seen '{name}' yet; decide later."
            )
        return before.record_keys[table, row]

    found: dict[tuple[str, str, str], Decision] = {}
    for decision, one, other in scenario.latest("decisions", place) or ():
        first, second = sorted((key_of(one), key_of(other)))
        found[decision, first, second] = (decision, one, other)
    return found
