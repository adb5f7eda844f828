"""The identity policy: every setting changes who is who, and every wrong one is refused."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from unit.macro_runner import ROOT, render
from unit.policy_world import (
    LOOKBACK_MODEL,
    Drop,
    Outcome,
    Policy,
    Row,
    World,
    contact,
    event,
)

pytestmark = pytest.mark.xdist_group("policy")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The project, read once."""
    return World(tmp_path_factory.mktemp("policy") / "project")


def entry(type_: str, role: str = "strong", **settings: Any) -> dict[str, Any]:
    """One entry of a policy."""
    return {"type": type_, "role": role, **settings}


# --- every setting changes the outcome ------------------------------------------------------------

CUSTOMER = entry("customer_id")
EMAIL = entry("email")
SAME_EMAIL = [contact("a", email="ann@x.org"), contact("b", 1, email="ann@x.org")]
GUEST_PHONE = [
    contact("a", 0, customer_id="s:1", phone="+441234500001"),
    contact("b", 1, customer_id="s:2", phone="+441234500001"),
    contact("c", 2, phone="+441234500001"),
]
GUEST_MAIL = [
    contact("a", 0, customer_id="s:1", phone="+441234500001"),
    contact("b", 1, email="bo@x.org", phone="+441234500001"),
]
THREE_ON_A_PHONE = [
    contact(name, day, customer_id=f"s:{name}", last_name=name.upper(), phone="+441234500001")
    for name, day in zip("abc", (0, 20, 40), strict=True)
]
KIOSK = [
    event("a", 0, email="ann@x.org", device_id="w:d"),
    event("b", 1, email="bo@x.org", device_id="w:d"),
]
VISIT = [event("a", 0, email="ann@x.org", device_id="w:d"), event("b", 1, device_id="w:d")]
LOGINS = [
    contact("a", 0, user_id="s:1", email="ann@x.org"),
    contact("b", 1, user_id="s:2", email="ann@x.org"),
]
RIVALS = [
    contact("a", 0, user_id="s:1", email="ann@x.org"),
    contact("b", 1, user_id="s:2", phone="+441234500001"),
    contact("c", 2, email="ann@x.org", phone="+441234500001"),
]
ONE_LOGIN = entry("user_id", max_values_per_customer=1)


def named(key: str, first: str, last: str, postal_code: str = "AB1 2CD") -> Row:
    """A contact known by name alone."""
    return contact(key, first_name=first, last_name=last, postal_code=postal_code)


def person(*fields: Any) -> list[dict[str, Any]]:
    """A policy of one composite identifier."""
    return [entry("person", fields=list(fields))]


def changed(type_: str, field: str, transform: str) -> list[dict[str, Any]]:
    """A composite of the other fields and one that is transformed."""
    others = [name for name in ("first_name", "last_name", "postal_code") if name != field]
    return [entry(type_, fields=[*others, {"field": field, "transform": transform}])]


WHOLE_NAME = person("first_name", "last_name", "postal_code")
CAPPED: dict[str, Any] = {"within_days": 10}

