"""Many small worlds of records in one set of data, which change at random from build to build.

Names of a world's records and values begin with its number, so that no two worlds share anything.
Within one they are few, so that records meet, part, pass limits and come back all the time.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
from project.scenario_builds import (
    CHANGING_SEEDS,
    SEEDS,
    TABLES,
    fixed_columns,
    header,
    settings_of,
    write_csv,
)
from properties.identity_cases import Policy
from properties.identity_kernel import as_settings
from properties.identity_oracle import (
    FALLBACK,
    STRONG,
    WEAK,
    Decision,
    Link,
    Record,
    Resolution,
    State,
    Type,
    next_state,
    resolve,
    resolves_to,
)

BEGINNING = dt.datetime(2024, 1, 1)
HOURS = 24 * 60
# Something of every kind that a change can reach through: limits of values and of customers,
# values that count customers, fallbacks, devices. Weak types have no limits of customers: with such
# ones everything is worked out anew each time.
POLICY: Policy = (
    Type("customer_id", STRONG),
    Type("user_id", STRONG, max_per_customer=1),
    Type("email", STRONG, max_records=2),
    Type("loyalty_id", STRONG, max_customers=1),
    Type("phone", FALLBACK, when_missing=("user_id", "email")),
    Type("device_id", WEAK, max_records=3),
    Type("cookie_id", WEAK),
)
TYPES = tuple(entry.name for entry in POLICY)
CONTACT_TYPES = ("customer_id", "user_id", "loyalty_id", "email", "phone")
# How often a row carries a type.
EVENT_TYPES = {"device_id": 0.6, "cookie_id": 0.6, "user_id": 0.2, "email": 0.2}
# So many values of a type has a world.
VALUES = dict.fromkeys(TYPES, 5) | {"customer_id": 3, "user_id": 3, "device_id": 3}

Row = dict[str, str]
# The kinds of change and how often each comes.
CHANGES: Mapping[str, float] = {
    "add": 0.35,
    "change": 0.20,
    "remove a contact": 0.15,
    "remove an event": 0.10,
    "block": 0.05,
    "free": 0.04,
    "decide": 0.07,
    "withdraw": 0.04,
}


def value_of(world: int, kind: str, number: int) -> str:
    """A value of a world as it stands in the raw data."""
    if kind == "email":
        return f"m{number}@w{world}.example"
    if kind == "phone":
        return f"+4930{1_000_000 + world * 10 + number}"
    return f"w{world}-{kind[0]}{number}x"


@dataclass
class Worlds:
    """The raw rows of all worlds as they stand, what people decided and what is blocked.

    rows: raw table -> key -> row. decisions: keys of two contacts -> whether they are one.
    blocked: addresses.
    """

    count: int
    rng: random.Random
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {"crm": {}, "web": {}})
    decisions: dict[tuple[str, str], bool] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    serial: int = 0

    def begin(self) -> None:
        """Put the first rows into every world."""
        for world in range(self.count):
            for _ in range(self.rng.randint(6, 16)):
                self.add(world)

    def change(self, share: float) -> set[int]:
        """Change a share of the worlds a little; gives their numbers."""
        chosen = {world for world in range(self.count) if self.rng.random() < share}
        for world in sorted(chosen):
            for _ in range(self.rng.randint(1, 3)):
                self.change_once(world)
        return chosen

    def change_once(self, world: int) -> None:
        """Make one change, if the world has what it is made to."""
        (kind,) = self.rng.choices(list(CHANGES), list(CHANGES.values()))
        contacts, events = (self.of_world(self.rows[table], world) for table in ("crm", "web"))
        ours = [pair for pair in self.decisions if world_of(pair[0]) == world]
        blocked = sorted(value for value in self.blocked if world_of(value) == world)
        if kind == "add":
            self.add(world)
        elif kind == "change" and contacts:
            fresh = self.contact(world)
            changed = {name: text for name, text in fresh.items() if self.rng.random() < 0.5}
            self.rows["crm"][self.rng.choice(contacts)].update(changed)
        elif kind == "remove a contact" and contacts:
            del self.rows["crm"][self.rng.choice(contacts)]
        elif kind == "remove an event" and events:
            del self.rows["web"][self.rng.choice(events)]
        elif kind == "block":
            self.blocked.add(self.value(world, "email"))
        elif kind == "free" and blocked:
            self.blocked.remove(self.rng.choice(blocked))
        elif kind == "decide" and len(contacts) > 1:
            one, other = sorted(self.rng.sample(contacts, 2))
            self.decisions.setdefault((one, other), self.rng.random() < 0.5)
        elif kind == "withdraw" and ours:
            del self.decisions[self.rng.choice(ours)]

    @staticmethod
    def of_world(rows: Iterable[str], world: int) -> list[str]:
        """The keys of a world's rows."""
        return [key for key in rows if world_of(key) == world]

    def add(self, world: int) -> None:
        """Add a contact or an event."""
        self.serial += 1
        key = f"w{world}-{self.serial}"
        if self.rng.random() < 0.5:
            self.rows["crm"][key] = self.contact(world)
        else:
            self.rows["web"][key] = self.event(world)

    def value(self, world: int, kind: str) -> str:
        """Any value of a type."""
        return value_of(world, kind, self.rng.randrange(VALUES[kind]))

    def contact(self, world: int) -> Row:
        """A contact; of some the time is not known."""
        row = {
            kind: self.value(world, kind) if self.rng.random() < 0.5 else ""
            for kind in CONTACT_TYPES
        }
        time = "" if self.rng.random() < 0.05 else self.time()
        return row | dict.fromkeys(TABLES["crm"][2], time)

    def event(self, world: int) -> Row:
        """An event of somebody who may be logged in."""
        row = {
            kind: self.value(world, kind) if self.rng.random() < often else ""
            for kind, often in EVENT_TYPES.items()
        }
        return row | fixed_columns("web") | dict.fromkeys(TABLES["web"][2], self.time())

    def time(self) -> str:
        """A whole hour."""
        moment = BEGINNING + dt.timedelta(hours=self.rng.randrange(HOURS))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    # --- as the project and the oracle read it ----------------------------------------------------

    def write(self, root: Path) -> Path:
        """Write the raw files and the seeds into a copy of the project; gives the raw folder."""
        raw = root / "raw"
        raw.mkdir(exist_ok=True)
        for table, (_, key, _) in TABLES.items():
            rows = self.rows.get(table, {})
            given = ({key: name, **row} for name, row in rows.items())
            write_csv(raw / f"{table}.csv", header(table), given)
        blocked = [{"identifier_type": "email", "blocked_value": each} for each in self.blocked]
        decisions = [
            {
                "record_key_one": decision.one,
                "record_key_other": decision.other,
                "decision": "same" if decision.is_same else "never",
            }
            for decision in self.decided()
        ]
        for name, rows_of_seed in zip(CHANGING_SEEDS, (blocked, decisions), strict=True):
            file = root / SEEDS / f"{name}.csv"
            columns = file.read_text(encoding="utf-8").splitlines()[0].split(",")
            write_csv(file, columns, rows_of_seed)
        return raw

    def decided(self) -> list[Decision]:
        """The human decisions, about records."""
        return [
            Decision(f"crm:contacts:{one}", f"crm:contacts:{other}", is_same)
            for (one, other), is_same in self.decisions.items()
        ]

    def policy(self) -> Policy:
        """The policy with the addresses that are blocked now."""
        return tuple(
            replace(entry, blocked=frozenset(self.blocked)) if entry.name == "email" else entry
            for entry in POLICY
        )


