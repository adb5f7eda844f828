"""What the macros say on DuckDB, case by case, and which settings stop a build before it starts."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import duckdb
import phonenumbers
import pytest
import yaml
from unit.macro_runner import ROOT, LeanProject, lean_project, render

# --- every macro under test, rendered by one dbt command ------------------------------------------

OF_ONE_VALUE = [
    "age_group",
    "clean_amount",
    "clean_boolean",
    "clean_date",
    "clean_email",
    "clean_integer",
    "clean_name",
    "clean_text",
    "initcap",
    "lookup_code",
    "lookup_text",
    "strip_accents",
    "utc_timestamp",
    "visible_text",
]
# What raw() has made visible before staging asks these.
OF_VISIBLE_TEXT = {name for name in OF_ONE_VALUE if name.startswith(("clean_", "lookup_", "utc_"))}
TEMPLATES = {
    **{name: f"{{{{ {name}('value') }}}}" for name in OF_ONE_VALUE},
    "dialled": "{{ dialled_digits('value') }}",
    "phone_by_country": "{{ clean_phone('value', 'rules') }}",
    "phone_alone": "{{ clean_phone('value') }}",
    "age_in_years": "{{ age_in_years('value') }}",
    "as_decimal": "{{ try_cast_as('value', 'decimal(18, 2)') }}",
    "as_date": "{{ try_cast_as('value', 'date') }}",
    "contains": "{{ regexp_contains('value', '^[a-z]+[0-9]{2}$') }}",
    "extract": "{{ regexp_extract_group('value', 'id=([0-9]*)') }}",
    "replace": "{{ regexp_replace_all('value', '([a-z])-', '\\\\1+') }}",
    "object": "{{ json_object({'zebra': 'value', 'a': 'number'}) }}",
    "list": "{{ list_agg('value', 'number') }}",
    "json_list": "{{ json_list_agg('value', 'number') }}",
    "json_objects": "{{ json_object_agg('number', 'value') }}",
    "first_by": "{{ first_value_by('value', 'number') }}",
    "carried_back": "{{ carried_value('value', 'part', 'number', 'back') }}",
    "carried_ahead": "{{ carried_value('value', 'part', 'number', 'ahead') }}",
    "earliest": "{{ earliest('value', 'other') }}",
    "latest": "{{ latest('value', 'other') }}",
    "exploded": "{{ explode_members('given', 'members', 'member', dbt.type_bigint()) }}",
    "snowflake accents": "{{ customer360.snowflake__strip_accents('value') }}",
}
COUNTRIES = ROOT / "seeds" / "reference" / "countries.csv"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> LeanProject:
    return lean_project(tmp_path_factory.mktemp("macros") / "project")


@pytest.fixture(scope="module")
def macros(project: LeanProject) -> dict[str, str]:
    return render(project, TEMPLATES)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "create table countries as select * replace"
            " (min_length::integer as min_length, max_length::integer as max_length)"
            f" from read_csv('{COUNTRIES}', header = true, all_varchar = true)"
        )
        yield connection


@pytest.fixture
def one(macros: dict[str, str], connection: duckdb.DuckDBPyConnection) -> Callable[..., Any]:
    """The answer of a macro to one value: its name and the value are the arguments."""

    def ask(macro: str, value: Any, kind: str = "varchar") -> Any:
        given = f"(select cast(? as {kind}) as value)"
        if macro in OF_VISIBLE_TEXT or macro == "phone_alone":
            given = f"(select {macros['visible_text']} as value from {given})"
        if macro == "phone_alone":
            given = f"(select {macros['dialled']} as value from {given})"
        query = f"select {macros[macro]} from {given}"
        return connection.execute(query, [value]).fetchone()[0]

    return ask


# --- text -----------------------------------------------------------------------------------------

NOTHING = [
    None, "", "   ", "\u200b", "\u00a0", "\ufeff \u200d", "N/A", "n/a", "NULL", " null ", "None",
    "NaN", "undefined", "UNKNOWN", "[object Object]", "-", "--", "?", "#N/A", "(none)", "(not set)",
    "Not Provided", "\tnull\r\n", "nu\u200bll",
]  # fmt: skip


@pytest.mark.parametrize("value", NOTHING)
@pytest.mark.parametrize("macro", ["clean_text", "visible_text", "clean_name", "lookup_text",
                                   "lookup_code", "clean_email", "phone_alone"])  # fmt: skip
def test_nothing_is_null(one: Callable[..., Any], macro: str, value: str | None) -> None:
    assert one(macro, value) is None


TEXTS = [
    ("clean_text", "Na", "Na"),
    ("clean_text", "na", "na"),
    ("clean_text", "NA", "NA"),
    ("clean_text", " a\u00a0\u202f b\t\r\nc ", "a b c"),
    ("clean_text", "z\u200be\u200dro\ufeff", "zero"),
    ("clean_text", "soft\u00adhyphen", "softhyphen"),
    ("clean_text", "bell\u0007\u001b", "bell"),
    ("clean_text", 'it\'s "quoted" \\ {{ x }}', 'it\'s "quoted" \\ {{ x }}'),
    ("clean_text", "nothing", "nothing"),
    ("clean_text", "李 雷 😀", "李 雷 😀"),
    ("clean_text", "nul\x00byte", "nulbyte"),
    ("clean_text", "\x00", None),
    ("clean_text", "line\u2028end", "line end"),
    ("clean_text", "a\u202eb\u202c", "ab"),
    ("clean_text", "\x0e\x1fx", "x"),
    ("visible_text", "00012", "00012"),
    ("visible_text", " C-1\u200b ", "C-1"),
    ("visible_text", "aB", "aB"),
    ("visible_text", "a  b", "a  b"),
    ("lookup_text", " São  Paulo", "sao paulo"),
    ("lookup_text", "ÎLE-DE-FRANCE", "ile-de-france"),
    ("lookup_code", "Add To Cart", "add_to_cart"),
    ("lookup_code", "add-to-cart!", "add_to_cart"),
    ("lookup_code", "--Page / View 2", "page_view_2"),
    ("lookup_code", "购买", None),
    ("lookup_code", "___", None),
    ("strip_accents", "Crème Brûlée ñ Ž", "Creme Brulee n Z"),
    ("strip_accents", None, None),
    ("clean_name", "ANNA MARIA", "Anna Maria"),
    ("clean_name", "anna", "Anna"),
    ("clean_name", "Na", "Na"),
    ("clean_name", "NA", "Na"),
    ("clean_name", "McDonald", "McDonald"),
    ("clean_name", "van der Berg", "van der Berg"),
    ("clean_name", "O'NEIL-SMITH", "O'Neil-Smith"),
    ("clean_name", " ÉLODIE\u00a0 ", "Élodie"),
    ("clean_name", "李雷", "李雷"),
    ("initcap", "mARY-ann o'neil", "Mary-Ann O'Neil"),
    ("initcap", "", ""),
    ("initcap", None, None),
]


@pytest.mark.parametrize(("macro", "value", "answer"), TEXTS)
def test_text(one: Callable[..., Any], macro: str, value: str | None, answer: str | None) -> None:
    assert one(macro, value) == answer


def test_a_long_name_takes_no_longer_than_its_length_asks(one: Callable[..., Any]) -> None:
    """A row may have 100,000 characters, so the work must not grow with their square."""

    def seconds(length: int) -> float:
        start = time.process_time()
        one("clean_name", "a" * length)
        return time.process_time() - start

    seconds(100)
    assert seconds(4_000) < 0.5


def test_both_spellings_of_strip_accents_agree(one: Callable[..., Any]) -> None:
    """Letters that DuckDB takes the accent from; Snowflake's list must give the same."""
    letters = "àáâãäåāăąçćčďèéêëēėęěìíîïīįñńňòóôõöōőŕřśšşťùúûüūůűýÿźżž"
    both = letters + letters.upper().replace("Ÿ", "")
    assert one("snowflake accents", both) == one("strip_accents", both)