# name -> rows, policy, customers, the policy with one setting changed, customers then.
SETTINGS: dict[str, tuple[list[Row], Policy, str, Policy, str]] = {
    "a type left out": (SAME_EMAIL, [CUSTOMER], "a b", [CUSTOMER, EMAIL], "ab"),
    "role group": (SAME_EMAIL, [entry("email", "group")], "a b", [EMAIL], "ab"),
    "role fallback": (
        GUEST_PHONE,
        [CUSTOMER, entry("phone")],
        "abc",
        [CUSTOMER, entry("phone", "fallback", when_missing=["customer_id"])],
        "ac b",
    ),
    "role weak": (
        KIOSK,
        [EMAIL, entry("device_id")],
        "ab",
        [EMAIL, entry("device_id", "weak")],
        "a b",
    ),
    "role weak attaches": (VISIT, [EMAIL], "a b", [EMAIL, entry("device_id", "weak")], "ab"),
    "when_missing": (
        GUEST_MAIL,
        [CUSTOMER, EMAIL, entry("phone", "fallback", when_missing=["customer_id"])],
        "ab",
        [CUSTOMER, EMAIL, entry("phone", "fallback", when_missing=["customer_id", "email"])],
        "a b",
    ),
    "normalise": (
        [
            contact("a", user_id="s:Ann"),
            contact("b", user_id="s:ann"),
            contact("c", user_id="t:ann"),
        ],
        [entry("user_id")],
        "a b c",
        [entry("user_id", normalise="lookup_text")],
        "ab c",
    ),
    "normalise a composite": (
        [named("a", "Zoé", "Lee"), named("b", "Zoe", "Lee")],
        WHOLE_NAME,
        "a b",
        [entry("person", fields=WHOLE_NAME[0]["fields"], normalise="lookup_text")],
        "ab",
    ),
    "format": (
        [contact("a", user_id="s:x1"), contact("b", user_id="s:x1")],
        [entry("user_id", format="[a-z][0-9]+")],
        "ab",
        [entry("user_id", format="[0-9]{1,9}")],
        "a b",
    ),
    "max_records_per_value": (
        THREE_ON_A_PHONE,
        [entry("phone", max_records_per_value=3)],
        "abc",
        [entry("phone", max_records_per_value=2)],
        "a b c",
    ),
    "max_records_per_value, within_days": (
        THREE_ON_A_PHONE,
        [entry("phone", max_records_per_value=2)],
        "a b c",
        [entry("phone", max_records_per_value=2, **CAPPED)],
        "abc",
    ),
    "max_distinct": (
        THREE_ON_A_PHONE,
        [entry("phone", max_distinct={"last_name": 3})],
        "abc",
        [entry("phone", max_distinct={"last_name": 2})],
        "a b c",
    ),
    "max_distinct of an identifier": (
        THREE_ON_A_PHONE,
        [entry("phone", max_distinct={"last_name": 3})],
        "abc",
        [entry("phone", max_distinct={"last_name": 3, "customer_id": 2})],
        "a b c",
    ),
    "max_distinct, within_days": (
        THREE_ON_A_PHONE,
        [entry("phone", max_distinct={"last_name": 2})],
        "a b c",
        [entry("phone", max_distinct={"last_name": 2}, **CAPPED)],
        "abc",
    ),
    "max_customers_per_value": (
        THREE_ON_A_PHONE,
        [CUSTOMER, entry("phone", max_customers_per_value=3)],
        "abc",
        [CUSTOMER, entry("phone", max_customers_per_value=2)],
        "a b c",
    ),
    "max_customers_per_value, within_days": (
        THREE_ON_A_PHONE,
        [CUSTOMER, entry("phone", max_customers_per_value=2)],
        "a b c",
        [CUSTOMER, entry("phone", max_customers_per_value=2, **CAPPED)],
        "abc",
    ),
    "within_days, the number": (
        THREE_ON_A_PHONE,
        [entry("phone", max_records_per_value=1, within_days=20)],
        "abc",
        [entry("phone", max_records_per_value=1, within_days=21)],
        "a b c",
    ),
    "max_values_per_customer": (LOGINS, [entry("user_id"), EMAIL], "ab", [ONE_LOGIN, EMAIL], "a b"),
    "max_values_per_customer, the number": (
        LOGINS,
        [ONE_LOGIN, EMAIL],
        "a b",
        [entry("user_id", max_values_per_customer=2), EMAIL],
        "ab",
    ),
    "fields": (
        [named("a", "Ann", "Lee"), named("b", "Ann", "Lee", "ZZ9 9ZZ")],
        WHOLE_NAME,
        "a b",
        person("first_name", "last_name"),
        "ab",
    ),
    "transform first_letter": (
        [named("a", "Ann", "Lee"), named("b", "Ängela", "Lee"), named("c", "Bo", "Lee")],
        WHOLE_NAME,
        "a b c",
        changed("person", "first_name", "first_letter"),
        "ab c",
    ),
    "transform postal_prefix": (
        [
            named(key, "Ann", "Lee", code)
            for key, code in zip("abc", ("AB1 2CD", "ab19xy", "ZZ9"), strict=True)
        ],
        WHOLE_NAME,
        "a b c",
        changed("person", "postal_code", "postal_prefix"),
        "ab c",
    ),
    "transform phonetic_key": (
        [named("a", "Ann", "Robert"), named("b", "Ann", "Rupert"), named("c", "Ann", "Rubin")],
        WHOLE_NAME,
        "a b c",
        changed("person", "last_name", "phonetic_key"),
        "ab c",
    ),
    "the order of entries": (
        RIVALS,
        [ONE_LOGIN, EMAIL, entry("phone")],
        "ac b",
        [ONE_LOGIN, entry("phone"), EMAIL],
        "a bc",
    ),
    "the short form's join_key": (
        [
            contact("a", customer_id="s:1", email="x@x.org"),
            contact("b", customer_id="s:2", email="x@x.org"),
        ],
        {"join_key": "customer_id", "secondary_join_keys": ["email"]},
        "a b",
        {"join_key": "email", "secondary_join_keys": ["customer_id"]},
        "ab",
    ),
    "the short form's secondary keys": (
        [contact("a", customer_id="s:1", email="x@x.org"), contact("b", email="x@x.org")],
        {"join_key": "customer_id"},
        "a b",
        {"join_key": "customer_id", "secondary_join_keys": ["email"]},
        "ab",
    ),
}


