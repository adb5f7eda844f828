"""What identity resolution must give, in the plainest form: links taken one by one, sets, loops.

The other side of the comparison: it shares no code with the project and knows no SQL and no
increments. Every call works everything out anew from all records, the policy, the decisions and the
published state. docs/identity.md says the same in words.

Times are whole numbers (hours), so that windows of days are exact.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

HOURS_A_DAY = 24
STRONG, FALLBACK, WEAK = "strong", "fallback", "weak"

Value = tuple[str, str]  # type, value
Link = tuple[str, str, str]  # record, type, value
Order = tuple[int, bool, int, str, str]  # rank of the type, the record's age and key, value


@dataclass(frozen=True)
class Record:
    """One record: what it carries and when it was first and last seen (hours, None: unknown)."""

    key: str
    first: int | None = None
    last: int | None = None
    values: frozenset[Value] = frozenset()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Type:
    """One entry of the policy; a limit that is None is no limit."""

    name: str
    role: str
    when_missing: tuple[str, ...] = ()
    valid: str | None = None
    blocked: frozenset[str] = frozenset()
    max_records: int | None = None
    max_distinct: Mapping[str, int] = field(default_factory=dict)
    max_customers: int | None = None
    within_days: int | None = None
    max_per_customer: int | None = None


@dataclass(frozen=True)
class Decision:
    """A human's word on two records: the same person, or never the same."""

    one: str
    other: str
    is_same: bool


@dataclass(frozen=True)
class Customer:
    """What remains after the rules: own records, attached ones, and whether it is identified."""

    own: frozenset[str]
    attached: frozenset[str]
    is_identified: bool


@dataclass
class Resolution:
    """All customers, and every link that was dropped or refused, with its reason."""

    customers: list[Customer]
    rejections: dict[Link, str]
    set_aside: set[Decision]

    def customer_of(self) -> dict[str, Customer]:
        """Record -> its customer."""
        return {key: each for each in self.customers for key in each.own | each.attached}


