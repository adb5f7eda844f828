"""The generator of the sample: same bytes, right columns, true truth, and every planted fault."""

import re
import sys
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from unit.sample_files import (
    AS_OF,
    CONTRACTS,
    FIRST,
    LISTS,
    REFERENCE,
    ROOT,
    SAMPLE,
    TRUTH,
    Rows,
    as_time,
    cleaned,
    cleaned_email,
    fault,
    file_of,
    key_of,
    lookup,
    name_lookup,
    read,
    times_of,
)

sys.path.insert(0, str(ROOT / "benchmarks"))

import generate
from world.facts import COUNTRIES, EVENT_SPELLINGS, STATUS_SPELLINGS
from world.mess import Summary
from world.people import make_people
from world.spelling import lay_out, spell_email


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """A run with the arguments of the committed sample, and its summary."""
    out = tmp_path_factory.mktemp("sample")
    return out, generate.generate(people=500, seed=360, out=out)


@pytest.fixture(scope="module")
def rows(fresh: tuple[Path, Summary]) -> dict[str, Rows]:
    """All rows of the fresh run, by table."""
    return {table: read(fresh[0] / file_of(table)) for table in CONTRACTS}


@pytest.fixture(scope="module")
def usable(rows: dict[str, Rows]) -> dict[str, Rows]:
    """The rows without a fault, by table."""
    return {table: [r for r in found if not fault(table, r)] for table, found in rows.items()}


@pytest.fixture(scope="module")
def truth(fresh: tuple[Path, Summary]) -> dict[tuple[str, str], str]:
    """(table, key) -> person; fails if a key is there twice."""
    found = read(fresh[0] / "sample_truth.csv")
    tables = {place: table for table, place in TRUTH.items()}
    by_key = {
        (tables[r["source_system"], r["source_entity"]], r["source_record_id"]): r["person_id"]
        for r in found
    }
    assert len(by_key) == len(found)
    return by_key


# --- the files ------------------------------------------------------------------------------------


def test_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for folder, seed in (("one", 7), ("two", 7), ("other", 8)):
        generate.generate(people=30, seed=seed, out=tmp_path / folder)
    for name in generate.FILES.values():
        first = (tmp_path / "one" / name).read_bytes()
        assert first == (tmp_path / "two" / name).read_bytes()
        assert first != (tmp_path / "other" / name).read_bytes()


def test_a_block_does_not_depend_on_how_many_come_after_it(tmp_path: Path) -> None:
    generate.generate(people=40, seed=7, out=tmp_path / "few")
    generate.generate(people=80, seed=7, out=tmp_path / "many")
    for name in generate.FILES.values():
        assert (
            (tmp_path / "many" / name)
            .read_bytes()
            .startswith((tmp_path / "few" / name).read_bytes())
        )


@pytest.mark.parametrize("name", generate.FILES.values())
def test_committed_seeds_equal_a_fresh_run(name: str, fresh: tuple[Path, Summary]) -> None:
    assert (SAMPLE / name).read_bytes() == (fresh[0] / name).read_bytes()


@pytest.mark.parametrize("table", CONTRACTS)
def test_columns_are_those_of_the_contract_in_order(
    table: str, fresh: tuple[Path, Summary]
) -> None:
    header = (fresh[0] / file_of(table)).read_text(encoding="utf-8").split("\n", 1)[0]
    assert header.split(",") == list(CONTRACTS[table].columns)


def test_line_ends_are_line_feeds_only(fresh: tuple[Path, Summary]) -> None:
    for name in generate.FILES.values():
        content = (fresh[0] / name).read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")