@pytest.mark.parametrize("letter", [*"łșțģķļņŸŁøßæ"])
def test_rarer_letters_agree_too(one: Callable[..., Any], letter: str) -> None:
    assert one("snowflake accents", letter) == one("strip_accents", letter)


EMAILS = [
    ("A.B@Example.COM", "a.b@example.com"),
    (" mailto:x@y.org ", "x@y.org"),
    ("MAILTO: x@y.org", "x@y.org"),
    ("x @ y.org", None),
    ("x@\u200by.org\u00a0", "x@y.org"),
    ("user+tag@x.co.uk", "user+tag@x.co.uk"),
    ("o'neil@x.ie", "o'neil@x.ie"),
    ("josé@bücher.de", "josé@bücher.de"),
    ("a@b", None),
    ("a@@b.com", None),
    ("a@b.com.", None),
    ("a@.com", None),
    ("@x.com", None),
    ("x@", None),
    ("a@b.com,c@d.com", None),
    ("a@b.com;c@d.com", None),
    ("<a@b.com>", "a@b.com"),
    ("John <j@x.com>", "j@x.com"),
    ("a@b..com", None),
    ("a@b.com?subject=hello", "a@b.com"),
    ("a b@x.com", None),
]


@pytest.mark.parametrize(("value", "answer"), EMAILS)
def test_email(one: Callable[..., Any], value: str, answer: str | None) -> None:
    assert one("clean_email", value) == answer


