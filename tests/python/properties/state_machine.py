"""Sequences of builds, and what they must leave behind according to the oracle.

A plan says how each build goes; beside it every sequence has its own operations on the data before
each build. Many sequences are built as one, because their names have nothing in common, and looked
at one by one.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from properties.identity_cases import POLICIES, Policy
from properties.identity_oracle import (
    STRONG,
    WEAK,
    Decision,
    Record,
    Resolution,
    State,
    Value,
    next_state,
    resolve,
    resolves_to,
)
from properties.state_kernel import USED_POLICIES, Code, Data, Resolved, Warehouse, place_of

# A fact is what a build says of one sequence: its kind, then what it says.
Fact = tuple[Any, ...]
Facts = dict[int, set[Fact]]

TYPES = {"user_id": STRONG, "email": STRONG, "phone": STRONG, "loyalty_id": STRONG,
         "device_id": WEAK, "cookie_id": WEAK}  # fmt: skip
DIGITS = "012"
HOURS = 24 * 20


@dataclass(frozen=True)
class Operation:
    """Something that happens to the data; the number draws what it happens to."""

    kind: str
    number: int


Operations = tuple[tuple[Operation, ...], ...]  # per build


@dataclass(frozen=True)
class Build:
    """How a build goes: good; failed: some test fails; cut: off while the state is written.

    share: of the statements that write the state, where the build is cut off.
    """

    policy: str
    how: str = "good"
    share: float = 1.0
    is_full_refresh: bool = False


Plan = tuple[Build, ...]


class Difference(AssertionError):
    """What a build said that the oracle does not say, or the other way round."""

    def __init__(self, place: int | None, told: str) -> None:
        super().__init__(told)
        self.place = place


# --- what is drawn --------------------------------------------------------------------------------

KINDS = Counter(
    add=6, add_oldest=2, change=8, change_time=2, see_again=2, delete=3, delete_anchor=3,
    give_back=5, block=2, unblock=1, decide_same=2, decide_never=2, withdraw=2,
)  # fmt: skip


def random_plan(rng: random.Random, length: int, policies: Sequence[str]) -> Plan:
    """Builds of one policy that changes now and then; about two in three come through."""
    policy = rng.choice(policies)
    builds = []
    for _ in range(length):
        if rng.random() < 0.2:
            policy = rng.choice(policies)
        how = rng.choices(("good", "failed", "cut"), (7, 1, 2))[0]
        builds.append(Build(policy, how, rng.random(), rng.random() < 0.1))
    return tuple(builds)


def random_operations(rng: random.Random, length: int) -> Operations:
    """Some records to begin with, then a few operations before each build, or none."""

    def some(count: int, kinds: Counter[str]) -> tuple[Operation, ...]:
        drawn = rng.choices(list(kinds), list(kinds.values()), k=count)
        return tuple(Operation(kind, rng.getrandbits(32)) for kind in drawn)

    first = some(rng.choice([1, 4, 7, 10]), Counter(add=1))
    return (first, *(some(rng.choice([0, 1, 1, 2, 4]), KINDS) for _ in range(length - 1)))


@dataclass
class World:
    """What the sources and people say in one sequence, as it changes."""

    place: int
    records: dict[str, Record] = field(default_factory=dict)
    gone: dict[str, Record] = field(default_factory=dict)
    decisions: dict[tuple[str, str], bool] = field(default_factory=dict)
    blocked: set[Value] = field(default_factory=set)
    made: int = 0

    def data(self) -> Data:
        """What a build reads."""
        return Data(
            self.place,
            tuple(self.records.values()),
            dict(self.decisions),
            frozenset(self.blocked),
        )

    def apply(self, operation: Operation, state: State) -> None:
        """Let one thing happen; nothing, where there is nothing that it could happen to."""
        rng = random.Random(operation.number)
        happen: Callable[[random.Random, State], None] = getattr(self, operation.kind)
        happen(rng, state)

    def put(self, rng: random.Random, first: int | None) -> None:
        """Add a record; its key says nothing about its age."""
        key = f"{self.place}/{rng.randrange(100):02}.{self.made:02}"
        self.made += 1
        last = None if first is None else first + rng.choice([0, 0, 5, 100])
        self.records[key] = Record(key, first, last, some_values(rng), some_fields(rng))

    def add(self, rng: random.Random, _: State) -> None:
        """A new record."""
        self.put(rng, some_time(rng))

    def add_oldest(self, rng: random.Random, _: State) -> None:
        """A record arrives late that is older than all others."""
        self.put(rng, -rng.randrange(1, HOURS) - HOURS * self.made)

    def change(self, rng: random.Random, _: State) -> None:
        """A record carries other values than before."""
        if self.records:
            key = rng.choice(sorted(self.records))
            record = self.records[key]
            kept = frozenset(value for value in sorted(record.values) if rng.random() < 0.5)
            self.records[key] = replace(record, values=kept | some_values(rng))

    def change_time(self, rng: random.Random, _: State) -> None:
        """A record has another time than before."""
        if self.records:
            key = rng.choice(sorted(self.records))
            self.records[key] = replace(self.records[key], first=some_time(rng), last=None)

    def see_again(self, rng: random.Random, _: State) -> None:
        """A later row of a record is found."""
        timed = sorted(key for key, record in self.records.items() if record.first is not None)
        if timed:
            record = self.records[key := rng.choice(timed)]
            start = record.first if record.last is None else record.last
            self.records[key] = replace(record, last=(start or 0) + rng.randrange(1, 60))

    def remove(self, key: str) -> None:
        """Delete a record, which may come back."""
        self.gone[key] = self.records.pop(key)

    def delete(self, rng: random.Random, _: State) -> None:
        """A record is deleted."""
        if self.records:
            self.remove(rng.choice(sorted(self.records)))

    def delete_anchor(self, rng: random.Random, state: State) -> None:
        """A record that an id is anchored to is deleted."""
        anchors = sorted({minted.anchor for minted in state.ids.values()} & set(self.records))
        if anchors:
            self.remove(rng.choice(anchors))

    def give_back(self, rng: random.Random, _: State) -> None:
        """A deleted record returns, as it was or with other values."""
        if self.gone:
            key = rng.choice(sorted(self.gone))
            record = self.gone.pop(key)
            is_same = rng.random() < 0.7
            self.records[key] = record if is_same else replace(record, values=some_values(rng))

    def block(self, rng: random.Random, _: State) -> None:
        """A value is blocked, mostly one that is carried."""
        carried = sorted({value for record in self.records.values() for value in record.values})
        if carried:
            self.blocked.add(rng.choice(carried))

    def unblock(self, rng: random.Random, _: State) -> None:
        """A blocked value is evidence again."""
        if self.blocked:
            self.blocked.remove(rng.choice(sorted(self.blocked)))

    def decide(self, rng: random.Random, is_same: bool) -> None:
        """People decide about two records, which may be gone by then, or by later."""
        keys = sorted(self.records) + sorted(self.gone)[:1]
        if len(keys) > 1:
            one, other = sorted(rng.sample(keys, 2))
            self.decisions[one, other] = is_same

    def decide_same(self, rng: random.Random, _: State) -> None:
        """Two records are one person."""
        self.decide(rng, is_same=True)

    def decide_never(self, rng: random.Random, _: State) -> None:
        """Two records never are."""
        self.decide(rng, is_same=False)

    def withdraw(self, rng: random.Random, _: State) -> None:
        """A decision is taken back."""
        if self.decisions:
            del self.decisions[rng.choice(sorted(self.decisions))]


def some_time(rng: random.Random) -> int | None:
    """A time, now and then unknown."""
    return None if rng.random() < 0.1 else rng.randrange(HOURS)


def some_fields(rng: random.Random) -> dict[str, str]:
    """A given name, mostly."""
    return {"first_name": rng.choice("abc")} if rng.random() < 0.8 else {}


def some_values(rng: random.Random) -> frozenset[Value]:
    """What a record carries; one in three is anonymous."""
    weak = [name for name, role in TYPES.items() if role == WEAK]
    kinds = weak if rng.random() < 0.35 else list(TYPES)
    count = rng.choice([0, 1, 1, 1, 2, 2])
    return frozenset((rng.choice(kinds), rng.choice(DIGITS)) for _ in range(count))


# --- what must come out ---------------------------------------------------------------------------


@dataclass
class Memory:
    """What is published of one sequence, by the oracle.

    versions: (record, id, role, from generation) -> the generation that ended it, None while it is
    valid. changes: every change of an id so far, with its generation.
    """

    state: State = field(default_factory=State)
    versions: dict[tuple[str, str, str, int], int | None] = field(default_factory=dict)
    changes: set[Fact] = field(default_factory=set)

    def after(self, found: Resolution, records: Iterable[Record], generation: int) -> Memory:
        """What is published once a resolution is, as a generation of this number."""
        by_key = {record.key: record for record in records}
        state = next_state(self.state, by_key, found)
        changes = self.changes | {(generation, *each) for each in id_changes(self.state, state)}
        roles = roles_of(found)
        now = {(key, shown, roles[key]) for key, (shown, _) in state.map.items()}
        versions = {
            version: generation if end is None and version[:3] not in now else end
            for version, end in self.versions.items()
        }
        valid = {version[:3] for version, end in versions.items() if end is None}
        versions |= {(*each, generation): None for each in now - valid}
        return Memory(state, versions, changes)

    def facts(self, found: Resolution) -> set[Fact]:
        """Everything that a build must say, given how the records were resolved."""
        roles = roles_of(found)
        shown = {("map", key, name, roles[key]) for key, (name, _) in self.state.map.items()}
        rejected = {("rejected", *link, reason) for link, reason in found.rejections.items()}
        aside = {("set aside", each.one, each.other, each.is_same) for each in found.set_aside}
        history = {("version", *version, end) for version, end in self.versions.items()}
        changes = {("change", *change) for change in self.changes}
        return shown | rejected | aside | history | changes | lookup(self.state)


def roles_of(found: Resolution) -> dict[str, str]:
    """Record -> known, attached or anonymous."""
    roles: dict[str, str] = {}
    for customer in found.customers:
        roles |= dict.fromkeys(customer.own, "known" if customer.is_identified else "anonymous")
        roles |= dict.fromkeys(customer.attached, "attached")
    return roles


def ending(state: State, name: str) -> tuple[str, str | None]:
    """What became of an id, and the id that means the same person now."""
    now = resolves_to(state)[name]
    if now is None:
        return "retired", None
    if now == name:
        return "current", now
    return ("attached" if state.map[state.ids[name].anchor][1] else "merged"), now


def lookup(state: State) -> set[Fact]:
    """Every id ever published, with what became of it."""
    return {("lookup", name, *ending(state, name)) for name in state.ids}


def id_changes(before: State, after: State) -> set[Fact]:
    """(id, change, other id, records that changed sides) of one generation."""
    flows: Counter[tuple[str | None, str | None]] = Counter()
    for key in before.map.keys() | after.map.keys():
        flows[shown_by(before, key), shown_by(after, key)] += 1
    olds = {name for name, _ in before.map.values()}
    news = {name for name, _ in after.map.values()}
    changes: set[Fact] = set()
    for name in olds - news:
        change, other = ending(after, name)
        changes.add((name, change, other, flows[name, other] if other else 0))
    for (old, new), count in flows.items():
        ended_in_it = old is not None and old not in news and ending(after, old)[1] == new
        has_come = old is not None or new in before.ids
        if new is not None and new not in olds and has_come and not ended_in_it:
            changes.add((new, "restored" if new in before.ids else "split", old, count))
        if old in olds and new in olds and old != new and not ended_in_it:
            changes.add((old, "moved", new, count))
    return changes


def shown_by(state: State, key: str) -> str | None:
    """The customer of a record; None where there is no such record."""
    return state.map[key][0] if key in state.map else None


# --- what does come out ---------------------------------------------------------------------------

QUERIES = {
    "map": "select record_key, customer360_id, record_role from {customer360_identity_map}",
    "version": """
        select record_key, customer360_id, record_role, valid_from_generation, valid_to_generation
        from {customer360_identity_history}
        -- What says whether a version is valid must agree with itself.
        where is_current = (valid_to_generation is null)
    """,
    "rejected": """
        select record_key, identifier_type, identifier_value, reason from {int_identity__resolved}
        inner join {int_identity__records} using (record_no) where reason is not null
        union all
        select record_key, identifier_type, identifier_value, dropped_reason
        from {int_identity__links} inner join {int_identity__records} using (record_no)
        where dropped_reason is not null
    """,
    "set aside": """
        select record_key_one, record_key_other, is_same
        from {int_identity__resolved}
        inner join {int_identity__decisions} on identifier_value = decision_key
        where identifier_type = 'decision'
    """,
    "lookup": """
        select customer360_id, id_status, current_customer360_id from {customer360_id_lookup}
    """,
    "change": """
        select generation_no, customer360_id, change, other_customer360_id, record_count
        from {customer360_id_changes}
    """,
}
MINTED_FROM = """
    select customer360_id, minted_record_key from {int_state__anchors}
    union
    select customer360_id, minted_record_key from {int_state__ids}
