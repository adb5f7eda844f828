"""What the systems beyond CRM, web and shop share: streams of chance, orders, rows, times."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from world.facts import STATUS_SPELLINGS
from world.model import COLUMNS, LAST_DAY, Block, Person, Values
from world.spelling import chance, loaded, plain, spell_time

STATUSES = {text: status for status, texts in STATUS_SPELLINGS.items() for text in texts}


@dataclass(frozen=True)
class Order:
    """An order as the shop last knew it; `products` holds the product of each line."""

    order_id: str
    person: Person
    at: datetime
    status: str
    total: Decimal
    currency: str
    products: tuple[str, ...]
    bought_on_web: bool


def stream(block: Block, seed: int, system: str) -> Block:
    """Open a system's own stream of chance on the people of a block, with rows of its own."""
    rng = random.Random(f"customer360:{seed}:{block.number}:{system}")
    return Block(block.number, rng, people=block.people)


def placed_orders(block: Block) -> list[Order]:
    """List the block's orders in their latest state, by number."""
    people = {person.person_id: person for person in block.people}
    lines: dict[str, list[str]] = {}
    bought = set()
    latest: dict[str, tuple[datetime, Values, str]] = {}
    for raw in block.rows:
        if raw.is_faulty:
            continue
        if raw.table == "order_items":
            lines.setdefault(raw.values["order_id"], []).append(raw.values["product_id"])
        elif raw.table == "events" and raw.values["order_id"]:
            bought.add(raw.values["order_id"])
        elif raw.table == "orders":
            order_id = raw.values["order_id"]
            if order_id not in latest or raw.updated_at > latest[order_id][0]:
                latest[order_id] = (raw.updated_at, raw.values, raw.person_id)
    return [
        Order(
            order_id=order_id,
            person=people[person_id],
            at=as_time(values["ordered_at"]),
            status=STATUSES[values["order_status"]],
            total=Decimal(values["amount"].strip()),
            currency=values["currency"].upper(),
            products=tuple(sorted(set(lines[order_id]))),
            bought_on_web=order_id in bought,
        )
        for order_id, (_, values, person_id) in sorted(latest.items())
    ]


def as_time(text: str) -> datetime:
    """Read a time that `spell_time` wrote; to the second."""
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=LAST_DAY.tzinfo)
    return at.astimezone(LAST_DAY.tzinfo).replace(microsecond=0)


def put(block: Block, table: str, person_id: str, at: datetime, **values: str) -> None:
    """Write a row last changed at a time; what is not given stays empty."""
    row = dict.fromkeys(COLUMNS[table], "")
    if "updated_at" in row:
        row["updated_at"] = spell_time(block.rng, at, 0)
    row["loaded_at"] = plain(loaded(at))
    row.update(values)
    block.add(table, row, person_id, at, loaded(at))


def later(block: Block, at: datetime, least: timedelta, most: timedelta) -> datetime:
    """Draw a time between two spans after another, by the world's last day or soon after `at`."""
    seconds = block.rng.randrange(int(least.total_seconds()), int(most.total_seconds()))
    return min(at + timedelta(seconds=seconds), max(LAST_DAY, at + timedelta(minutes=1)))


def epoch(at: datetime, digits: int = 10) -> str:
    """Seconds since 1970 (10 digits), milliseconds (13) or microseconds (16)."""
    return str(int(at.timestamp())) + "0" * (digits - 10)


def token(rng: random.Random, prefix: str, length: int = 14) -> str:
    """Make an id as payment providers do: a prefix and letters and digits."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return prefix + "".join(rng.choices(alphabet, k=length))


def sloppy(rng: random.Random, text: str) -> str:
    """Write a code in another case, one time in five."""
    form = rng.randrange(10)
    return text.upper() if form == 0 else text.title() if form == 1 else text


def kept_name(rng: random.Random, name: str) -> str:
    """Write a name that its owner typed in carefully: other case or a stray blank, no slip."""
    form = rng.randrange(20)
    return {0: name.upper(), 1: name.lower(), 2: f" {name}"}.get(form, name)


def spell_flag(rng: random.Random, is_so: bool) -> str:
    """Write yes or no in one of the ways systems do."""
    return rng.choice(("true", "TRUE", "1", "yes") if is_so else ("false", "False", "0", "no"))


def known_people(block: Block) -> list[Person]:
    """List those whom more than a cookie can know: all but visitors."""
    return [person for person in block.people if person.kind != "visitor"]


def own_phones(block: Block) -> dict[str, str]:
    """Give each person's first phone that is theirs alone in the block (no family's land line)."""
    holders = Counter((p.country.code, phone) for p in block.people for phone in p.phones)
    found: dict[str, str] = {}
    for person in block.people:
        for phone in person.phones:
            if holders[person.country.code, phone] == 1:
                found.setdefault(person.person_id, phone)
    return found


def usual_customer_id(rng: random.Random, person: Person, share: float) -> str:
    """Give the customer number where there is one and the draw wants it."""
    return person.customer_id if chance(rng, share) else ""
