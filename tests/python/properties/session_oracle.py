"""What sessions are, found event by event, where the SQL works in sets."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# The day before and the day after a midnight, so that short cases meet it.
MIDNIGHT = dt.datetime(2026, 3, 2)
Campaign = tuple[str | None, str | None, str | None]
NO_CAMPAIGN: Campaign = (None, None, None)


@dataclass(frozen=True)
class Event:
    """An attributed event, as far as sessions look at it."""

    event_id: str
    source_system: str
    customer: str
    at: dt.datetime | None
    session: str | None = None
    device: str | None = None
    cookie: str | None = None
    login: str | None = None
    record: str = "r"
    channel: str = "web"
    category: str = "behaviour"
    campaign: Campaign = NO_CAMPAIGN

    def visitor(self) -> tuple[str, str]:
        """The first of device, cookie, login and record that it carries."""
        if self.device is not None:
            return "device", self.device
        if self.cookie is not None:
            return "cookie", self.cookie
        return ("login", self.login) if self.login is not None else ("record", self.record)


@dataclass(frozen=True)
class Settings:
    """The three settings of sessions, as in dbt_project.yml."""

    timeout_minutes: int = 30
    ends_at_midnight: bool = True
    ends_at_new_campaign: bool = True

    def variables(self) -> dict[str, object]:
        """The settings as dbt vars."""
        return {
            "session_timeout_minutes": self.timeout_minutes,
            "sessions_end_at_midnight": self.ends_at_midnight,
            "sessions_end_at_new_campaign": self.ends_at_new_campaign,
        }


@dataclass
class Visit:
    """Events that belong together, whoever they belong to."""

    is_given: bool
    campaign: Campaign = NO_CAMPAIGN
    events: list[Event] = field(default_factory=list)

    def is_session(self) -> bool:
        """Whether the source calls it one, or something was looked at."""
        return self.is_given or any(event.category == "behaviour" for event in self.events)


def sessions(events: Iterable[Event], settings: Settings) -> set[frozenset[str]]:
    """The sessions as sets of event ids."""
    active = [event for event in events if event.channel in ("web", "app")]
    visits = given_visits(active)
    begun = list(visits.values())
    of_event = {event.event_id: visit for visit in begun for event in visit.events}
    timelines: dict[tuple[str, tuple[str, str]], list[tuple[dt.datetime, str, Event]]]
    timelines = defaultdict(list)
    for event in active:
        if event.at is not None:
            place = (event.source_system, event.visitor())
            timelines[place].append((event.at, event.event_id, event))
    for timeline in timelines.values():
        begun.extend(walk([event for *_, event in sorted(timeline)], of_event, settings))
    return {
        frozenset(event.event_id for event in visit.events if event.customer == customer)
        for visit in begun
        if visit.is_session()
        for customer in {event.customer for event in visit.events}
    }


def given_visits(events: Sequence[Event]) -> dict[tuple[str, str, str], Visit]:
    """The visits that sources name, by source, given id and device."""
    found: dict[tuple[str, str, str], Visit] = {}
    for event in events:
        if event.session is not None:
            beside = [
                other
                for other in events
                if (other.source_system, other.session, other.customer)
                == (event.source_system, event.session, event.customer)
            ]
            key = (event.source_system, event.session, device_of(event, beside))
            found.setdefault(key, Visit(is_given=True)).events.append(event)
    return found


def device_of(event: Event, beside: Sequence[Event]) -> str:
    """The device on which a given session went on: the only one there is, else the event's own."""
    devices = {other.device for other in beside if other.device is not None}
    cookies = {other.cookie for other in beside if other.cookie is not None}
    if len(devices) > 1:
        return event.device or event.cookie or ""
    if devices:
        return next(iter(devices))
    if len(cookies) > 1:
        return event.cookie or ""
    return next(iter(cookies), "")


def walk(timeline: Sequence[Event], of_event: dict[str, Visit], settings: Settings) -> list[Visit]:
    """Go along one visitor's events; put those without a given id where they belong."""
    begun: list[Visit] = []
    current: Visit | None = None
    before: Event | None = None
    for event in timeline:
        if event.session is not None:
            current = of_event[event.event_id]
        else:
            if (
                current is None
                or before is None
                or is_over(before, event, settings)
                or (settings.ends_at_new_campaign and is_other_campaign(current, event))
            ):
                current = Visit(is_given=False)
                begun.append(current)
            if current.campaign == NO_CAMPAIGN:
                current.campaign = event.campaign
            current.events.append(event)
        before = event
    return begun


def is_over(before: Event, event: Event, settings: Settings) -> bool:
    """Whether time alone ends a session between two events."""
    assert before.at is not None
    assert event.at is not None
    if event.at - before.at > dt.timedelta(minutes=settings.timeout_minutes):
        return True
    return settings.ends_at_midnight and before.at.date() != event.at.date()


def is_other_campaign(visit: Visit, event: Event) -> bool:
    """Whether an event names another campaign than the visit, which the source does not keep."""
    return (
        not visit.is_given
        and NO_CAMPAIGN not in (visit.campaign, event.campaign)
        and visit.campaign != event.campaign
    )


def random_events(seed: int) -> list[Event]:
    """A made-up case: a source of its own, few visitors, times that meet every boundary."""
    rng = random.Random(seed)
    source = f"s{seed}"
    given = rng.choice(([None], [None, None, "g1"], [None, "g1", "g2"], ["g1", "g2"]))
    devices = rng.choice(([None], ["d1"], ["d1", "d2"], ["d1", None]))
    campaigns: list[Campaign] = [
        NO_CAMPAIGN,
        ("google", "cpc", "a"),
        ("google", "cpc", "b"),
        ("google", None, None),
    ]
    events = []
    for number in range(rng.randint(1, 14)):
        minutes = rng.choice((0, 5, 10, 15, 30, 45, 60, 90)) + rng.choice((0, 0, 30, 60))
        at = MIDNIGHT + dt.timedelta(minutes=minutes - 60, seconds=rng.choice((0, 0, 0, 1, -1)))
        events.append(
            Event(
                # Not in the order of time, so that equal times are told apart by the key alone.
                event_id=f"{source}:{rng.randrange(1000):03}:{number}",
                source_system=source,
                customer=rng.choice("AAAB"),
                at=None if rng.random() < 0.04 else at,
                session=rng.choice(given),
                device=rng.choice(devices),
                cookie=rng.choice((None, "c1", "c2")),
                login=rng.choice((None, "u1")),
                record=rng.choice("rq"),
                channel=rng.choice(("web", "web", "web", "app", "email", "store")),
                category=rng.choice(("behaviour", "behaviour", "identity", "transaction")),
                campaign=rng.choice(campaigns),
            )
        )
    return events