class Groups:
    """Disjoint sets of nodes, with the limited values that each holds."""

    def __init__(self, caps: Mapping[str, int]) -> None:
        self.caps = caps
        self.members: dict[object, set[object]] = {}
        self.leader: dict[object, object] = {}
        self.held: dict[object, dict[str, set[str]]] = {}

    def add(self, node: object, held: Mapping[str, set[str]] | None = None) -> None:
        """Put in a node that is not there yet."""
        if node not in self.leader:
            self.leader[node] = node
            self.members[node] = {node}
            self.held[node] = {kind: set(values) for kind, values in (held or {}).items()}

    def find(self, node: object) -> object:
        """The leader of a node's group."""
        return self.leader[node]

    def breaks(self, one: object, other: object) -> str | None:
        """Why the two groups cannot be one: together they hold more values than a type allows."""
        a, b = self.held[self.find(one)], self.held[self.find(other)]
        broken = [
            kind
            for kind, cap in self.caps.items()
            if len(a.get(kind, set()) | b.get(kind, set())) > cap
        ]
        if any(kind.startswith("never ") for kind in broken):
            return "never_decided"
        return "customer_over_limit" if broken else None

    def join(self, one: object, other: object) -> None:
        """Make two groups one; the smaller one moves."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return
        if len(self.members[a]) < len(self.members[b]):
            a, b = b, a
        for node in self.members[b]:
            self.leader[node] = a
        self.members[a] |= self.members.pop(b)
        for kind, values in self.held.pop(b).items():
            self.held[a].setdefault(kind, set()).update(values)


def oldest(record: Record) -> tuple[bool, int, str]:
    """Sorts records from the oldest: unknown time last, then by key."""
    return (record.first is None, record.first or 0, record.key)


# --- which links are usable -----------------------------------------------------------------------


def end_of(record: Record, first: int) -> int:
    """When a record was last seen, which is when it was first seen if nothing else is known."""
    return first if record.last is None else record.last


def unusable(entry: Type, value: str) -> str | None:
    """Why a value as such can be no evidence: its format, or because it is blocked."""
    if entry.valid and not re.fullmatch(entry.valid, value):
        return "invalid_format"
    return "blocked_value" if value in entry.blocked else None


def in_windows(carriers: Sequence[Record], days: int | None) -> list[list[Record]]:
    """The carriers that any one window of so many days holds; all of them where days is None."""
    if days is None:
        return [list(carriers)]
    width = days * HOURS_A_DAY
    ends = {end_of(each, each.first) for each in carriers if each.first is not None}
    windows = []
    # Sliding a window until its start is the end of some span loses no carrier on the way.
    for start in ends or {0}:
        windows.append(
            [
                each
                for each in carriers
                if each.first is None
                or (each.first < start + width and end_of(each, each.first) >= start)
            ]
        )
    return windows


def breaks_value_limit(entry: Type, carriers: Sequence[Record]) -> str | None:
    """Why a value is no evidence for anyone, apart from how many customers carry it."""
    for held in in_windows(carriers, entry.within_days):
        if entry.max_records is not None and len(held) > entry.max_records:
            return "value_over_records"
        for name, most in entry.max_distinct.items():
            if len({each.fields[name] for each in held if each.fields.get(name)}) > most:
                return "value_over_distinct"
    return None


def is_on_many_customers(
    entry: Type, carriers: Sequence[Record], component: Mapping[str, object]
) -> bool:
    """Whether more customers carry a value than may; component: record -> its plain component."""
    return entry.max_customers is not None and any(
        len({component[each.key] for each in window if each.key in component}) > entry.max_customers
        for window in in_windows(carriers, entry.within_days)
    )


def plain_components(links: Iterable[Link]) -> dict[str, object]:
    """Record -> its component over links, nothing refused."""
    groups = Groups({})
    records = set()
    for record, kind, value in links:
        groups.add(record)
        groups.add((kind, value))
        groups.join(record, (kind, value))
        records.add(record)
    return {record: groups.find(record) for record in records}


def usable_links(
    records: Mapping[str, Record], policy: Sequence[Type]
) -> tuple[dict[str, list[Link]], dict[Link, str]]:
    """Type -> its usable links, and what was dropped with its reason; caps come later."""
    usable: dict[str, list[Link]] = {}
    dropped: dict[Link, str] = {}
    for entry in policy:
        links = [
            (record.key, kind, value)
            for record in records.values()
            for kind, value in record.values
            if kind == entry.name
        ]
        kept: dict[str, list[Link]] = defaultdict(list)
        for link in links:
            if reason := unusable(entry, link[2]):
                dropped[link] = reason
            else:
                kept[link[2]].append(link)
        stronger = [
            link
            for each in policy[: policy.index(entry)]
            if each.role == STRONG
            for link in usable[each.name]
        ]
        component = plain_components(stronger)
        usable[entry.name] = []
        for held in kept.values():
            carriers = [records[link[0]] for link in held]
            reason = breaks_value_limit(entry, carriers)
            if reason is None and is_on_many_customers(entry, carriers, component):
                reason = "value_over_customers"
            if reason:
                dropped.update(dict.fromkeys(held, reason))
            else:
                usable[entry.name] += held
    return usable, dropped


# --- human decisions ------------------------------------------------------------------------------


def standing(
    decisions: Iterable[Decision], records: Mapping[str, Record]
) -> tuple[list[Decision], set[Decision]]:
    """The decisions that hold, and those of a contradictory group; others sleep."""
    awake = [each for each in decisions if each.one in records and each.other in records]
    groups = Groups({})
    for each in awake:
        groups.add(each.one)
        groups.add(each.other)
    for each in awake:
        if each.is_same:
            groups.join(each.one, each.other)
    contradictory = {
        groups.find(each.one)
        for each in awake
        if not each.is_same and groups.find(each.one) == groups.find(each.other)
    }
    set_aside = {
        each
        for each in awake
        if groups.find(each.one) == groups.find(each.other)
        and groups.find(each.one) in contradictory
    }
    return [each for each in awake if each not in set_aside], set_aside


def limited_classes(
    same: Iterable[Decision], held: Mapping[str, Mapping[str, set[str]]]
) -> Callable[[str, str], str]:
    """Limited values that a 'same' joins count as one value everywhere: (type, value) -> class."""
    people = Groups({})
    for each in same:
        people.add(each.one)
        people.add(each.other)
        people.join(each.one, each.other)
    values = Groups({})
    for group in people.members.values():
        of_type: dict[str, list[str]] = defaultdict(list)
        for record in sorted(map(str, group)):
            for kind, carried in held.get(record, {}).items():
                of_type[kind] += sorted(carried)
        for kind, carried_values in of_type.items():
            for value in carried_values:
                values.add((kind, value))
                values.join((kind, carried_values[0]), (kind, value))

    def name_of(kind: str, value: str) -> str:
        if (kind, value) not in values.leader:
            return value
        return min(str(member) for member in values.members[values.find((kind, value))])

    return name_of


# --- the partition --------------------------------------------------------------------------------


def resolve(
    all_records: Iterable[Record], policy: Sequence[Type], decisions: Iterable[Decision] = ()
) -> Resolution:
    """Work out all customers from nothing."""
    records = {each.key: each for each in all_records}
    rank = {entry.name: place for place, entry in enumerate(policy)}
    caps = {e.name: e.max_per_customer for e in policy if e.max_per_customer is not None}
    usable, rejections = usable_links(records, policy)

    def order(link: Link) -> Order:
        return (rank[link[1]], *oldest(records[link[0]]), link[2])

    held = hold_limited(usable, caps, order, rejections)
    roles = {entry.name: entry.role for entry in policy}
    known = {
        link[0]
        for name, links in usable.items()
        if roles[name] in (STRONG, FALLBACK)
        for link in links
    }
    awake, set_aside = standing(decisions, records)
    same = [each for each in awake if each.is_same]
    name_of = limited_classes(same, held)
    limits: dict[str, int] = dict(caps)
    start: dict[str, dict[str, set[str]]] = {
        key: {kind: {name_of(kind, value) for value in values} for kind, values in kinds.items()}
        for key, kinds in held.items()
    }
    for place, each in enumerate(one for one in awake if not one.is_same):
        kind = f"never {place}"
        limits[kind] = 1
        for record in (each.one, each.other):
            start.setdefault(record, {})[kind] = {record}

    groups = Groups(limits)
    for key in sorted(records):
        groups.add(key, start.get(key))
    for each in same:
        groups.join(each.one, each.other)
        if known & {each.one, each.other}:
            known |= {each.one, each.other}
    strong = [link for entry in policy if entry.role == STRONG for link in usable[entry.name]]
    take_links(groups, sorted(strong, key=order), rejections)
    take_fallbacks(groups, records, policy, usable, order, rejections)
    known_groups = {groups.find(key) for key in known}
    known = {key for key in records if groups.find(key) in known_groups}
    customers = attach_anonymous(groups, records, policy, usable, known, order, rejections)
    return Resolution(customers, rejections, set_aside)


def hold_limited(
    usable: dict[str, list[Link]],
    caps: Mapping[str, int],
    order: Callable[[Link], Order],
    rejections: dict[Link, str],
) -> dict[str, dict[str, set[str]]]:
    """Record -> limited type -> the values it holds; what it carries too much is refused."""
    held: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for kind, cap in caps.items():
        kept = []
        for link in sorted(usable[kind], key=order):
            values = held[link[0]].setdefault(kind, set())
            if len(values) >= cap:
                rejections[link] = "record_over_limit"
            else:
                values.add(link[2])
                kept.append(link)
        usable[kind] = kept
    return held


def take_links(groups: Groups, links: Iterable[Link], rejections: dict[Link, str]) -> None:
    """Take links one by one in their order; refuse one that would break a limit."""
    join_all(groups, [(link, link[1:]) for link in links], rejections)


def join_all(
    groups: Groups, joins: Iterable[tuple[Link, object]], rejections: dict[Link, str]
) -> None:
    """Join the records of links with other nodes, one by one.

    The reason of a refusal is what stands between the two as they came out in the end.
    """
    refused = []
    for link, other in joins:
        groups.add(other)
        if groups.find(link[0]) == groups.find(other):
            continue
        if groups.breaks(link[0], other):
            refused.append((link, other))
        else:
            groups.join(link[0], other)
    for link, other in refused:
        rejections[link] = str(groups.breaks(link[0], other))


def take_fallbacks(
    groups: Groups,
    records: Mapping[str, Record],
    policy: Sequence[Type],
    usable: Mapping[str, list[Link]],
    order: Callable[[Link], Order],
    rejections: dict[Link, str],
) -> None:
    """Type by type: who lacks the stronger types joins the oldest holder, else each other."""
    taken: set[object] = set()
    for entry in policy:
        if entry.role != FALLBACK:
            continue
        strong_enough = {link[0] for name in entry.when_missing for link in usable[name]}
        links = sorted(usable[entry.name], key=order)
        holders: dict[str, Record] = {}
        for record, _, value in links:
            if record in strong_enough:
                first = holders.get(value)
                if first is None or oldest(records[record]) < oldest(first):
                    holders[value] = records[record]
        open_links = [link for link in links if link[0] not in strong_enough]
        start = {key: groups.find(key) for key in records}
        unit = {link[0]: start[link[0]] for link in open_links}
        moved: set[object] = set()
        joins: list[tuple[Link, object]] = []
        for link in open_links:
            record, kind, value = link
            if record in taken or (unit[record] in moved and value in holders):
                rejections[link] = "fallback_taken"
            elif value in holders:
                best = best_holder(record, open_links, holders)
                if best[0] != link:
                    rejections[link] = "fallback_taken"
                    continue
                moved.add(unit[record])
                joins.append((link, best[1].key))
        for link in open_links:
            record, kind, value = link
            if link in rejections or value in holders:
                continue
            if unit[record] in moved:
                rejections[link] = "fallback_taken"
            else:
                joins.append((link, (kind, value)))
        join_all(groups, sorted(joins, key=lambda join: order(join[0])), rejections)
        taken |= {key for key in records if start[key] in moved}


def best_holder(
    record: str, links: Iterable[Link], holders: Mapping[str, Record]
) -> tuple[Link, Record]:
    """Of a record's values that have a holder, the one whose holder is oldest."""
    found = [(link, holders[link[2]]) for link in links if link[0] == record and link[2] in holders]
    return min(found, key=lambda pair: (oldest(pair[1]), pair[0][2]))


