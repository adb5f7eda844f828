"""The identity kernel and its two drivers: hand-made cases, hard shapes, conduct, broken copies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from properties.identity_cases import (
    POLICIES,
    Case,
    bit_reversed,
    blob,
    key_of,
    linked,
    path,
    random_case,
    shuffled,
    star,
    with_logins,
    zigzag,
)
from properties.identity_kernel import (
    DRIVER_FILE,
    Kernel,
    as_settings,
    compiled,
    expected,
    load_driver,
    merged,
)
from properties.identity_oracle import Decision, Record
from unit.macro_runner import LeanProject, lean_project

LONG = 100_000
STRONG = ["email", "phone"]
WEAK = ["device_id", "cookie_id"]


def kernel(policy: str) -> Kernel:
    """A kernel of its own."""
    return Kernel(compiled()[policy], POLICIES[policy])


@pytest.fixture(scope="module")
def plain() -> Kernel:
    return kernel("plain")


def check(kernel: Kernel, case: Case) -> None:
    """Hold the outcome of one case against the oracle."""
    assert kernel.resolve(case) == expected(case, kernel.policy)


# --- hand-made cases ------------------------------------------------------------------------------
# The answers are written by hand, so that the oracle is tested too.

Links = list[tuple[int, str, str]]

JOINED: dict[str, tuple[Sequence[int], Links, dict[int, int]]] = {
    "no link at all": ([3, 1, 2], [], {1: 1, 2: 2, 3: 3}),
    "no record at all": ([], [], {}),
    "one record": ([7], [(7, "email", "a")], {7: 7}),
    "strong links only, each of its own": (
        [1, 2],
        [(1, "email", "a"), (2, "email", "b")],
        {1: 1, 2: 2},
    ),
    "weak links only": (
        [4, 5, 6],
        [(4, "device_id", "d"), (6, "device_id", "d"), (5, "cookie_id", "d")],
        {4: 4, 5: 5, 6: 4},
    ),
    "equal values of two types are two nodes": (
        [1, 2],
        [(1, "email", "123"), (2, "phone", "123")],
        {1: 1, 2: 2},
    ),
    "one known customer on a device takes what is older than itself": (
        [1, 9],
        [(9, "email", "a"), (9, "device_id", "d"), (1, "device_id", "d")],
        {1: 9, 9: 9},
    ),
    "a group attaches whole, over a chain of weak values": (
        [1, 2, 3],
        [(3, "email", "a"), (3, "device_id", "d"), (2, "device_id", "d"), (2, "cookie_id", "c"),
         (1, "cookie_id", "c")],
        {1: 3, 2: 3, 3: 3},
    ),
    "two customers on a device stay two, and its visitors are a third": (
        [1, 2, 3, 4],
        [(1, "email", "a"), (2, "email", "b"), (1, "device_id", "d"), (2, "device_id", "d"),
         (3, "device_id", "d"), (4, "device_id", "d")],
        {1: 1, 2: 2, 3: 3, 4: 3},
    ),
    "two records of one customer on a device count once": (
        [1, 2, 3],
        [(1, "email", "a"), (2, "email", "a"), (1, "device_id", "d"), (2, "device_id", "d"),
         (3, "device_id", "d")],
        {1: 1, 2: 1, 3: 1},
    ),
    "a group that touches two customers over two values attaches to none": (
        [1, 2, 3],
        [(1, "email", "a"), (1, "device_id", "d"), (2, "email", "b"), (2, "cookie_id", "c"),
         (3, "device_id", "d"), (3, "cookie_id", "c")],
        {1: 1, 2: 2, 3: 3},
    ),
    "a visitor's own cookie outranks the shared device": (
        [1, 2, 3, 4],
        [(1, "email", "a"), (2, "email", "b"), (1, "device_id", "d"), (2, "device_id", "d"),
         (3, "device_id", "d"), (3, "cookie_id", "c"), (4, "device_id", "d")],
        {1: 1, 2: 2, 3: 3, 4: 4},
    ),
    "of two shared values the first in policy order counts": (
        [1, 2, 3, 4, 5],
        [(1, "email", "a"), (2, "email", "b"), (1, "device_id", "d"), (2, "device_id", "d"),
         (1, "cookie_id", "c"), (2, "cookie_id", "c"), (3, "cookie_id", "c"), (4, "device_id", "d"),
         (5, "device_id", "d"), (5, "cookie_id", "c")],
        {1: 1, 2: 2, 3: 3, 4: 4, 5: 4},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", JOINED)
def test_who_is_joined_and_attached(plain: Kernel, name: str) -> None:
    numbers, links, customers = JOINED[name]
    case = linked(
        [(key_of(number), kind, value) for number, kind, value in links], map(int, numbers)
    )
    found = {int(key): int(owner) for key, (owner, _) in plain.resolve(case).partition.items()}
    assert found == customers
    check(plain, case)


def of_day(key: str, day: float | None, *values: str, **fields: str) -> Record:
    """A record of a day, its values written as `type:value`; a day is 24 hours from the start."""
    hours = None if day is None else int(day * 24)
    pairs = frozenset((kind, value) for kind, _, value in (text.partition(":") for text in values))
    return Record(key, hours, hours, pairs, fields)


def same(one: str, other: str) -> Decision:
    return Decision(one, other, True)


def never(one: str, other: str) -> Decision:
    return Decision(one, other, False)


# policy, records, decisions, customers as words of record keys, rejections as `key type:value`.
Ruled = tuple[str, list[Record], list[Decision], str, dict[str, str]]
RULED: dict[str, Ruled] = {
    "the later of two links that meet at a limit is refused": (
        "one login",
        [of_day("a", 1, "user_id:1", "email:x"), of_day("b", 2, "user_id:2", "email:x"),
         of_day("c", 3, "user_id:2", "email:y")],
        [],
        "a bc",
        {"b email:x": "customer_over_limit"},
    ),
    "the stronger type is taken first, whatever its age": (
        "one login",
        [of_day("a", 3, "user_id:1", "email:x"), of_day("b", 2, "email:x", "phone:p"),
         of_day("c", 1, "user_id:2", "phone:p")],
        [],
        "ab c",
        {"b phone:p": "customer_over_limit"},
    ),
    "unknown time comes last": (
        "one login",
        [of_day("a", None, "user_id:1", "email:x"), of_day("b", 2, "email:x"),
         of_day("c", 1, "user_id:2", "email:x")],
        [],
        "a bc",
        {"a email:x": "customer_over_limit"},
    ),
    "a record keeps the first of its own values and all else": (
        "one login",
        [of_day("a", 1, "user_id:1", "user_id:2", "email:x"), of_day("b", 2, "email:x"),
         of_day("c", 3, "user_id:2")],
        [],
        "ab c",
        {"a user_id:2": "record_over_limit"},
    ),
    "never outranks a shared address": (
        "plain",
        [of_day("a", 1, "email:x"), of_day("b", 2, "email:x"), of_day("c", 3, "email:x")],
        [never("a", "b")],
        "ac b",
        {"b email:x": "never_decided"},
    ),
    "same joins what shares nothing, and may exceed a limit, which nothing else may": (
        "one login",
        [of_day("a", 1, "user_id:1"), of_day("b", 2, "user_id:2", "email:x"),
         of_day("c", 3, "user_id:3", "email:x"), of_day("d", 4, "user_id:2", "phone:p"),
         of_day("e", 5, "phone:p", "user_id:1")],
        [same("a", "b")],
        "abde c",
        {"c email:x": "customer_over_limit"},
    ),
    "a contradictory group is set aside, its word about others stays": (
        "plain",
        [of_day("a", 1), of_day("b", 2), of_day("c", 3, "email:x"), of_day("d", 4, "email:x")],
        [same("a", "b"), same("b", "c"), never("a", "c"), never("c", "d")],
        "a b c d",
        {"d email:x": "never_decided"},
    ),
    "a decision on an absent record sleeps": (
        "plain",
        [of_day("a", 1), of_day("b", 2)],
        [same("a", "z"), same("z", "b")],
        "a b",
        {},
    ),
    "never binds attachment, and two that are not one never attach to one customer": (
        "plain",
        [of_day("a", 1, "email:x", "device_id:d", "cookie_id:c"), of_day("b", 2, "device_id:d"),
         of_day("c", 3, "cookie_id:c")],
        [never("b", "c")],
        "ab c",
        {},
    ),
    "fallback joins the oldest holder and never two holders": (
        "fallbacks",
        [of_day("a", 2, "user_id:1", "email:x"), of_day("b", 1, "user_id:2", "email:x"),
         of_day("c", 3, "email:x")],
        [],
        "a bc",
        {},
    ),
    "who finds no holder joins its like": (
        "fallbacks",
        [of_day("a", 1, "email:x"), of_day("b", 2, "email:x"), of_day("c", 3, "user_id:1")],
        [],
        "ab c",
        {},
    ),
    "the first type that has a holder wins, and the other is refused": (
        "fallbacks",
        [of_day("a", 1, "user_id:1", "loyalty_id:l"), of_day("b", 2, "user_id:2", "email:x"),
         of_day("c", 3, "email:x", "loyalty_id:l")],
        [],
        "a bc",
        {"c loyalty_id:l": "fallback_taken"},
    ),
    "fallback that would break a limit is refused, and no second holder is tried": (
        "fallbacks with caps",
        [of_day("a", 1, "user_id:1", "phone:p", "phone:q"), of_day("b", 2, "user_id:2", "phone:p"),
         of_day("c", 3, "phone:p", "phone:r")],
        [],
        "a b c",
        {"c phone:p": "customer_over_limit", "c phone:r": "fallback_taken"},
    ),
    "too many records in a window of three days, half open": (
        "windows",
        [of_day("a", 1, "user_id:1"), of_day("b", 2, "user_id:1"), of_day("c", 4, "user_id:1"),
         of_day("d", 11, "user_id:2"), of_day("e", 12, "user_id:2"),
         of_day("f", 14 - 1 / 24, "user_id:2")],
        [],
        "abc d e f",
        dict.fromkeys(["d user_id:2", "e user_id:2", "f user_id:2"], "value_over_records"),
    ),
    "unknown time lies in every window": (
        "windows",
        [of_day("a", 1, "user_id:1"), of_day("b", None, "user_id:1"), of_day("c", 9, "user_id:1"),
         of_day("d", None, "user_id:2"), of_day("e", 1, "user_id:2"), of_day("f", 2, "user_id:2")],
        [],
        "abc d e f",
        dict.fromkeys(["d user_id:2", "e user_id:2", "f user_id:2"], "value_over_records"),
    ),
    "a phone of two customers joins nobody": (
        "limits",
        [of_day("a", 1, "email:x", "phone:3"), of_day("b", 2, "email:y", "phone:3"),
         of_day("c", 3, "phone:3"), of_day("d", 4, "email:x", "phone:4"),
         of_day("e", 5, "phone:4")],
        [],
        "ade b c",
        dict.fromkeys(["a phone:3", "b phone:3", "c phone:3"], "value_over_customers"),
    ),
    "an address beside two names joins nobody": (
        "limits",
        [of_day("a", 1, "loyalty_id:l", first_name="Ann"),
         of_day("b", 2, "loyalty_id:l", first_name="Ben"),
         of_day("c", 3, "loyalty_id:m", first_name="Ann"), of_day("d", 4, "loyalty_id:m")],
        [],
        "a b cd",
        dict.fromkeys(["a loyalty_id:l", "b loyalty_id:l"], "value_over_distinct"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULED)
def test_what_rules_refuse(name: str) -> None:
    policy, records, decisions, customers, rejections = RULED[name]
    case = Case(tuple(records), tuple(decisions))
    right = expected(case, POLICIES[policy])
    assert right.customers() == {frozenset(word) for word in customers.split()}
    assert {f"{key} {kind}:{value}": reason
            for (key, kind, value), reason in right.rejections.items()} == rejections  # fmt: skip
    check(kernel(policy), case)


# --- hard shapes ----------------------------------------------------------------------------------

BIG_SHAPES: dict[str, Callable[[], Case]] = {
    "chain in order": lambda: path(range(1, LONG + 1), ["email"]),
    "chain backwards": lambda: path(range(LONG, 0, -1), ["email"]),
    "chain at random": lambda: path(shuffled(LONG, 1), STRONG),
    "chain in zig-zag": lambda: path(zigzag(LONG), STRONG),
    "chain, bits reversed": lambda: path(bit_reversed(17), STRONG),
    "anonymous chain": lambda: path(shuffled(LONG, 2), WEAK),
    "star": lambda: star(200_000, "email"),
    "anonymous star": lambda: star(200_000, "device_id"),
    "blob": lambda: blob(20_000, 2_000, STRONG, 1),
}


@pytest.mark.parametrize("shape", BIG_SHAPES)
def test_big_shapes_are_exact_in_few_passes(plain: Kernel, shape: str) -> None:
    """Passes grow with the logarithm, whatever the shape and the numbering.

    The bound is 3 log2(n), of which log2(n) + 1 contractions; one pass a link would be 100,000.
    """
    case = BIG_SHAPES[shape]()
    outcome = plain.resolve(case)
    owners = {owner for owner, _ in outcome.partition.values()}
    assert owners == {min(record.key for record in case.records)}
    contractions, jumps = plain.passes()
    scale = math.log2(len(case.records))
    assert 0 < contractions <= scale + 1
    assert contractions + jumps <= 3 * scale


def test_a_big_mixed_chain_agrees_with_the_rules(plain: Kernel) -> None:
    """Chains of customers with chains of visitors between them."""
    order = shuffled(20_000, 3)
    case = path(order, ["email", "device_id", "device_id", "cookie_id", "phone"])
    check(plain, case)
    roles = {role for _, role in plain.resolve(case).partition.values()}
    assert roles == {"known", "attached", "anonymous"}


@pytest.mark.parametrize("shape", ["star", "chain"])
def test_big_customers_over_a_limit_come_apart_in_few_passes(shape: str) -> None:
    """Links are refused as if they came one by one, but not one a pass."""
    whole = star(20_000, "email") if shape == "star" else path(shuffled(20_000, 4), STRONG)
    case = with_logins(whole, 7_000)
    limited = kernel("one login")
    assert limited.resolve(case) == expected(case, limited.policy)
    assert len(limited.resolve(case).rejections) > 5_000
    made = [sql for sql in limited.executed if "table c360_scratch_strong_open_" in sql]
    assert 2 <= len(made) <= 20


# --- the driver's own conduct ---------------------------------------------------------------------


@pytest.mark.parametrize("stuck", ["strong_round", "strong_jump", "strong_pass"])
def test_a_loop_that_does_not_end_stops_the_build(stuck: str) -> None:
    driver = load_driver()
    vars(driver)["MAX_PASSES"] = 100
    steps = [driver.Step(*step) for step in compiled()["one login"].steps]
    assert stuck in [step.name for step in steps]
    inside = {"strong_round": "strong_edges_", "strong_jump": "strong_parents_",
              "strong_pass": "strong_o"}[stuck]  # fmt: skip
    calls = itertools.count()
    seen: list[str] = []

    def never_done(statement: str) -> list[Any]:
        assert next(calls) < 20_000, "the driver goes on for ever"
        seen.append(statement)
        outer = stuck == "strong_jump" and "c360_scratch_strong_edges_" in statement
        return [(int(outer or f"c360_scratch_{inside}" in statement),)]

    with pytest.raises(driver.NotConverged, match=stuck):
        driver.take_steps(steps, never_done)
    # The result is made last: a run that stops early leaves none.
    assert not any("scratch_result" in statement for statement in seen)


def test_counters_are_filled_in_and_other_braces_left_alone() -> None:
    driver = load_driver()
    assert driver.fill("a_{n} b_{n+1} {other} '{x: {m}}'", {"n": 3, "m": 5}) == (
        "a_3 b_4 {other} '{x: 5}'"
    )


class FakeDbt:
    """What dbt hands to a Python model, as far as this one asks for it."""

    def __init__(self, kernel: Kernel, order: Callable[[list[Any]], Iterable[Any]]) -> None:
        self.connection = kernel.connection
        self.configured: dict[str, Any] = {}
        self.referenced: list[str] = []
        rows = [(number, *step) for number, step in enumerate(kernel.code.steps, start=1)]
        self.connection.execute(
            "create or replace temp table given_steps"
            " (step_no integer, kind varchar, loop_name varchar, statement_text varchar)"
        )
        self.connection.executemany("insert into given_steps values (?, ?, ?, ?)", order(rows))

    def config(self, **settings: Any) -> None:
        self.configured.update(settings)

    def ref(self, name: str) -> Any:
        self.referenced.append(name)
        return self.connection.table("given_steps")


def random_cases(policy: str, count: int) -> list[Case]:
    """Made-up cases of a policy."""
    return [random_case(f"{policy} {seed}", POLICIES[policy]) for seed in range(count)]


@pytest.mark.parametrize("order", [list, reversed])
def test_the_model_gives_a_relation_and_names_what_it_reads(
    order: Callable[[list[Any]], Iterable[Any]],
) -> None:
    """The rows of the steps may come in any order."""
    one = kernel("one login")
    cases = random_cases("one login", 40)
    given = merged(cases)
    one.fill_tables(given)
    dbt = FakeDbt(one, lambda rows: list(order(rows)))
    relation = one.driver.model(dbt, one.connection)
    assert isinstance(relation, duckdb.DuckDBPyRelation), "a copy in Python does not scale"
    assert relation.columns == [
        "record_no", "customer_no", "record_role", "component_no", "weak_component_no",
        "identifier_type", "identifier_value", "reason",
    ]  # fmt: skip
    relation.create("kept")
    right = [expected(case, one.policy) for case in cases]
    assert one.read("kept", given, len(cases)) == right
    assert dbt.configured == {"materialized": "table"}
    # dbt reads the lineage from these calls.
    assert set(dbt.referenced) == {
        "int_identity__steps",
        "int_identity__touched",
        "int_identity__touched_links",
        "int_identity__decisions",
    }


class FakeSnowpark:
    """A session that knows sql(...).collect() and nothing of cursors."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def sql(self, statement: str) -> Any:
        connection = self.connection

        class Lazy:
            def collect(self) -> list[Any]:
                return connection.execute(statement).fetchall()

        return Lazy()


