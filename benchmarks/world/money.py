"""What is paid: the shop's payments and refunds, and the payment provider's side of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from world.facts import MAIL_DOMAINS
from world.model import (
    AS_OF,
    BLOCKS_PER_FAULT_BATCH,
    FIRST_DAY,
    LAST_DAY,
    PEOPLE_PER_BLOCK,
    Block,
    Person,
)
from world.people import make_person
from world.spelling import (
    NO_COUNTRY,
    address,
    awake,
    chance,
    plain,
    spell_country,
    spell_email,
    spell_phone,
    spell_time,
    usual_email,
    weighted,
)
from world.system import (
    Order,
    epoch,
    kept_name,
    known_people,
    later,
    own_phones,
    put,
    sloppy,
    spell_flag,
    token,
    usual_customer_id,
)
from world.system_facts import OTHER_SALES, PAYMENT_SPELLINGS, PLANS, REFUND_REASONS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Charge:
    """A charge about to be written; amounts in minor units, of a person or a stranger's id."""

    charge_id: str
    intent_id: str
    person_id: str
    at: datetime
    amount: int
    currency: str
    status: str
    stripe_customer_id: str
    email: str
    order_id: str
    invoice_id: str
    refunded: int = 0


class Provider:
    """The payment provider's books of one block: customers, charges, refunds, in its own stream."""

    def __init__(self, block: Block) -> None:
        """Begin with nothing."""
        self.block = block
        self.phones = own_phones(block)
        self.customers: dict[str, str] = {}
        self.charges: list[Charge] = []

    def charge(
        self,
        person_id: str,
        at: datetime,
        amount: int,
        currency: str,
        *,
        status: str = "succeeded",
        stripe_customer_id: str = "",
        email: str = "",
        order_id: str = "",
        invoice_id: str = "",
    ) -> Charge:
        """Take a charge down; it is written when the year is over."""
        rng = self.block.rng
        made = Charge(
            token(rng, "ch_3"), token(rng, "pi_3"), person_id, at, amount, currency,
            status, stripe_customer_id, email, order_id, invoice_id,
        )  # fmt: skip
        self.charges.append(made)
        return made

    def customer_of(self, person: Person, at: datetime, share: float) -> str:
        """Give the person's customer id, made at this time with the given probability."""
        if person.person_id not in self.customers:
            if not chance(self.block.rng, share):
                return ""
            self.customers[person.person_id] = token(self.block.rng, "cus_")
            self.write_customer(person, at)
        return self.customers[person.person_id]

    def write_customer(self, person: Person, at: datetime) -> None:
        """Write the customer's row: e-mail mostly, shop numbers in the metadata of some."""
        rng = self.block.rng
        country = spell_country(rng, person.country)
        known = country not in NO_COUNTRY
        phone = self.phones.get(person.person_id, "")
        values = address(rng, person, country) if chance(rng, 0.6) else {"country": country}
        customer_id = usual_customer_id(rng, person, 0.4)
        has_email = chance(rng, 0.92) or not customer_id
        put(
            self.block, "stripe.customers", person.person_id, at,
            stripe_customer_id=self.customers[person.person_id],
            customer_id=customer_id,
            user_id=person.user_id if chance(rng, 0.15) else "",
            email=spell_email(rng, usual_email(rng, person)) if has_email else "",
            phone=spell_phone(rng, person.country, phone, known)
            if phone and chance(rng, 0.25) else "",
            full_name=f"{kept_name(rng, person.first_name)} {kept_name(rng, person.last_name)}",
            currency=rng.choice(("eur", "eur", "EUR", "")),
            is_delinquent=spell_flag(rng, chance(rng, 0.04)),
            created_at=epoch(at) if chance(rng, 0.7) else spell_time(rng, at, 0),
            **values,
        )  # fmt: skip

    def refund(self, charge: Charge, amount: int, at: datetime) -> str:
        """Pay back part or all of a charge; gives the refund's id."""
        rng = self.block.rng
        refund_id = token(rng, "re_3")
        charge.refunded += amount
        put(
            self.block, "stripe.refunds", charge.person_id, at,
            refund_id=refund_id,
            charge_id=charge.charge_id,
            amount=str(amount),
            currency=charge.currency,
            refund_status=rng.choice(("succeeded", "succeeded", "succeeded", "Succeeded")),
            refund_reason=rng.choice(("requested_by_customer", "duplicate", "fraudulent", "")),
            created_at=epoch(at) if chance(rng, 0.7) else spell_time(rng, at, 0),
        )  # fmt: skip
        return refund_id

    def write_charges(self) -> None:
        """Write every charge as it is when the year is over."""
        rng = self.block.rng
        for charge in self.charges:
            put(
                self.block, "stripe.charges", charge.person_id, charge.at,
                charge_id=charge.charge_id,
                stripe_customer_id=charge.stripe_customer_id,
                email=charge.email,
                payment_intent_id=charge.intent_id,
                invoice_id=charge.invoice_id,
                order_id=charge.order_id,
                amount=str(charge.amount),
                amount_refunded=str(charge.refunded) if charge.refunded else rng.choice(("0", "")),
                currency=charge.currency,
                charge_status=sloppy(rng, charge.status),
                created_at=epoch(charge.at) if chance(rng, 0.7) else spell_time(rng, charge.at, 0),
            )  # fmt: skip


