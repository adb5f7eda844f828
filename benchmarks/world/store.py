"""What the tills of the stores and the loyalty scheme see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from world.facts import STATUS_SPELLINGS
from world.model import CATALOGUE, FIRST_DAY, LAST_DAY, Block, Person
from world.money import Provider, minor
from world.spelling import (
    awake,
    chance,
    moment,
    plain,
    spell_email,
    spell_phone,
    spell_time,
    usual_email,
    weighted,
)
from world.system import (
    Order,
    kept_name,
    known_people,
    later,
    own_phones,
    put,
    sloppy,
    usual_customer_id,
)
from world.system_facts import STORES

SALES_PER_BLOCK = 20


@dataclass(frozen=True)
class Member:
    """A member of the loyalty scheme."""

    person: Person
    number: str
    joined_at: datetime


@dataclass(frozen=True)
class Sale:
    """A sale that came through and shows a loyalty card."""

    card: str
    at: datetime
    amount: Decimal


def open_stores(block: Block) -> None:
    """Write the list of stores; dates of opening are old, the rows are of the year."""
    for store_id, name, country, region, city, postal_code, opened_at, _ in STORES:
        put(
            block, "pos.stores", "", moment(block.rng, FIRST_DAY, LAST_DAY),
            store_id=store_id, store_name=name, country=country, region=region, city=city,
            postal_code=postal_code, opened_at=opened_at,
        )  # fmt: skip


def join_scheme(block: Block) -> list[Member]:
    """List the members: whom CRM knows a card of, and some who took one in a store."""
    rng = block.rng
    members = []
    for person in known_people(block):
        number = person.loyalty_id
        if not number and chance(rng, 0.17):
            number = f"L0{person.number:06d}"
        if number:
            joined_at = moment(rng, FIRST_DAY, FIRST_DAY + timedelta(days=80))
            members.append(Member(person, number, joined_at))
    return members


def sell_in_stores(block: Block, provider: Provider, members: Sequence[Member]) -> list[Sale]:
    """Ring up the block's sales; gives those that earn points."""
    rng = block.rng
    phones = own_phones(block)
    people = known_people(block)
    earning = []
    for _ in range(SALES_PER_BLOCK):
        at = awake(rng, FIRST_DAY, LAST_DAY)
        ids: dict[str, str] = {}
        kind = weighted(rng, {"card": 40, "nobody": 40, "email": 11, "customer": 6, "phone": 3})
        person = rng.choice(people) if people else None
        owner = person.person_id if person else ""
        cards = [member for member in members if member.joined_at < at]
        if kind == "card" and cards:
            member = rng.choice(cards)
            owner, ids = member.person.person_id, {"loyalty_id": member.number}
            if chance(rng, 0.06):
                ids["email"] = spell_email(rng, usual_email(rng, member.person))
        elif kind == "email" and person:
            ids = {"email": spell_email(rng, usual_email(rng, person))}
        elif kind == "customer" and person and person.customer_id:
            ids = {"customer_id": person.customer_id}
        elif kind == "phone" and person and person.person_id in phones:
            number = phones[person.person_id]
            ids = {"phone": spell_phone(rng, person.country, number, country_known=False)}
        if not ids:
            # a sale in which nobody said who they are: a stranger of its own
            owner = f"NOIDS{block.serial('stranger')}"
        amount = ring_up(block, provider, owner, at, ids)
        if amount and "loyalty_id" in ids:
            earning.append(Sale(ids["loyalty_id"], at, amount))
    return earning


def ring_up(
    block: Block, provider: Provider, owner: str, at: datetime, ids: dict[str, str]
) -> Decimal | None:
    """Write one sale; gives its amount, or None if it did not come through."""
    rng = block.rng
    store_id, *_, currency = rng.choice(STORES)
    product = rng.choice(CATALOGUE)
    quantity = rng.choices((1, 2, 3), weights=(75, 18, 7))[0]
    amount = product.price * quantity
    status = weighted(rng, {"completed": 94, "cancelled": 2, "refunded": 4})
    method = rng.choice(("cash", "card", "card", "Voucher"))
    reference = ""
    if method == "card" and status == "completed":
        reference = f"TERM{rng.randrange(10**7):07d}"
        if currency == "EUR" and chance(rng, 0.12):
            charge = provider.charge(owner, at, minor(amount, currency), "eur")
            reference = charge.charge_id
    put(
        block, "pos.sales", owner, at,
        sale_id=f"T{block.serial('sale')}",
        store_id=rng.choice((store_id, store_id, f" {store_id}")),
        product_id="" if chance(rng, 0.1) else product.product_id,
        quantity=str(quantity),
        sale_status="" if status == "completed" and chance(rng, 0.2)
        else rng.choice(STATUS_SPELLINGS[status]),
        payment_method=sloppy(rng, method),
        payment_reference=reference,
        amount=str(amount),
        currency=currency,
        sold_at=spell_time(rng, at, 60),
        **ids,
    )  # fmt: skip
    return amount if status == "completed" else None


