"""What goes wrong in the systems beyond CRM, web and shop: copies, later versions, faulty rows."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from world.contracts import SYSTEM_KEYS
from world.model import FIRST_DAY, LAST_DAY, Block, Person, Raw, Values
from world.spelling import loaded, moment, plain

# table -> reason -> (column, bad value) in turn
Faults = dict[str, dict[str, tuple[tuple[str, str], ...]]]

NO_KEYS = ("", "null", "\u00a0")
NO_TIMES = ("", "-", "unknown")
IMPOSSIBLE_TIMES = ("9999-12-31T23:59:59Z", "1753-01-01 00:00:00", "2026-07-02 00:00:01")


def spoilings(column: str, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Spoil one column in several ways."""
    return tuple((column, value) for value in values)


def usual_faults(
    key: str, time: str, numbers: tuple[str, ...]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Give the faults of a table that requires a key and a time: three of each kind."""
    wrong = (*spoilings(numbers[0], ("abc",)),) if numbers else ()
    wrong += spoilings(numbers[-1], ("12,x",)) if numbers else ()
    wrong += spoilings(time, ("not a date", "yesterday", "31.31.2025")[: 3 - len(wrong)])
    return {
        "missing_key": spoilings(key, NO_KEYS),
        "missing_time": spoilings(time, NO_TIMES),
        "impossible_time": spoilings(time, IMPOSSIBLE_TIMES),
        "wrong_type": wrong,
    }


def list_faults(
    key: str, time: str, numbers: tuple[str, ...]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Give the faults of a short list, whose rows need no time: one of each kind."""
    return {
        "missing_key": ((key, ""),),
        "impossible_time": ((time, "9999-12-31"),),
        "wrong_type": ((numbers[0], "many") if numbers else (time, "soon"),),
    }


def three_faults(
    key: str, time: str, numbers: tuple[str, ...]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Give the faults of a table of records, whose rows need no time: three of each kind."""
    kinds = usual_faults(key, time, numbers)
    del kinds["missing_time"]
    return kinds


SYSTEM_FAULTS: Faults = {
    "app.events": usual_faults("event_id", "occurred_at", ("amount", "quantity")),
    "ga4.events": {
        **usual_faults("user_pseudo_id", "event_timestamp", ("value",)),
        "missing_key": (
            ("event_name", ""),
            ("event_name", " "),
            ("event_name", "(not set)"),
        ),
    },
    "shop.payments": {
        **three_faults("payment_id", "paid_at", ("amount",)),
        "missing_key": (("payment_id", ""), ("order_id", ""), ("payment_id", "null")),
    },
    "shop.refunds": usual_faults("refund_id", "refunded_at", ("amount",)),
    "pos.sales": usual_faults("sale_id", "sold_at", ("amount", "quantity")),
    "pos.stores": list_faults("store_id", "opened_at", ()),
    "stripe.customers": three_faults("stripe_customer_id", "created_at", ()),
    "stripe.charges": {
        **usual_faults("charge_id", "created_at", ("amount", "amount_refunded")),
        "missing_key": (("charge_id", ""), ("currency", ""), ("charge_id", "null")),
    },
    "stripe.subscriptions": {
        **usual_faults("subscription_id", "started_at", ("plan_amount", "quantity")),
        "missing_key": (("subscription_id", ""), ("stripe_customer_id", ""), ("currency", "")),
    },
    "stripe.refunds": usual_faults("refund_id", "created_at", ("amount",)),
    "marketing.campaigns": list_faults("campaign_id", "started_at", ("clicks",)),
    "marketing.message_events": {
        **usual_faults("message_event_id", "occurred_at", ()),
        "missing_key": (("message_event_id", ""), ("event_name", ""), ("event_name", "n/a")),
    },
    "marketing.ad_clicks": usual_faults("ad_click_id", "clicked_at", ("cost",)),
    "loyalty.accounts": three_faults("loyalty_id", "joined_at", ("points_balance",)),
    "loyalty.movements": usual_faults("movement_id", "moved_at", ("points",)),
    "support.tickets": usual_faults("ticket_id", "opened_at", ("satisfaction_score",)),
    "support.interactions": {
        **usual_faults("interaction_id", "occurred_at", ("duration_seconds",)),
        "missing_key": (("interaction_id", ""), ("ticket_id", ""), ("ticket_id", "-")),
    },
    "support.agents": list_faults("agent_id", "updated_at", ()),
    "catalog.products": three_faults("product_id", "updated_at", ("list_price", "unit_cost")),
    "enrichment.people": three_faults(
        "enrichment_id", "updated_at", ("credit_score", "monthly_income")
    ),
    "consent.records": {
        **usual_faults("consent_id", "stated_at", ()),
        "missing_key": (("consent_id", ""), ("purpose", ""), ("consent_status", "")),
    },
}

# Identifiers that a faulty row's model must not lend it.
SPARED_IN_SYSTEMS: dict[str, Values] = {
    "app.events": {"order_id": ""}, "ga4.events": {"transaction_id": ""},
    "pos.sales": {"loyalty_id": ""}, "stripe.charges": {"order_id": ""},
}  # fmt: skip

# Share of rows that are there twice, where it is not one in a hundred.
COPIES = {
    "pos.stores": 0.2, "support.agents": 0.2, "marketing.campaigns": 0.25, "catalog.products": 0.05,
    "stripe.customers": 0.03, "stripe.subscriptions": 0.06, "stripe.refunds": 0.12,
    "shop.refunds": 0.04, "loyalty.accounts": 0.03, "support.tickets": 0.03,
    "enrichment.people": 0.03, "consent.records": 0.02, "marketing.ad_clicks": 0.02,
    "support.interactions": 0.02,
}  # fmt: skip


def resent(block: Block, raw: Raw, person: Person) -> Values:
    """Send the same row once more; only its times of change and load will differ."""
    return dict(raw.values)


def moved_town(block: Block, raw: Raw, person: Person) -> Values:
    """Change the address line."""
    return {**raw.values, "address_line": f"{block.rng.randrange(1, 99)} New Street"}


def next_tier(block: Block, raw: Raw, person: Person) -> Values:
    """Lift a member to the highest tier."""
    return {**raw.values, "loyalty_tier": "Gold"}


def escalated(block: Block, raw: Raw, person: Person) -> Values:
    """Escalate a ticket."""
    return {**raw.values, "is_escalated": "true", "priority": "high"}


def dearer(block: Block, raw: Raw, person: Person) -> Values:
    """Raise a product's price by a tenth."""
    price = (Decimal(raw.values["list_price"]) * 11 / 10).quantize(Decimal("0.01"))
    return {**raw.values, "list_price": str(price)}


def better_scored(block: Block, raw: Raw, person: Person) -> Values:
    """Score a person's credit anew."""
    return {**raw.values, "credit_score": "801", "credit_tier": "Excellent"}


NEWER_IN_SYSTEMS: dict[str, tuple[float, Callable[[Block, Raw, Person], Values]]] = {
    "app.events": (0.01, resent),
    "ga4.events": (0.01, resent),
    "shop.payments": (0.01, resent),
    "shop.refunds": (0.06, resent),
    "pos.sales": (0.015, resent),
    "pos.stores": (0.2, resent),
    "stripe.customers": (0.05, moved_town),
    "stripe.charges": (0.015, resent),
    "stripe.subscriptions": (0.1, resent),
    "stripe.refunds": (0.1, resent),
    "marketing.campaigns": (0.15, resent),
    "marketing.message_events": (0.008, resent),
    "marketing.ad_clicks": (0.02, resent),
    "loyalty.accounts": (0.05, next_tier),
    "loyalty.movements": (0.01, resent),
    "support.tickets": (0.08, escalated),
    "support.interactions": (0.02, resent),
    "support.agents": (0.4, resent),
    "catalog.products": (0.08, dearer),
    "enrichment.people": (0.05, better_scored),
    "consent.records": (0.02, resent),
}

# table -> column that refers to nothing, what it refers to, the row's time
ORPHANS: dict[str, tuple[str, str, str]] = {
    "shop.payments": ("order_id", "O99999{}X", "paid_at"),
    "shop.refunds": ("order_id", "O99999{}X", "refunded_at"),
    "stripe.refunds": ("charge_id", "ch_3unknown{}", "created_at"),
    "stripe.subscriptions": ("stripe_customer_id", "cus_unknown{}", "started_at"),
    "loyalty.movements": ("loyalty_id", "L99999{}", "moved_at"),
    "support.interactions": ("ticket_id", "TK99999{}", "occurred_at"),
}

ORPHANS_PER_TABLE = 3


# What a row that refers to nothing must not take over from its model.
NOT_OF_AN_ORPHAN = ("payment_reference", "canceled_at", "ended_at", "agent_id")


def plant_system_orphans(block: Block) -> Counter[str]:
    """Add rows that refer to a row which never came; gives how many of each table."""
    planted: Counter[str] = Counter()
    for table, (column, pattern, time) in ORPHANS.items():
        models = [raw for raw in block.rows if raw.table == table and not raw.is_faulty]
        for number in range(1, ORPHANS_PER_TABLE + 1 if models else 1):
            at = moment(block.rng, FIRST_DAY + timedelta(days=30), LAST_DAY)
            values = {**block.rng.choice(models).values}
            values.update({name: "" for name in NOT_OF_AN_ORPHAN if name in values})
            values |= {SYSTEM_KEYS[table]: f"ORPHAN{block.number + 1}{number}"}
            values |= {column: pattern.format(f"{block.number + 1}{number}"), time: plain(at)}
            values |= {"loaded_at": plain(loaded(at))}
            if "updated_at" in values:
                values["updated_at"] = plain(at)
            block.add(table, values, "", at, loaded(at))
            planted[table] += 1
    return planted