def resolved(world: World, policy: Policy, rows: list[Row], **inputs: Any) -> Outcome:
    """Who is who; events are the rows that have a time of occurrence."""
    return world.resolve(
        policy,
        [row for row in rows if "created_at" in row],
        [row for row in rows if "occurred_at" in row],
        **inputs,
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_changes_who_is_who(world: World, name: str) -> None:
    rows, policy, before, changed_policy, after = SETTINGS[name]
    assert resolved(world, policy, rows).customers == before
    assert resolved(world, changed_policy, rows).customers == after


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ([entry("phone", max_records_per_value=2)], "value_over_records"),
        ([entry("phone", max_distinct={"last_name": 2})], "value_over_distinct"),
        ([CUSTOMER, entry("phone", max_customers_per_value=2)], "value_over_customers"),
        ([entry("phone", format="[0-9]+")], "invalid_format"),
        ([entry("phone", "group")], "group_never_links"),
    ],
)
def test_a_dropped_value_takes_no_record_with_it(world: World, policy: Policy, reason: str) -> None:
    found = resolved(world, policy, THREE_ON_A_PHONE)
    assert found.customers == "a b c"
    assert found.drops == {Drop(key, "phone", "+441234500001", reason) for key in "abc"}


def test_the_short_form_keeps_the_weak_types(world: World) -> None:
    found = resolved(world, {"join_key": "email"}, VISIT)
    assert (found.customers, found.roles["b"]) == ("ab", "attached")


def test_a_weak_join_key_is_not_listed_twice(world: World) -> None:
    assert resolved(world, {"join_key": "device_id"}, KIOSK).customers == "ab"


def test_blocked_values_come_from_the_seed(world: World) -> None:
    rows = [
        *SAME_EMAIL,
        contact("c", 2, email="info@x.org"),
        contact("d", 3, email="info@y.org"),
        contact("e", 4, email="info@x.org"),
    ]
    assert resolved(world, [EMAIL], rows).customers == "ab ce d"
    found = resolved(world, [EMAIL], rows, blocked=[("email", "ann@x.org"), ("email", "info@")])
    assert found.customers == "a b c d e"
    assert found.reasons() == {"blocked_value"}
    other = resolved(world, [EMAIL], rows, blocked=[("phone", "ann@x.org"), ("email", "inf")])
    assert other.customers == "ab ce d"


