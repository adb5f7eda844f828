"""What must hold of identity resolution for any graph, tried on graphs that hypothesis makes up."""

from __future__ import annotations

from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties.identity_graphs import STRONG, TYPES, WEAK, Graph, Link, Outcome, Resolver, expected
from unit.macro_runner import shared_statements

MAX_RECORD = 14
values = st.sampled_from("123456")
records = st.integers(1, MAX_RECORD)
strong_links = st.tuples(records, st.sampled_from(STRONG), values)
weak_links = st.tuples(records, st.sampled_from(WEAK), values)
some_links = st.lists(strong_links | weak_links | weak_links, max_size=30)

# The seed is fixed: the same examples for everybody, every time.
steady = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@cache
def resolver() -> Resolver:
    """One engine for all examples; every graph takes the place of the one before."""
    return Resolver(shared_statements())


def resolve(links: list[Link], order: list[int] | None = None) -> Outcome:
    """The outcome over the records 1 to MAX_RECORD, linked or not."""
    return resolver().resolve(Graph(order or list(range(1, MAX_RECORD + 1)), links))


def known_customers(outcome: Outcome) -> dict[int, int]:
    """Known record -> its customer."""
    return {record: customer for record, (customer, role) in outcome.items() if role == "known"}


@steady
@given(some_links, st.data())
def test_the_order_of_rows_never_matters(links: list[Link], data: st.DataObject) -> None:
    other_links = data.draw(st.permutations(links))
    other_records = data.draw(st.permutations(range(1, MAX_RECORD + 1)))
    assert resolve(other_links, other_records) == resolve(links)


@steady
@given(some_links, weak_links)
def test_a_weak_link_never_changes_the_known_customers(links: list[Link], link: Link) -> None:
    assert known_customers(resolve([*links, link])) == known_customers(resolve(links))


@steady
@given(some_links, strong_links)
def test_a_strong_link_never_splits_a_known_customer(links: list[Link], link: Link) -> None:
    before, after = known_customers(resolve(links)), known_customers(resolve([*links, link]))
    assert before.keys() <= after.keys()
    for record, customer in before.items():
        assert after[record] == after[customer]


def one_value_of_a_type(links: list[Link]) -> list[Link]:
    """The links less second values of a type: between two of those the value itself decides."""
    return list({(record, kind): (record, kind, value) for record, kind, value in links}.values())


@steady
@given(some_links.map(one_value_of_a_type), st.permutations("123456"), st.permutations("123456"))
def test_the_names_of_values_do_not_matter(
    links: list[Link], strong_names: list[str], weak_names: list[str]
) -> None:
    renamed = [
        (record, kind, (strong_names if TYPES[kind] == "strong" else weak_names)[int(value) - 1])
        for record, kind, value in links
    ]
    assert resolve(renamed) == resolve(links)


@steady
@given(some_links)
def test_a_value_means_nothing_outside_its_type(links: list[Link]) -> None:
    """Values spelled so that no two types have one in common give the same outcome."""
    apart = [(record, kind, f"{kind} {value}") for record, kind, value in links]
    assert resolve(apart) == resolve(links)


@steady
@given(some_links)
def test_a_customer_is_called_by_its_own_oldest_record(links: list[Link]) -> None:
    outcome = resolve(links)
    for customer in {customer for customer, _ in outcome.values()}:
        own = [
            record
            for record, (of, role) in outcome.items()
            if of == customer and role != "attached"
        ]
        assert customer == min(own)
        assert len({outcome[record][1] for record in own}) == 1


@steady
@given(some_links)
def test_the_written_rules_give_the_same(links: list[Link]) -> None:
    graph = Graph(list(range(1, MAX_RECORD + 1)), links)
    assert resolver().resolve(graph) == expected(graph)