@pytest.mark.parametrize(
    ("table", "least", "most"),
    [
        ("contacts", 650, 750),
        ("events", 5_000, 7_000),
        ("orders", 1_000, 1_400),
        ("order_items", 2_000, 3_000),
        ("app.events", 1_000, 1_400),
        ("ga4.events", 900, 1_200),
        ("shop.payments", 1_100, 1_500),
        ("shop.refunds", 50, 90),
        ("pos.sales", 500, 550),
        ("stripe.customers", 140, 200),
        ("stripe.charges", 500, 800),
        ("stripe.subscriptions", 45, 80),
        ("stripe.refunds", 25, 60),
        ("marketing.message_events", 2_300, 2_800),
        ("marketing.ad_clicks", 270, 350),
        ("loyalty.accounts", 150, 200),
        ("loyalty.movements", 550, 750),
        ("support.tickets", 130, 190),
        ("support.interactions", 300, 420),
        ("catalog.products", 62, 85),
        ("enrichment.people", 160, 220),
        ("consent.records", 320, 420),
    ],
)
def test_sizes(table: str, least: int, most: int, rows: dict[str, Rows]) -> None:
    assert least <= len(rows[table]) <= most


def test_all_files_together_stay_small(fresh: tuple[Path, Summary]) -> None:
    assert sum(path.stat().st_size for path in fresh[0].glob("*.csv")) < 4_000_000


def test_nobody_to_write_about_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        generate.generate(people=0, seed=1, out=tmp_path)


# --- the truth ------------------------------------------------------------------------------------


def test_truth_covers_each_usable_key_exactly_once(
    usable: dict[str, Rows], truth: dict[tuple[str, str], str]
) -> None:
    expected = {(table, key_of(table, row)) for table in TRUTH for row in usable[table]}
    assert set(truth) == expected


@pytest.mark.parametrize(
    "column",
    [
        "email",
        "customer_id",
        "user_id",
        "loyalty_id",
        "order_id",
        "session_id",
        "stripe_customer_id",
        "transaction_id",
        "user_pseudo_id",
    ],
)
def test_no_two_people_share_an_identifier(
    column: str, usable: dict[str, Rows], truth: dict[tuple[str, str], str]
) -> None:
    owners: dict[str, set[str]] = {}
    for table in TRUTH:
        for row in usable[table]:
            text = row.get(column, "")
            value = cleaned_email(text) if column == "email" else cleaned(text)
            if value:
                owners.setdefault(value, set()).add(truth[table, key_of(table, row)])
    assert len(owners) > 25
    assert {value: who for value, who in owners.items() if len(who) > 1} == {}


def test_customer_and_user_numbers_overlap_but_never_mean_the_same_person(
    usable: dict[str, Rows], truth: dict[tuple[str, str], str]
) -> None:
    owners: dict[str, dict[str, str]] = {"customer_id": {}, "user_id": {}}
    for row in usable["orders"]:
        for column, known in owners.items():
            if cleaned(row[column]):
                known[cleaned(row[column])] = truth["orders", row["order_id"]]
    both = owners["customer_id"].keys() & owners["user_id"].keys()
    assert len(both) > 50
    assert all(owners["customer_id"][n] != owners["user_id"][n] for n in both)


def test_phones_are_unique_but_for_a_few_families_land_lines() -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    homes: dict[tuple[str, str], set[str]] = {}
    for number in range(200):
        block = generate.Block(number, generate.random.Random(f"phones:{number}"))
        make_people(block, people=4000)
        for person in block.people:
            for phone in person.phones:
                key = (person.country.code, phone)
                owners.setdefault(key, set()).add(person.person_id)
                homes.setdefault(key, set()).add(person.street)
    shared = [key for key, who in owners.items() if len(who) > 1]
    assert 20 < len(shared) < 70
    assert all(len(homes[key]) == 1 for key in shared)


def test_families_share_a_device_and_log_in_on_it_one_after_the_other(
    usable: dict[str, Rows], truth: dict[tuple[str, str], str]
) -> None:
    users: dict[str, set[str]] = {}
    anonymous: Counter[str] = Counter()
    for row in usable["events"]:
        device = cleaned(row["device_id"]) or cleaned(row["cookie_id"])
        if device and cleaned(row["user_id"]):
            users.setdefault(device, set()).add(truth["events", row["event_id"]])
        elif device:
            anonymous[device] += 1
    shared = [device for device, who in users.items() if len(who) > 1]
    assert len(shared) >= 5
    assert sum(anonymous[device] > 0 for device in shared) >= 5