def test_rules_block_what_stands_for_nobody(world: World) -> None:
    rows = [
        contact(key, user_id=f"s:{value}")
        for key, value in zip("abcd", ("0000", "0000", "0001", "0001"), strict=True)
    ]
    assert resolved(world, [entry("user_id")], rows).customers == "a b cd"


def test_a_part_that_is_missing_or_empty_makes_no_composite(world: World) -> None:
    policy = changed("person", "postal_code", "postal_prefix")
    rows = [named("a", "Ann", "Lee", "--"), named("b", "Ann", "Lee", "..")]
    rows += [named("c", "Bo", "Lee"), contact("d", first_name="Bo", last_name="Lee")]
    assert resolved(world, policy, rows).customers == "a b c d"


def test_one_field_may_stand_twice_in_a_composite(world: World) -> None:
    fields = [
        {"field": "last_name", "transform": name} for name in ("first_letter", "phonetic_key")
    ]
    rows = [named("a", "Ann", "Robert"), named("b", "Bo", "Rupert")]
    assert resolved(world, person(*fields), rows).customers == "ab"


def test_attribution_lookback_days_moves_events(world: World) -> None:
    """Two people log in on one device; an anonymous event comes 20 days after the first of them."""
    customers: dict[int, str | None] = {}
    for days in (19, 20):
        sql = world.compiled([LOOKBACK_MODEL], {"attribution_lookback_days": days})[LOOKBACK_MODEL]
        with duckdb.connect() as connection:
            connection.execute("attach ':memory:' as work")
            connection.execute("create schema work.customer360_intermediate")
            connection.execute("use work.customer360_intermediate")
            connection.execute(LOOKBACK_TABLES)
            row = connection.execute(f"select customer360_id from ({sql})").fetchone()
            customers[days] = row[0] if row else None
    assert customers == {19: None, 20: "ann"}


LOOKBACK_TABLES = """
create table int_events__unioned as
    select * from (values
        ('in', 'ra', timestamp '2026-01-01'), ('visit', 'r0', timestamp '2026-01-21'),
        ('bo in', 'rb', timestamp '2026-06-01')
    ) as rows (event_id, record_key, occurred_at);
create table int_identity__customers as
    select * from (values
        (1, 'ra', 'ann', 'known'), (2, 'rb', 'bo', 'known'), (3, 'r0', 'nobody', 'anonymous')
    ) as rows (record_no, record_key, customer360_id, record_role);
create table int_identity__links as
    select
        record_no, 'device_id' as identifier_type, 'd' as identifier_value, 'weak' as role,
        1 as type_rank, null as dropped_reason
    from (values (1), (2), (3)) as rows (record_no);
"""


# --- what stands for nobody -----------------------------------------------------------------------

NOBODY = [
    "0", "0000", "0000-00-00", "00000000-0000-0000-0000-000000000000", "00:00:00:00",
    "+0000000000", "1111111", "9999999999", "99-99-99-99", "aaaa", "XXXXXX", "----",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "null", "NULL", "undefined", "NaN", "None",
    "[object Object]", "test", "Testing", "unknown", "anonymous", "+15555555555",
    "+442222222222", "+4900000000", "+35311111111", "+78888888888",
]  # fmt: skip
SOMEBODY = [
    "1", "11", "111", "1111", "10000", "999999", "100", "007", "0001", "aaa", "ee", "aab",
    "Null Island", "testa", "contest", "+447777777778", "+447777771777", "+15555555556",
    "+12125555555", "+33666666667", "+493033333333", "+420777777771", "+8613888888888",
    "ann@x.org", "0@x.org", "ann|lee|1980-01-01", "عمر", "李", "a1-b2",
]  # fmt: skip