def settings(raw: Path) -> dict[str, Any]:
    """The vars of every build."""
    return settings_of(raw, {"identity_policy": as_settings(POLICY)})


def world_of(name: str) -> int | None:
    """The world of a key or value; None where it has none."""
    if name.startswith("+4930"):
        return (int(name.removeprefix("+4930")) - 1_000_000) // 10
    found = re.search(r"\bw(\d+)[-.]", name)
    return int(found[1]) if found else None


# --- what a build made of it ----------------------------------------------------------------------

GATHERED = f"""
    select record_key, first_seen_at, last_seen_at, {", ".join(TYPES)}
    from customer360_intermediate.int_identity__gathered
"""
CUSTOMERS = """
    select record_key, customer360_id, record_role from customer360.customer360_identity_map
"""
CURRENT = """
    select record_key, customer360_id, record_role from customer360.customer360_identity_history
    where is_current
"""
LOOKUP = """
    select customer360_id, current_customer360_id from customer360.customer360_id_lookup
"""
REJECTIONS = """
    with rejected as (
        select record_no, identifier_type, identifier_value, reason
        from customer360_intermediate.int_identity__resolved
        union all
        select record_no, identifier_type, identifier_value, dropped_reason
        from customer360_intermediate.int_identity__links
    )
    select records.record_key, identifier_type, identifier_value, reason
    from rejected
    inner join customer360_intermediate.int_identity__records as records using (record_no)
    where reason is not null
"""
TOUCHED = """
    select record_key from customer360_intermediate.int_identity__touched where not is_neighbour
"""
MODE = "select mode from customer360_intermediate.identity_working"


