"""What marketing sees: campaigns, what became of messages, clicks on advertisements."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from world.model import FIRST_DAY, LAST_DAY, Block, Person, Values
from world.spelling import (
    awake,
    chance,
    moment,
    plain,
    spell_email,
    spell_phone,
    spell_time,
    weighted,
)
from world.system import as_time, epoch, known_people, later, own_phones, put, usual_customer_id
from world.system_facts import AD_PLATFORMS, CAMPAIGNS, MESSAGE_SPELLINGS

CAMPAIGN_BY_NAME = {campaign[1]: campaign for campaign in CAMPAIGNS}

MESSAGES_PER_PERSON = {"account": 1.7, "guest": 1.4, "lead": 2.0}

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def plan_campaigns(block: Block) -> None:
    """Write the list of campaigns."""
    for (
        campaign_id,
        name,
        channel,
        source,
        medium,
        start,
        end,
        cost,
        currency,
        seen,
        clicks,
    ) in CAMPAIGNS:
        put(
            block, "marketing.campaigns", "", moment(block.rng, FIRST_DAY, LAST_DAY),
            campaign_id=campaign_id, campaign_name=name, channel=channel, utm_source=source,
            utm_medium=medium, started_at=start, ended_at=end, cost=cost, currency=currency,
            impressions=seen, clicks=clicks,
        )  # fmt: skip


def running(block: Block, name: str) -> datetime:
    """Draw a time at which a campaign runs."""
    _, _, _, _, _, start, end, *_ = CAMPAIGN_BY_NAME[name]
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    last = datetime.fromisoformat(end).replace(tzinfo=UTC) if end else LAST_DAY
    return awake(block.rng, max(first, FIRST_DAY), min(last, LAST_DAY))


# --- messages -----------------------------------------------------------------------------------


def send_messages(block: Block, app_devices: Mapping[str, str]) -> None:
    """Write to everyone who can be written to: mail, push to the app, text messages."""
    rng = block.rng
    phones = own_phones(block)
    for person in known_people(block):
        if chance(rng, 0.16):
            continue
        mailbox = subscriber(block, person)
        for _ in range(1 + int(rng.expovariate(1 / MESSAGES_PER_PERSON[person.kind]))):
            name = weighted(rng, {"weekly": 60, "winback": 22, "Black Friday": 18})
            send(block, person, "email", name, mailbox)
        if person.person_id in app_devices:
            user_id = person.user_id if chance(rng, 0.5) else ""
            ids = {"device_id": app_devices[person.person_id], "user_id": user_id}
            for _ in range(rng.randint(1, 3)):
                send(block, person, "push", "app_welcome", ids)
        if person.person_id in phones and chance(rng, 0.2):
            phone = spell_phone(rng, person.country, phones[person.person_id], country_known=False)
            ids = {"phone": phone, "customer_id": usual_customer_id(rng, person, 0.4)}
            send(block, person, "sms", "flash_sms", ids)


def subscriber(block: Block, person: Person) -> Values:
    """Say how the mailing tool knows a person: an address, one in eight an old one, and numbers."""
    rng = block.rng
    customer_id = usual_customer_id(rng, person, 0.4)
    is_old = len(person.emails) > 1 and chance(rng, 0.3)
    return {
        "email": spell_email(rng, person.emails[-1] if is_old else person.emails[0]),
        "customer_id": customer_id,
        "user_id": person.user_id if chance(rng, 0.1) else "",
    }


def send(block: Block, person: Person, channel: str, name: str, ids: Values) -> None:
    """Send one message and write what became of it."""
    rng = block.rng
    at = running(block, name)
    message_id = f"msg-{block.serial('message')}"
    told(block, person, channel, name, ids, message_id, "sent", at)
    if chance(rng, 0.03):
        at = later(block, at, SECOND, 60 * SECOND)
        told(block, person, channel, name, ids, message_id, "bounced", at)
        return
    at = later(block, at, SECOND, 90 * SECOND)
    if channel != "push":
        told(block, person, channel, name, ids, message_id, "delivered", at)
    if channel != "sms" and not chance(rng, 0.38):
        return
    at = later(block, at, 60 * SECOND, 40 * HOUR)
    if channel != "sms":
        told(block, person, channel, name, ids, message_id, "opened", at)
    if channel != "push" and chance(rng, 0.3):
        at = later(block, at, SECOND, 300 * SECOND)
        told(block, person, channel, name, ids, message_id, "clicked", at)
    if chance(rng, 0.02):
        at = later(block, at, SECOND, 300 * SECOND)
        told(block, person, channel, name, ids, message_id, "unsubscribed", at)


def told(
    block: Block,
    person: Person,
    channel: str,
    name: str,
    ids: Values,
    message_id: str,
    kind: str,
    at: datetime,
) -> None:
    """Write one thing that happened to a message."""
    rng = block.rng
    put(
        block, "marketing.message_events", person.person_id, at,
        message_event_id=f"me{block.serial('message event')}",
        message_id=message_id,
        campaign_id=CAMPAIGN_BY_NAME[name][0] if chance(rng, 0.97) else "",
        event_name=rng.choice(MESSAGE_SPELLINGS[kind]),
        channel="" if channel == "email" and chance(rng, 0.05)
        else channel.upper() if chance(rng, 0.1) else channel,
        link_url="https://shop.example/?utm_medium=" + channel if kind == "clicked" else "",
        occurred_at=epoch(at, 13) if chance(rng, 0.3) else spell_time(rng, at, 0),
        **ids,
    )  # fmt: skip


# --- advertisements -----------------------------------------------------------------------------


def click_ads(block: Block, web: Block) -> None:
    """Write the clicks behind most visits from an advertisement, and a few that led nowhere."""
    rng = block.rng
    for raw in web.rows:
        name = raw.values.get("utm_campaign", "")
        if raw.table != "events" or raw.is_faulty or name not in AD_PLATFORMS:
            continue
        ids = {column: raw.values[column] for column in ("cookie_id", "device_id")}
        if not raw.values["cookie_id"] or not chance(rng, 0.7):
            continue
        if not chance(rng, 0.15):
            ids["device_id"] = ""
        at = max(FIRST_DAY, as_time(raw.values["occurred_at"]) - rng.randrange(1, 9) * SECOND)
        click(block, raw.person_id, name, at, ids)
    for _ in range(chance(rng, 0.4)):
        # a browser that no page was loaded in: nobody else knows its cookie
        stranger = f"NOIDA{block.serial('stranger')}"
        cookie = f"GA1.2.{rng.randrange(10**9)}.{rng.randrange(10**9, 10**10)}"
        name = rng.choice(tuple(AD_PLATFORMS))
        click(block, stranger, name, running(block, name), {"cookie_id": cookie})


def click(block: Block, person_id: str, name: str, at: datetime, ids: Values) -> None:
    """Write one click on an advertisement."""
    rng = block.rng
    campaign_id, _, _, source, medium, *_ = CAMPAIGN_BY_NAME[name]
    put(
        block, "marketing.ad_clicks", person_id, at,
        ad_click_id=f"AC{block.serial('ad click')}",
        campaign_id=campaign_id if chance(rng, 0.95) else "",
        ad_platform=AD_PLATFORMS[name],
        landing_page=f"https://shop.example/?utm_source={source}&utm_medium={medium}",
        utm_source=source.upper() if chance(rng, 0.1) else source,
        utm_medium=medium,
        utm_campaign=name,
        cost=f"{rng.randrange(12, 160) / 100:.2f}",
        currency=rng.choice(("EUR", "EUR", "eur", "")),
        clicked_at=epoch(at) if chance(rng, 0.2) else plain(at),
        **ids,
    )  # fmt: skip
