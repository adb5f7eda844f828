"""What raw columns are taken for: by their names, by their content alone, and as a whole table."""

from __future__ import annotations

import datetime as dt
import random
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from sqlfluff.core.dialects import dialect_selector
from unit.macro_runner import ROOT, LeanProject, lean_project, render

from customer360.column_facts import (
    BOOLEANS,
    PLACEHOLDERS,
    Facts,
    Setting,
    agreement,
    entropy_bits,
    is_opaque,
    is_phone,
    table_facts,
)
from customer360.column_kinds import SINGLE_KINDS
from customer360.guessing import TableGuess, guess_table
from customer360.naming import LONGEST, TAKEN, snake_case, unique_name, usable
from customer360.source_sample import known_countries
from customer360.sql_keywords import KEYWORDS

SETTING = Setting(known_countries(ROOT), dt.date(2026, 6, 30))
EMAILS = [f"p{number}@example.com" for number in range(12)]
UUIDS = [str(uuid.UUID(int=random.Random(number).getrandbits(128))) for number in range(12)]
CITIES = ["Berlin", "Köln", "Paris", "Lyon", "Madrid", "Graz"] * 2
NAMES = ["Anna", "Ben", "Zoë", "Jean-Luc", "O'Neil", "José"] * 2
DAYS = [f"2025-01-{day:02d}" for day in range(1, 13)]


def facts_of(columns: dict[str, Sequence[str | None]]) -> list[Facts]:
    """The facts of columns of equal length."""
    rows = list(zip(*columns.values(), strict=True))
    return table_facts(list(columns), rows, SETTING)[0]


def guessed(columns: dict[str, Sequence[str | None]], words: Sequence[str] = ()) -> TableGuess:
    """What a table is taken for."""
    return guess_table(facts_of(columns), words)


def kind_of(name: str, values: Sequence[str | None]) -> str:
    """What one column is taken for, beside a key that explains nothing."""
    keys = [f"K{number}" for number in range(len(values))]
    return guessed({"row_id": keys, name: values}).columns[1].kind.name


# --- by name --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("Kunden-Nr.", [str(number) for number in range(12)], "customer_id"),
        ("num_cliente", [str(number) for number in range(12)], "customer_id"),
        ("Numéro client", [str(number) for number in range(12)], "customer_id"),
        ("CustomerID", [str(number) for number in range(12)], "customer_id"),
        ("mitgliedsnummer", [f"M{number}" for number in range(12)], "loyalty_id"),
        ("numero_commande", [f"C{number}" for number in range(12)], "order_id"),
        ("Benutzername", [f"u{number}" for number in range(12)], "user_id"),
        ("courriel", EMAILS, "email"),
        ("billing_email", EMAILS, "email"),
        ("Telefonnummer", [f"0301234{number:03d}" for number in range(12)], "phone"),
        ("prénom", NAMES, "first_name"),
        ("apellidos", NAMES, "last_name"),
        ("Wohnort", CITIES, "city"),
        ("PLZ", [f"1011{number % 10}" for number in range(12)], "postal_code"),
        ("código postal", [f"0811{number % 10}" for number in range(12)], "postal_code"),
        ("fecha_nacimiento", [f"19{number}-02-03" for number in range(60, 72)], "date_of_birth"),
        ("erstellt am", DAYS, "created_at"),
        ("date_modification", DAYS, "updated_at"),
        ("Umsatz", ["12,50", "1.234,00", "7", "3,1"] * 3, "amount"),
        ("Anzahl Nächte", ["1", "2", "3"] * 4, "count"),
        ("edad", ["41", "23", "35"] * 4, "rate"),
        ("Land", ["Deutschland", "FR", "Spain"] * 4, "country"),
        ("product_name", NAMES, "text"),
        ("store_id", [str(number % 5) for number in range(12)], "foreign_id"),
        ("email_opt_in", ["yes", "no"] * 6, "email_opt_in"),
        # A name alone is not enough: the values must be able to be it.
        ("email", [str(number) for number in range(12)], "number"),
        ("phone", NAMES, "text"),
        ("created_at", NAMES, "text"),
        ("is_customer", ["0", "1"] * 6, "flag"),
        ("member_uuid", UUIDS[:6] * 2, "loyalty_id"),
        ("Kundin", [f"{name} Lee" for name in NAMES], "full_name"),
        ("customer", [f"Lee, {name}" for name in NAMES], "full_name"),
        ("customer", [f"C{number}" for number in range(12)], "customer_id"),
        ("CustomerGUID", UUIDS, "customer_id"),
        ("Newsletter", ["ja", "nein"] * 6, "email_opt_in"),
        # A name that counts is believed, whatever the numbers look like.
        ("points", [str(2000 + number) for number in range(12)], "count"),
        ("quantity", [f"1234567{number % 10}" for number in range(12)], "count"),
    ],
)
def test_a_column_is_known_by_its_name(name: str, values: list[str | None], kind: str) -> None:
    assert kind_of(name, values) == kind