def keep_points(
    block: Block, members: Sequence[Member], orders: Sequence[Order], sales: Sequence[Sale]
) -> None:
    """Write the accounts and every movement; for most members the sum is the balance."""
    rng = block.rng
    phones = own_phones(block)
    for member in members:
        earned = [
            (order.at, int(order.total), order.order_id)
            for order in orders
            if order.person is member.person
            and order.status == "completed"
            and order.at > member.joined_at
            and chance(rng, 0.75)
        ]
        earned += [(sale.at, int(sale.amount), "") for sale in sales if sale.card == member.number]
        balance = move_points(block, member, sorted(earned))
        if chance(rng, 0.07):
            balance += rng.choice((-25, 10, 50))
        write_account(block, member, balance, phones.get(member.person.person_id, ""))


def move_points(block: Block, member: Member, earned: Sequence[tuple[datetime, int, str]]) -> int:
    """Write a member's movements: welcome, earned, redeemed, expired; gives their sum."""
    rng = block.rng
    moves = [(member.joined_at, "adjusted", 50, "")] if chance(rng, 0.4) else []
    moves += [(at, "earned", points, order_id) for at, points, order_id in earned]
    balance = sum(points for _, _, points, _ in moves)
    last = max((at for at, *_ in moves), default=member.joined_at)
    if balance > 60 and chance(rng, 0.6):
        spent = min(balance, rng.choice((20, 50, 50, 100)))
        last = later(block, last, timedelta(hours=1), timedelta(days=20))
        moves.append((last, "redeemed", -spent, ""))
        balance -= spent
    if balance > 0 and chance(rng, 0.2):
        lost = max(1, balance // 4)
        moves.append(
            (later(block, last, timedelta(hours=1), timedelta(days=9)), "expired", -lost, "")
        )
        balance -= lost
    for at, kind, points, order_id in moves:
        put(
            block, "loyalty.movements", member.person.person_id, at,
            movement_id=f"M{block.serial('movement')}",
            loyalty_id=member.number,
            movement_type=sloppy(rng, kind),
            points=f"+{points}" if points > 0 and chance(rng, 0.2) else str(points),
            order_id=order_id,
            moved_at=spell_time(rng, at, 0),
        )  # fmt: skip
    return balance


def write_account(block: Block, member: Member, balance: int, phone: str) -> None:
    """Write a member's account with what they filled in when they took the card."""
    rng = block.rng
    person = member.person
    customer_id = usual_customer_id(rng, person, 0.5)
    in_store = number_is_the_schemes_own(member)
    updated_at = moment(rng, member.joined_at + timedelta(days=90), LAST_DAY)
    tier = "gold" if balance > 300 else "silver" if balance > 120 else "basic"
    put(
        block, "loyalty.accounts", person.person_id, updated_at,
        loyalty_id=member.number,
        customer_id=customer_id,
        email=spell_email(rng, person.emails[0])
        if chance(rng, 0.75) or (in_store and not customer_id) else "",
        phone=spell_phone(rng, person.country, phone, country_known=False)
        if phone and chance(rng, 0.45) else "",
        first_name=kept_name(rng, person.first_name),
        last_name=kept_name(rng, person.last_name),
        date_of_birth=person.born_on.isoformat() if chance(rng, 0.4) else "",
        loyalty_tier=sloppy(rng, tier),
        points_balance=str(balance),
        joined_at=plain(member.joined_at)[:10]
        if chance(rng, 0.3) else spell_time(rng, member.joined_at, 0),
    )  # fmt: skip


def number_is_the_schemes_own(member: Member) -> bool:
    """Whether the number is one that no other system knows."""
    return member.number != member.person.loyalty_id
