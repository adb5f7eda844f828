"""What the app and GA4 on the second site see of the same people."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from world.facts import CHANNELS
from world.model import CATALOGUE, FIRST_DAY, LAST_DAY, Block, Person
from world.spelling import (
    awake,
    chance,
    loaded,
    plain,
    spell_email,
    spell_phone,
    spell_time,
)
from world.system import Order, epoch, later, own_phones, put
from world.system_facts import APP_SPELLINGS

SHARE_WITH_APP = {"account": 0.29, "guest": 0.06, "lead": 0.06, "visitor": 0.04}

SHARE_ON_SECOND_SITE = {"account": 0.44, "guest": 0.28, "lead": 0.1, "visitor": 0.12}


def completed(orders: Sequence[Order], person: Person) -> list[Order]:
    """List the person's orders that came through and that the web tracker missed."""
    return [
        order
        for order in orders
        if order.person is person and order.status == "completed" and not order.bought_on_web
    ]


# --- the app ------------------------------------------------------------------------------------


def use_app(block: Block, orders: Sequence[Order]) -> tuple[dict[str, str], set[str]]:
    """Play everyone's sessions in the app.

    Gives the app's device id of each person who has it, and the orders that were placed there.
    """
    rng = block.rng
    devices: dict[str, str] = {}
    bought: set[str] = set()
    for person in block.people:
        if not chance(rng, SHARE_WITH_APP[person.kind]):
            continue
        devices[person.person_id] = f"a-{rng.getrandbits(64):016x}"
        mine = completed(orders, person)
        baskets = [order for order in mine if chance(rng, 0.5)][:2]
        starts: list[tuple[datetime, Order | None]] = [
            (order.at - timedelta(minutes=9), order) for order in baskets
        ]
        starts += [(awake(rng, FIRST_DAY, LAST_DAY), None) for _ in range(rng.randint(1, 2))]
        for number, (at, order) in enumerate(sorted(starts, key=lambda start: start[0])):
            play_app_session(block, person, devices[person.person_id], at, order, number == 0)
        bought.update(order.order_id for order in baskets)
    return devices, bought


def play_app_session(
    block: Block, person: Person, device_id: str, at: datetime, order: Order | None, is_first: bool
) -> None:
    """Play one session in the app; whoever has a login is logged in in most of them."""
    rng = block.rng
    platform = ("iOS", "ios") if int(device_id[-1], 16) % 2 else ("Android", "ANDROID")
    session = {
        "device_id": device_id,
        "session_id": f"as{block.serial('session')}",
        "app_version": rng.choice(("3.1.0", "3.2.1", "3.2.1", "4.0.0")),
        "platform": rng.choice(platform),
    }
    if person.user_id and chance(rng, 0.8):
        session["user_id"] = person.user_id
    kinds = ["app_open", "page_view", *rng.choices(("page_view", "product_view", "search"), k=2)]
    if session.get("user_id"):
        kinds.insert(2, "sign_up" if is_first and chance(rng, 0.1) else "login")
    if chance(rng, 0.12):
        kinds.append("push_open")
    if chance(rng, 0.05):
        kinds.append("unknown")
    if order or chance(rng, 0.15):
        kinds.append("add_to_cart")
    if order:
        kinds.append("purchase")
    for kind in kinds:
        extra: dict[str, str] = {"screen_name": "Home"}
        if kind in ("product_view", "add_to_cart"):
            product = rng.choice(CATALOGUE)
            extra = {"screen_name": "Product", "product_id": product.product_id}
            extra |= {"amount": str(product.price), "currency": rng.choice(("EUR", "eur"))}
            extra["quantity"] = "1"
        elif kind == "push_open":
            extra = {"utm_source": "app", "utm_medium": "push", "utm_campaign": "app_welcome"}
        elif kind == "purchase" and order:
            extra = {
                "screen_name": "Thanks", "order_id": order.order_id, "amount": str(order.total),
                "currency": order.currency, "properties": json.dumps({"tender": "wallet"}),
            }  # fmt: skip
            at = order.at
        elif kind in ("login", "sign_up"):
            extra = {"screen_name": "Account"}
            if chance(rng, 0.3):
                extra["email"] = spell_email(rng, person.emails[0])
            phone = own_phones(block).get(person.person_id)
            if phone and chance(rng, 0.08):
                extra["phone"] = spell_phone(rng, person.country, phone, country_known=False)
        put(
            block, "app.events", person.person_id, at,
            event_id=f"ae{block.serial('event')}",
            event_name=rng.choice(APP_SPELLINGS[kind]),
            occurred_at=spell_time(rng, at, person.country.offset),
            **{**session, **extra},
        )  # fmt: skip
        at += timedelta(seconds=rng.randrange(4, 90))