def test_a_family_name_is_known_beside_a_given_one() -> None:
    table = guessed({"Name": NAMES, "Vorname": NAMES, "E-Mail": EMAILS})
    assert [guess.kind.name for guess in table.columns] == ["last_name", "first_name", "email"]
    alone = guessed({"Name": [f"{name} Lee" for name in NAMES], "E-Mail": EMAILS})
    assert alone.columns[0].kind.name == "full_name"


def test_of_two_columns_with_one_meaning_the_fuller_has_it() -> None:
    half = [*EMAILS[:6], *[None] * 6]
    first, second = guessed({"email": half, "mail": [f"x{each}" for each in EMAILS]}).columns
    assert (first.kind.name, first.is_identifier) == ("second_email", False)
    assert (second.kind.name, second.is_identifier) == ("email", True)


# --- by content alone -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (EMAILS, "email"),
        ([f"Ann <{email}>" for email in EMAILS], "email"),
        ([f"+49 30 1234{number:03d}" for number in range(12)], "phone"),
        ([f"(212) 555-01{number:02d}" for number in range(12)], "phone"),
        (UUIDS[:6] * 2, "opaque_id"),
        (DAYS, "time"),
        ([f"{day}.12.2024 10:15" for day in range(10, 22)], "time"),
        ([f"{year}-05-06" for year in range(1950, 1998, 4)], "date_of_birth"),
        (["DE", "FR", "US", "GB"] * 3, "country"),
        (["m", "f", "f"] * 4, "gender"),
        (["EUR"] * 12, "currency"),
        (["yes", "no", "no"] * 4, "flag"),
        (["ja", "nein", "nein"] * 4, "flag"),
        (["Oui", "Non"] * 6, "flag"),
        (["1.5", "2.25", "3"] * 4, "number"),
        (["2019", "2021", "1998"] * 4, "rate"),
        (["2019", "2021", "19"] * 4, "number"),
        (["2019", "2021"], "number"),
        ([f"400638133393{number % 5}" for number in range(12)], "foreign_id"),
        ([f"400638133393{number}" for number in range(12)], "number"),
        ([f"12345{number % 5}" for number in range(12)], "number"),
        ([f"https://example.com/{number}" for number in range(12)], "url"),
        ([f"{number:05d}" for number in range(12)], "text"),
        (NAMES, "text"),
        (["12 Main Street", "7 High Road"] * 6, "text"),
        ([None] * 12, "text"),
    ],
)
def test_a_column_with_a_senseless_name_is_known_by_its_content(
    values: list[str | None], kind: str
) -> None:
    assert kind_of("x17", values) == kind


def test_the_score_is_as_documented() -> None:
    values = [*EMAILS[:9], "none of it", "neither", "nor"]
    named, nameless = (kind for kind in (guessed({"email": values}), guessed({"x": values})))
    assert named.columns[0].score == pytest.approx(0.75 * (1 - 0.1 * 0.05))
    assert nameless.columns[0].score == pytest.approx(0.75 * 0.95)
    (facts,) = facts_of({"x": values})
    known = guess_table([replace(facts, overlap=("email", "", 0.5))], ())
    assert known.columns[0].score == pytest.approx(0.75 * (1 - 0.05 * 0.55))


@pytest.mark.parametrize(
    ("score", "word"), [(0.8, "high"), (0.79, "medium"), (0.55, "medium"), (0.54, "low")]
)
def test_a_score_has_a_word(score: float, word: str) -> None:
    guess = guessed({"email": EMAILS}).columns[0]
    assert replace(guess, score=score).sureness == word


# --- known values ---------------------------------------------------------------------------------


