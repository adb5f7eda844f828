"""Sessions of random events, held against an oracle that goes through them one by one."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import duckdb
import pytest
from properties.session_oracle import MIDNIGHT, Event, Settings, random_events, sessions
from unit.macro_runner import shared_project

MODEL = "int_events__sessions_assigned"
CASES = 1500
SETTINGS = {
    "all rules": Settings(),
    "a day is no boundary": Settings(ends_at_midnight=False),
    "a campaign is no boundary": Settings(ends_at_new_campaign=False),
    "time alone": Settings(ends_at_midnight=False, ends_at_new_campaign=False),
    "ten minutes": Settings(timeout_minutes=10),
    "no minute at all": Settings(timeout_minutes=0),
}
TYPES = {
    "event_id": "text",
    "customer360_id": "text",
    "source_system": "text",
    "source_session_id": "text",
    "device_id": "text",
    "cookie_id": "text",
    "user_id": "text",
    "record_key": "text",
    "channel": "text",
    "event_category": "text",
    "utm_source": "text",
    "utm_medium": "text",
    "utm_campaign": "text",
    "occurred_at": "timestamp",
}


@cache
def model_sql(settings: Settings) -> str:
    """The model's SQL under the settings."""
    outcome = shared_project().dbt("compile", "--select", MODEL, variables=settings.variables())
    assert outcome.success, outcome.exception
    (compiled,) = outcome.result.results
    return str(compiled.node.compiled_code)


def row_of(event: Event) -> tuple[object, ...]:
    """An event as a row of the table that the model reads."""
    return (
        *(event.event_id, event.customer, event.source_system, event.session),
        *(event.device, event.cookie, event.login, event.record),
        *(event.channel, event.category, *event.campaign, event.at),
    )


def assigned(events: Sequence[Event], sql: str) -> dict[str, str]:
    """Event -> session, as the SQL says."""
    columns = [list(column) for column in zip(*map(row_of, events), strict=True)]
    values = ", ".join(f"unnest(cast(? as {kind}[])) as {name}" for name, kind in TYPES.items())
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("attach ':memory:' as work")
        connection.execute("create schema work.customer360_intermediate")
        connection.execute("use work.customer360_intermediate")
        connection.execute(f"create table int_events__attributed as select {values}", columns)
        rows = connection.execute(f"select event_id, session_id from ({sql})").fetchall()
    assert len(dict(rows)) == len(rows), "an event is in two sessions"
    return dict(rows)


def grouped(found: dict[str, str]) -> set[frozenset[str]]:
    """Sessions as sets of events, as the oracle gives them."""
    members: dict[str, set[str]] = defaultdict(set)
    for event, session in found.items():
        members[session].add(event)
    return {frozenset(each) for each in members.values()}


@cache
def cases() -> tuple[tuple[Event, ...], ...]:
    """The made-up cases, the same for everybody, every time; no two share a source."""
    return tuple(tuple(random_events(seed)) for seed in range(CASES))


def everything() -> list[Event]:
    """The events of all cases in one table."""
    return [event for case in cases() for event in case]