def test_the_same_steps_run_on_a_session_without_a_cursor() -> None:
    one = kernel("fallbacks with caps")
    cases = random_cases("fallbacks with caps", 20)
    given = merged(cases)
    one.fill_tables(given)
    session = FakeSnowpark(one.connection)
    one.driver.take_steps(one.steps, lambda sql: one.driver.run_statement(session, sql))
    found = one.read(one.driver.result_table(one.steps), given, len(cases))
    assert found == [expected(case, one.policy) for case in cases]


# --- the driver in SQL ----------------------------------------------------------------------------


GIVEN = ("touched", "touched_links", "decisions")


def give_tables(project: LeanProject, kernel: Kernel) -> None:
    """Put what the kernel was given in the place of the models that the steps read."""
    for name in GIVEN:
        file = project.root / f"{name}.parquet"
        kernel.connection.execute(f"copy {kernel.table(name)} to '{file}' (format parquet)")
        (project.root / f"models/intermediate/identity/int_identity__{name}.sql").write_text(
            f"select * from read_parquet('{file}')", encoding="utf-8"
        )


def test_the_driver_in_sql_gives_the_same(tmp_path: Path) -> None:
    one = kernel("everything")
    chain = path(shuffled(500, 5), [entry.name for entry in one.policy])
    cases = [*random_cases("everything", 150), chain]
    right = one.resolve_all(cases)
    given = merged(cases)
    project = lean_project(tmp_path / "project")
    give_tables(project, one)
    # A build that finds what an earlier one left behind must not stumble over it.
    for _ in range(2):
        outcome = project.dbt(
            "run", "--select", *(f"int_identity__{name}" for name in GIVEN),
            "int_identity__resolved_by_macro", "int_identity__resolved",
            variables={"identity_driver": "macro", "identity_policy": as_settings(one.policy)},
        )  # fmt: skip
        assert outcome.success, outcome.exception
    one.connection.execute(f"attach '{project.database}' as built (read_only)")
    found = one.read("built.customer360_intermediate.int_identity__resolved", given, len(cases))
    assert found == right


