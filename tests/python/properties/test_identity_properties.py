"""What must hold of identity resolution for any input, tried on made-up cases of every policy.

IDENTITY_CASES=20000 in the environment tries so many cases of each policy, not a few hundred; a run
takes a few hundred of them at once.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties.identity_cases import POLICIES, Case, Policy, random_case
from properties.identity_kernel import Kernel, Outcome, compiled, expected
from properties.identity_oracle import STRONG, WEAK, Decision, Record, standing

CASES = int(os.environ.get("IDENTITY_CASES", "250"))
BATCH = 250
FEW = 60
LIMITED = [name for name, policy in POLICIES.items() if any(e.max_per_customer for e in policy)]

each_policy = pytest.mark.parametrize("name", POLICIES)


@cache
def kernel(name: str) -> Kernel:
    """One engine for all cases of a policy."""
    return Kernel(compiled()[name], POLICIES[name])


def cases_of(name: str, count: int = FEW, start: int = 0) -> list[Case]:
    """Made-up cases, the same for everybody, every time."""
    return [random_case(f"{name} {seed}", POLICIES[name]) for seed in range(start, start + count)]


def batches(name: str) -> Iterator[list[Case]]:
    """All cases of a policy, a batch at a time."""
    for start in range(0, CASES, BATCH):
        yield cases_of(name, min(BATCH, CASES - start), start)


def difference(case: Case, found: Outcome, right: Outcome) -> str:
    """What to read when a case went wrong."""
    partition = set(found.partition.items()) ^ set(right.partition.items())
    rejections = set(found.rejections.items()) ^ set(right.rejections.items())
    set_aside = found.set_aside ^ right.set_aside
    return f"{case}\npartition {partition}\nrejections {rejections}\nset aside {set_aside}"


def check(cases: Sequence[Case], found: Sequence[Outcome], right: Sequence[Outcome]) -> None:
    """Hold outcomes against each other; show the smallest case that differs."""
    wrong = [each for each in zip(cases, found, right, strict=True) if each[1] != each[2]]
    if wrong:
        smallest = min(wrong, key=lambda each: len(each[0].links()))
        pytest.fail(f"{len(wrong)} of {len(cases)} cases differ, such as\n{difference(*smallest)}")


# --- the oracle -----------------------------------------------------------------------------------


@each_policy
def test_random_cases_agree_with_the_oracle(name: str) -> None:
    for cases in batches(name):
        found = kernel(name).resolve_all(cases)
        check(cases, found, [expected(case, POLICIES[name]) for case in cases])


def test_the_random_cases_meet_every_rule() -> None:
    """Without this, the comparison above might be of cases in which nothing happens."""
    outcomes = {
        name: [expected(case, POLICIES[name]) for case in cases_of(name, 200)] for name in POLICIES
    }
    everything = outcomes["everything"]
    reasons = Counter(reason for outcome in everything for reason in outcome.rejections.values())
    reasons += Counter(r for outcome in outcomes["limits"] for r in outcome.rejections.values())
    assert set(reasons) == {
        "invalid_format", "blocked_value", "value_over_records", "value_over_distinct",
        "value_over_customers", "record_over_limit", "customer_over_limit", "never_decided",
        "fallback_taken",
    }  # fmt: skip
    assert min(reasons.values()) >= 10, reasons
    plain = [Counter(role for _, role in each.partition.values()) for each in outcomes["plain"]]
    for role in ("known", "attached", "anonymous"):
        assert sum(role in roles for roles in plain) > 30, role
    sizes = [len(customer) for each in outcomes["plain"] for customer in each.customers()]
    assert max(sizes) >= 20
    aside = [outcome for name in outcomes for outcome in outcomes[name] if outcome.set_aside]
    assert len(aside) >= 20


steady = settings(
    max_examples=25,
    deadline=None,
    # The same examples for everybody, every time.
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@st.composite
def some_cases(draw: st.DrawFn) -> tuple[str, Case]:
    """A policy and a case of it, drawn value by value, so that a failure is made small."""
    name = draw(st.sampled_from(["plain", "one login", "fallbacks with caps", "windows"]))
    kinds = st.sampled_from([entry.name for entry in POLICIES[name]])
    hours = st.none() | st.integers(0, 24 * 8)
    carried = st.frozensets(st.tuples(kinds, st.sampled_from("0123")), max_size=4)
    names = st.fixed_dictionaries({}, optional={"first_name": st.sampled_from("abc")})
    drawn = draw(st.lists(st.tuples(hours, st.integers(0, 50), carried, names), max_size=8))
    records = tuple(
        Record(f"r{place}", first, None if first is None else first + span, values, fields)
        for place, (first, span, values, fields) in enumerate(drawn)
    )
    keys = [record.key for record in records]
    pairs = st.sampled_from(list(itertools.combinations(keys, 2)) or [("r0", "r9")])
    said = draw(st.dictionaries(pairs, st.booleans(), max_size=3))
    decisions = tuple(Decision(*pair, is_same) for pair, is_same in said.items())
    return name, Case(records, decisions)


@steady
@given(some_cases())
def test_a_case_alone_agrees_with_the_oracle(drawn: tuple[str, Case]) -> None:
    """Alone, because a phase without links or without a conflict takes other steps."""
    name, case = drawn
    check([case], [kernel(name).resolve(case)], [expected(case, POLICIES[name])])


# --- what may not matter --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fallbacks with caps", "everything"])
def test_the_order_of_rows_never_matters(name: str) -> None:
    """Rows of every table come in another order, and so do those that the kernel makes itself."""
    cases = cases_of(name)
    kernel(name).connection.execute("set preserve_insertion_order = false")
    check(cases, kernel(name).resolve_all(cases, seed=1), kernel(name).resolve_all(cases, seed=2))


@pytest.mark.parametrize("name", ["windows", "fallbacks with caps", "everything"])
def test_what_is_resolved_beside_it_never_matters(name: str) -> None:
    cases = cases_of(name, 6)
    alone = [kernel(name).resolve(case) for case in cases]
    check(cases, kernel(name).resolve_all(cases), alone)


@pytest.mark.parametrize("name", ["plain", "fallbacks with caps", "windows"])
def test_a_value_means_nothing_outside_its_type(name: str) -> None:
    """Values spelled so that no two types have one in common give the same customers."""
    cases = cases_of(name)
    apart = [
        replace(case, records=tuple(map(spelled_apart, case.records)))
        for case in cases
    ]  # fmt: skip
    found = [outcome.customers() for outcome in kernel(name).resolve_all(apart)]
    assert found == [outcome.customers() for outcome in kernel(name).resolve_all(cases)]


def spelled_apart(record: Record) -> Record:
    """The record with its types' names in its values."""
    values = frozenset((kind, f"{kind} {value}") for kind, value in record.values)
    return replace(record, values=values)