def test_opaque_ids_that_are_known_are_what_they_are_known_as() -> None:
    row_ids, other = facts_of({"row_id": EMAILS, "x": UUIDS[:6] * 2})
    known = replace(other, overlap=("device_id", "web", 0.3))
    assert guess_table([row_ids, known], ()).columns[1].kind.name == "device_id"
    hardly = replace(other, overlap=("device_id", "web", 0.05))
    assert guess_table([row_ids, hardly], ()).columns[1].kind.name != "device_id"


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (UUIDS[0], True),
        ("9f86d081884c7d659a2feaa0c55ad015", True),
        ("GA1.2.1404513852.1700000000", True),
        ("103", False),
        ("20251231", False),
        ("4711081512345678", False),
        ("2025-01-01T10:00:00", False),
        ("customer", False),
    ],
)
def test_only_long_random_words_are_opaque(value: str, is_one: bool) -> None:
    assert is_opaque(value) == is_one


def test_entropy_grows_with_length_and_signs() -> None:
    assert entropy_bits("1234") < entropy_bits("12345678") < entropy_bits("a2c4567z")


# --- tables ---------------------------------------------------------------------------------------


def test_the_key_is_the_named_column_that_differs_in_every_row() -> None:
    numbers = [str(number) for number in range(12)]
    table = guessed({"seq": numbers, "email": EMAILS, "booking_id": [f"B{n}" for n in numbers]})
    assert table.key is not None
    assert table.key.facts.name == "booking_id"


@pytest.mark.parametrize(
    "columns",
    [
        {"email": EMAILS, "amount": [f"{number}.5" for number in range(12)]},
        {"created_at": DAYS, "email": EMAILS[:6] * 2},
        {"order_id": ["A", "B", "C", "D"] * 3, "product": NAMES},
    ],
)
def test_addresses_times_and_repeated_numbers_are_no_key(columns: dict[str, list[str]]) -> None:
    assert guessed(columns).key is None


def test_rows_that_were_sent_again_do_not_cost_a_key_but_lines_of_an_order_do() -> None:
    numbers = [f"B{number}" for number in range(40)]
    resent = {
        "order_no": [*numbers, *numbers[:4]],
        "email": [f"p{n}@example.com" for n in [*range(40), *range(4)]],
        "total": [str(n) for n in [*range(40), *range(4)]],
        "updated_at": [*["2025-01-01"] * 40, *["2025-01-02"] * 4],
        "status": ["new"] * 44,
    }
    assert (key := guessed(resent).key) is not None
    assert key.facts.name == "order_no"
    lines = resent | {
        "product": [f"x{n % 7}" for n in range(44)],
        "total": [f"{n}.5" for n in range(44)],
        "status": [f"s{n % 5}" for n in range(44)],
    }
    assert guessed(lines).key is None


def test_agreement_compares_rows_with_the_first_of_their_value() -> None:
    assert agreement([("a", "1", "x"), ("a", "1", "y"), ("b", "2", "z")], 0) == 0.5
    assert agreement([("a", "1"), ("b", "2")], 0) == 1.0


def test_a_table_of_people_has_a_row_for_each_and_one_of_purchases_has_not() -> None:
    numbers = [str(number) for number in range(12)]
    people = guessed({"id": numbers, "first_name": NAMES, "email": EMAILS}, ["customers"])
    assert people.row_is_person
    assert people.key is not None
    assert people.key.kind.name == "customer_id"
    orders = guessed({"id": numbers, "customer_id": numbers[:4] * 3, "total": numbers}, ["orders"])
    assert not orders.row_is_person
    assert orders.key is not None
    assert orders.key.kind.name == "foreign_id"