def test_junk_is_told_from_people(world: World) -> None:
    sql = render(world.project, {"junk": "{{ is_junk_value('value') }}"})["junk"]
    query = f"select value from (select unnest(?::varchar[]) as value) where {sql}"
    found = {row[0] for row in duckdb.execute(query, [NOBODY + SOMEBODY]).fetchall()}
    assert found == set(NOBODY)


def seed_rows() -> list[dict[str, str]]:
    """The seed of blocked values."""
    file = ROOT / "seeds/reference/blocked_identifiers.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


BLOCKED = [
    ("email", "info@shop.example"),
    ("email", "noreply@shop.example"),
    ("email", "no-reply@shop.example"),
    ("email", "donotreply@shop.example"),
    ("email", "test@test.com"),
    ("email", "test@anywhere.example"),
    ("email", "null@x.org"),
    ("phone", "+11234567890"),
]
NOT_BLOCKED = [
    ("email", "infante@x.org"),
    ("email", "ann.info@x.org"),
    ("email", "testa@x.org"),
    ("email", "robin@info.org"),
    ("email", "mail@ann-lee.example"),
    ("phone", "+441234567891"),
]


def test_the_seed_blocks_role_mailboxes_and_placeholders(world: World) -> None:
    rows = [
        {**contact(f"{no}"), type_: value}
        for no, (type_, value) in enumerate(BLOCKED + NOT_BLOCKED)
    ]
    blocked = [(row["identifier_type"], row["blocked_value"]) for row in seed_rows()]
    found = resolved(world, [EMAIL, entry("phone")], rows, blocked=blocked)
    assert {(drop.identifier_type, drop.value) for drop in found.drops} == set(BLOCKED)
    assert found.reasons() == {"blocked_value"}


# --- decisions that cannot be read ----------------------------------------------------------------

DECISIONS = """
create table identity_decisions as select * from (values
    ('k1', 'k2', ' Same ', 'eve', null, null), ('k2', 'k1', 'same', 'abe', null, null),
    ('k1', 'k3', 'NEVER', 'eve', null, null), ('k2', 'k3', 'nevr', 'eve', null, null),
    ('k1', 'k1', 'never', 'eve', null, null), ('k1', 'k9', 'same', 'eve', null, null),
    ('k3', 'k2', null, 'eve', null, null)
) as rows (record_key_one, record_key_other, decision, decided_by, decided_at, reason);
create table int_identity__records as select * from (values (1, 'k1'), (2, 'k2'), (3, 'k3'))
    as rows (record_no, record_key);
"""


def test_a_decision_that_cannot_be_read_changes_nothing_and_says_why(world: World) -> None:
    model = "int_identity__decisions"
    sql = world.compiled([model], {})[model].replace("customer360_reference", "main")
    sql = sql.replace("customer360_intermediate", "main")
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as work")
        connection.execute("use work.main")
        connection.execute(DECISIONS)
        rows = connection.execute(
            "select record_key_one || record_key_other, decision, is_same, record_no_one,"
            f" record_no_other, asleep_reason from ({sql}) order by all"
        ).fetchall()
        keys = connection.execute(f"select count(distinct decision_key) from ({sql})").fetchone()
    assert rows == [
        ("k1k1", "never", False, None, None, "one_record"),
        ("k1k2", "same", True, 1, 2, None),
        ("k1k3", "never", False, 1, 3, None),
        ("k1k9", "same", True, 1, None, "record_absent"),
        ("k2k3", "", None, None, None, "unknown_decision"),
        ("k2k3", "nevr", None, None, None, "unknown_decision"),
    ]
    assert keys == (6,)


# --- what is refused ------------------------------------------------------------------------------