# --- numbers --------------------------------------------------------------------------------------

NUMBERS = [
    ("clean_amount", "12.5", Decimal("12.50")),
    ("clean_amount", "\u00a0-3 ", Decimal("-3.00")),
    ("clean_amount", "0", Decimal("0.00")),
    ("clean_amount", "2.675", Decimal("2.68")),
    ("clean_amount", "9999999999999999.99", Decimal("9999999999999999.99")),
    ("clean_amount", "99999999999999999", None),
    ("clean_amount", "1,234.50", None),
    ("clean_amount", "€5", None),
    ("clean_amount", "nan", None),
    ("clean_amount", "Infinity", None),
    ("clean_amount", "0x1F", None),
    ("clean_amount", "", None),
    ("clean_amount", None, None),
    ("clean_amount", "1_000", None),
    ("clean_integer", "12", 12),
    ("clean_integer", "12.0", 12),
    ("clean_integer", "+3", 3),
    ("clean_integer", "-0", 0),
    ("clean_integer", "007", 7),
    ("clean_integer", "999999999999999", 999_999_999_999_999),
    ("clean_integer", "1000000000000000", None),
    ("clean_integer", "12.7", None),
    ("clean_integer", "1e3", None),
    ("clean_integer", "1,000", None),
    ("clean_integer", None, None),
    *[("clean_boolean", text, True) for text in ("TRUE", "t", " Yes", "y", "1", "On")],
    *[("clean_boolean", text, False) for text in ("False", "f", "NO", "n", "0", "off\u200b")],
    *[("clean_boolean", text, True) for text in ("Ja", "oui", "si", "SÍ", "WAHR")],
    *[("clean_boolean", text, False) for text in ("Nein", "non", "FALSO")],
    *[("clean_boolean", text, None) for text in ("2", "", "maybe", "null", None)],
    ("as_decimal", "7.1", Decimal("7.10")),
    ("as_decimal", "x", None),
    ("as_date", "2024-02-29", dt.date(2024, 2, 29)),
    ("as_date", "2023-02-29", None),
]


@pytest.mark.parametrize(("macro", "value", "answer"), NUMBERS)
def test_numbers(one: Callable[..., Any], macro: str, value: str | None, answer: Any) -> None:
    assert one(macro, value) == answer


# --- times ----------------------------------------------------------------------------------------

TEN = dt.datetime(2024, 1, 15, 10)
TIMES = [
    ("2024-01-15T10:00:00Z", TEN),
    ("2024-01-15 10:00:00 UTC", TEN),
    ("2024-01-15T10:00Z", TEN),
    ("2024-01-15 12:00:00 +02:00", TEN),
    ("2024-01-15 12:00:00+02", TEN),
    ("2024-01-15T05:00:00-0500", TEN),
    ("2024-01-15 05:00:00 -05", TEN),
    ("2024-01-15T15:30:00+05:30", TEN),
    ("2024-01-15T15:45:00+05:45", TEN),
    ("2024-01-16T00:00:00+14:00", TEN),
    ("2024-01-15T12:00:00.5+02:00", dt.datetime(2024, 1, 15, 10, 0, 0, 500_000)),
    ("2024-01-15T10:00:00.123456Z", dt.datetime(2024, 1, 15, 10, 0, 0, 123_456)),
    ("2024-01-15T10:00:00.123456789Z", dt.datetime(2024, 1, 15, 10, 0, 0, 123_456)),
    ("2024-01-15 10:00:00", TEN),
    ("2024-01-15T10:00", TEN),
    (" 2024-01-15\u00a010:00:00\u200b", TEN),
    ("2024-01-15", dt.datetime(2024, 1, 15)),
    ("2024/01/15", None),
    # Hours that New York's clocks skip or show twice.
    ("2024-03-10 02:30:00", dt.datetime(2024, 3, 10, 2, 30)),
    ("2024-11-03 01:30:00", dt.datetime(2024, 11, 3, 1, 30)),
    ("2024-02-30", None),
    ("2024-01-15 25:00:00", None),
    ("15/01/2024", None),
    ("15-01-2024", None),
    ("1705312800", None),
    ("20240115", None),
    ("yesterday", None),
    ("2024-01-15+02:00", None),
    ("N/A", None),
    ("", None),
    (None, None),
    # A zone or a half of the day that is not understood must not be passed over.
    ("2024-01-15 10:00:00 EST", None),
    ("2024-01-15 10:00:00 America/New_York", None),
    ("2024-01-15 10:00:00+02:00:00", None),
    ("2024-01-15 10:00 PM", None),
    ("2024-01-15T10:00:00+99:00", None),
    ("epoch", None),
    ("2024-01-15T10:00:00UTC", TEN),
    ("2024-01-15 10:00:00z", TEN),
    ("2024-01-15 10:00:00 z", TEN),
]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize(("value", "answer"), TIMES)
def test_times_are_utc_in_any_session(
    one: Callable[..., Any],
    connection: duckdb.DuckDBPyConnection,
    zone: str,
    value: str | None,
    answer: dt.datetime | None,
) -> None:
    connection.execute(f"set timezone = '{zone}'")
    try:
        assert one("utc_timestamp", value) == answer
    finally:
        connection.execute("set timezone = 'UTC'")