# --- the mess -------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", CONTRACTS)
def test_every_planted_fault_is_seen_for_what_it_is(
    table: str, rows: dict[str, Rows], fresh: tuple[Path, Summary]
) -> None:
    found = Counter(reason for row in rows[table] if (reason := fault(table, row)))
    planted = {
        key.removeprefix(f"{table}."): count
        for key, count in fresh[1].faults.items()
        if key.rpartition(".")[0] == table
    }
    assert dict(found) == planted
    expected = {"missing_key", "wrong_type", "impossible_time"}
    if set(CONTRACTS[table].required) & set(times_of(table)):
        expected.add("missing_time")
    assert all(found[reason] >= (1 if table in LISTS else 3) for reason in expected)
    assert found["row_too_long"] == (1 if table == "events" else 0)


@pytest.mark.parametrize("table", CONTRACTS)
def test_copies_and_later_versions_are_the_surplus_of_a_key(
    table: str, usable: dict[str, Rows], fresh: tuple[Path, Summary]
) -> None:
    summary = fresh[1]
    keys = Counter(key_of(table, row) for row in usable[table])
    surplus = sum(keys.values()) - len(keys)
    assert surplus == summary.exact_copies[table] + summary.later_versions[table]
    assert len(keys) == summary.keys[table]
    whole = Counter(tuple(row.values()) for row in usable[table])
    assert sum(whole.values()) - len(whole) == summary.exact_copies[table]
    assert summary.exact_copies[table] >= (3 if table in FIRST else 1)
    assert summary.later_versions[table] >= (3 if table in FIRST else 1)


@pytest.mark.parametrize("table", CONTRACTS)
def test_of_several_versions_one_is_the_latest(table: str, usable: dict[str, Rows]) -> None:
    column = "updated_at" if "updated_at" in CONTRACTS[table].columns else "loaded_at"
    versions: dict[str, set[tuple[str, ...]]] = {}
    times: dict[str, set[datetime | None]] = {}
    for row in usable[table]:
        key = key_of(table, row)
        versions.setdefault(key, set()).add(tuple(row.values()))
        times.setdefault(key, set()).add(as_time(row[column]))
    assert all(len(times[key]) == len(versions[key]) for key in versions)


@pytest.mark.parametrize("table", CONTRACTS)
def test_the_world_ends_before_as_of(table: str, usable: dict[str, Rows]) -> None:
    # stores are older than the year
    for column in set(times_of(table)) - {"opened_at" if table == "pos.stores" else ""}:
        for row in usable[table]:
            if table in FIRST or row[column]:
                at = as_time(row[column])
                assert at is not None
                assert AS_OF - timedelta(days=366) < at < AS_OF


def test_times_come_in_many_forms(usable: dict[str, Rows]) -> None:
    forms = {re.sub(r"\d+", "9", row["occurred_at"]) for row in usable["events"]}
    assert {
        "9-9-9 9:9:9", "9-9-9T9:9:9Z", "9-9-9T9:9:9+9:9", "9-9-9T9:9:9-9:9", "9-9-9T9:9:9+9",
        "9-9-9T9:9:9-9", "9-9-9 9:9:9.9", "9-9-9T9:9:9.9Z",
    } <= forms  # fmt: skip
    assert any(re.fullmatch(r"\d{4}-\d\d-\d\d", row["created_at"]) for row in usable["contacts"])


@pytest.mark.parametrize("mark", ["\u200b", "\u00a0", "mailto:", " "])
def test_addresses_are_spelled_in_many_ways(mark: str, usable: dict[str, Rows]) -> None:
    assert sum(mark in row["email"] for row in usable["contacts"]) >= 3


def test_a_spelling_of_an_address_means_the_same_mailbox() -> None:
    rng = generate.random.Random("spellings")
    spellings = {spell_email(rng, "anna.muller1@example.com") for _ in range(300)}
    assert len(spellings) >= 6
    assert {cleaned_email(text) for text in spellings} == {"anna.muller1@example.com"}