@dataclass(frozen=True)
class Seen:
    """What stands after a build: what oracle and project must agree on, and how it was worked out.

    customers: record -> (id, role). mode: `all` or `changes`. touched: records that were resolved.
    """

    records: Mapping[str, Record]
    customers: Mapping[str, tuple[str, str]]
    current: Mapping[str, tuple[str, str]]
    lookup: Mapping[str, str | None]
    rejections: Mapping[Link, str]
    mode: str
    touched: frozenset[str]

    def worlds(self) -> dict[str, int | None]:
        """Record -> its world; None for one without any identifier."""
        found = {}
        for key, record in self.records.items():
            names = (key, *(value.removeprefix("shop:") for _, value in record.values))
            found[key] = next((no for name in names if (no := world_of(name)) is not None), None)
        return found


def look(file: Path) -> Seen:
    """Read what was built."""
    with duckdb.connect(str(file), read_only=True) as connection:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        customers, current = rows(CUSTOMERS), rows(CURRENT)
        assert len({key for key, *_ in customers}) == len(customers), "a record has two customers"
        assert len({key for key, *_ in current}) == len(current), "two versions are current"
        return Seen(
            records={row[0]: as_record(*row) for row in rows(GATHERED)},
            customers={key: (name, role) for key, name, role in customers},
            current={key: (name, role) for key, name, role in current},
            lookup=dict(rows(LOOKUP)),
            rejections={tuple(link): reason for *link, reason in rows(REJECTIONS)},  # type: ignore[misc]
            mode=rows(MODE)[0][0],
            touched=frozenset(key for (key,) in rows(TOUCHED)),
        )


def as_record(
    key: str, first: dt.datetime | None, last: dt.datetime | None, *values: str | None
) -> Record:
    """A row of int_identity__gathered as the oracle reads it."""
    carried = zip(TYPES, values, strict=True)
    return Record(
        key,
        hours_of(first),
        hours_of(last),
        frozenset((kind, value) for kind, value in carried if value is not None),
    )


def hours_of(moment: dt.datetime | None) -> int | None:
    """A time as the oracle counts it."""
    return None if moment is None else int((moment - BEGINNING).total_seconds() // 3600)


# --- what must be ---------------------------------------------------------------------------------


@dataclass
class Expected:
    """The oracle, which works everything out anew from the records and its own state."""

    state: State = field(default_factory=State)

    def faults(self, seen: Seen, worlds: Worlds) -> list[str]:
        """What differs from the oracle after a build; nothing when all is right."""
        found = resolve(list(seen.records.values()), worlds.policy(), worlds.decided())
        self.state = next_state(self.state, seen.records, found)
        shown = {key: (name, "") for key, (name, _) in self.state.map.items()}
        expected = {key: (shown[key][0], role) for key, role in roles_of(found).items()}
        # An id that was retired before may be looked up for ever.
        lookup = resolves_to(self.state)
        return [
            *differences("customer", seen.customers, expected),
            *differences("current version", seen.current, expected),
            *differences("lookup", seen.lookup, lookup),
            *differences("rejection", seen.rejections, found.rejections),
        ]


def roles_of(found: Resolution) -> dict[str, str]:
    """Record -> known, attached or anonymous."""
    roles: dict[str, str] = {}
    for customer in found.customers:
        own = "known" if customer.is_identified else "anonymous"
        roles |= dict.fromkeys(customer.own, own)
        roles |= dict.fromkeys(customer.attached, "attached")
    return roles


def differences(what: str, found: Mapping[Any, Any], right: Mapping[Any, Any]) -> list[str]:
    """A line for each key that is missing, too much or has another value."""
    nothing = object()
    return [
        f"{what} {key}: {found.get(key, 'nothing')} and not {right.get(key, 'nothing')}"
        for key in sorted(found.keys() | right.keys(), key=str)
        if found.get(key, nothing) != right.get(key, nothing)
    ]


def disproportion(seen: Seen, allowed: set[int]) -> list[str]:
    """Records that were resolved anew although nothing in their world changed."""
    worlds = seen.worlds()
    return sorted(key for key in seen.touched if worlds.get(key) not in {*allowed, None})


def different_marts(one: Path, other: Path) -> list[str]:
    """The marts that do not hold the same rows in two files, with the number that differ."""
    found: Counter[str] = Counter()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        names = connection.execute(
            "select distinct table_name from duckdb_tables() where schema_name = 'customer360'"
        ).fetchall()
        assert len(names) > 5
        for (name,) in names:
            for left, right in (("one", "other"), ("other", "one")):
                (count,) = connection.execute(
                    f"select count(*) from (from {left}.customer360.{name}"
                    f" except all from {right}.customer360.{name})"
                ).fetchone() or (0,)
                found[name] += count
    return [f"{name}: {count} rows" for name, count in found.items() if count]