"""


def read_facts(warehouse: Warehouse) -> Facts:
    """What a build says, by sequence. Raises Difference where a row is there twice."""
    minted_from = {name: place_of(key) for name, key in warehouse.rows(MINTED_FROM)}
    facts: Facts = defaultdict(set)
    for kind, query in QUERIES.items():
        for row in warehouse.rows(query):
            names_id = kind in ("lookup", "change")
            told = row[kind == "change"]
            place = minted_from.get(told, -1) if names_id else place_of(told)
            if kind == "rejected":
                row = (*row[:2], row[2].partition("/")[2], row[3])
            if (kind, *row) in facts[place]:
                raise Difference(place, f"said twice: {kind} {row}")
            facts[place].add((kind, *row))
    return facts


def compare(said: Facts, right: Facts) -> None:
    """Raise Difference for the first sequence of which a build says something else."""
    for place in sorted(said.keys() | right.keys()):
        found, expected = said.get(place, set()), right.get(place, set())
        if found != expected:
            told = [
                f"  said only by the build: {fact}" for fact in sorted(found - expected, key=repr)
            ]
            told += [f"  missing: {fact}" for fact in sorted(expected - found, key=repr)]
            raise Difference(place, "\n".join(told[:30]))


# --- one sequence of builds -----------------------------------------------------------------------


@dataclass
class Run:
    """Sequences that are built as one, beside the oracle.

    all_operations: place -> the operations of a sequence. code, changing, known: as of Warehouse.
    seen counts what came up.
    """

    code: Code
    plan: Plan
    all_operations: dict[int, Operations]
    changing: Code | None = None
    known: Resolved = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.warehouse = Warehouse(self.code, self.changing, known=self.known)
        self.worlds = {place: World(place) for place in self.all_operations}
        self.memories = {place: Memory() for place in self.all_operations}

    def check(self) -> None:
        """Go through the plan; raise Difference at the first build that went wrong."""
        for step, build in enumerate(self.plan):
            try:
                self.step(step, build)
            except Difference as difference:
                where = f"build {step + 1} of {len(self.plan)}, {build}"
                raise Difference(difference.place, f"{where}\n{difference}") from None

    def step(self, step: int, build: Build) -> None:
        """Let things happen to the data, build, and look."""
        for place, world in self.worlds.items():
            for operation in self.all_operations[place][step]:
                world.apply(operation, self.memories[place].state)
                self.seen[operation.kind] += 1
        state_before = self.begin()
        all_data = [world.data() for world in self.worlds.values()]
        self.warehouse.build(all_data, build.policy, step, build.is_full_refresh)
        generation = self.warehouse.last_generation() + 1
        found = {data.place: resolve_data(data, POLICIES[build.policy]) for data in all_data}
        after = {
            data.place: self.memories[data.place].after(found[data.place], data.records, generation)
            for data in all_data
        }
        right = {place: memory.facts(found[place]) for place, memory in after.items()}
        compare(read_facts(self.warehouse), right)
        changes = any(memory.state is not self.memories[place].state or
                      memory.versions != self.memories[place].versions
                      for place, memory in after.items())  # fmt: skip
        if self.warehouse.adds_to_state() != changes:
            raise Difference(None, f"the state {'should' if changes else 'should not'} change")
        self.seen[build.how] += len(self.worlds)
        share = build.share if build.how == "cut" else 1.0
        if build.how == "failed" or self.warehouse.commit(build.policy, share) == "cut":
            self.state_to_find = state_before
            return
        self.memories = after
        self.state_to_find = self.warehouse.state()
        self.replay(all_data, build, right)

    state_to_find: dict[str, list[tuple[Any, ...]]] | None = None

    def begin(self) -> dict[str, list[tuple[Any, ...]]]:
        """Roll back what was cut off; nothing else may go or stay."""
        self.warehouse.begin()
        state = self.warehouse.state()
        if self.state_to_find is not None and state != self.state_to_find:
            raise Difference(None, "the state is not what was published last")
        return state

    def replay(self, all_data: Sequence[Data], build: Build, right: Facts) -> None:
        """Build once more from the same data: the same marts, no generation."""
        contents = self.warehouse.contents()
        self.begin()
        self.warehouse.build(all_data, build.policy, seed=-1)
        if self.warehouse.contents() != contents:
            compare(read_facts(self.warehouse), right)
            raise Difference(None, "a replay changes the marts")
        told = self.warehouse.commit(build.policy)
        if told != "nothing" or self.warehouse.state() != self.state_to_find:
            raise Difference(None, "a replay made a generation")


def resolve_data(data: Data, policy: Policy) -> Resolution:
    """What the oracle makes of one sequence's data."""
    entries = [
        replace(
            entry,
            blocked=entry.blocked | {value for kind, value in data.blocked if kind == entry.name},
        )
        for entry in policy
    ]
    decisions = [Decision(*pair, is_same) for pair, is_same in data.decisions.items()]
    return resolve(data.records, entries, decisions)