def minor(amount: Decimal, currency: str) -> int:
    """Give an amount in the currency's least unit; the shop's currencies all have cents."""
    return int(amount * 100)


def charge_order(provider: Provider, order: Order, at: datetime, status: str) -> Charge:
    """Charge an order's total: on the customer if there is one, else with a receipt's address."""
    rng = provider.block.rng
    customer = provider.customer_of(order.person, at, 0.42)
    receipt = spell_email(rng, usual_email(rng, order.person))
    return provider.charge(
        order.person.person_id, at, minor(order.total, order.currency), order.currency.lower(),
        status=status,
        stripe_customer_id=customer,
        email=receipt if not customer or chance(rng, 0.4) else "",
        order_id=order.order_id if chance(rng, 0.6) else "",
    )  # fmt: skip


def solo_buyer(block: Block) -> Person:
    """Make somebody whom the payment provider alone knows."""
    rng = block.rng
    person = make_person(rng, block.number * PEOPLE_PER_BLOCK, None)
    number = block.serial("solo")
    person.person_id, person.kind, person.phones = f"SOLO{number}", "guest", []
    person.emails = [f"buyer.{number}@{rng.choice(MAIL_DOMAINS)}"]
    return person


def sell_otherwise(provider: Provider) -> None:
    """Charge what the shop knows nothing of: subscriptions, their invoices, and other sales."""
    block, rng = provider.block, provider.block.rng
    accounts = [person for person in block.people if person.kind == "account"]
    solos = [solo_buyer(block) for _ in range(chance(rng, 0.45))]
    for person in [*rng.sample(accounts, k=min(2, len(accounts))), *solos]:
        if person in solos or chance(rng, 0.85):
            subscribe(provider, person)
    buyers = [person for person in known_people(block) if chance(rng, 0.09)]
    for person in [*buyers, *solos]:
        at = awake(rng, FIRST_DAY, LAST_DAY)
        currency = weighted(rng, {"eur": 60, "usd": 20, "jpy": 12, "kwd": 8})
        major = rng.randrange(5, 90) * (150 if currency == "jpy" else 1)
        customer = provider.customer_of(person, at, 0.3)
        charge = provider.charge(
            person.person_id, at, major * OTHER_SALES[currency], currency,
            status=weighted(rng, {"succeeded": 90, "failed": 7, "pending": 3}),
            stripe_customer_id=customer,
            email="" if customer else spell_email(rng, usual_email(rng, person)),
        )  # fmt: skip
        if charge.status == "succeeded" and chance(rng, 0.12):
            provider.refund(charge, charge.amount // 2, later(block, at, DAY, 20 * DAY))


def subscribe(provider: Provider, person: Person) -> None:
    """Begin a subscription and charge an invoice per interval until it ends or the year does."""
    block, rng = provider.block, provider.block.rng
    plan, amount, currency, interval, count = rng.choice(PLANS)
    started_at = awake(rng, FIRST_DAY, LAST_DAY - 30 * DAY)
    customer = provider.customer_of(person, started_at, 1.0)
    status = weighted(rng, {"active": 68, "canceled": 22, "past_due": 6, "trialing": 4})
    ended_at = later(block, started_at, 20 * DAY, 200 * DAY) if status == "canceled" else None
    pieces = 2 if chance(rng, 0.05) else 1
    put(
        block, "stripe.subscriptions", person.person_id, ended_at or started_at,
        subscription_id=token(rng, "sub_1"),
        stripe_customer_id=customer,
        subscription_status=sloppy(rng, status),
        plan_name=plan,
        plan_amount=str(amount),
        currency=currency,
        plan_interval=interval,
        interval_count=count,
        quantity=str(pieces) if pieces > 1 or chance(rng, 0.7) else "",
        started_at=epoch(started_at),
        canceled_at=epoch(ended_at) if ended_at else "",
        ended_at=plain(ended_at) if ended_at else "",
    )  # fmt: skip
    if status == "trialing":
        return
    step = (365 if interval == "year" else 30) * int(count or 1) * DAY
    at = started_at
    while at < min(ended_at or AS_OF, LAST_DAY):
        provider.charge(
            person.person_id, at, amount * pieces, currency,
            stripe_customer_id=customer, invoice_id=token(rng, "in_1"),
            status="failed" if status == "past_due" and at + step > LAST_DAY else "succeeded",
        )  # fmt: skip
        at += step


# --- the shop's side ----------------------------------------------------------------------------


def pay_orders(block: Block, provider: Provider, orders: Sequence[Order]) -> None:
    """Write one or more payments per order and the refunds of those that were refunded."""
    rng = block.rng
    held = []
    for order in orders:
        method = weighted(rng, {"card": 70, "invoice": 14, "paypal": 12, "voucher": 4})
        through_provider = method == "card" and chance(rng, 0.43)
        charge = pay_order(block, provider if through_provider else None, order, method)
        if order.status == "refunded":
            refund_order(block, provider, order, charge, order.total)
        elif order.status == "completed" and chance(rng, 0.014):
            refund_order(block, provider, order, charge, half(order.total))
        elif order.status == "completed" and charge:
            held.append((order, charge))
    # so that a block in which faults are planted has refunds to plant them among
    if block.number % BLOCKS_PER_FAULT_BATCH == 0:
        for order, charge in held[:2]:
            refund_order(block, provider, order, charge, half(order.total), is_in_books=True)


def half(amount: Decimal) -> Decimal:
    """Give half of an amount, to the cent."""
    return (amount / 2).quantize(Decimal("0.01"))


def pay_order(block: Block, provider: Provider | None, order: Order, method: str) -> Charge | None:
    """Pay an order, now and then after a failed try or in two parts; gives the charge that held."""
    rng = block.rng
    end = {"completed": "succeeded", "refunded": "succeeded"}.get(order.status, order.status)
    if end == "cancelled" and chance(rng, 0.5):
        return None
    at = order.at + timedelta(seconds=rng.randrange(20, 400))
    if end == "succeeded" and method == "card" and chance(rng, 0.05):
        tried = charge_order(provider, order, at, "failed") if provider else None
        payment_row(block, order, method, "failed", order.total, at, reference(block, tried))
        at += timedelta(seconds=rng.randrange(60, 900))
    charge = None
    if provider:
        status = {"succeeded": "succeeded", "pending": "pending"}.get(end, "failed")
        charge = charge_order(provider, order, at, status)
    part = Decimal("0.00")
    if not provider and end == "succeeded" and order.total > 30 and chance(rng, 0.06):
        part = Decimal("10.00")
        payment_row(block, order, "voucher", end, part, at, "")
    payment_row(block, order, method, end, order.total - part, at, reference(block, charge))
    return charge if end == "succeeded" else None


def reference(block: Block, charge: Charge | None) -> str:
    """Name a charge as the shop does: its own id or its payment intent's; a few names got lost."""
    if charge is None or chance(block.rng, 0.07):
        return f"T{block.rng.randrange(10**8):08d}" if chance(block.rng, 0.5) else ""
    return charge.charge_id if chance(block.rng, 0.4) else charge.intent_id


def payment_row(
    block: Block,
    order: Order,
    method: str,
    status: str,
    amount: Decimal,
    at: datetime,
    reference: str,
) -> None:
    """Write one payment of an order."""
    rng = block.rng
    put(
        block, "shop.payments", order.person.person_id, at,
        payment_id=f"PAY{block.serial('payment')}",
        order_id=order.order_id,
        payment_reference=reference,
        payment_method=sloppy(rng, method),
        payment_status="" if status == "succeeded" and chance(rng, 0.01)
        else rng.choice(PAYMENT_SPELLINGS[status]),
        amount=f"{amount} " if chance(rng, 0.01) else str(amount),
        currency="" if order.currency == "EUR" and chance(rng, 0.02)
        else order.currency.lower() if chance(rng, 0.05) else order.currency,
        paid_at=spell_time(rng, at, order.person.country.offset),
    )  # fmt: skip


def refund_order(
    block: Block,
    provider: Provider,
    order: Order,
    charge: Charge | None,
    amount: Decimal,
    is_in_books: bool = False,
) -> None:
    """Pay an order back; what went through the provider is in its books too, mostly."""
    rng = block.rng
    at = later(block, order.at, 20 * HOUR, 25 * DAY)
    name = ""
    if charge and (is_in_books or chance(rng, 0.85)):
        refund_id = provider.refund(charge, minor(amount, order.currency), at)
        name = rng.choice((refund_id, refund_id, charge.charge_id, charge.intent_id))
    refund_row(block, order.person.person_id, order.order_id, amount, order.currency, at, name)


def refund_row(
    block: Block,
    person_id: str,
    order_id: str,
    amount: Decimal,
    currency: str,
    at: datetime,
    name: str,
) -> None:
    """Write one refund of the shop; `name` is the provider's reference."""
    rng = block.rng
    put(
        block, "shop.refunds", person_id, at,
        refund_id=f"RF{block.serial('refund')}",
        order_id=order_id,
        payment_reference=name,
        amount=str(amount),
        currency=currency.lower() if chance(rng, 0.1) else currency,
        refund_reason=rng.choice(REFUND_REASONS),
        refunded_at=spell_time(rng, at, 0),
    )  # fmt: skip