def operation(project: LeanProject, steps: Sequence[tuple[str, str, str]]) -> Any:
    """Take steps by the macro driver."""
    (project.root / "macros/taken.sql").write_text(
        "{% macro taken() %}{% do take_steps(" + repr(list(steps)) + ") %}{% endmacro %}",
        encoding="utf-8",
    )
    return project.dbt("run-operation", "taken")


def test_a_loop_of_the_driver_in_sql_that_does_not_end_stops_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = lean_project(tmp_path / "project")
    file = project.root / "macros/identity/run_identity_steps.sql"
    text = file.read_text(encoding="utf-8")
    assert "return(10000)" in text
    file.write_text(text.replace("return(10000)", "return(30)"), encoding="utf-8")
    endless = [("loop", "outer", "select 1"), ("run", "inner", "select {outer}"),
               ("end", "outer", "")]  # fmt: skip
    outcome = operation(project, endless)
    assert not outcome.success
    assert "Identity loop outer did not end" in capsys.readouterr().out


def test_both_drivers_take_the_same_way_through_all_kinds_of_steps(tmp_path: Path) -> None:
    """Nested loops, a loop run twice, blocks left out and gone into, and the way back."""
    steps = [
        ("run", "made", "create or replace table way (step varchar)"),
        ("loop", "outer", "select 3 - {outer}"),
        ("run", "outer", "insert into way values ('outer {outer} of {outer+1}')"),
        ("loop", "inner", "select case when {inner} < {outer} then 1 else 0 end"),
        ("run", "inner", "insert into way values ('inner {outer} {inner}')"),
        ("end", "inner", ""),
        ("when", "second", "select case when {outer} = 1 then 1 else 0 end"),
        ("run", "in", "insert into way values ('second {outer}')"),
        ("end", "second", ""),
        ("end", "outer", ""),
        ("unless", "none", "select count(*) from way where step = 'none'"),
        ("run", "in", "insert into way values ('unless')"),
        ("end", "none", ""),
        ("unless", "some", "select count(*) from way"),
        ("run", "in", "insert into way values ('not here')"),
        ("end", "some", ""),
        ("when", "nothing", "select 0"),
        ("loop", "never", "select 1"),
        ("end", "never", ""),
        ("end", "nothing", ""),
        ("back", "back", "outer"),
        ("run", "back", "insert into way values ('back {back}')"),
        ("end", "back", ""),
        ("loop", "long", "select 1100 - {long}"),
        ("end", "long", ""),
        ("run", "last", "insert into way values ('after {long}')"),
    ]
    way = [
        "outer 0 of 1",
        *["outer 1 of 2", "inner 1 0", "second 1"],
        *["outer 2 of 3", "inner 2 0", "inner 2 1"],
        "unless",
        *["back 1", "back 0"],
        "after 1100",
    ]
    project = lean_project(tmp_path / "project")
    assert operation(project, steps).success
    with duckdb.connect(str(project.database)) as connection:
        assert connection.execute("from way").fetchall() == [(step,) for step in way]
    driver, connection = load_driver(), duckdb.connect()
    driver.take_steps(
        [driver.Step(*step) for step in steps],
        lambda sql: driver.run_statement(connection, sql),
    )
    assert connection.execute("from way").fetchall() == [(step,) for step in way]