# --- GA4 ----------------------------------------------------------------------------------------


def browse_second_site(block: Block, orders: Sequence[Order], taken: set[str]) -> None:
    """Play visits of the second site, which leads to the shop; it knows a browser by its own id."""
    rng = block.rng
    for person in block.people:
        if not chance(rng, SHARE_ON_SECOND_SITE[person.kind]):
            continue
        pseudo = (
            f"{rng.randrange(10**9, 10**10)}.{int(FIRST_DAY.timestamp()) + rng.randrange(10**6)}"
        )
        mine = [o for o in completed(orders, person) if o.order_id not in taken]
        baskets = [order for order in mine if chance(rng, 0.4)][:1]
        if person.kind == "guest" and not baskets and chance(rng, 0.6):
            continue
        starts: list[tuple[datetime, Order | None]] = [
            (order.at - timedelta(minutes=6), order) for order in baskets
        ]
        starts += [(awake(rng, FIRST_DAY, LAST_DAY), None) for _ in range(rng.choice((0, 1, 1)))]
        logs_in = bool(person.user_id) and chance(rng, 0.9)
        for number, (at, order) in enumerate(sorted(starts, key=lambda start: start[0])):
            play_ga4_session(block, person, pseudo, at, order, number == 0, logs_in)


def play_ga4_session(
    block: Block,
    person: Person,
    pseudo: str,
    at: datetime,
    order: Order | None,
    is_first: bool,
    logs_in: bool,
) -> None:
    """Play one visit of the second site; times are microseconds, a login counts from then on."""
    rng = block.rng
    source, medium, campaigns, referrer = rng.choice(CHANNELS)
    session = {
        "user_pseudo_id": pseudo,
        "ga_session_id": epoch(at),
        "platform": rng.choice(("web", "WEB")),
        "device_category": rng.choice(("mobile", "desktop", "mobile", "tablet")),
        "country": rng.choice(person.country.spellings[:4]) if chance(rng, 0.9) else "(not set)",
        "language": f"{person.language[:2].lower()}-{person.country.code.lower()}",
    }
    if chance(rng, 0.5):
        session |= {"source": source, "medium": medium, "campaign": rng.choice(campaigns)}
    else:
        session |= {"source": "(direct)", "medium": "(none)", "campaign": "(not set)"}
    kinds = ["session_start", "page_view", *rng.choices(("page_view", "scroll", "view_item"), k=1)]
    if is_first:
        kinds.insert(0, "first_visit")
    if chance(rng, 0.3):
        kinds.append(rng.choice(("user_engagement", "view_item_list", "view_search_results")))
    if logs_in:
        kinds.insert(rng.randrange(2, len(kinds)), "login")
    if order:
        kinds += ["add_to_cart", "begin_checkout", "purchase"]
    elif chance(rng, 0.05):
        kinds.append("generate_lead")
    for place, kind in enumerate(kinds, start=1):
        if kind == "login":
            session["user_id"] = person.user_id
        extra = {"page_location": "https://stories.shop.example/"}
        if place == 1:
            extra["page_referrer"] = referrer
        if kind in ("view_item", "add_to_cart"):
            product = rng.choice(CATALOGUE)
            extra |= {"item_id": product.product_id, "value": str(product.price)}
            extra |= {"currency": "EUR", "page_location": "https://stories.shop.example/picks"}
        if kind == "purchase" and order:
            extra |= {"transaction_id": order.order_id, "item_id": order.products[0]}
            extra |= {"value": str(order.total), "currency": order.currency}
            at = order.at
        put(
            block, "ga4.events", person.person_id, at,
            event_name=kind,
            event_timestamp=epoch(at, 13) + f"{rng.randrange(1000):03d}",
            event_bundle_sequence_id=str(place),
            event_params=json.dumps({"engagement_time_msec": rng.randrange(90_000)})
            if chance(rng, 0.3) else "",
            loaded_at=plain(loaded(at)),
            **{**session, **extra},
        )  # fmt: skip
        at = later(block, at, timedelta(seconds=2), timedelta(seconds=70))