def test_a_utc_time_has_no_zone_left(macros: dict[str, str], connection: Any) -> None:
    query = f"select typeof({macros['utc_timestamp']}) from (select '2024-01-15T10:00Z' as value)"
    assert connection.execute(query).fetchone() == ("TIMESTAMP",)


# as_of of the sample is 2026-06-30.
DATES = [
    ("2020-01-31", dt.date(2020, 1, 31)),
    ("2020-01-31T23:59:00-05:00", dt.date(2020, 1, 31)),
    ("1900-01-01", dt.date(1900, 1, 1)),
    ("2026-06-30", dt.date(2026, 6, 30)),
    ("1899-12-31", None),
    ("2026-07-01", None),
    ("03/04/2020", None),
    ("31.01.2020", None),
    ("2020-02-30", None),
    ("0000-00-00", None),
    ("infinity", None),
    ("N/A", None),
    (None, None),
    ("epoch", None),
    ("2020-01-31garbage", None),
]


@pytest.mark.parametrize(("value", "answer"), DATES)
def test_dates(one: Callable[..., Any], value: str | None, answer: dt.date | None) -> None:
    assert one("clean_date", value) == answer


AGES = [
    ("2000-06-30", 26, "25-34"),
    ("2000-07-01", 25, "25-34"),
    ("2008-06-30", 18, "18-24"),
    ("2008-07-01", 17, "under 18"),
    ("2004-02-29", 22, "18-24"),
    ("1961-06-30", 65, "65+"),
    ("1961-07-01", 64, "55-64"),
    ("2026-06-30", 0, "under 18"),
    (None, None, None),
]


@pytest.mark.parametrize(("born", "years", "group"), AGES)
def test_ages(
    one: Callable[..., Any], born: str | None, years: int | None, group: str | None
) -> None:
    assert one("age_in_years", born, "date") == years
    assert one("age_group", years, "integer") == group


# --- phones ---------------------------------------------------------------------------------------

PHONE_COUNTRIES = [
    "US", "CA", "GB", "IE", "DE", "FR", "IT", "ES", "PT", "NL", "BE", "CH", "AT", "SE", "NO",
    "DK", "FI", "PL", "CZ", "HU", "RU", "UA", "TR", "IN", "CN", "JP", "KR", "AU", "NZ", "BR",
    "MX", "CL", "ZA", "NG", "KE", "EG", "IL", "AE", "SG", "ID", "PH", "TH", "VN",
]  # fmt: skip
E164 = phonenumbers.PhoneNumberFormat.E164
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)


def spellings(number: phonenumbers.PhoneNumber, exit_code: str) -> dict[str, str]:
    """The ways in which people write one number."""
    formats = phonenumbers.PhoneNumberFormat
    plain = phonenumbers.format_number(number, E164)
    spaced = phonenumbers.format_number(number, formats.INTERNATIONAL)
    national = phonenumbers.national_significant_number(number)
    return {
        "national": phonenumbers.format_number(number, formats.NATIONAL),
        "international": spaced,
        "E.164": plain,
        "dashes": phonenumbers.format_number(number, formats.RFC3966).removeprefix("tel:"),
        "tel:": phonenumbers.format_number(number, formats.RFC3966),
        "exit code": f"{exit_code} {spaced[1:]}",
        "00": f"00{plain[1:]}",
        "(0)": f"+{number.country_code} (0) {national}",
        "extension": f"{spaced} ext. 12",
        "without trunk": national,
        "without plus": plain[1:],
    }


