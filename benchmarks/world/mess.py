"""What goes wrong on the way: copies, later versions, faulty rows, lines without an order."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from world.facts import PLACEHOLDERS, STATUS_SPELLINGS
from world.model import CATALOGUE, FIRST_DAY, KEYS, LAST_DAY, Block, Person, Raw, Values
from world.shop import item_row
from world.spelling import (
    before_as_of,
    chance,
    lay_out,
    loaded,
    moment,
    plain,
    spell_time,
    weighted,
)
from world.system_mess import COPIES, NEWER_IN_SYSTEMS, SPARED_IN_SYSTEMS, Faults

LONG_ROW_CHARACTERS = 100_300

FAULTS_PER_KIND = 3


@dataclass
class Summary:
    """What was written: rows, usable keys, surplus rows of a key, faulty rows by reason."""

    rows: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    exact_copies: Counter[str] = field(default_factory=Counter)
    later_versions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    orphan_items: int = 0
    orphans: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, object]:
        """Plain dictionary for printing; fault keys read table.reason."""
        return {
            "rows": dict(self.rows),
            "distinct_usable_keys": dict(self.keys),
            "exact_copies": dict(self.exact_copies),
            "later_versions": dict(self.later_versions),
            "faults": dict(sorted(self.faults.items())),
            "orphan_items": self.orphan_items,
            "orphans": dict(sorted(self.orphans.items())),
        }


def newer_contact(block: Block, raw: Raw, person: Person) -> Values:
    """Change a contact: another of the person's addresses, or a new life-cycle status."""
    values = dict(raw.values)
    if values["email"] and len(person.emails) > 1:
        values["email"] = person.emails[1]
    elif values["phone"] and person.phones and not values["phone"].startswith(PLACEHOLDERS):
        values["phone"] = lay_out(person.phones[-1], person.country.international[0])
    values["lifecycle_status"] = "customer"
    return values


def newer_order(block: Block, raw: Raw, person: Person) -> Values:
    """Move an order's state on; the total stays."""
    status = weighted(block.rng, {"completed": 70, "refunded": 20, "cancelled": 10})
    return {**raw.values, "order_status": block.rng.choice(STATUS_SPELLINGS[status])}


def newer_item(block: Block, raw: Raw, person: Person) -> Values:
    """Put the product name of a line right."""
    product = next(p for p in CATALOGUE if p.product_id == raw.values["product_id"])
    return {**raw.values, "product_name": product.name}


def resent_event(block: Block, raw: Raw, person: Person) -> Values:
    """Send the same event once more; only its load time will differ."""
    return dict(raw.values)


NEWER: dict[str, tuple[float, Callable[[Block, Raw, Person], Values]]] = {
    "contacts": (0.07, newer_contact),
    "events": (0.01, resent_event),
    "orders": (0.05, newer_order),
    "order_items": (0.015, newer_item),
    **NEWER_IN_SYSTEMS,
}


def repeat_rows(block: Block, summary: Summary) -> None:
    """Add exact copies and later versions of the same key."""
    by_id = {person.person_id: person for person in block.people}
    for raw in list(block.rows):
        if chance(block.rng, COPIES.get(raw.table, 0.01)):
            block.rows.append(raw)
            summary.exact_copies[raw.table] += 1
        share, renew = NEWER[raw.table]
        if not chance(block.rng, share):
            continue
        person = by_id.get(raw.person_id, block.people[0])
        later = before_as_of(raw.updated_at + timedelta(hours=block.rng.randrange(6, 90)))
        values = renew(block, raw, person)
        values["loaded_at"] = plain(before_as_of(raw.loaded_at + timedelta(days=1)))
        if "updated_at" in values:
            values["updated_at"] = spell_time(block.rng, later, 0)
            values["loaded_at"] = plain(
                before_as_of(max(loaded(later), raw.loaded_at + timedelta(days=1)))
            )
        block.add(raw.table, values, raw.person_id, later, later)
        summary.later_versions[raw.table] += 1


