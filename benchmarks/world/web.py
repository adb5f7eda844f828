"""What the web tracker sees: visits of people, crawlers, and events of nobody."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from world.facts import CHANNELS, EVENT_SPELLINGS
from world.model import (
    CATALOGUE,
    COLUMNS,
    FIRST_DAY,
    LAST_DAY,
    PEOPLE_PER_BLOCK,
    Basket,
    Block,
    Device,
    Person,
    Product,
    Values,
)
from world.people import make_device, make_person
from world.spelling import (
    awake,
    chance,
    junk,
    loaded,
    moment,
    plain,
    spell_email,
    spell_phone,
    spell_time,
    usual_email,
)


@dataclass
class Visit:
    """One session under way: who, on what, since when, and whether they have logged in by now."""

    person: Person
    device: Device | None
    session_id: str
    at: datetime
    logged_in: bool = False


def event_row(block: Block, visit: Visit, kind: str, **extra: str) -> Values:
    """Report an event of a visit at its current time, as the tracker would."""
    rng = block.rng
    values = dict.fromkeys(COLUMNS["events"], "")
    values["event_id"] = f"e{block.serial('event')}"
    values["event_name"] = rng.choice(EVENT_SPELLINGS[kind])
    values["occurred_at"] = spell_time(rng, visit.at, visit.person.country.offset)
    values["session_id"] = visit.session_id
    values["loaded_at"] = plain(loaded(visit.at))
    device = visit.device
    if device and device.sends != "cookie":
        values["device_id"] = device.device_id
    if device and device.sends != "device":
        values["cookie_id"] = device.cookies[visit.at >= device.renewed_at]
    if visit.logged_in:
        values["user_id"] = visit.person.user_id
    elif chance(rng, 0.03):
        values["user_id"] = rng.choice(("null", "undefined", "[object Object]", "unknown"))
    if chance(rng, 0.02):
        values["device_id"] = values["device_id"] or rng.choice(("undefined", "null", "-"))
    values.update(extra)
    return values


def emit(block: Block, visit: Visit, kind: str, **extra: str) -> None:
    """Record an event of the visit and let some time pass."""
    values = event_row(block, visit, kind, **extra)
    block.add("events", values, visit.person.person_id, visit.at, loaded(visit.at))
    visit.at += timedelta(seconds=block.rng.randrange(8, 240))


def land(block: Block, visit: Visit) -> None:
    """Open the first page of a visit, half of the time from a campaign."""
    rng = block.rng
    extra = {"page_url": rng.choice(("https://shop.example/", "https://shop.example/start"))}
    if chance(rng, 0.5):
        source, medium, campaigns, referrer = rng.choice(CHANNELS)
        campaign = rng.choice(campaigns)
        extra.update(
            referrer=referrer,
            utm_source=source,
            utm_medium=medium,
            utm_campaign=junk(rng, campaign, 0.03),
            page_url=f"https://shop.example/?utm_source={source}&utm_medium={medium}",
        )
    emit(block, visit, "app_open" if chance(rng, 0.04) else "page_view", **extra)


def product_extra(product: Product) -> dict[str, str]:
    """Say what an event on a product page carries."""
    return {
        "product_id": product.product_id,
        "page_url": f"https://shop.example/p/{product.product_id.lower()}?ref=list",
        "amount": str(product.price),
        "currency": "EUR",
    }


def look_around(block: Block, visit: Visit, products: Sequence[Product]) -> None:
    """Go through lists, searches, products and now and then something else."""
    rng = block.rng
    if chance(rng, 0.25):
        query = rng.choice(("mug", "tea", "gift", "café"))
        emit(
            block, visit, "search",
            page_url=f"https://shop.example/search?q={query}",
            properties=json.dumps({"query": query, "results": rng.randrange(30)}),
        )  # fmt: skip
    elif chance(rng, 0.4):
        category = rng.choice(products).category.lower()
        emit(block, visit, "product_list_view", page_url=f"https://shop.example/c/{category}")
    for product in products:
        emit(block, visit, "product_view", **product_extra(product))
    if chance(rng, 0.15):
        other = rng.choice(
            ("wishlist_add", "share", "review_submit", "click", "scroll", "video_play")
        )
        kind = "unknown" if chance(rng, 0.2) else rng.choice((other, "promotion_click"))
        emit(block, visit, kind, properties=json.dumps({"position": rng.randrange(9)}))


def log_in(block: Block, visit: Visit, is_first: bool) -> None:
    """Log in, or sign up the first time; half of the time the mail address is sent along."""
    rng = block.rng
    person = visit.person
    visit.logged_in = True
    extra = {"page_url": "https://shop.example/account"}
    if is_first or chance(rng, 0.5):
        extra["email"] = spell_email(rng, person.emails[0])
    if is_first and person.phones and chance(rng, 0.2):
        extra["phone"] = spell_phone(rng, person.country, person.phones[0], country_known=False)
    emit(
        block, visit, "sign_up" if is_first else rng.choice(("login", "login", "identify")), **extra
    )


def leave_address(block: Block, visit: Visit) -> None:
    """Fill in a form or newsletter box: the mail address becomes known on this device."""
    rng = block.rng
    kind = rng.choice(("form_submit", "email_subscribe", "support_request"))
    emit(
        block, visit, kind,
        email=spell_email(rng, usual_email(rng, visit.person)),
        page_url="https://shop.example/newsletter",
    )  # fmt: skip


def check_out(block: Block, visit: Visit, basket: Basket) -> None:
    """Go from basket to purchase, which carries the order's number."""
    rng = block.rng
    product, quantity = basket.lines[0]
    emit(block, visit, "add_to_cart", quantity=str(quantity), **product_extra(product))
    if chance(rng, 0.1):
        emit(block, visit, "remove_from_cart", product_id=product.product_id)
    if chance(rng, 0.2):
        emit(block, visit, "view_cart", page_url="https://shop.example/cart")
    emit(block, visit, "begin_checkout", page_url="https://shop.example/checkout?step=1")
    if chance(rng, 0.3):
        emit(block, visit, rng.choice(("add_payment_info", "add_shipping_info")))
    emit(
        block, visit, "purchase",
        order_id=basket.order_id,
        amount=str(basket.total),
        currency=basket.currency,
        quantity=str(sum(q for _, q in basket.lines)),
        page_url=f"https://shop.example/thanks?order={basket.order_id}",
        properties=json.dumps({"coupon": "WELCOME"}) if chance(rng, 0.15) else "",
    )  # fmt: skip


