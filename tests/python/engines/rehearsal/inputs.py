"""What the project is built from: the sample with planted records, and how it changes afterwards.

Everything is decided by the records' keys, so that every engine gets the same input. Planted
records are few and known by name: a test looks whether each change had the effect it is for. The
sample's own rows are stirred besides, one in fifty each: deleted, changed, doubled.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE = Path("seeds/sample")
CONTACTS = "sample_crm__contacts"
ORDERS = "sample_shop__orders"
ITEMS = "sample_shop__order_items"
EVENTS = "sample_web__events"
DECISIONS = Path("seeds/reference/identity_decisions.csv")
BLOCKED = Path("seeds/reference/blocked_identifiers.csv")
STIRRED = 50
CHAIN_LENGTH = 24

# Every kind of rule that identity knows, so that each has something to refuse, merge and split.
POLICY: list[dict[str, Any]] = [
    {"type": "customer_id", "role": "strong"},
    {"type": "user_id", "role": "strong", "max_values_per_customer": 1},
    {"type": "email", "role": "strong", "max_distinct": {"first_name": 2}, "within_days": 30},
    {"type": "loyalty_id", "role": "strong", "max_records_per_value": 60},
    {"type": "phone", "role": "strong", "max_customers_per_value": 1, "within_days": 3650},
    {"type": "order_id", "role": "strong"},
    {
        "type": "name_place",
        "role": "fallback",
        "when_missing": ["customer_id", "user_id", "email", "loyalty_id", "phone"],
        "fields": ["last_name", {"field": "postal_code", "transform": "postal_prefix"}],
    },
    {"type": "device_id", "role": "weak"},
    {"type": "cookie_id", "role": "weak", "max_records_per_value": 2, "within_days": 30},
]

Record = dict[str, str]


@dataclass
class Seed:
    """A seed of the sample: its columns, its rows in order, the column that names a row."""

    path: Path
    columns: list[str]
    rows: list[Record]

    @property
    def key(self) -> str:
        """Return the first column, which names a row of every sample seed."""
        return self.columns[0]

    def add(self, **values: str) -> None:
        """Add a row; columns that are not named are empty."""
        unknown = values.keys() - set(self.columns)
        assert not unknown, unknown
        self.rows.append({column: values.get(column, "") for column in self.columns})

    def remove(self, *keys: str) -> None:
        """Remove the rows of some keys."""
        self.rows = [row for row in self.rows if row[self.key] not in keys]

    def change(self, key: str, **values: str) -> None:
        """Change columns of the rows of a key; there is at least one."""
        changed = [row for row in self.rows if row[self.key] == key]
        assert changed, key
        for row in changed:
            row.update(values)

    def write(self) -> None:
        """Write the seed to where it was read."""
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)


def read_seed(project: Path, name: str) -> Seed:
    """Read a sample seed of a copy of the project."""
    return read_rows(project / SAMPLE / f"{name}.csv")


def read_rows(path: Path) -> Seed:
    """Read any seed."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    return Seed(path, list(reader.fieldnames or []), rows)


# --- the first build ------------------------------------------------------------------------------


def plant(project: Path) -> None:
    """Add what the second input will change: of each kind of change one that is known by name."""
    empty_cells(project)
    contacts = read_seed(project, CONTACTS)
    when = {"created_at": "2025-05-05T10:00:00Z", "loaded_at": "2025-05-06 03:00:00"}
    contacts.add(contact_id="R-A1", email="ann@rehearsal.example", first_name="Ann", **when)
    contacts.add(contact_id="R-A2", phone="+44 7700 900777", first_name="Anne", **when)
    bridge = {"email": "ann@rehearsal.example", "phone": "+447700900777"}
    contacts.add(contact_id="R-BRIDGE", **bridge, **when)
    contacts.add(contact_id="R-B1", email="bea@rehearsal.example", first_name="Bea", **when)
    contacts.add(contact_id="R-B2", email="beatrix@rehearsal.example", first_name="Bea", **when)
    contacts.add(contact_id="R-C1", email="cem@rehearsal.example", first_name="Cem", **when)
    contacts.add(contact_id="R-D1", email="dora@rehearsal.example", first_name="Dora", **when)
    contacts.add(contact_id="R-F1", email="finn@rehearsal.example", first_name="Finn", **when)
    for link in chain():
        contacts.add(**link, **when)
    for person in ruled():
        contacts.add(**person, **when)
    contacts.write()
    decide(project, before_change=True)


def ruled() -> Iterable[Record]:
    """Give contacts whose customers hang on limits, fallback and decisions; see POLICY."""
    yield {"contact_id": "R-G1", "email": "gil@rehearsal.example"}
    yield {"contact_id": "R-G2", "email": "gilbert@rehearsal.example"}
    yield {"contact_id": "R-H1", "email": "hal@rehearsal.example"}
    yield {"contact_id": "R-H2", "email": "hal@rehearsal.example"}
    yield {"contact_id": "R-I1", "user_id": "R-I1", "loyalty_id": "R-I"}
    yield {"contact_id": "R-I2", "user_id": "R-I2", "loyalty_id": "R-I"}
    yield {"contact_id": "R-J1", "email": "jo@rehearsal.example", "phone": "+447700900888"}
    yield {"contact_id": "R-J2", "email": "jon@rehearsal.example", "phone": "+447700900888"}
    yield {"contact_id": "R-J3", "phone": "+447700900888"}
    yield {
        "contact_id": "R-K1", "email": "kim@rehearsal.example",
        "last_name": "Rehearsal-Kay", "postal_code": "98765",
    }  # fmt: skip
    yield {"contact_id": "R-K2", "last_name": "Rehearsal-Kay", "postal_code": "98799"}
    for place in "12":
        yield {"contact_id": f"R-N{place}", "email": "nell@rehearsal.example"}
    for place in "123":
        yield {"contact_id": f"R-L{place}", "email": f"lu{place}@rehearsal.example"}
    for name in ("Mia", "Max", "Moe"):
        yield {"contact_id": f"R-M-{name}", "email": "all@rehearsal.example", "first_name": name}