# --- many sequences -------------------------------------------------------------------------------


def random_run(
    code: Code,
    seed: int,
    count: int,
    length: int,
    *,
    policies: Sequence[str] = USED_POLICIES,
    changing: Code | None = None,
) -> Run:
    """So many sequences of so many builds each, drawn by the seed."""
    rng = random.Random(seed)
    plan = random_plan(rng, length, policies)
    all_operations = {place: random_operations(rng, length) for place in range(count)}
    return Run(code, plan, all_operations, changing)


def difference_alone(run: Run, plan: Plan, operations: Operations) -> Difference | None:
    """Build one sequence alone, as the run did; what went wrong, if anything."""
    try:
        Run(run.code, plan, {0: operations}, run.changing).check()
    except Difference as difference:
        return difference
    return None


def smaller(plan: Plan, operations: Operations) -> Iterable[tuple[Plan, Operations]]:
    """The same sequence with a build or an operation less, or with a plainer build."""
    for step in range(len(plan)):
        later = operations[step + 1] if step + 1 < len(plan) else ()
        joined = (operations[step] + later,) if later else ()
        yield (
            plan[:step] + plan[step + 1 :],
            operations[:step] + joined + operations[step + 1 + len(joined) :],
        )
    for step, build in enumerate(plan):
        plain = replace(build, how="good", is_full_refresh=False)
        if plain != build:
            yield (*plan[:step], plain, *plan[step + 1 :]), operations
    for step, own in enumerate(operations):
        for place in range(len(own)):
            fewer = own[:place] + own[place + 1 :]
            yield plan, (*operations[:step], fewer, *operations[step + 1 :])


def shrunk(run: Run, plan: Plan, operations: Operations) -> tuple[Plan, Operations]:
    """A smallest sequence that still goes wrong, found by leaving things out."""
    for less in smaller(plan, operations):
        if difference_alone(run, *less) is not None:
            return shrunk(run, *less)
    return plan, operations


def explain(run: Run, difference: Difference) -> str:
    """What to read when a sequence went wrong: its smallest form, if it goes wrong alone."""
    if difference.place not in run.all_operations:
        return str(difference)
    operations = run.all_operations[difference.place]
    if difference_alone(run, run.plan, operations) is None:
        return f"only beside others, sequence {difference.place}:\n{difference}"
    plan, operations = shrunk(run, run.plan, operations)
    lines = []
    for build, own in zip(plan, operations, strict=True):
        lines += [f"  {operation}" for operation in own] + [f"  {build}"]
    return "\n".join(["A smallest sequence:", *lines, str(difference_alone(run, plan, operations))])
