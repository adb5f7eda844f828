"""What support, the data provider, the consent register and the catalogue hold."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from world.model import CATALOGUE, FIRST_DAY, LAST_DAY, Block, Person, Values
from world.spelling import (
    NO_COUNTRY,
    address,
    awake,
    chance,
    junk,
    moment,
    spell_country,
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
    spell_flag,
    usual_customer_id,
)
from world.system_facts import (
    AGENTS,
    BRANDS,
    CONSENT_SPELLINGS,
    INCOME_CURRENCIES,
    INTERESTS,
    ISSUES,
    SUBCATEGORIES,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

SHARE_IN_NEED = {"account": 0.32, "guest": 0.22, "lead": 0.08}


def list_products(block: Block) -> None:
    """Write the catalogue: every product that is sold, and two that are no longer."""
    rng = block.rng
    articles = [(p.product_id, p.name, p.category, p.price, True) for p in CATALOGUE]
    articles += [("SKU-0901", "Chicory Blend", "Coffee", Decimal("7.90"), False)]
    articles += [("SKU-0902", "Tin Whistle", "Gifts", Decimal("11.00"), False)]
    for product_id, name, category, price, is_active in articles:
        put(
            block, "catalog.products", "", moment(rng, FIRST_DAY, LAST_DAY),
            product_id=product_id,
            product_name=f"{name} " if chance(rng, 0.05) else name,
            product_category=category,
            product_subcategory=junk(rng, rng.choice(SUBCATEGORIES[category]), 0.05),
            brand=rng.choice(BRANDS),
            list_price=str(price),
            unit_cost="" if chance(rng, 0.04)
            else str((price * rng.randrange(38, 66) / 100).quantize(Decimal("0.01"))),
            currency=rng.choice(("EUR", "EUR", "eur", "")),
            is_active=spell_flag(rng, is_active),
        )  # fmt: skip


# --- support ------------------------------------------------------------------------------------


def list_agents(block: Block) -> None:
    """Write the list of agents."""
    for agent_id, name, team in AGENTS:
        put(
            block, "support.agents", "", moment(block.rng, FIRST_DAY, LAST_DAY),
            agent_id=agent_id, agent_name=name, team=team,
        )  # fmt: skip


def ask_for_help(block: Block, orders: Sequence[Order]) -> None:
    """Open tickets, about an order or not, each with a few contacts."""
    rng = block.rng
    phones = own_phones(block)
    for person in known_people(block):
        if not chance(rng, SHARE_IN_NEED[person.kind]):
            continue
        mine = [order for order in orders if order.person is person]
        for _ in range(1 + chance(rng, 0.2)):
            order = rng.choice(mine) if mine and chance(rng, 0.6) else None
            open_ticket(block, person, order, phones.get(person.person_id, ""))
    if chance(rng, 0.2):
        open_ticket(block, None, None, "")


def requester(block: Block, person: Person, phone: str) -> tuple[Values, str]:
    """Say how support knows who asks, and by what channel they came."""
    rng = block.rng
    kind = weighted(rng, {"email": 55, "account": 25, "phone": 20})
    if kind == "account" and person.user_id:
        ids = {"user_id": person.user_id, "customer_id": usual_customer_id(rng, person, 0.5)}
        return ids, "Chat"
    if kind == "phone" and phone:
        ids = {"phone": spell_phone(rng, person.country, phone, country_known=False)}
        return {**ids, "customer_id": usual_customer_id(rng, person, 0.3)}, "phone"
    ids = {"email": spell_email(rng, usual_email(rng, person))}
    return {**ids, "customer_id": usual_customer_id(rng, person, 0.2)}, "email"


def open_ticket(block: Block, person: Person | None, order: Order | None, phone: str) -> None:
    """Write a ticket and its contacts; without a person a chat of somebody who said nothing."""
    rng = block.rng
    ids: Values = {}
    channel, owner = "Chat", f"NOIDT{block.serial('stranger')}" if person is None else ""
    if person:
        owner = person.person_id
        ids, channel = requester(block, person, phone)
    start = order.at if order else FIRST_DAY
    opened_at = later(block, start, HOUR, 15 * DAY) if order else awake(rng, start, LAST_DAY)
    agent_id = rng.choice(AGENTS)[0] if chance(rng, 0.92) else ""
    ticket_id = f"TK{block.serial('ticket')}"
    at = opened_at
    for number in range(rng.choices((1, 2, 3, 4), weights=(25, 35, 25, 15))[0]):
        put(
            block, "support.interactions", owner, at,
            interaction_id=f"I{block.serial('interaction')}",
            ticket_id=ticket_id,
            agent_id=agent_id,
            channel=sloppy(rng, channel),
            direction=sloppy(rng, "outbound" if number % 2 else "inbound"),
            duration_seconds=str(rng.randrange(20, 1500)) if channel != "email" else "",
            occurred_at=spell_time(rng, at, 60),
        )  # fmt: skip
        at = later(block, at, timedelta(minutes=4), 2 * DAY)
    is_solved = chance(rng, 0.8)
    put(
        block, "support.tickets", owner, at,
        ticket_id=ticket_id,
        order_id=order.order_id if order else "",
        issue_type=rng.choice(ISSUES),
        priority=rng.choice(("low", "Normal", "normal", "HIGH", "urgent", "")),
        ticket_status=rng.choice(("solved", "Closed", "resolved") if is_solved
                                 else ("open", "Pending", "on-hold")),
        is_escalated=spell_flag(rng, chance(rng, 0.12)) if chance(rng, 0.95) else "",
        satisfaction_score=str(rng.randint(1, 5)) if is_solved and chance(rng, 0.4) else "",
        agent_id=agent_id,
        channel=sloppy(rng, channel),
        opened_at=spell_time(rng, opened_at, 60),
        resolved_at=spell_time(rng, at, 60) if is_solved else "",
        **ids,
    )  # fmt: skip


# --- who people are, and what they agreed to ----------------------------------------------------


def enrich(block: Block) -> None:
    """Write what the data provider says of people, whom it knows by address or phone."""
    rng = block.rng
    phones = own_phones(block)
    for person in known_people(block):
        if not chance(rng, 0.44):
            continue
        country = spell_country(rng, person.country)
        known = country not in NO_COUNTRY
        ids = {"email": spell_email(rng, usual_email(rng, person))}
        phone = phones.get(person.person_id)
        if phone and chance(rng, 0.4):
            ids = {"phone": spell_phone(rng, person.country, phone, known)}
        by_year = chance(rng, 0.5)
        income = Decimal(rng.randrange(12, 90) * 100)
        currency, rate = INCOME_CURRENCIES.get(person.country.code, ("EUR", Decimal(1)))
        score = rng.randrange(420, 850)
        tier = (
            "Excellent"
            if score > 760
            else "good"
            if score > 640
            else "Fair"
            if score > 540
            else "poor"
        )
        woman, man = rng.choice((("F", "M"), ("female", "male"), ("Woman", "Man")))
        put(
            block, "enrichment.people", person.person_id, awake(rng, FIRST_DAY, LAST_DAY),
            enrichment_id=f"EN{block.serial('enrichment')}",
            first_name=kept_name(rng, person.first_name),
            last_name=kept_name(rng, person.last_name),
            date_of_birth="" if by_year else person.born_on.isoformat(),
            birth_year=str(person.born_on.year) if by_year else "",
            gender=woman if person.is_woman else man,
            interests=", ".join(rng.sample(INTERESTS, k=rng.randint(1, 3))),
            monthly_income="" if chance(rng, 0.1) else f"{income * rate:.2f}",
            currency=currency.lower() if chance(rng, 0.1) else currency,
            income_bracket="under 2500" if income < 2500 else "2500-5000"
            if income < 5000 else "over 5000",
            credit_score="" if chance(rng, 0.1) else str(score),
            credit_tier=tier,
            **ids,
            **address(rng, person, country),
        )  # fmt: skip


def state_consent(block: Block) -> None:
    """Write what people agreed to and took back; a later statement overturns an earlier one."""
    rng = block.rng
    phones = own_phones(block)
    for person in known_people(block):
        if not chance(rng, 0.38):
            continue
        ids = consent_ids(block, person)
        for purpose in rng.sample(
            ("marketing", "analytics", "personalisation"), k=rng.randint(1, 2)
        ):
            channel = (
                rng.choice(("email", "email", "sms", "phone", "")) if purpose == "marketing" else ""
            )
            used = ids
            if channel in ("sms", "phone") and person.person_id in phones:
                number = phones[person.person_id]
                phone = spell_phone(rng, person.country, number, country_known=False)
                used = {**ids, "phone": phone}
            is_granted = chance(rng, 0.75)
            at = awake(rng, FIRST_DAY, LAST_DAY - 60 * DAY)
            for _ in range(rng.choices((1, 2, 3), weights=(75, 20, 5))[0]):
                put(
                    block, "consent.records", person.person_id, at,
                    consent_id=f"CO{block.serial('consent')}",
                    purpose=sloppy(rng, purpose),
                    channel=sloppy(rng, channel),
                    consent_status=rng.choice(CONSENT_SPELLINGS[is_granted]),
                    stated_at=spell_time(rng, at, person.country.offset),
                    **used,
                )  # fmt: skip
                is_granted = not is_granted
                at = later(block, at, 2 * DAY, 50 * DAY)


def consent_ids(block: Block, person: Person) -> Values:
    """Say how the register knows a person: an address mostly, or a number of the shop's."""
    rng = block.rng
    kind = weighted(rng, {"email": 60, "customer": 25, "user": 15})
    if kind == "customer" and person.customer_id:
        return {"customer_id": person.customer_id}
    if kind == "user" and person.user_id:
        return {"user_id": person.user_id}
    return {"email": spell_email(rng, usual_email(rng, person))}