def decide(project: Path, before_change: bool) -> None:
    """Write the human decisions; some are withdrawn with the change."""
    decisions = read_rows(project / DECISIONS)
    pairs = [("H1", "H2", "never"), ("L1", "L2", "same"), ("L2", "L3", "same"),
             ("L3", "R-nobody", "same")]  # fmt: skip
    withdrawn = [("G1", "G2", "same"), ("L1", "L3", "never")]
    decisions.rows = []
    for one, other, decision in pairs + withdrawn * before_change:
        decisions.add(
            record_key_one=f"crm:contacts:R-{one}",
            record_key_other=f"crm:contacts:R-{other}",
            decision=decision,
            decided_by="rehearsal",
            decided_at="2026-05-01 00:00:00",
            reason="rehearsal",
        )
    decisions.write()


def empty_cells(project: Path) -> None:
    """Make nothing of the cells that dbt loads from a seed as null on Snowflake, as text elsewhere.

    Those hold blanks or the word null. Only seeds are loaded so, which real sources are not.
    """
    for path in sorted((project / SAMPLE).glob("*.csv")):
        seed = read_rows(path)
        for row in seed.rows:
            nothing = [at for at, cell in row.items() if cell.strip().lower() in ("", "null")]
            row.update(dict.fromkeys(nothing, ""))
        seed.write()


def chain() -> Iterable[Record]:
    """Give contacts that only together are one customer: each shares a value with the one before.

    Their ages are shuffled, so that finding the oldest takes more than one round.
    """
    for place in range(CHAIN_LENGTH):
        shuffled = place * 7 % CHAIN_LENGTH
        yield {
            "contact_id": f"R-CHAIN-{shuffled:02}",
            "email": f"chain{place // 2}@rehearsal.example",
            "loyalty_id": f"R-CHAIN-{(place + 1) // 2}",
        }


# --- the second build -----------------------------------------------------------------------------


def change(project: Path) -> None:
    """Change the planted input: new, changed and deleted records, a late one, doubled ones."""
    stir(project)
    contacts = read_seed(project, CONTACTS)
    later = {"updated_at": "2026-06-01T08:00:00Z", "loaded_at": "2026-06-02 03:00:00"}
    contacts.remove("R-BRIDGE", "R-F1", "R-J2")
    contacts.change("R-I2", user_id="", **later)
    contacts.change("R-K1", last_name="Rehearsal-Kane", **later)
    contacts.change("R-B2", email="bea@rehearsal.example", **later)
    # Touches the whole chain.
    contacts.change("R-CHAIN-00", first_name="Chay", **later)
    # Older than all others, but it arrives last: the customer's id was there first.
    contacts.add(
        contact_id="R-C0", email="cem@rehearsal.example", created_at="1999-01-01 00:00:00", **later
    )
    (dora,) = [row for row in contacts.rows if row["contact_id"] == "R-D1"]
    contacts.add(**dora)
    contacts.add(**{**dora, "first_name": "Dorothea", **later})
    contacts.add(contact_id="R-E1", email="eva@rehearsal.example", first_name="Eva", **later)
    contacts.write()
    decide(project, before_change=False)
    blocked = read_rows(project / BLOCKED)
    blocked.add(identifier_type="email", blocked_value="nell@rehearsal.example")
    blocked.write()

    orders = read_seed(project, ORDERS)
    order = {"order_id": "R-E1-O1", "email": "eva@rehearsal.example", "order_status": "paid"}
    orders.add(**order, ordered_at="2026-06-01T20:00:00-03:00", amount="12.34", currency="EUR")
    orders.write()
    events = read_seed(project, EVENTS)
    event = {"event_id": "R-E1-V1", "event_name": "page", "email": "eva@rehearsal.example"}
    events.add(**event, occurred_at="2026-06-01T19:59:59.123456-03:00")
    events.write()


def stir(project: Path) -> None:
    """Delete, change and double rows of every source, each one in fifty, chosen by their keys."""
    changes = {
        CONTACTS: {"city": "Rehearsal", "email_opt_in": "no", "updated_at": "2026-06-03 00:00:00"},
        ORDERS: {"order_status": "refunded", "updated_at": "2026-06-03 00:00:00"},
        ITEMS: {"quantity": "3", "amount": "9.99"},
        EVENTS: {"event_name": "purchase", "user_id": ""},
    }
    for name, values in changes.items():
        seed = read_seed(project, name)
        lot = {row[seed.key]: drawn(row[seed.key]) for row in seed.rows}
        doubled = [dict(row) for row in seed.rows if lot[row[seed.key]] == 2]
        seed.rows = [row for row in seed.rows if lot[row[seed.key]] != 0] + doubled
        for row in seed.rows:
            if lot[row[seed.key]] == 1:
                row.update(values)
        seed.write()


def drawn(key: str) -> int:
    """Return the lot of a row, from 0 to STIRRED - 1; planted rows draw none and get -1."""
    if key.startswith("R-"):
        return -1
    return int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) % STIRRED