PHONE = entry("phone", "fallback", when_missing=["email"])
LIMITS = (
    "max_records_per_value",
    "max_customers_per_value",
    "max_values_per_customer",
    "within_days",
)
WRONG_NUMBERS = (0, -1, 2.5, "3", True, None)
FORMATS = (
    "(a", "a)", "[a", "*a", "a**", "a*?", "a{3,2}", "[z-a]", "(?:a)", "(?=a)b", r"(a)\1",
    r"\p{L}", "it's", "a||b", "", r"\_", "{2}", "[[:alpha:]]", "a\nb",
)  # fmt: skip
GOOD_FORMATS = (
    "[0-9]{8,15}", r"\d+", r"[\w.-]+", "(a|bc)+x?", "((a|b)c){2}", r"[+]\d{8,}", r"a\.b",
    "[^@ ]+@[a-z]+[.]com", "[a-f0-9]{32}",
)  # fmt: skip

Refusal = tuple[Any, str]


def limit_refusals() -> dict[str, Refusal]:
    """Every limit with every number that is none."""
    found: dict[str, Refusal] = {}
    value: Any
    for value in WRONG_NUMBERS:
        for name in LIMITS:
            found[f"{name} {value!r}"] = (
                [CUSTOMER, {**EMAIL, name: value}],
                f"entry 'email' has {name}: '{value}'; use a whole number, 1 or more.",
            )
        found[f"max_distinct {value!r}"] = (
            [entry("email", max_distinct={"city": value})],
            f"entry 'email' has max_distinct > city: '{value}'; use a whole number, 1 or more.",
        )
    return found


def format_refusals() -> dict[str, Refusal]:
    """Every format that some engine would not read."""
    return {
        f"format {text!r}": ([entry("email", format=text)], "entry 'email' has the format '")
        for text in FORMATS
    }