@pytest.mark.parametrize(
    "placeholder", ["N/A", "null", "unknown", "-", "undefined", "[object Object]"]
)
def test_placeholders_are_there(placeholder: str, usable: dict[str, Rows]) -> None:
    found = dict.fromkeys(usable, 0)
    for table, kept in usable.items():
        found[table] = sum(placeholder in row.values() for row in kept)
    assert found["contacts"] and found["orders"]
    assert sum(found.values()) >= 5


def test_a_second_contact_may_share_one_thing_only(
    usable: dict[str, Rows], truth: dict[tuple[str, str], str]
) -> None:
    kinds: Counter[str] = Counter()
    for row in usable["contacts"]:
        ids = {c for c in ("customer_id", "user_id", "email", "phone") if cleaned(row[c])}
        kinds["+".join(sorted(ids))] += 1
    assert all(kinds[kind] >= 3 for kind in ("phone", "email", "customer_id+email"))
    people = Counter(truth["contacts", row["contact_id"]] for row in usable["contacts"])
    assert sum(count > 1 for count in people.values()) > 50


def test_guests_orders_meet_the_web_by_their_number(usable: dict[str, Rows]) -> None:
    bought = {row["order_id"] for row in usable["events"] if row["order_id"]}
    orders = {row["order_id"]: row for row in usable["orders"]}
    assert bought <= orders.keys()
    guests = [
        number for number, row in orders.items()
        if not any(cleaned(row[c]) for c in ("customer_id", "user_id", "loyalty_id"))
    ]  # fmt: skip
    assert sum(number in bought for number in guests) >= 20


def test_crawlers_view_pages_by_the_hundred_and_never_log_in(
    usable: dict[str, Rows], truth: dict[tuple[str, str], str]
) -> None:
    views: Counter[str] = Counter()
    for row in usable["events"]:
        who = truth["events", row["event_id"]]
        if who.startswith("BOT"):
            views[who] += 1
            assert not cleaned(row["user_id"])
            assert not row["email"]
    assert len(views) == 3
    assert min(views.values()) > 100


def test_strangers_have_no_identifier_at_all(
    usable: dict[str, Rows], truth: dict[tuple[str, str], str]
) -> None:
    ids = ("user_id", "email", "phone", "device_id", "cookie_id", "order_id", "session_id")
    strangers = {
        row["event_id"]: row
        for row in usable["events"]
        if truth["events", row["event_id"]].startswith("NOID")
    }
    assert len(strangers) >= 5
    assert not any(cleaned(row[column]) for row in strangers.values() for column in ids)


def test_lines_add_up_to_their_order_but_for_shipping(usable: dict[str, Rows]) -> None:
    lines = {row["order_item_id"]: row for row in usable["order_items"]}
    sums: Counter[str] = Counter()
    for row in lines.values():
        amount = Decimal(row["amount"])
        assert amount == Decimal(row["unit_price"]) * int(row["quantity"])
        sums[row["order_id"]] += int(amount * 100)
    totals = {
        row["order_id"]: int(Decimal(row["amount"].strip()) * 100) for row in usable["orders"]
    }
    differences = Counter(totals[order] - sums[order] for order in totals)
    assert set(differences) == {0, 490}
    assert differences[0] > 0.9 * len(totals)


def test_some_lines_have_no_order(usable: dict[str, Rows], fresh: tuple[Path, Summary]) -> None:
    orders = {row["order_id"] for row in usable["orders"]}
    orphans = {
        row["order_item_id"] for row in usable["order_items"] if row["order_id"] not in orders
    }
    assert len(orphans) == fresh[1].orphan_items >= 3