@pytest.fixture(scope="module")
def phone_agreement(
    macros: dict[str, str], connection: duckdb.DuckDBPyConnection
) -> tuple[Counter[str], list[tuple[str, str, str, str | None]]]:
    """How often our reading is that of the library `phonenumbers`, and where it is not.

    The counter has the readings by spelling; the list the disagreements: country, spelling, text,
    our answer.
    """
    prefixes = dict(
        connection.execute("select country_code, international_prefix from countries").fetchall()
    )
    rows = []
    for country in PHONE_COUNTRIES:
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(country, kind)
            assert number is not None
            truth = phonenumbers.format_number(number, E164)
            for spelling, text in spellings(number, prefixes[country] or "00").items():
                rows.append((country, spelling, text, truth))
    connection.execute(
        "create table phones (country varchar, spelling varchar, value varchar, truth varchar)"
    )
    connection.executemany("insert into phones values (?, ?, ?, ?)", rows)
    found = connection.execute(
        f"select country, spelling, written, truth, {macros['phone_by_country']} from"
        f" (select country, spelling, value as written, truth, {macros['dialled']} as value"
        " from phones) as phones"
        " left join countries as rules on phones.country = rules.country_code"
    ).fetchall()
    read = Counter(row[1] for row in found if row[3] == row[4])
    wrong = [(row[0], row[1], row[2], row[4]) for row in found if row[3] != row[4]]
    return read, wrong


EVERY = len(PHONE_COUNTRIES) * len(KINDS)
# Spelling -> how many of the EVERY numbers must be read as the library reads them. One is lower: a
# missing plus, where a country has no trunk prefix and numbers of several lengths.
PHONE_FLOORS = {
    "national": EVERY,
    "international": EVERY,
    "E.164": EVERY,
    "dashes": EVERY,
    "tel:": EVERY,
    "exit code": EVERY,
    "(0)": EVERY,
    "extension": EVERY,
    "without trunk": EVERY,
    "00": EVERY,
    "without plus": EVERY - 16,
}


@pytest.mark.parametrize("spelling", PHONE_FLOORS)
def test_phones_are_read_as_the_library_reads_them(phone_agreement: Any, spelling: str) -> None:
    read, wrong = phone_agreement
    assert read[spelling] >= PHONE_FLOORS[spelling], [row for row in wrong if row[1] == spelling]


def test_most_phones_agree(phone_agreement: Any) -> None:
    read, wrong = phone_agreement
    assert read.total() / (read.total() + len(wrong)) >= 0.95


PHONES = [
    ("GB", "020 7946 0018", "+442079460018"),
    ("GB", "+44 (0)20 7946 0018", "+442079460018"),
    ("GB", "(+44) 20 7946 0018", "+442079460018"),
    ("GB", "0044 20 7946 0018", "+442079460018"),
    ("GB", "442079460018", "+442079460018"),
    ("US", "(212) 555-0123", "+12125550123"),
    ("US", "1-212-555-0123 x45", "+12125550123"),
    ("US", "011 44 20 7946 0018", "+442079460018"),
    ("US", "+44 20 7946 0018", "+442079460018"),
    ("DE", "030/123456", "+4930123456"),
    ("IT", "06 1234 5678", "+390612345678"),
    ("HU", "06 1 234 5678", "+3612345678"),
    ("RU", "8 (912) 345-67-89", "+79123456789"),
    ("US", "555-0123", None),
    ("US", "0000000000", None),
    ("US", "+1111111111", None),
    ("US", "unknown", None),
    ("US", "", None),
    ("US", None, None),
    ("GB", "+442079460018442079460018", None),
    ("XX", "+44 20 7946 0018", "+442079460018"),
    ("XX", "020 7946 0018", None),
    (None, "0044 20 7946 0018", "+442079460018"),
    ("US", "0044 20 7946 0018", "+442079460018"),
    ("DE", "4930123456", "+4930123456"),
    ("ID", "0062 812 345 678", "+62812345678"),
]