def attach_anonymous(
    groups: Groups,
    records: Mapping[str, Record],
    policy: Sequence[Type],
    usable: Mapping[str, list[Link]],
    known: set[str],
    order: Callable[[Link], Order],
    rejections: dict[Link, str],
) -> list[Customer]:
    """Anonymous groups over weak values; one known customer that a group touches takes it."""
    weak = [link for entry in policy if entry.role == WEAK for link in usable[entry.name]]
    touching: dict[Value, set[object]] = defaultdict(set)
    for record, kind, value in weak:
        if record in known:
            touching[kind, value].add(groups.find(record))
    customers_before = {
        leader: {key for key in map(str, groups.members[leader]) if key in records}
        for leader in {groups.find(key) for key in known}
    }
    of_record: dict[str, list[Link]] = defaultdict(list)
    for link in sorted(weak, key=order):
        if link[0] not in known:
            of_record[link[0]].append(link)
    grouping = []
    for links in of_record.values():
        alone = [link for link in links if len(touching[link[1], link[2]]) < 2]
        grouping += alone or links[:1]
    take_links(groups, sorted(grouping, key=order), rejections)
    anonymous: dict[object, set[str]] = defaultdict(set)
    for key in records:
        if key not in known:
            anonymous[groups.find(key)].add(key)
    touched: dict[object, set[object]] = defaultdict(set)
    for link in grouping:
        found = touching[link[1], link[2]]
        if len(found) == 1:
            touched[groups.find(link[0])] |= found
    attached: dict[object, set[str]] = defaultdict(set)
    alone_groups = []
    by_age = sorted(
        anonymous.items(), key=lambda item: min(oldest(records[key]) for key in item[1])
    )
    for leader, members in by_age:
        owners = touched[leader]
        owner = next(iter(owners)) if len(owners) == 1 else None
        if owner is not None and not groups.breaks(owner, leader):
            groups.join(owner, leader)
            attached[owner] |= members
        else:
            alone_groups.append(Customer(frozenset(members), frozenset(), False))
    return [
        Customer(frozenset(own), frozenset(attached[leader]), True)
        for leader, own in customers_before.items()
    ] + alone_groups


