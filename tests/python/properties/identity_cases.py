"""Made-up identity cases: policies with every setting, random records, shapes that are hard."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from properties.identity_oracle import FALLBACK, STRONG, WEAK, Decision, Link, Record, Type

Policy = Sequence[Type]

HOURS = 24 * 20


@dataclass(frozen=True)
class Case:
    """Records and what people decided about pairs of them, each pair once."""

    records: tuple[Record, ...]
    decisions: tuple[Decision, ...] = ()
    name: str = ""

    def links(self) -> list[Link]:
        """What the records carry, in an order that is always the same."""
        return sorted((each.key, *value) for each in self.records for value in each.values)


POLICIES: dict[str, Policy] = {
    "plain": [
        Type("email", STRONG),
        Type("phone", STRONG),
        Type("device_id", WEAK),
        Type("cookie_id", WEAK),
    ],
    "strong only": [Type("email", STRONG), Type("phone", STRONG), Type("user_id", STRONG)],
    "weak only": [Type("device_id", WEAK), Type("cookie_id", WEAK)],
    "one login": [
        Type("user_id", STRONG, max_per_customer=1),
        Type("email", STRONG),
        Type("phone", STRONG),
        Type("device_id", WEAK),
    ],
    "several caps": [
        Type("customer_id", STRONG, max_per_customer=2),
        Type("user_id", STRONG, max_per_customer=1),
        Type("email", STRONG),
        Type("phone", STRONG, max_per_customer=3),
        Type("device_id", WEAK),
    ],
    "fallbacks": [
        Type("user_id", STRONG),
        Type("email", FALLBACK, when_missing=("user_id",)),
        Type("phone", FALLBACK, when_missing=("user_id", "email")),
        Type("loyalty_id", FALLBACK, when_missing=("user_id",)),
        Type("device_id", WEAK),
    ],
    "fallbacks with caps": [
        Type("user_id", STRONG, max_per_customer=1),
        Type("email", STRONG),
        Type("phone", FALLBACK, when_missing=("user_id",), max_per_customer=2),
        Type("loyalty_id", FALLBACK, when_missing=("email",)),
        Type("device_id", WEAK),
    ],
    "limits": [
        Type("user_id", STRONG),
        Type("email", STRONG, max_records=3, blocked=frozenset("1")),
        Type("phone", STRONG, max_customers=1, valid="[0-8]+"),
        Type("loyalty_id", FALLBACK, when_missing=("email",), max_distinct={"first_name": 1}),
        Type("device_id", WEAK, max_records=4),
    ],
    "windows": [
        Type("user_id", STRONG, max_records=2, within_days=3),
        Type("email", STRONG, max_customers=1, within_days=5),
        Type("phone", STRONG, max_distinct={"first_name": 1}, within_days=2),
        Type("device_id", WEAK, max_customers=1, within_days=4),
    ],
    "weak limits": [
        Type("email", STRONG),
        Type("device_id", WEAK, max_per_customer=1),
        Type("cookie_id", WEAK, max_customers=2, max_per_customer=2),
    ],
    "few on a device": [
        Type("user_id", STRONG, max_per_customer=1),
        Type("email", STRONG),
        Type("phone", STRONG),
        Type("device_id", WEAK, max_records=2),
        Type("cookie_id", WEAK),
    ],
    "weak before strong": [
        Type("device_id", WEAK),
        Type("email", STRONG),
        Type("phone", FALLBACK, when_missing=("email",)),
        Type("cookie_id", WEAK, max_customers=1),
    ],
    "everything": [
        Type("customer_id", STRONG, max_per_customer=1),
        Type("user_id", STRONG, max_records=4, within_days=10, max_per_customer=2),
        Type("email", STRONG, max_customers=2, within_days=6, max_distinct={"first_name": 3}),
        Type(
            "loyalty_id", FALLBACK, when_missing=("customer_id",), max_customers=2,
            max_per_customer=1,
        ),
        Type("phone", FALLBACK, when_missing=("user_id", "email"), max_records=5),
        # A strong type below fallback ones joins before them.
        Type("order_id", STRONG, max_customers=1, blocked=frozenset("0")),
        Type("device_id", WEAK, max_records=6, max_per_customer=2),
        Type("cookie_id", WEAK, max_customers=2, within_days=5),
    ],
}  # fmt: skip


# --- random cases ---------------------------------------------------------------------------------


def random_case(seed: str, policy: Policy) -> Case:
    """A small case: how many records, values and decisions there are follows the seed.

    Values are drawn from the same few numbers for every type, so that a type forgotten shows.
    """
    rng = random.Random(seed)
    count = rng.choice([1, 2, 3, 4, 6, 8, 15, 30])
    pool = max(1, int(count * rng.choice([0.15, 0.4, 0.8, 1.5])))
    # A kiosk: devices that many different customers and visitors use.
    weak_pool = rng.randint(1, 3) if rng.random() < 0.3 else pool
    anonymous = rng.choice([0.0, 0.35, 0.6])
    records = tuple(
        random_record(rng, f"r{place:02}", policy, pool, weak_pool, rng.random() < anonymous)
        for place in range(count)
    )
    decisions = tuple(random_decisions(rng, count)) if rng.random() < 0.5 else ()
    if count > 3 and rng.random() < 0.15:
        decisions = CONTRADICTORY
    return Case(records, decisions, f"seed {seed}")


def random_record(
    rng: random.Random, key: str, policy: Policy, pool: int, weak_pool: int, is_anonymous: bool
) -> Record:
    """A record that may carry several values of a type; anonymous: weak values only."""
    first = None if rng.random() < 0.1 else rng.randrange(HOURS)
    last = None if first is None else first + rng.choice([0, 0, 5, 24, 100])
    values = set()
    for entry in policy:
        if is_anonymous and entry.role != WEAK:
            continue
        # Few limited values, so that limits are met.
        size = 4 if entry.max_per_customer else weak_pool if entry.role == WEAK else pool
        how_many = rng.choice([0, 0, 1, 1, 2]) if rng.random() < 0.8 else 0
        values |= {(entry.name, str(rng.randrange(size))) for _ in range(how_many)}
    fields = {"first_name": rng.choice("abcde")} if rng.random() < 0.8 else {}
    return Record(key, first, last, frozenset(values), fields)


def random_decisions(rng: random.Random, count: int) -> Iterator[Decision]:
    """Some decisions, each pair once; now and then about a record that is not there."""
    pairs = list(itertools.combinations(range(count + 1), 2))
    for one, other in rng.sample(pairs, min(len(pairs), rng.randint(1, 5))):
        yield Decision(f"r{one:02}", f"r{other:02}", rng.random() < 0.5)


# Two are one person by way of a third, and never are; the last word is about somebody else.
CONTRADICTORY = (
    Decision("r00", "r01", True),
    Decision("r01", "r02", True),
    Decision("r00", "r02", False),
    Decision("r02", "r03", False),
)


# --- hard shapes ----------------------------------------------------------------------------------


def linked(links: Iterable[Link], numbers: Iterable[int] = ()) -> Case:
    """A case of records of unknown time, by age as their keys are; numbers: those without links."""
    carried: dict[str, set[tuple[str, str]]] = {key_of(number): set() for number in numbers}
    for record, kind, value in links:
        carried.setdefault(record, set()).add((kind, value))
    return Case(tuple(Record(key, values=frozenset(own)) for key, own in carried.items()))


def key_of(number: int) -> str:
    """A key that sorts as its number does."""
    return f"{number:07}"


def path(order: Sequence[int], kinds: Sequence[str]) -> Case:
    """A chain: each record shares a value with the next one in `order`, types in turn."""
    links = []
    for place, (left, right) in enumerate(itertools.pairwise(order)):
        kind = kinds[place % len(kinds)]
        links += [(key_of(left), kind, f"v{place}"), (key_of(right), kind, f"v{place}")]
    return linked(links)


def zigzag(count: int) -> list[int]:
    """1, n, 2, n-1, ...: every second record of the chain is a local minimum."""
    low, high = 1, count
    order = []
    while low < high:
        order += [low, high]
        low, high = low + 1, high - 1
    return order + [low] * (low == high)


def bit_reversed(bits: int) -> list[int]:
    """1 to 2**bits in bit-reversed order: contraction leaves as many local minima as it can."""
    return [int(f"{number:0{bits}b}"[::-1], 2) + 1 for number in range(2**bits)]


def shuffled(count: int, seed: int) -> list[int]:
    """1 to count in a random order."""
    order = list(range(1, count + 1))
    random.Random(seed).shuffle(order)
    return order


def star(count: int, kind: str) -> Case:
    """One value that every record carries."""
    return linked([(key_of(number), kind, "hub") for number in range(1, count + 1)])


def blob(count: int, values: int, kinds: Sequence[str], seed: int) -> Case:
    """A clique-like mass: every record carries five of a few values."""
    rng = random.Random(seed)
    return linked(
        (key_of(number), rng.choice(kinds), str(rng.randrange(values)))
        for number in range(1, count + 1)
        for _ in range(5)
    )


def with_logins(case: Case, count: int) -> Case:
    """The case with a login on some records, the logins in turn: a limit of one parts them."""
    records = tuple(
        replace(record, values=record.values | {("user_id", str(place % count))})
        if place % 3 == 0
        else record
        for place, record in enumerate(case.records)
    )
    return replace(case, records=records)