# table -> reason -> (column, bad value) in turn; contacts and order_items require no time
FAULTS: Faults = {
    "contacts": {
        "missing_key": (("contact_id", ""), ("contact_id", " "), ("contact_id", "N/A")),
        "impossible_time": (
            ("updated_at", "9999-12-31 23:59:59"),
            ("created_at", "1753-01-01"),
            ("updated_at", "2026-07-03T00:00:00Z"),
        ),
        "wrong_type": (
            ("created_at", "not a date"),
            ("updated_at", "yesterday"),
            ("created_at", "31.31.2025"),
        ),
    },
    "events": {
        "missing_key": (("event_id", ""), ("event_id", "null"), ("event_id", "\u00a0")),
        "missing_time": (("occurred_at", ""), ("occurred_at", "null"), ("occurred_at", " ")),
        "impossible_time": (
            ("occurred_at", "9999-12-31T23:59:59Z"),
            ("occurred_at", "1753-01-01 00:00:00"),
            ("occurred_at", "2026-07-02 00:00:01"),
        ),
        "wrong_type": (("amount", "abc"), ("quantity", "x"), ("occurred_at", "not a date")),
    },
    "orders": {
        "missing_key": (("order_id", ""), ("order_id", "undefined"), ("order_id", "  ")),
        "missing_time": (("ordered_at", ""), ("ordered_at", "-"), ("ordered_at", "unknown")),
        "impossible_time": (
            ("ordered_at", "9999-12-31 00:00:00"),
            ("ordered_at", "1753-01-01T00:00:00Z"),
            ("ordered_at", "2026-07-04T12:00:00+02:00"),
        ),
        "wrong_type": (("amount", "abc"), ("amount", "12,x"), ("ordered_at", "not a date")),
    },
    "order_items": {
        "missing_key": (("order_item_id", ""), ("order_id", ""), ("order_item_id", "null")),
        "impossible_time": (
            ("updated_at", "9999-12-31 23:59:59"),
            ("updated_at", "1753-01-01 00:00:00"),
            ("updated_at", "2026-07-02T00:00:01Z"),
        ),
        "wrong_type": (("quantity", "x"), ("unit_price", "abc"), ("amount", "free")),
    },
}

# Identifiers that a faulty row's model must not lend it.
SPARED = {"events": {"order_id": ""}, **SPARED_IN_SYSTEMS}


def plant_faults(block: Block, summary: Summary, faults: Faults) -> None:
    """Add rows that a reader must set aside, each spoilt in one column, with keys of their own."""
    for table, reasons in faults.items():
        models = [raw for raw in block.rows if raw.table == table]
        for reason, spoilings in reasons.items():
            for column, bad in spoilings[:FAULTS_PER_KIND]:
                raw = block.rng.choice(models)
                key = f"BAD{table[:1].upper()}{block.serial('fault')}"
                # a copied order number would make the bad row a purchase's twin
                spared = SPARED.get(table, {})
                values = {**raw.values, **spared, KEYS[table]: key, column: bad}
                block.add(table, values, "", raw.updated_at, raw.loaded_at, is_faulty=True)
                summary.faults[f"{table}.{reason}"] += 1


def plant_long_row(block: Block, summary: Summary) -> None:
    """Add the one event that is too long to be read."""
    raw = next(raw for raw in block.rows if raw.table == "events")
    values = {**raw.values, "event_id": "BADLONG1", "order_id": ""}
    values["properties"] = json.dumps({"note": "x" * LONG_ROW_CHARACTERS})
    block.add("events", values, "", raw.updated_at, raw.loaded_at, is_faulty=True)
    summary.faults["events.row_too_long"] += 1


def plant_orphans(block: Block, summary: Summary) -> None:
    """Add order lines whose order never came."""
    for line in range(1, 4):
        order_id = f"O{block.serial('orphan')}X"
        at = moment(block.rng, FIRST_DAY, LAST_DAY)
        item_row(block, f"{order_id}-{line}", order_id, block.rng.choice(CATALOGUE), 1, at)
        summary.orphan_items += 1
