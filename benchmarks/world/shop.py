"""What the shop sees: orders and their lines, with the visits in which they were placed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from world.facts import PLACEHOLDERS, STATUS_SPELLINGS
from world.model import (
    CATALOGUE,
    COLUMNS,
    FIRST_DAY,
    LAST_DAY,
    Basket,
    Block,
    Device,
    Person,
    Product,
    Values,
)
from world.people import make_device
from world.spelling import (
    NO_COUNTRY,
    address,
    awake,
    chance,
    junk,
    loaded,
    moment,
    plain,
    spell_country,
    spell_email,
    spell_name,
    spell_phone,
    spell_time,
    usual_email,
    weighted,
)
from world.web import visit_shop


def make_basket(block: Block) -> Basket:
    """Fill a basket with one to four lines; a few pay shipping on top of them."""
    rng = block.rng
    chosen = rng.sample(CATALOGUE, rng.choices((1, 2, 3, 4), weights=(35, 35, 20, 10))[0])
    lines = [(product, rng.choices((1, 2, 3), weights=(75, 18, 7))[0]) for product in chosen]
    total = sum((product.price * quantity for product, quantity in lines), Decimal("0.00"))
    if chance(rng, 0.03):
        total += Decimal("4.90")
    currency = rng.choice(("USD", "GBP")) if chance(rng, 0.012) else "EUR"
    return Basket(f"O{block.serial('order')}", lines, total, currency)


def order_identity(block: Block, person: Person, as_guest: bool, country_known: bool) -> Values:
    """Choose an order's identifiers: a guest's mail address, or some of an account's own."""
    rng = block.rng
    if as_guest or not person.customer_id:
        values = {"email": spell_email(rng, usual_email(rng, person))}
    else:
        values = {
            "customer_id": person.customer_id if chance(rng, 0.85) else "",
            "user_id": person.user_id if chance(rng, 0.5) else "",
            "loyalty_id": person.loyalty_id if chance(rng, 0.5) else "",
            "email": spell_email(rng, rng.choice(person.emails)) if chance(rng, 0.8) else "",
        }
        if not (values["customer_id"] or values["user_id"] or values["email"]):
            values["customer_id"] = f"{person.customer_id} "
        if not values["customer_id"] and chance(rng, 0.3):
            values["customer_id"] = rng.choice(PLACEHOLDERS)
    if person.phones and chance(rng, 0.5):
        values["phone"] = spell_phone(rng, person.country, rng.choice(person.phones), country_known)
    return values


def order_row(
    block: Block,
    person: Person,
    basket: Basket,
    at: datetime,
    as_guest: bool,
    device: Device | None,
) -> None:
    """Write the shop's row of an order, and its lines."""
    rng = block.rng
    offset = person.country.offset
    country = spell_country(rng, person.country)
    status = weighted(
        rng, {"completed": 85, "pending": 5, "failed": 3, "cancelled": 4, "refunded": 3}
    )
    updated_at = at + timedelta(hours=rng.randrange(1, 72))
    values = dict.fromkeys(COLUMNS["orders"], "")
    values.update(order_identity(block, person, as_guest, country not in NO_COUNTRY))
    values.update(address(rng, person, country))
    values.update(
        order_id=basket.order_id,
        first_name=spell_name(rng, person.first_name),
        last_name=spell_name(rng, person.last_name),
        order_status=rng.choice(STATUS_SPELLINGS[status]),
        ordered_at=spell_time(rng, at, offset),
        amount=f" {basket.total}" if chance(rng, 0.01) else str(basket.total),
        currency=basket.currency.lower() if chance(rng, 0.03) else basket.currency,
        updated_at=spell_time(rng, updated_at, offset),
        loaded_at=plain(loaded(updated_at)),
    )
    if device and chance(rng, 0.5):
        values["cookie_id"] = (
            device.cookies[at >= device.renewed_at] if device.sends != "device" else ""
        )
        values["device_id"] = device.device_id if device.sends != "cookie" else ""
    block.add("orders", values, person.person_id, updated_at, loaded(updated_at))
    for line, (product, quantity) in enumerate(basket.lines, start=1):
        item_row(block, f"{basket.order_id}-{line}", basket.order_id, product, quantity, at)


def item_row(
    block: Block, item_id: str, order_id: str, product: Product, quantity: int, at: datetime
) -> None:
    """Write a line of an order."""
    rng = block.rng
    values = {
        "order_item_id": item_id,
        "order_id": order_id,
        "product_id": product.product_id,
        "product_name": spell_name(rng, product.name) if chance(rng, 0.1) else product.name,
        "product_category": junk(rng, product.category, 0.02),
        "quantity": str(quantity),
        "unit_price": str(product.price),
        "amount": str(product.price * quantity),
        "updated_at": plain(at),
        "loaded_at": plain(loaded(at)),
    }
    block.add("order_items", values, "", at, loaded(at))


def place_orders(block: Block, person: Person) -> None:
    """Place the person's orders of the year, many with the visit in which that happened."""
    rng = block.rng
    if person.kind not in ("account", "guest"):
        return
    mean = 3.0 if person.kind == "account" else 1.7
    for _ in range(min(14, int(rng.expovariate(1 / mean) + 0.5))):
        at = awake(rng, FIRST_DAY, LAST_DAY)
        basket = make_basket(block)
        as_guest = person.kind == "guest" or chance(rng, 0.12)
        device: Device | None = None
        if chance(rng, 0.34):
            device = rng.choice(person.devices)
            # a guest checkout is often followed or preceded by a login in the same browser
            share = 0.5 if as_guest else 0.85
            login = (
                rng.choice(("start", "late")) if person.user_id and chance(rng, share) else "never"
            )
            at = visit_shop(block, person, device, at, login=login, basket=basket)
        order_row(block, person, basket, at, as_guest, device)


def share_device(block: Block, family: Sequence[Person]) -> None:
    """Use a family's tablet: someone logs in, later browses on without, then the next."""
    rng = block.rng
    device = make_device(rng)
    device.cookies = (device.cookies[0], device.cookies[0])
    turns = sorted(awake(rng, FIRST_DAY, LAST_DAY) for _ in range(len(family) + rng.randint(1, 3)))
    for index, at in enumerate(turns):
        person = family[index % len(family)]
        login = "start" if person.user_id and chance(rng, 0.85) else "never"
        basket = make_basket(block) if login == "start" and chance(rng, 0.2) else None
        end = visit_shop(block, person, device, at, login=login, basket=basket)
        if basket:
            order_row(block, person, basket, end, False, device)
        next_turn = turns[index + 1] if index + 1 < len(turns) else LAST_DAY
        if chance(rng, 0.6) and end + timedelta(hours=2) < next_turn:
            later = moment(rng, end + timedelta(hours=1), min(next_turn, end + timedelta(days=2)))
            visit_shop(block, person, device, later)