def test_most_orders_are_completed_and_most_in_one_currency(usable: dict[str, Rows]) -> None:
    states = {
        row["source_status"]: row["order_status"] for row in read(REFERENCE / "order_statuses.csv")
    }
    counts = Counter(states[name_lookup(row["order_status"])] for row in usable["orders"])
    assert set(counts) == {"completed", "pending", "failed", "cancelled", "refunded"}
    assert 0.78 < counts["completed"] / sum(counts.values()) < 0.92
    foreign = sum(row["currency"].strip().upper() != "EUR" for row in usable["orders"])
    assert 0 < foreign < 0.03 * len(usable["orders"])


# --- the reference seeds know what the world says ------------------------------------------------


def test_every_spelling_of_a_country_is_known() -> None:
    known = {
        row["country_name"]: row["country_code"] for row in read(REFERENCE / "country_names.csv")
    }
    for country in COUNTRIES:
        assert {known.get(lookup(text)) for text in country.spellings} == {country.code}


def test_every_phone_layout_fits_its_country() -> None:
    facts = {row["country_code"]: row for row in read(REFERENCE / "countries.csv")}
    for country in COUNTRIES:
        row = facts[country.code]
        for prefix in (*country.mobile, *country.land):
            length = len(prefix) + country.digits
            assert int(row["min_length"]) <= length <= int(row["max_length"])
            for layout in (*country.national, *country.international):
                assert layout.count("#") == length
                assert lay_out("7" * length, layout).count("7") >= length
        for layout in country.international:
            dialled = re.sub(r"\D", "", layout.replace("(0)", "")).removeprefix(
                row["international_prefix"]
            )
            assert dialled == row["calling_code"]
        for layout in country.national:
            assert re.sub(r"\D", "", layout) in ("", row["trunk_prefix"])


def test_every_event_name_is_known_for_what_it_is_or_meant_to_be_unknown() -> None:
    known = {
        row["source_event_name"]: row["event_name"] for row in read(REFERENCE / "event_names.csv")
    }
    for name, spellings in EVENT_SPELLINGS.items():
        expected = None if name == "unknown" else name
        assert {known.get(name_lookup(text)) for text in spellings} == {expected}


def test_every_order_state_is_known_for_what_it_is() -> None:
    known = {
        row["source_status"]: row["order_status"] for row in read(REFERENCE / "order_statuses.csv")
    }
    for status, spellings in STATUS_SPELLINGS.items():
        assert {known.get(name_lookup(text)) for text in spellings} == {status}


def test_every_region_is_known() -> None:
    known = {
        (row["country_code"], row["region_name"]): row["region_code"]
        for row in read(REFERENCE / "region_names.csv")
    }
    covered = {country for country, _ in known}
    for country in COUNTRIES:
        if country.code in covered:
            for place in country.places:
                codes = {known.get((country.code, lookup(text))) for text in place.regions}
                assert len(codes) == 1
                assert None not in codes


@pytest.mark.parametrize(
    ("name", "keys", "form"),
    [
        ("countries.csv", ("country_code",), str),
        ("country_names.csv", ("country_name",), lookup),
        ("region_names.csv", ("country_code", "region_name"), None),
        ("event_names.csv", ("source_event_name",), name_lookup),
        ("order_statuses.csv", ("source_status",), name_lookup),
    ],
)
def test_reference_keys_are_unique_sorted_and_in_lookup_form(
    name: str, keys: tuple[str, ...], form: object
) -> None:
    found = [tuple(row[key] for key in keys) for row in read(REFERENCE / name)]
    assert len(set(found)) == len(found)
    assert sorted(found) == found
    assert b"\r" not in (REFERENCE / name).read_bytes()
    if callable(form):
        assert all(form(key[-1]) == key[-1] for key in found)


@pytest.mark.parametrize(
    ("text", "code"),
    [("na", "NA"), ("uk", "GB"), ("deutschland", "DE"), ("cote d'ivoire", "CI"), ("u.s.a.", "US")],
)
def test_well_known_country_spellings(text: str, code: str) -> None:
    known = {
        row["country_name"]: row["country_code"] for row in read(REFERENCE / "country_names.csv")
    }
    assert known[text] == code