REFUSALS: dict[str, Refusal] = {
    "a word": (
        "email",
        "must be a list of {type: email, role: strong} entries, the strongest first",
    ),
    "nothing": (None, "must be a list of {type: email, role: strong} entries"),
    "a number": (3, "must be a list of {type: email, role: strong} entries"),
    "a list of words": (["email"], "entry 1 of `identity_policy` must have a type and a role"),
    "no role": ([EMAIL, {"type": "phone"}], "entry 2 of `identity_policy` must have a type"),
    "no type": ([{"role": "strong"}], "entry 1 of `identity_policy` must have a type"),
    "a type that is no word": ([entry(["email"])], "entry 1 of `identity_policy` must have a type"),  # type: ignore[arg-type]
    "an unknown setting": (
        [entry("email", max_records=3)],
        "entry 'email' has the unknown setting 'max_records'; use one of type, role, fields,",
    ),
    "an unknown type": (
        [entry("emial")],
        "names the type 'emial', which no source carries; use one of cookie_id, customer_id,",
    ),
    "an unknown role": (
        [entry("email", "strnog")],
        "gives 'email' the role 'strnog'; use strong, fallback, weak or group.",
    ),
    "no word for a role": ([entry("email", None)], "gives 'email' the role 'None'; use strong,"),  # type: ignore[arg-type]
    "a type twice": (
        [EMAIL, entry("email", "weak")],
        "names the type 'email' twice; remove one entry.",
    ),
    # composite identifiers
    "an unknown field": (
        person("first_name", "shoe_size"),
        "entry 'person' names the field 'shoe_size', which no source gives; use one of",
    ),
    "fields of different sources": (
        person("date_of_birth", "cookie_id"),
        "entry 'person' needs date_of_birth, cookie_id, and no source gives them all;",
    ),
    "fields as a word": (
        [entry("person", fields="last_name")],
        "must give a list for fields, as in",
    ),
    "no fields": ([entry("person", fields=[])], "must give a list for fields, as in"),
    "a field that is no name": (
        person(3),
        "has the field '3'; write a name, or {field: postal_code,",
    ),
    "a field without a name": (person({"transform": "first_letter"}), "has the field '{"),
    "a field's unknown setting": (
        person({"field": "city", "tranform": "first_letter"}),
        "gives the field 'city' the unknown setting 'tranform'; use transform.",
    ),
    "an unknown transform": (
        person({"field": "city", "transform": "first_leter"}),
        "names the macro 'first_leter' in transform, which does not exist;",
    ),
    "a composite with a source's name": (
        [entry("email", fields=["first_name", "last_name"])],
        "has fields, but sources carry a column of that name; give the composite another name.",
    ),
    "a composite with an odd name": (
        [entry("Name & city", fields=["last_name", "city"])],
        "cannot be called that; name a composite in lower-case letters",
    ),
    "a composite with the kernel's name": (
        [entry("decision", fields=["last_name", "city"])],
        "cannot be called that; name a composite in lower-case letters",
    ),
    # macros
    "an unknown macro": (
        [entry("email", normalise="clean_emial")],
        "entry 'email' names the macro 'clean_emial' in normalise, which does not exist;",
    ),
    "a macro that is no word": ([entry("email", normalise=["lower"])], "which does not exist"),
    "a function of dbt": ([entry("email", normalise="run_query")], "which does not exist"),
    "a macro of two arguments": (
        [entry("email", normalise="regexp_contains")],
        "names the macro 'regexp_contains' in normalise, which does not take just one expression;",
    ),
    # when_missing
    "a fallback without when_missing": (
        [entry("email", "fallback")],
        "is a fallback and must say for which records, as in when_missing: [email].",
    ),
    "when_missing of nothing": (
        [EMAIL, entry("phone", "fallback", when_missing=[])],
        "entry 'phone' must give a list for when_missing, as in when_missing: [email].",
    ),
    "when_missing as a word": (
        [EMAIL, entry("phone", "fallback", when_missing="email")],
        "entry 'phone' must give a list for when_missing",
    ),
    "when_missing of another role": (
        [EMAIL, entry("phone", when_missing=["email"])],
        "has the setting 'when_missing', which does nothing for the role strong; remove it",
    ),
    "when_missing of itself": (
        [EMAIL, entry("phone", "fallback", when_missing=["phone"])],
        "entry 'phone' names itself in when_missing; name stronger types.",
    ),
    "when_missing of a later type": (
        [PHONE, EMAIL],
        "entry 'phone' names 'email' in when_missing, which stands later; move that entry up.",
    ),
    "when_missing of an unknown type": (
        [EMAIL, entry("phone", "fallback", when_missing=["emial"])],
        "entry 'phone' names 'emial' in when_missing, which is no type of the policy; correct it.",
    ),
    "when_missing of a weak type": (
        [entry("device_id", "weak"), entry("phone", "fallback", when_missing=["device_id"])],
        "names 'device_id' in when_missing, which is weak; name strong or fallback types.",
    ),
    # limits
    "max_customers on the strongest type": (
        [entry("email", max_customers_per_value=1)],
        "has max_customers_per_value, but no stronger strong type makes customers to count;",
    ),
    "max_customers after a weak type only": (
        [entry("device_id", "weak"), entry("email", max_customers_per_value=1)],
        "has max_customers_per_value, but no stronger strong type makes customers to count;",
    ),
    "within_days alone": (
        [entry("email", within_days=3, max_values_per_customer=1)],
        "has within_days, but no limit for it; add max_records_per_value,",
    ),
    "max_distinct of an unknown field": (
        [entry("email", max_distinct={"shoe_size": 3})],
        "names the field 'shoe_size' in max_distinct, of which no record has one value; use one of",
    ),
    "max_distinct of what a record has many of": (
        [entry("email", max_distinct={"order_id": 3})],
        "names the field 'order_id' in max_distinct, of which no record has one value; use one of",
    ),
    "max_distinct as a number": (
        [entry("email", max_distinct=3)],
        "must map fields to limits, as in",
    ),
    "max_distinct of nothing": (
        [entry("email", max_distinct={})],
        "must map fields to limits, as in",
    ),
    "a limit on a group": (
        [entry("email", "group", max_records_per_value=2)],
        "has the setting 'max_records_per_value', which does nothing for the role group; remove it",
    ),
    # the short form
    "an unknown key of the short form": (
        {"join_key": "email", "second_join_keys": ["phone"]},
        "or {join_key: ..., secondary_join_keys: [...]}; remove 'second_join_keys'.",
    ),
    "a mapping of types": (
        {"email": "strong"},
        "must be a list of {type: email, role: strong} entries",
    ),
    "no join_key": (
        {"secondary_join_keys": ["email"]},
        "lacks the join_key; name the type that joins",
    ),
    "an empty short form": ({}, "lacks the join_key; name the type that joins records"),
    "a join_key list": (
        {"join_key": ["email"]},
        "lacks the join_key; name the type that joins records",
    ),
    "an unknown join_key": (
        {"join_key": "emial"},
        "names the join key 'emial', which no source carries; use one of cookie_id,",
    ),
    "an unknown secondary key": (
        {"join_key": "email", "secondary_join_keys": ["fone"]},
        "names the join key 'fone', which no source carries; use one of cookie_id,",
    ),
    "a key twice": (
        {"join_key": "email", "secondary_join_keys": ["phone", "email"]},
        "names the join key 'email' twice; remove one.",
    ),
    "secondary keys as a word": (
        {"join_key": "email", "secondary_join_keys": "phone"},
        "`identity_policy > secondary_join_keys` must be a list of types, as in [phone].",
    ),
    **limit_refusals(),
    **format_refusals(),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_wrong_policy_is_refused_in_one_sentence(
    world: World, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, sentence = REFUSALS[name]
    outcome = world.dbt("run-operation", "validate_policy", variables={"identity_policy": policy})
    told = capsys.readouterr().out
    assert not outcome.success
    assert told.count("Configuration: ") == 1
    lines = told.split("Configuration: ")[1].split("\n  \n")[0]
    assert sentence in lines
    assert lines.rstrip().endswith(".")
    assert lines.count(". ") == 0


@pytest.mark.parametrize("text", GOOD_FORMATS)
def test_a_right_format_is_accepted_and_read_by_the_engine(world: World, text: str) -> None:
    policy = {"identity_policy": [entry("email", format=text)]}
    assert world.dbt("run-operation", "validate_policy", variables=policy).success
    duckdb.execute(f"select regexp_matches('x', '^({text})$')")


def test_the_policies_of_the_other_tests_are_right(world: World) -> None:
    policies = [policy for case in SETTINGS.values() for policy in (case[1], case[3])]
    for written in {json.dumps(policy) for policy in policies}:
        variables = {"identity_policy": json.loads(written)}
        assert world.dbt("run-operation", "validate_policy", variables=variables).success, written


def test_the_examples_of_the_page_are_right(world: World) -> None:
    page = (ROOT / "docs/identity_policy.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(examples) == 2
    for example in map(yaml.safe_load, examples):
        assert world.dbt("run-operation", "validate_policy", variables=example).success


@pytest.mark.parametrize("command", ["run", "build", "seed", "test"])
def test_every_command_refuses_before_it_touches_a_table(world: World, command: str) -> None:
    world.project.database.unlink(missing_ok=True)
    wrong = {"identity_policy": [entry("email", max_customers_per_value=1)]}
    outcome = world.dbt(command, variables=wrong)
    assert not outcome.success
    assert "Configuration: `identity_policy` entry 'email' has max_customers" in str(
        outcome.exception
    )
    assert world.project.tables() == []


def test_the_command_line_gives_the_same_sentence(
    project_copy: Path, run_cli: Any, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("identity_policy: [{type: emial, role: strong}]", encoding="utf-8")
    refused = run_cli(project_copy, "build", "--vars-file", settings)
    assert refused.returncode != 0
    assert "names the type 'emial', which no source carries; use one of" in refused.stderr
    assert not (project_copy / "warehouse" / "customer360.duckdb").exists()