@pytest.mark.parametrize("command", ["compile", "ls", "docs generate"])
def test_nothing_runs_where_nothing_is_built(tmp_path: Path, command: str) -> None:
    """No model has been built, so that a statement that ran would not find its tables."""
    project = lean_project(tmp_path / "project")
    outcome = project.dbt(*command.split(), variables={"identity_driver": "macro"})
    assert outcome.success, outcome.exception
    assert project.tables() == []


# --- broken copies must be found ------------------------------------------------------------------

# policy whose cases show it, what is written, what is written in its place
BROKEN_STEPS: dict[str, tuple[str, str, str]] = {
    # components
    "rounds not composed": (
        "plain",
        "coalesce(later.parent, earlier.parent) as parent",
        "earlier.parent as parent",
    ),
    "later rounds forgotten": (
        "plain",
        "on earlier.parent = later.node union all select node, parent",
        "on earlier.parent = later.node union all select node, node",
    ),
    "untyped nodes": (
        "plain",
        "group by group_type, group_value having",
        "group by group_value having",
    ),
    "called by the greatest record": (
        "plain",
        "coalesce(attached.customer_no, clusters.cluster_no, records.age_no) as customer_no",
        "max(records.age_no) over (partition by coalesce(attached.customer_no,"
        " clusters.cluster_no, records.age_no)) as customer_no",
    ),
    # limits of values
    "dropped values are used": ("limits", "where dropped_reason is null", "where true"),
    "a dropped value takes the whole record with it": (
        "limits",
        "on links.record_no = rejected.record_no and links.identifier_type ="
        " rejected.identifier_type and links.identifier_value = rejected.identifier_value",
        "on links.record_no = rejected.record_no",
    ),
    "records counted for customers": (
        "limits",
        "coalesce(roots.parent, holders.record_no) as item",
        "holders.record_no as item",
    ),
    "carriers without a stronger value counted": (
        "limits",
        "coalesce(roots.parent, holders.record_no) as item, records.first_seen_at,"
        " records.last_seen_at from c360_scratch_links_0 as links inner join",
        "coalesce(roots.parent, links.record_no) as item, records.first_seen_at,"
        " records.last_seen_at from c360_scratch_links_0 as links left join",
    ),
    "windows closed at both ends": (
        "windows",
        "order by moments.moment, moments.change",
        "order by moments.moment, moments.change desc",
    ),
    "spans of one customer counted each": (
        "windows",
        "case when starts_after <= reached_at then 0 else 1 end",
        "1",
    ),
    "unknown time lies in no window": (
        "windows",
        "coalesce(timeless_counts.item_count, 0) +",
        "0 +",
    ),
    # limits of customers
    "what a record carries too much is kept": ("one login", "value_no > 1", "value_no > 9"),
    "one too many is allowed": (
        "one login",
        "having count(*) > most",
        "having count(*) > most + 1",
    ),
    "links refused in the order of types backwards": (
        "several caps",
        "order by links.type_rank, links.record_no",
        "order by -links.type_rank, links.record_no",
    ),
    "links refused in another order of records": (
        "one login",
        "order by links.type_rank, links.record_no",
        "order by links.type_rank, -links.record_no",
    ),
    "any first link accepted": (
        "one login",
        "lefts.link_no = open_links.link_no and rights.link_no = open_links.link_no",
        "lefts.link_no = open_links.link_no or rights.link_no = open_links.link_no",
    ),
    "refusals forgotten from one round to the next": (
        "one login",
        "select link_no from c360_scratch_strong_refusals_{strong_pass} union all",
        "",
    ),
    "a customer under its limit taken apart with the others": (
        "one login",
        "where over_limit.root_no is null union all",
        "where false union all",
    ),
    # decisions
    "never ignored": ("plain", "1 as most from (", "2 as most from ("),
    "same ignored": (
        "plain",
        "coalesce(roots.parent, members.node) as cluster_no from (select distinct node",
        "members.node as cluster_no from (select distinct node",
    ),
    "contradictory decisions stand": ("plain", "where set_aside.decision_key is null", ""),
    "values that same brings together count as two": (
        "one login",
        "coalesce(classes.limit_class, held.limit_value) as limit_value",
        "held.limit_value",
    ),
    "attachment ignores decisions": ("weak limits", "where refused.record_no is null", ""),
    # fallback
    "fallback joins two holders": ("fallbacks", "as ranked where preference = 1", "as ranked"),
    "fallback joins the youngest holder": (
        "fallbacks",
        "min(record_no) as holder_no",
        "max(record_no) as holder_no",
    ),
    "fallback for those who miss nothing": (
        "fallbacks",
        "missing.record_no is null as is_open",
        "true as is_open",
    ),
    "who was taken is taken again": (
        "fallbacks",
        "taken.record_no is not null as is_taken",
        "false as is_taken",
    ),
    "each record of a cluster moves by itself": (
        "fallbacks",
        "partition by cluster_no order by record_no, holder_no",
        "partition by record_no order by holder_no",
    ),
    # weak
    "a weak group joins two known customers": (
        "plain",
        "having count(distinct links.customer_no) = 1",
        "",
    ),
    "shared devices join their visitors": (
        "plain",
        "where customer_count < 2 or preference = 1",
        "",
    ),
    "visitors of shared devices left alone": ("plain", " or preference = 1", ""),
    "untyped devices": (
        "plain",
        "on carriers.identifier_type = weak_values.identifier_type and",
        "on",
    ),
    "shared values preferred": ("plain", "> 1 then 1 else 0 end", "> 1 then 0 else 1 end"),
    "records counted for customers on a device": (
        "plain",
        "count(distinct known_no) as customer_count",
        "count(known_no) as customer_count",
    ),
}