@pytest.mark.parametrize(("country", "value", "answer"), PHONES)
def test_phones_by_hand(
    macros: dict[str, str],
    connection: duckdb.DuckDBPyConnection,
    country: str | None,
    value: str | None,
    answer: str | None,
) -> None:
    query = (
        f"select {macros['phone_by_country']} from (select {macros['dialled']} as value, country"
        f" from (select {macros['visible_text']} as value, country"
        " from (select cast(? as varchar) as value, cast(? as varchar) as country))) as given"
        " left join countries as rules on given.country = rules.country_code"
    )
    assert connection.execute(query, [value, country]).fetchone() == (answer,)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("+44 20 7946 0018", "+442079460018"),
        ("0049 30 123456", "+4930123456"),
        ("020 7946 0018", None),
        ("+0123456789", None),
        ("+1234567", None),
        ("+1234567890123456", None),
    ],
)
def test_phones_without_a_country(one: Callable[..., Any], value: str, answer: str | None) -> None:
    assert one("phone_alone", value) == answer


# --- patterns -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("macro", "value", "answer"),
    [
        ("contains", "ab12", True),
        ("contains", "ab123", False),
        ("contains", None, None),
        ("extract", "?id=42&x", "42"),
        ("extract", "?id=", None),
        ("extract", "none", None),
        ("extract", None, None),
        ("replace", "a-b-c", "a+b+c"),
        ("replace", "A-b", "A-b"),
        ("replace", None, None),
    ],
)
def test_patterns(one: Callable[..., Any], macro: str, value: str | None, answer: Any) -> None:
    assert one(macro, value) == answer


# --- groups and JSON ------------------------------------------------------------------------------

AWKWARD = [
    "it's",
    '"quoted"',
    "back\\slash",
    "line\nend\ttab",
    "é 李 😀",
    "\u2028",
    "{}[],:",
    "\x01",
]


@pytest.fixture
def group(macros: dict[str, str], connection: duckdb.DuckDBPyConnection) -> Callable[..., Any]:
    """The answer of an aggregate: its name and rows (number, value) are the arguments."""

    def ask(macro: str, rows: list[tuple[Any, str | None]], kind: str = "integer") -> Any:
        connection.execute(f"create or replace temp table given (number {kind}, value varchar)")
        if rows:
            connection.executemany("insert into given values (?, ?)", rows)
        return connection.execute(f"select {macros[macro]} from given").fetchone()[0]

    return ask


@pytest.mark.parametrize("value", [*AWKWARD, None])
def test_a_json_object_holds_any_value(
    macros: dict[str, str], connection: duckdb.DuckDBPyConnection, value: str | None
) -> None:
    query = f"select {macros['object']} from (select cast(? as varchar) as value, 7 as number)"
    (text,) = connection.execute(query, [value]).fetchone()
    assert isinstance(text, str)
    assert json.loads(text) == {"zebra": value, "a": 7}
    assert list(json.loads(text)) == ["zebra", "a"]


def test_lists_are_ordered_and_without_null(group: Callable[..., Any]) -> None:
    rows = [(3, "c"), (1, "b"), (2, None), (4, "b")]
    assert group("list", rows) == ["b", "c", "b"]
    assert json.loads(group("json_list", rows)) == ["b", "c", "b"]
    assert json.loads(group("json_list", list(enumerate(AWKWARD)))) == AWKWARD


@pytest.mark.parametrize("rows", [[], [(1, None)]])
@pytest.mark.parametrize("macro", ["list", "json_list", "json_objects", "first_by"])
def test_a_group_without_values_is_null(
    group: Callable[..., Any], macro: str, rows: list[tuple[int, str | None]]
) -> None:
    assert group(macro, rows) is None


def test_objects_of_a_group_are_ordered_by_key(group: Callable[..., Any]) -> None:
    text = group("json_objects", [("web", "[1]"), ("crm", '["x\\""]'), ("no", None)], "varchar")
    assert list(json.loads(text).items()) == [("crm", ['x"']), ("web", [1])]


def test_the_first_value_passes_over_null(group: Callable[..., Any]) -> None:
    assert group("first_by", [(1, None), (3, "late"), (2, "early")]) == "early"