def disagreeing(sql: str, settings: Settings) -> Iterator[tuple[Event, ...]]:
    """Cases of which the SQL says something else than the oracle."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for event, session in assigned(everything(), sql).items():
        found[event.partition(":")[0]][event] = session
    for case in cases():
        if grouped(found[case[0].source_system]) != sessions(case, settings):
            yield case


@pytest.mark.parametrize("name", SETTINGS)
def test_random_events_agree_with_the_oracle(name: str) -> None:
    wrong = sorted(disagreeing(model_sql(SETTINGS[name]), SETTINGS[name]), key=len)
    shown = "\n".join(map(str, sorted(wrong[0], key=lambda e: str(e.at)))) if wrong else ""
    assert not wrong, f"{len(wrong)} of {CASES} cases differ, such as\n{shown}"


def test_the_random_events_meet_every_rule() -> None:
    """Without this, the comparison above might be of cases in which nothing happens."""
    said = {name: [sessions(case, each) for case in cases()] for name, each in SETTINGS.items()}
    for name in list(SETTINGS)[1:]:
        differ = sum(one != other for one, other in zip(said["all rules"], said[name], strict=True))
        assert differ > CASES / 20, name
    together = [
        session
        for case, found in zip(cases(), said["all rules"], strict=True)
        for session in found
        if {e.session is None for e in case if e.event_id in session} == {True, False}
    ]
    assert len(together) > CASES / 10, "too few events without an id join a given session"
    left_out = [
        event
        for case, found in zip(cases(), said["all rules"], strict=True)
        for event in case
        if event.channel in ("web", "app") and not any(event.event_id in each for each in found)
    ]
    assert len(left_out) > CASES / 10, "too few visits in which nothing was looked at"


# What the SQL says -> what a slip would make of it.
SLIPS = {
    "30 minutes end it": ("occurred_at > ", "occurred_at >= "),
    "the day does not": ("<> cast(previous_at as date)", "<> cast(occurred_at as date)"),
    "no campaign is one": ("campaign <> campaign_", "campaign is distinct from campaign_"),
    "given ones end too": ("and visit not like 'given%'", "and true"),
    "devices are one": ("first_device <> last_device", "first_device > last_device"),
    "customers are one": ("by session_visit, customer360_id", "by session_visit"),
    "anything makes one": ("where has_behaviour = 1 or ", "where has_behaviour >= 0 or "),
    "stores have some": ("channel in ('web', 'app')", "channel in ('web', 'app', 'store')"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_would_be_noticed(slip: str) -> None:
    right, wrong = SLIPS[slip]
    sql = model_sql(Settings())
    assert right in sql, "the model is written differently now"
    assert any(disagreeing(sql.replace(right, wrong), Settings()))


@pytest.mark.parametrize("seed", [1, 2])
def test_ids_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    events = everything()
    in_order = assigned(events, model_sql(Settings()))
    random.Random(seed).shuffle(events)
    assert assigned(events, model_sql(Settings())) == in_order


def test_no_two_sessions_have_one_id() -> None:
    """Events that differ in the source alone, or in what stands for the visitor, stay apart."""
    events = [
        Event("a:1", "a", "A", MIDNIGHT, session="x", device="1"),
        Event("b:1", "b", "A", MIDNIGHT, session="x", device="1"),
        Event("b:2", "b", "A", MIDNIGHT, session="x", device="2"),
        Event("b:3", "b", "B", MIDNIGHT, session="x", device="1"),
        Event("b:4", "b", "A", MIDNIGHT, device="3"),
        Event("b:5", "b", "A", MIDNIGHT, cookie="3"),
        Event("b:6", "b", "A", MIDNIGHT, login="3"),
        Event("b:7", "b", "A", MIDNIGHT, record="3"),
    ]
    assert len(set(assigned(events, model_sql(Settings())).values())) == len(events)


def test_what_comes_later_renames_nothing() -> None:
    events = everything()
    before = assigned(events, model_sql(Settings()))
    next_week = dt.timedelta(days=7)
    # Days later, with an id or none: it neither joins nor parts what was there.
    more = [
        replace(e, event_id=f"{e.event_id}:more", at=e.at and e.at + next_week, session=None)
        for e in events
        if e.at
    ]
    after = assigned(events + more, model_sql(Settings()))
    assert {event: after[event] for event in before} == before


def at(minutes: float) -> dt.datetime:
    """A time so many minutes after ten in the morning."""
    return MIDNIGHT + dt.timedelta(hours=10, minutes=minutes)


def test_a_late_event_bridges_two_sessions_and_they_keep_the_first_ones_id() -> None:
    early, late = (Event(f"s:{m}", "s", "A", at(m), device="d") for m in (0, 50))
    apart = assigned([early, late], model_sql(Settings()))
    assert apart["s:0"] != apart["s:50"]
    bridge = Event("s:25", "s", "A", at(25), device="d")
    joined = assigned([late, bridge, early], model_sql(Settings()))
    assert set(joined.values()) == {apart["s:0"]}
    # And without it they are what they were.
    assert assigned([late, early], model_sql(Settings())) == apart


def test_the_customer_who_began_a_visit_keeps_its_id_when_another_is_found_in_it() -> None:
    events = [Event(f"s:{m}", "s", "A", at(m), device="d") for m in (0, 10, 20)]
    before = assigned(events, model_sql(Settings()))
    events[1] = replace(events[1], customer="B")
    after = assigned(events, model_sql(Settings()))
    assert after["s:0"] == after["s:20"] == before["s:0"]
    assert after["s:10"] != before["s:10"]
