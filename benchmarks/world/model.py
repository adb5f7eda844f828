"""What the made-up world consists of: products, people, devices, rows, blocks of people."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from world.contracts import SYSTEM_COLUMNS, SYSTEM_KEYS
from world.facts import CATALOGUE_NAMES, Country, Place

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)

FIRST_DAY = datetime(2025, 7, 1, tzinfo=UTC)

LAST_DAY = datetime(2026, 6, 24, tzinfo=UTC)  # leaves room for later versions before AS_OF

PEOPLE_PER_BLOCK = 20

BLOCKS_PER_FAULT_BATCH = 25

FIRST_NUMBER = 101  # customer and user numbers both start here, so that they overlap

COLUMNS: dict[str, tuple[str, ...]] = {
    "contacts": (
        "contact_id", "customer_id", "user_id", "loyalty_id", "email", "phone", "first_name",
        "last_name", "full_name", "company", "date_of_birth", "gender", "language", "country",
        "region", "city", "postal_code", "address_line", "lifecycle_status", "email_opt_in",
        "created_at", "updated_at", "loaded_at",
    ),
    "events": (
        "event_id", "event_name", "occurred_at", "user_id", "email", "phone", "device_id",
        "cookie_id", "order_id", "session_id", "page_url", "referrer", "utm_source",
        "utm_medium", "utm_campaign", "product_id", "amount", "currency", "quantity",
        "properties", "loaded_at",
    ),
    "orders": (
        "order_id", "customer_id", "user_id", "loyalty_id", "email", "phone", "device_id",
        "cookie_id", "first_name", "last_name", "country", "region", "city", "postal_code",
        "address_line", "order_status", "ordered_at", "amount", "currency", "updated_at",
        "loaded_at",
    ),
    "order_items": (
        "order_item_id", "order_id", "product_id", "product_name", "product_category",
        "quantity", "unit_price", "amount", "updated_at", "loaded_at",
    ),
    "truth": ("source_system", "source_entity", "source_record_id", "person_id"),
    **SYSTEM_COLUMNS,
}  # fmt: skip

KEYS = {
    "contacts": "contact_id", "events": "event_id",
    "orders": "order_id", "order_items": "order_item_id",
    **SYSTEM_KEYS,
}  # fmt: skip


Values = dict[str, str]


@dataclass(frozen=True)
class Product:
    """An article of the catalogue; `price` has two decimals."""

    product_id: str
    name: str
    category: str
    price: Decimal


@dataclass
class Device:
    """A browser or phone; its cookie changes at `renewed_at`, `sends` names what is tracked."""

    device_id: str
    cookies: tuple[str, str]
    renewed_at: datetime
    sends: str  # 'both', 'cookie' or 'device'


@dataclass
class Person:
    """Someone of this world; `kind` is account, guest, lead or visitor (never known by name)."""

    number: int
    person_id: str
    kind: str
    country: Country
    place: Place
    street: str
    postal_code: str
    is_woman: bool
    first_name: str
    last_name: str
    born_on: date
    language: str
    emails: list[str]
    phones: list[str]
    customer_id: str = ""
    user_id: str = ""
    loyalty_id: str = ""
    devices: list[Device] = field(default_factory=list)


@dataclass
class Raw:
    """A row on its way to a file, and what is known of it; faulty rows have no person."""

    table: str
    values: Values
    person_id: str
    updated_at: datetime
    loaded_at: datetime
    is_faulty: bool = False


@dataclass
class Basket:
    """An order about to be placed: number, lines (product, quantity), total as billed, currency."""

    order_id: str
    lines: list[tuple[Product, int]]
    total: Decimal
    currency: str


@dataclass
class Block:
    """The people of one block and the rows they leave; `rng` is the block's own stream."""

    number: int
    rng: random.Random
    people: list[Person] = field(default_factory=list)
    rows: list[Raw] = field(default_factory=list)
    serials: Counter[str] = field(default_factory=Counter)

    def serial(self, kind: str) -> str:
        """Next number of a kind, unique over all blocks: block and running number, digits only."""
        self.serials[kind] += 1
        return f"{self.number + 1}{self.serials[kind]:05d}"

    def add(
        self,
        table: str,
        values: Values,
        person_id: str,
        updated_at: datetime,
        loaded_at: datetime,
        is_faulty: bool = False,
    ) -> None:
        """Keep a row for writing."""
        self.rows.append(Raw(table, values, person_id, updated_at, loaded_at, is_faulty))


def make_catalogue() -> tuple[Product, ...]:
    """List all products, numbered in catalogue order."""
    flat = ((c, n, p) for c, entries in CATALOGUE_NAMES.items() for n, p in entries)
    return tuple(
        Product(f"SKU-{1000 + i}", name, category, Decimal(price))
        for i, (category, name, price) in enumerate(flat)
    )


CATALOGUE = make_catalogue()