def test_people_without_any_identifier_are_told_apart_by_their_key() -> None:
    table = guessed(
        {"record_no": [f"r{n}" for n in range(12)], "first_name": NAMES, "city": CITIES}
    )
    assert [guess.kind.name for guess in table.columns if guess.is_identifier] == ["customer_id"]
    assert table.columns[0].sureness == "medium"


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["31.12.2024", "1.2.2025"], "day_first"),
        (["12/31/2024", "1/2/2025"], "month_first"),
        (["31/12/2024", "1/2/2025"], "day_first"),
        (["1/2/2025", "3/4/2025"], "ambiguous"),
        (["20241231", "20250102"], "compact"),
        (["1735689600", "1735693200"], "epoch"),
        (["1735689600000", "1735693200000"], "epoch_ms"),
        (["2024-12-31T10:00:00+01:00", "2025-01-02"], "iso"),
        (["2024-13-31", "2025-02-30"], ""),
    ],
)
def test_how_times_are_written(values: list[str], order: str) -> None:
    (facts,) = facts_of({"x": values})
    assert facts.time_order == order


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["1.5", "2", "-3.25"], "plain"),
        (["1,5", "2", "1.234,25"], "comma"),
        (["1,234.50", "€12.00", "7"], "thousands"),
    ],
)
def test_how_numbers_are_written(values: list[str], form: str) -> None:
    (facts,) = facts_of({"x": values})
    assert (facts.number_form, facts.share("number")) == (form, 1.0)


def test_a_date_is_no_phone_number() -> None:
    assert is_phone("030 123 45 67")
    assert not is_phone("31.12.2024")
    assert not is_phone("2024-12-31")


def test_placeholders_are_those_of_staging(macros: LeanProject) -> None:
    sql = render(macros, {"placeholders": "{{ placeholder_values() | join('\n') }}"})
    assert set(sql["placeholders"].split("\n")) | {""} == PLACEHOLDERS


def test_yes_and_no_are_those_of_staging(macros: LeanProject) -> None:
    sql = render(macros, {"boolean": "{{ clean_boolean('x') }}"})
    assert set(re.findall("'([^']+)'", sql["boolean"])) == BOOLEANS


@pytest.fixture(scope="module")
def macros(tmp_path_factory: pytest.TempPathFactory) -> LeanProject:
    return lean_project(tmp_path_factory.mktemp("guessing") / "project")


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Straße & Hausnr.", "strasse_hausnr"),
        ("customerEMail", "customer_e_mail"),
        ("HTTPStatus", "http_status"),
        (" Größe (cm) ", "groesse_cm"),
        ("1st", "column_1st"),
        ("日付", "column"),
        ("Umsatz des letzten Geschäftsjahres in Euro", "umsatz_des_letzten"),
    ],
)
def test_names_are_in_snake_case(raw: str, name: str) -> None:
    assert snake_case(raw) == name
    assert len(name) <= LONGEST


def test_names_are_free_of_meanings_and_of_each_other() -> None:
    assert usable("order") == "source_order"
    assert usable("order_total") == "order_total"
    assert usable("offer_utc") == "offer_utc_value"
    assert unique_name("size", ["size", "size_2"]) == "size_3"
    assert unique_name("x" * LONGEST, ["x" * LONGEST]) == "x" * (LONGEST - 2) + "_2"
    names: list[str] = []
    for raw in ("select", "SELECT", "Select ", "source_select", "a b", "a-b", "A_B"):
        names.append(unique_name(snake_case(raw), names))
    assert len(set(names)) == len(names)
    assert not set(names) & (KEYWORDS | TAKEN)


def test_every_keyword_of_the_engine_and_of_the_lint_is_known() -> None:
    duck = dialect_selector("duckdb")
    words = set(duck.sets("unreserved_keywords")) | set(duck.sets("reserved_keywords"))
    for other in ("bigquery", "snowflake"):
        words |= set(dialect_selector(other).sets("reserved_keywords"))
    with duckdb.connect() as connection:
        found = connection.execute("select keyword_name from duckdb_keywords()").fetchall()
    words |= {word for (word,) in found}
    ignored = re.search(r"ignore_words = (.+)", (ROOT / ".sqlfluff").read_text())
    assert ignored is not None
    plain = {word.lower() for word in words if re.fullmatch(r"[A-Za-z]\w*", word)}
    assert plain - KEYWORDS == set(ignored.group(1).split(",")) & plain


def test_every_kind_that_is_an_attribute_is_one_of_profiles(macros: LeanProject) -> None:
    sql = render(macros, {"attributes": "{{ profile_attributes().keys() | join(' ') }}"})
    # What it says is a statement of consent, not an attribute.
    kinds = {kind.name for kind in SINGLE_KINDS if kind.group == "attribute"} - {"email_opt_in"}
    assert kinds <= set(sql["attributes"].split())


def test_country_words_come_from_the_seed(tmp_path: Path) -> None:
    assert "deutschland" in known_countries(ROOT)
    assert known_countries(tmp_path) == frozenset()