def visit_shop(
    block: Block,
    person: Person,
    device: Device | None,
    at: datetime,
    login: str = "never",
    is_first: bool = False,
    basket: Basket | None = None,
    leaves_address: bool = False,
) -> datetime:
    """Play a whole session and return its end; `login` is never, start or late (after looking)."""
    rng = block.rng
    visit = Visit(person, device, f"s{block.serial('session')}", at)
    land(block, visit)
    if login == "start":
        log_in(block, visit, is_first)
    products = (
        [line[0] for line in basket.lines[:2]]
        if basket
        else rng.sample(CATALOGUE, rng.randint(0, 2))
    )
    if products:
        look_around(block, visit, products)
    if login == "late":
        log_in(block, visit, is_first)
    if leaves_address:
        leave_address(block, visit)
    if basket:
        check_out(block, visit, basket)
    elif products and chance(rng, 0.15):
        emit(block, visit, "add_to_cart", quantity="1", **product_extra(products[0]))
    if visit.logged_in and chance(rng, 0.08):
        emit(block, visit, "logout")
    return visit.at


def browse(block: Block, person: Person) -> None:
    """Visit without an order: anonymously, logged in, or leaving an address."""
    rng = block.rng
    mean = {"account": 1.2, "guest": 0.8, "lead": 1.0, "visitor": 1.6}[person.kind]
    starts = sorted(
        awake(rng, FIRST_DAY, LAST_DAY) for _ in range(1 + int(rng.expovariate(1 / mean)))
    )
    signs_up = person.kind == "account" and chance(rng, 0.7)
    for index, at in enumerate(starts[:6]):
        login = "never"
        # whoever signs up late browses anonymously before
        is_first = signs_up and index == len(starts[:6]) // 2
        if is_first or (person.kind == "account" and chance(rng, 0.35)):
            login = rng.choice(("start", "late"))
        leaves_address = person.kind in ("guest", "lead") and chance(rng, 0.45)
        visit_shop(
            block, person, rng.choice(person.devices), at,
            login=login, is_first=is_first, leaves_address=leaves_address,
        )  # fmt: skip


def run_bot(block: Block) -> None:
    """Let a crawler loose: one device, many page views, no login; a person of its own kind."""
    rng = block.rng
    bot = make_person(rng, block.number * PEOPLE_PER_BLOCK, None)
    bot.person_id = f"BOT{block.number + 1:06d}"
    bot.devices = [make_device(rng)]
    bot.devices[0].sends = "device"
    visit = Visit(
        bot, bot.devices[0], f"s{block.serial('session')}", moment(rng, FIRST_DAY, LAST_DAY)
    )
    for page in range(rng.randint(120, 180)):
        emit(block, visit, "page_view", page_url=f"https://shop.example/c/all?page={page}")


def leave_no_trace(block: Block) -> None:
    """Leave an event without any identifier; its person is of its own kind: nobody can know."""
    stranger = make_person(block.rng, block.number * PEOPLE_PER_BLOCK, None)
    stranger.person_id = f"NOID{block.number + 1:06d}"
    visit = Visit(stranger, None, "", moment(block.rng, FIRST_DAY, LAST_DAY))
    values = event_row(block, visit, "page_view", device_id="", user_id="")
    block.add("events", values, stranger.person_id, visit.at, loaded(visit.at))