# --- what is remembered ---------------------------------------------------------------------------


@dataclass(frozen=True)
class MintedId:
    """An id: its anchor, and what decides which of several a customer shows (the least)."""

    anchor: str
    minted: tuple[object, ...]


@dataclass(frozen=True)
class State:
    """What was published last: ids, and record -> (id, whether it was attached)."""

    generation: int = 0
    ids: Mapping[str, MintedId] = field(default_factory=dict)
    map: Mapping[str, tuple[str, bool]] = field(default_factory=dict)


def hashed(record_key: str, salt: int) -> str:
    """The opaque name minted from a record; the salt is 0 unless that name was used before."""
    text = f"customer360|{record_key}" + (f"|{salt}" if salt else "")
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def pass_anchors(state: State, records: Mapping[str, Record]) -> dict[str, MintedId]:
    """A deleted anchor passes within the last published membership, own records first.

    Of several it passes to the oldest, by what is known of their times now.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for key, (shown, _) in state.map.items():
        members[shown].append(key)
    ids = dict(state.ids)
    for name, minted in state.ids.items():
        if minted.anchor in records or minted.anchor not in state.map:
            continue
        heirs = [key for key in members[state.map[minted.anchor][0]] if key in records]
        if heirs:
            heir = min(heirs, key=lambda key: (state.map[key][1], *oldest(records[key])))
            ids[name] = replace(minted, anchor=heir)
    return ids


def next_state(state: State, records: Mapping[str, Record], resolution: Resolution) -> State:
    """Give every customer the earliest-minted id anchored on one of its own records, or mint."""
    generation = state.generation + 1
    ids = pass_anchors(state, records)
    anchored: dict[str, list[str]] = defaultdict(list)
    for name, minted in ids.items():
        anchored[minted.anchor].append(name)
    shown: dict[str, tuple[str, bool]] = {}
    for customer in resolution.customers:
        candidates = [name for key in customer.own for name in anchored[key]]
        if candidates:
            name = min(candidates, key=lambda each: ids[each].minted)
        else:
            first = min((records[key] for key in customer.own), key=oldest)
            name = next(
                fresh for salt in itertools.count() if (fresh := hashed(first.key, salt)) not in ids
            )
            order = (not customer.is_identified, generation, *oldest(first))
            ids[name] = MintedId(first.key, order)
        shown.update(dict.fromkeys(customer.own, (name, False)))
        shown.update(dict.fromkeys(customer.attached, (name, True)))
    if ids == dict(state.ids) and shown == dict(state.map):
        return state
    return State(generation, ids, shown)


def resolves_to(state: State) -> dict[str, str | None]:
    """Every id ever published -> the id valid now; None where nobody holds its anchor."""
    return {
        name: state.map[minted.anchor][0] if minted.anchor in state.map else None
        for name, minted in state.ids.items()
    }
