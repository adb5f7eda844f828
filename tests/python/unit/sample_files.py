"""What the tests of the generator know of the files it writes: tables, keys, faults."""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from customer360.contracts import Contract, load_contracts

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "seeds" / "sample"
REFERENCE = ROOT / "seeds" / "reference"

csv.field_size_limit(10**6)

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
PLACEHOLDERS = {"", "n/a", "null", "unknown", "-", "undefined", "[object object]", "(not set)"}

# The first four tables go by names of their own, all others by that of their contract.
FIRST = {
    "contacts": "crm.contacts",
    "events": "web.events",
    "orders": "shop.orders",
    "order_items": "shop.order_items",
}
CONTRACTS: dict[str, Contract] = {
    **{table: load_contracts(ROOT)[name] for table, name in FIRST.items()},
    **{name: found for name, found in load_contracts(ROOT).items() if name not in FIRST.values()},
}
KEYS = {
    **{table: contract.required[0] for table, contract in CONTRACTS.items()},
    "ga4.events": "user_pseudo_id",
}
# Short lists, of which few rows are there and few are faulty.
LISTS = {"pos.stores", "marketing.campaigns", "support.agents"}
# Tables whose rows are records or carry identifiers: instance and entity, as keys name them.
TRUTH = {
    "contacts": ("crm", "contacts"),
    "events": ("web", "events"),
    "orders": ("shop", "orders"),
    "app.events": ("app", "events"),
    "ga4.events": ("ga4", "events"),
    "pos.sales": ("pos", "sales"),
    "stripe.customers": ("stripe", "customers"),
    "stripe.charges": ("stripe", "charges"),
    "marketing.message_events": ("mailing", "message_events"),
    "marketing.ad_clicks": ("ads", "ad_clicks"),
    "loyalty.accounts": ("loyalty", "accounts"),
    "support.tickets": ("support", "tickets"),
    "enrichment.people": ("enrichment", "people"),
    "consent.records": ("consent", "records"),
}
NUMBERS = {
    "amount", "quantity", "unit_price", "value", "amount_refunded", "plan_amount",
    "interval_count", "cost", "impressions", "clicks", "points", "points_balance",
    "satisfaction_score", "duration_seconds", "list_price", "unit_cost", "birth_year",
    "monthly_income", "credit_score",
}  # fmt: skip

Rows = list[dict[str, str]]


def file_of(table: str) -> str:
    """The name of a table's sample file."""
    contract = CONTRACTS[table]
    return f"sample_{contract.source}__{contract.table}.csv"


def times_of(table: str) -> list[str]:
    """The columns of a table that hold times."""
    return [c for c in CONTRACTS[table].columns if c.endswith("_at") or c == "event_timestamp"]


def key_of(table: str, row: dict[str, str]) -> str:
    """What a usable row is known by."""
    if table != "ga4.events":
        return row[KEYS[table]]
    parts = ("user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id")
    joined = "|".join(row[part] for part in parts)
    return hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest()


def read(path: Path) -> Rows:
    """All rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def cleaned(value: str) -> str:
    """A value without invisible characters and outer blanks; empty for a placeholder."""
    bare = value.replace("\u200b", "").replace("\u00a0", " ").strip()
    return "" if bare.lower() in PLACEHOLDERS else bare


def cleaned_email(value: str) -> str:
    """The mailbox meant by a spelling of an address."""
    return cleaned(value).lower().removeprefix("mailto:")


def lookup(value: str) -> str:
    """The lookup form of the reference seeds: lower case, no accents, single blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFD", value) if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFC", bare).lower().split())


def name_lookup(value: str) -> str:
    """The lookup form of event names and states: underscores between words."""
    return re.sub(r"[^a-z0-9]+", "_", lookup(value)).strip("_")


def as_time(value: str) -> datetime | None:
    """The instant a text means, UTC where it names no zone; None where it means none."""
    if re.fullmatch(r"\d{10}|\d{13}|\d{16}", value):
        return datetime.fromtimestamp(int(value[:10]), UTC) + timedelta(
            microseconds=int(value[10:].ljust(6, "0"))
        )
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def is_number(value: str) -> bool:
    """Whether a text is a decimal number."""
    try:
        Decimal(value)
    except InvalidOperation:
        return False
    return True


def fault(table: str, row: dict[str, str]) -> str | None:
    """Why a reader must set a row aside, judged by the row alone; None for a usable one."""
    times = times_of(table)
    required = CONTRACTS[table].required
    if sum(len(value) for value in row.values()) > 100_000:
        return "row_too_long"
    if not all(cleaned(row[column]) for column in required if column not in times):
        return "missing_key"
    if not all(cleaned(row[column]) for column in required if column in times):
        return "missing_time"
    moments = [as_time(cleaned(row[column])) for column in times if cleaned(row[column])]
    numbers = [cleaned(row[column]) for column in row if column in NUMBERS]
    if None in moments or not all(is_number(number) for number in numbers if number):
        return "wrong_type"
    limit = AS_OF + timedelta(days=1)
    if any(at is not None and (at > limit or at.year < 1900) for at in moments):
        return "impossible_time"
    return None