# --- what must hold -------------------------------------------------------------------------------


def customers_of_known(outcome: Outcome) -> dict[str, str]:
    """Known record -> its customer."""
    return {key: customer for key, (customer, role) in outcome.partition.items() if role == "known"}


def one_link_more(case: Case, role: str, policy: Policy) -> Case:
    """The case with one more value, seen elsewhere in it or new, on one of its records."""
    rng = random.Random(case.name)
    kinds = [entry.name for entry in policy if entry.role == role]
    place = rng.randrange(len(case.records))
    record = case.records[place]
    link = (rng.choice(kinds), str(rng.randrange(6)))
    more = replace(record, values=record.values | {link})
    return replace(case, records=(*case.records[:place], more, *case.records[place + 1 :]))


def test_a_weak_link_never_changes_the_known_customers() -> None:
    cases = cases_of("plain")
    more = [one_link_more(case, WEAK, POLICIES["plain"]) for case in cases]
    before, after = (kernel("plain").resolve_all(each) for each in (cases, more))
    for one, other in zip(before, after, strict=True):
        assert customers_of_known(one) == customers_of_known(other)


def test_a_strong_link_never_splits_a_customer_where_nothing_is_limited() -> None:
    cases = [replace(case, decisions=()) for case in cases_of("plain")]
    more = [one_link_more(case, STRONG, POLICIES["plain"]) for case in cases]
    for one, other in zip(
        *(kernel("plain").resolve_all(each) for each in (cases, more)), strict=True
    ):
        before, after = customers_of_known(one), customers_of_known(other)
        assert before.keys() <= after.keys()
        for record, customer in before.items():
            assert after[record] == after[customer]


@each_policy
def test_a_customer_is_called_by_its_own_oldest_record(name: str) -> None:
    """And its own records are all known or all anonymous."""
    for case, outcome in resolved(name):
        ages = {
            record.key: (record.first is None, record.first or 0, record.key)
            for record in case.records
        }
        own: dict[str, list[str]] = {}
        for key, (customer, role) in outcome.partition.items():
            own.setdefault(customer, [])
            if role != "attached":
                own[customer].append(key)
        for customer, keys in own.items():
            assert customer == min(keys, key=lambda key: ages[key])
            assert len({outcome.partition[key][1] for key in keys}) == 1


@each_policy
def test_decisions_that_stand_are_followed(name: str) -> None:
    """Attachment too keeps apart what was decided to be two."""
    followed = 0
    for case, outcome in resolved(name):
        stand, aside = standing(case.decisions, {record.key: record for record in case.records})
        assert outcome.set_aside == aside
        for decision in stand:
            customers = {outcome.partition[key][0] for key in (decision.one, decision.other)}
            assert (len(customers) == 1) == decision.is_same, decision
            followed += 1
    assert followed > 20


@pytest.mark.parametrize("name", LIMITED)
def test_no_customer_holds_more_than_it_may(name: str) -> None:
    """Where nobody said 'same', which may exceed a limit."""
    held_most = 0
    for case, outcome in resolved(name):
        if any(decision.is_same for decision in case.decisions):
            continue
        dropped = {
            link
            for link, reason in outcome.rejections.items()
            if reason.startswith(("value_", "record_", "invalid_", "blocked_"))
        }
        for entry in POLICIES[name]:
            held: dict[str, set[str]] = {}
            for record, kind, value in case.links():
                if kind == entry.name and (record, kind, value) not in dropped:
                    held.setdefault(outcome.partition[record][0], set()).add(value)
            if entry.max_per_customer:
                most = max(map(len, held.values()), default=0)
                assert most <= entry.max_per_customer
                held_most += most == entry.max_per_customer
    assert held_most > 20


@each_policy
def test_nothing_is_left_behind_but_the_result(name: str) -> None:
    kernel(name).resolve_all(cases_of(name, 20))
    left = (
        kernel(name)
        .connection.execute("select table_name from duckdb_tables() where temporary")
        .fetchall()
    )
    assert left == [("c360_scratch_result",)]


@cache
def resolved(name: str) -> list[tuple[Case, Outcome]]:
    """Some cases of a policy as the kernel resolves them."""
    cases = cases_of(name, 120)
    return list(zip(cases, kernel(name).resolve_all(cases), strict=True))