BROKEN_DRIVERS: dict[str, tuple[str, str]] = {
    "stops after the first pass": (
        "has_more = count(step.statement, counters, run) > 0",
        "has_more = count(step.statement, counters, run) > 0 and counters[step.name] == 0",
    ),
    "goes into every block": ('== (step.kind == "when")', "in (True, False)"),
    "forgets to compose": ("return counters[step.name] >= 0", "return False"),
    "composes one round too few": ("counters[step.statement] - 2", "counters[step.statement] - 3"),
}


def is_caught(broken: Kernel) -> bool:
    """Whether some random case or chain shows a difference from the oracle.

    SQL that does not run at all would prove nothing, so its error is let through.
    """
    vars(broken.driver)["MAX_PASSES"] = 100
    name = next(name for name, policy in POLICIES.items() if policy is broken.policy)
    kinds = [entry.name for entry in broken.policy]
    chains = [path(shuffled(80, seed), kinds) for seed in range(3)]
    cases = [*random_cases(name, 150), *chains]
    try:
        found = broken.resolve_all(cases)
    except (AssertionError, broken.driver.NotConverged):
        return True
    return found != [expected(case, broken.policy) for case in cases]


@pytest.mark.parametrize("fault", BROKEN_STEPS)
def test_broken_steps_are_caught(fault: str) -> None:
    policy, right, wrong = BROKEN_STEPS[fault]
    assert is_caught(Kernel(compiled()[policy].replaced(right, wrong), POLICIES[policy]))


@pytest.mark.parametrize("fault", BROKEN_DRIVERS)
def test_a_broken_driver_is_caught(fault: str) -> None:
    right, wrong = BROKEN_DRIVERS[fault]
    source = DRIVER_FILE.read_text(encoding="utf-8")
    assert right in source, "the fault was not put in"
    driver = load_driver(source.replace(right, wrong))
    policies: Mapping[str, Any] = {name: POLICIES[name] for name in ("plain", "one login")}
    assert any(is_caught(Kernel(compiled()[name], policies[name], driver)) for name in policies)