def test_values_are_carried_both_ways(
    macros: dict[str, str], connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute(
        "create or replace temp table given as from (values ('x', 1, null), ('x', 2, 'a'),"
        " ('x', 3, null), ('x', 4, 'b'), ('x', 5, null), ('y', 1, null), ('y', 2, 'c'))"
        " as rows (part, number, value)"
    )
    rows = connection.execute(
        f"select part, number, {macros['carried_back']}, {macros['carried_ahead']} from given"
        " order by part, number"
    ).fetchall()
    assert rows == [
        ("x", 1, None, "a"),
        ("x", 2, "a", "a"),
        ("x", 3, "a", "b"),
        ("x", 4, "b", "b"),
        ("x", 5, "b", None),
        ("y", 1, None, "c"),
        ("y", 2, "c", "c"),
    ]


@pytest.mark.parametrize(
    ("value", "other", "early", "late"),
    [(1, 2, 1, 2), (2, 1, 1, 2), (1, 1, 1, 1), (None, 2, 2, 2), (1, None, 1, 1), (None,) * 4],
)
def test_earlier_and_later_pass_over_null(
    macros: dict[str, str], connection: Any, value: Any, other: Any, early: Any, late: Any
) -> None:
    query = (
        f"select {macros['earliest']}, {macros['latest']}"
        " from (select cast(? as integer) as value, cast(? as integer) as other)"
    )
    assert connection.execute(query, [value, other]).fetchone() == (early, late)


def test_members_become_rows(macros: dict[str, str], connection: Any) -> None:
    connection.execute(
        "create or replace temp table given as from"
        " (values ('a', [3, 1]), ('b', []::bigint[]), ('c', null)) as rows (name, members)"
    )
    rows = connection.execute(
        f"select lists.name, lists.member from {macros['exploded']} order by all"
    ).fetchall()
    assert rows == [("a", 1), ("a", 3)]


# --- settings -------------------------------------------------------------------------------------

GOOD_ENTRIES = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["source_entries"]
CONTACTS = "stg_crm__contacts"
# The limits of the project name tables of the sample.
NO_LIMITS: dict[str, Any] = {"data_quality_limits": {}}
SHOP = {"name": "shop", "seed": "sample_shop__orders"}
A_SOURCE = {"crm.contacts": [{"name": "mine", "file": "mine.csv"}]}


def policy(*items: Any) -> dict[str, Any]:
    """The vars of a policy."""
    return {"identity_policy": list(items)}


def contacts_entry(without: str = "", **changes: Any) -> dict[str, Any]:
    """The vars of entries in which that of contacts is changed."""
    entry = {**GOOD_ENTRIES[CONTACTS], **changes}
    entry.pop(without, None)
    return {"source_entries": {**GOOD_ENTRIES, CONTACTS: entry}}


# What is set -> what the sentence must say.
WRONG_SETTINGS = {
    "no source key": (contacts_entry("source_key"), f"{CONTACTS} lacks source_key"),
    "no first time": (contacts_entry("first_seen_at"), f"{CONTACTS} lacks first_seen_at"),
    "no last time": (contacts_entry("last_seen_at"), f"{CONTACTS} lacks last_seen_at"),
    "no shown id": (contacts_entry("shown_id"), f"{CONTACTS} lacks shown_id"),
    "unknown attribute": (contacts_entry(attributes=["shoe_size"]), "the attribute 'shoe_size'"),
    "unknown event column": (contacts_entry(events={"hue": "x"}), "the event column 'hue'"),
    "metrics are a word": (contacts_entry(metrics="nights"), "list of columns for metrics"),
    "a metric twice": (contacts_entry(metrics=["loaded_at"] * 2), "the metric 'loaded_at' twice"),
    "a metric that is an attribute": (
        contacts_entry(metrics=["city"]),
        "names 'city' as a metric, but it is an identifier or attribute too",
    ),
    "metrics of nobody": (
        {
            "source_entries": {
                **GOOD_ENTRIES,
                "stg_shop__order_items": {
                    **GOOD_ENTRIES["stg_shop__order_items"],
                    "metrics": ["quantity"],
                },
            }
        },
        "stg_shop__order_items has metrics but no identifiers",
    ),
    "sample and own data": ({"sources": A_SOURCE}, "sample and own data never mix"),
    "unknown contract": (
        {"include_sample_data": False, "sources": {"crm.contact": A_SOURCE["crm.contacts"]}},
        "names the contract 'crm.contact', which does not exist",
    ),
}
# The models loop over these while dbt still reads the project.
UNREADABLE_SETTINGS = {
    "identifiers are a word": (contacts_entry(identifiers="email"), CONTACTS),
    "entries are a list": ({"source_entries": ["x"]}, "`source_entries`"),
    "sources are a list": (
        {"include_sample_data": False, "sources": A_SOURCE["crm.contacts"]},
        "`sources`",
    ),
    "trust is nothing": ({"source_trust": None}, "`source_trust`"),
}
MISSPELT_SETTINGS = {
    "unknown key of an entry": (contacts_entry(identifers=["email"]), "'identifers'"),
    "as_of is no time": ({"as_of": "yesterday"}, "`as_of`"),
    "days are no number": ({"active_customer_days": "x"}, "`active_customer_days` is 'x'"),
    "days are negative": ({"attribution_lookback_days": -1}, "`attribution_lookback_days` is '-1'"),
    "minutes are a fraction": (
        {"session_timeout_minutes": 0.5},
        "`session_timeout_minutes` is '0.5'",
    ),
    "midnight is a time": (
        {"sessions_end_at_midnight": "00:00"},
        "`sessions_end_at_midnight` is '00:00'",
    ),
    "a new campaign is a number": (
        {"sessions_end_at_new_campaign": 1},
        "`sessions_end_at_new_campaign` is '1'",
    ),
    "characters are no number": ({"max_row_characters": True}, "`max_row_characters` is 'True'"),
    "anonymous is a word": ({"include_anonymous_profiles": "no"}, "`include_anonymous_profiles`"),
    "currency is a word": ({"reporting_currency": "euro"}, "`reporting_currency` is 'euro'"),
    "trust is a word": ({"source_trust": "crm"}, "`source_trust` must be a list"),
    "an instance's key": (
        {"sample_sources": {"shop.orders": [{**SHOP, "namespace": {}}]}, **NO_LIMITS},
        "`sample_sources > shop.orders > shop` has the unknown setting 'namespace'",
    ),
    "an instance's column": (
        {"sample_sources": {"shop.orders": [{**SHOP, "columns": {"emial": "x"}}]}, **NO_LIMITS},
        "names 'emial', which the contract does not have",
    ),
    "an instance's namespace": (
        {"sample_sources": {"shop.orders": [{**SHOP, "namespaces": {"email": "x"}}]}, **NO_LIMITS},
        "names 'email', which is no id of the contract",
    ),
    "an instance without seed": (
        {"sample_sources": {"shop.orders": [{"name": "shop"}]}, **NO_LIMITS},
        "`sample_sources` instance shop names no seed",
    ),
    "no entries": ({"source_entries": {}}, "`source_entries` must map staging models"),
    "an empty entry": ({"source_entries": {CONTACTS: None}}, f"{CONTACTS} must be a mapping"),
}
SETTINGS = [
    pytest.param(*case, id=name)
    for name, case in (WRONG_SETTINGS | UNREADABLE_SETTINGS | MISSPELT_SETTINGS).items()
]


@pytest.fixture(scope="module")
def settings_project(tmp_path_factory: pytest.TempPathFactory) -> LeanProject:
    """A copy of its own, so that nothing but the builds below touches its file."""
    return lean_project(tmp_path_factory.mktemp("settings") / "project")


@pytest.mark.parametrize(("variables", "sentence"), SETTINGS)
def test_a_wrong_setting_stops_the_build_before_any_table(
    settings_project: LeanProject, variables: dict[str, Any], sentence: str
) -> None:
    settings_project.database.unlink(missing_ok=True)
    outcome = settings_project.dbt("build", "--select", "int_identity__steps", variables=variables)
    assert settings_project.tables() == []
    assert not outcome.success
    told = str(outcome.exception)
    assert told.count("Configuration: ") == 1
    assert sentence in told
    line = next(line for line in told.splitlines() if "Configuration: " in line)
    assert line.rstrip().endswith(".")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        policy({"type": "email", "role": "weak"}),
        policy(),
        contacts_entry(attributes=[]),
        {"include_sample_data": False},
    ],
)
def test_a_right_setting_builds(settings_project: LeanProject, variables: dict[str, Any]) -> None:
    """The same command with nothing wrong makes a table: so the test above can fail."""
    settings_project.database.unlink(missing_ok=True)
    outcome = settings_project.dbt("build", "--select", "int_identity__steps", variables=variables)
    assert outcome.success, outcome.exception
    # Beside the tables that every run makes for what is to be remembered.
    made = [name for name in settings_project.tables() if not name.startswith("customer360_state.")]
    assert made == ["customer360_intermediate.int_identity__steps"]
