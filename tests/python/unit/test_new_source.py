"""`customer360 new-source`: what it writes, where it writes it, and what it refuses."""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from customer360 import new_source as commands
from customer360.contracts import load_contracts
from customer360.errors import ConfigError
from customer360.new_source import Request, new_source
from customer360.paths import Project
from customer360.source_inserts import into_contracts, into_project, into_yml, rendered_contracts

ROOT = Path(__file__).resolve().parents[3]
KEPT = ("dbt_project.yml", "macros/sources/contracts.sql", "seeds/reference/country_names.csv")
STAYS = """\
Buchungs-Nr;Kunden-Nr.;Name;Vorname;E-Mail;Telefon;Land;Anreise;Anzahl Nächte;Umsatz (€);order
B-1;4711;Müller;Anna;anna@example.com;+49 30 1234567;Deutschland;05.06.2025;3;1.234,50;a
B-2;4712;Schmidt;Ben;ben@example.org;030 7654321;Deutschland;07.06.2025;1;99,00;b
B-3;4711;Müller;Anna;anna@example.com;+49 30 1234567;DE;15.08.2025;2;450,00;c
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The files of the project that the command reads or changes, and no more."""
    root = tmp_path / "project"
    for name in KEPT:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for path in (ROOT / "models" / "staging").glob("*/_*.yml"):
        copy = root / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return Project(root=root, home=root / "warehouse")


@pytest.fixture
def stays(tmp_path: Path) -> Path:
    """A CSV of a kind that no contract knows."""
    path = tmp_path / "raw" / "stays.csv"
    path.parent.mkdir()
    path.write_text(STAYS, encoding="utf-8")
    return path


def written(project: Project, path: Path, name: str = "hotel.stays", **options: Any) -> list[str]:
    """Run the command on a file; return what it said."""
    lines: list[str] = []
    new_source(project, Request(name, file=str(path), **options), lines.append)
    return lines


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def added_lines(before: bytes, after: bytes) -> list[str]:
    """The lines that were added. Raises AssertionError where one was changed or taken away."""
    old, new = before.decode().splitlines(True), after.decode().splitlines(True)
    steps = [line for line in difflib.ndiff(old, new) if not line.startswith("? ")]
    assert not [line for line in steps if line.startswith("- ")]
    return [line[2:] for line in steps if line.startswith("+ ")]


# --- what is written ------------------------------------------------------------------------------


def test_it_makes_the_files_of_a_source_and_adds_to_two(project: Project, stays: Path) -> None:
    before = tree(project.root)
    written(project, stays)
    after = tree(project.root)
    folder = "models/staging/hotel/"
    assert set(after) - set(before) == {
        f"{folder}{name}"
        for name in (
            "_hotel__sources.yml",
            "_hotel__models.yml",
            "base_hotel__stays.sql",
            "stg_hotel__stays.sql",
        )
    }
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"dbt_project.yml", "macros/sources/contracts.sql"}
    for name in changed:
        assert added_lines(before[name], after[name])


def test_the_contract_and_the_macro_agree(project: Project, stays: Path) -> None:
    before = rendered_contracts((ROOT / KEPT[1]).read_text(encoding="utf-8"))
    written(project, stays)
    contract = load_contracts(project.root)["hotel.stays"]
    rendered = rendered_contracts((project.root / KEPT[1]).read_text(encoding="utf-8"))
    assert rendered.pop("hotel.stays") == {
        "columns": list(contract.columns),
        "namespaced": [each.name for each in contract.columns.values() if each.namespaced],
    }
    assert rendered == before
    assert not contract.has_sample
    assert contract.required == ["buchungs_nr"]


def test_the_source_entry_says_what_was_guessed(project: Project, stays: Path) -> None:
    written(project, stays)
    variables = yaml.safe_load((project.root / "dbt_project.yml").read_text())["vars"]
    assert variables["source_entries"]["stg_hotel__stays"] == {
        "source_key": "source_record_id",
        "shown_id": "customer_id",
        "first_seen_at": "anreise_at",
        "last_seen_at": "anreise_at",
        "identifiers": ["customer_id", "email", "phone"],
        "attributes": ["last_name", "first_name", "country"],
        "metrics": ["anzahl_naechte", "umsatz"],
    }


def test_consent_is_staged_and_no_attribute(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "guests.csv"
    answers = ["ja" if number % 3 else "nein" for number in range(30)]
    lines = [f"G{number},g{number}@example.com,{each}" for number, each in enumerate(answers)]
    path.write_text("\n".join(["Gast-Nr,E-Mail,Newsletter", *lines, ""]), encoding="utf-8")
    told = written(project, path, "inn.guests")
    variables = yaml.safe_load((project.root / "dbt_project.yml").read_text())["vars"]
    entry = variables["source_entries"]["stg_inn__guests"]
    assert "opt_in_status" not in entry.get("attributes", [])
    base = project.root / "models" / "staging" / "inn" / "base_inn__guests.sql"
    assert "end as opt_in_status" in base.read_text(encoding="utf-8")
    assert any("'Newsletter' stays in staging: consent counts in" in line for line in told)


def test_the_instance_is_written_beside_the_file(project: Project, stays: Path) -> None:
    told = "\n".join(written(project, stays))
    text = stays.with_name("hotel.stays.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert content["include_sample_data"] is False
    (instance,) = content["sources"]["hotel.stays"]
    assert instance["name"] == "hotel"
    assert instance["file"] == "stays.csv"
    assert instance["delimiter"] == ";"
    assert instance["columns"]["email"] == "E-Mail"
    assert instance["columns"]["source_order"] == "order"
    assert instance["columns"]["umsatz"] == {
        "expression": "replace(replace(\"Umsatz (€)\", '.', ''), ',', '.')"
    }
    assert all(line in told for line in text.splitlines())


def test_the_expressions_of_an_instance_read_what_the_file_says(
    project: Project, stays: Path
) -> None:
    written(project, stays)
    content = yaml.safe_load(stays.with_name("hotel.stays.yml").read_text(encoding="utf-8"))
    columns = content["sources"]["hotel.stays"][0]["columns"]
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {columns['anreise_at']['expression']}, {columns['umsatz']['expression']} "
            f"from read_csv('{stays}', delim = ';', all_varchar = true)"
        ).fetchall()
        unread = connection.execute(
            f"select {columns['anreise_at']['expression']} from (select 'soon' as \"Anreise\")"
        ).fetchone()
    assert found == [
        ("2025-06-05 00:00:00", "1234.50"),
        ("2025-06-07 00:00:00", "99.00"),
        ("2025-08-15 00:00:00", "450.00"),
    ]
    # What is no date stays what it was, so that staging refuses the row.
    assert unread == ("soon",)


def test_it_says_what_it_guessed_how_sure_it_is_and_what_to_check(
    project: Project, stays: Path
) -> None:
    told = written(project, stays)
    line = next(line for line in told if line.startswith("E-Mail"))
    assert re.search(r"email\s+identifier: e-mail address\s+high 0\.\d\d\s+its name says so", line)
    assert "Key: 'Buchungs-Nr' (medium: filled and different in every row read)." in told
    checks = told[told.index("Check:") :]
    assert any("Only 3 rows" in each for each in checks)
    assert any("'Kunden-Nr.' is a customer_id of its own ('hotel:...')" in each for each in checks)
    assert any("'Anreise' is read as day first" in each for each in checks)
    values = ("4711", "anna@example.com", "1234567", "Müller", "1.234,50")
    assert not [value for value in values if value in "\n".join(told)]


def test_only_show_writes_nothing(project: Project, stays: Path) -> None:
    before = tree(project.root), tree(stays.parent)
    told = written(project, stays, only_show=True)
    assert (tree(project.root), tree(stays.parent)) == before
    assert any(line.startswith("E-Mail") for line in told)


def test_a_second_table_of_a_source_is_added_to_its_yml(project: Project, stays: Path) -> None:
    written(project, stays)
    before = tree(project.root)
    written(project, stays, "hotel.guests")
    after = tree(project.root)
    for name in ("_hotel__sources.yml", "_hotel__models.yml"):
        path = f"models/staging/hotel/{name}"
        assert added_lines(before[path], after[path])
    assert {"hotel.stays", "hotel.guests"} <= set(load_contracts(project.root))


def test_a_table_can_be_added_to_a_source_of_the_project(project: Project, stays: Path) -> None:
    written(project, stays, "crm.stays")
    contracts = load_contracts(project.root)
    assert {"crm.contacts", "crm.stays"} <= set(contracts)
    models = yaml.safe_load((project.root / "models/staging/crm/_crm__models.yml").read_text())
    names = [model["name"] for model in models["models"]]
    assert names[-2:] == ["base_crm__stays", "stg_crm__stays"]


def test_without_a_key_the_hash_of_a_row_is_one(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text("E-Mail,Ort\n" + "a@example.com,Graz\nb@example.com,Wien\n" * 5)
    told = written(project, path, "visits")
    base = (project.root / "models/staging/visits/base_visits__records.sql").read_text()
    assert "{{ dbt.hash('typed.raw_row') }} as source_record_id" in base
    assert "keys=[]," in base
    assert load_contracts(project.root)["visits.records"].required == []
    assert any(line.startswith("- There is no key: a hash of the whole row") for line in told)


def test_a_key_is_held_against_the_whole_file(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = (f"{n % 11_000},p{n % 900}@example.com,K{n}\n" for n in range(24_000))
    path.write_text("id,email,code\n" + "".join(rows))
    told = written(project, path, "long")
    assert told[0].startswith("Read 10,000 of 24,000 rows")
    assert any(line.startswith("Key: 'code'") for line in told)


def test_a_table_of_nobody_brings_neither_identifiers_nor_metrics(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("sku,price\n" + "".join(f"S{n},{n}.5\n" for n in range(30)))
    written(project, path, "prices")
    variables = yaml.safe_load((project.root / "dbt_project.yml").read_text())["vars"]
    assert variables["source_entries"]["stg_prices__records"] == {"source_key": "source_record_id"}


@pytest.mark.parametrize(
    ("column", "kind", "role", "after"),
    [("ssn", "national_id", "strong", "order_id"), ("household_id", "household_id", "group", None)],
)
def test_a_new_type_of_identifier_gets_a_line_in_the_policy(
    project: Project, tmp_path: Path, column: str, kind: str, role: str, after: str | None
) -> None:
    path = tmp_path / "people.csv"
    rows = "".join(f"{n},x{n}-{n},p{n}@example.com,Ann\n" for n in range(20))
    path.write_text(f"id,{column},email,first_name\n{rows}")
    before = yaml.safe_load((project.root / "dbt_project.yml").read_text())["vars"]
    written(project, path, "people")
    policy = yaml.safe_load((project.root / "dbt_project.yml").read_text())["vars"][
        "identity_policy"
    ]
    assert [item for item in policy if item["type"] != kind] == before["identity_policy"]
    place = next(number for number, item in enumerate(policy) if item["type"] == kind)
    assert policy[place]["role"] == role
    assert policy[place - 1]["type"] == (after or before["identity_policy"][-1]["type"])


def test_a_wide_table_is_written_in_loops(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    names = ["email", *(f"Messwert {n}" if n % 2 else f"Merkmal {n}" for n in range(299))]
    rows = [
        [f"p{row}@example.com", *(f"{row}.5" if n % 2 else "abc"[row % 3] for n in range(299))]
        for row in range(30)
    ]
    path.write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n")
    written(project, path, "wide")
    for kind in ("base", "stg"):
        text = (project.root / f"models/staging/wide/{kind}_wide__records.sql").read_text()
        # The lint refuses longer models, and longer lines.
        assert len(text.splitlines()) <= 400
        assert max(map(len, text.splitlines())) <= 100
    assert len(load_contracts(project.root)["wide.records"].columns) == 301


def test_a_parquet_file_and_a_folder_are_read(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "parts"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        for part in (0, 1):
            connection.execute(
                f"copy (select i as id, 'p' || i || '@example.com' as mail, i * 1.25 as total, "
                f"timestamp '2025-01-01' + to_hours(i) as created from range({part * 50}, "
                f"{part * 50 + 50}) as r(i)) to '{folder}/{part}.parquet'"
            )
    told = written(project, folder, "parts.rows", vars_file=tmp_path / "raw" / "mine.yml")
    assert told[0] == "Read 100 rows and 4 columns of parts."
    content = yaml.safe_load((tmp_path / "raw" / "mine.yml").read_text())
    (instance,) = content["sources"]["parts.rows"]
    assert instance["file"] == "parts"
    assert instance["columns"]["created_at"] == "created"


# --- what is known already ------------------------------------------------------------------------


@pytest.fixture
def published(project: Project) -> Project:
    """A project that published some identifiers."""
    project.home.mkdir()
    links = [
        ("email", "anna@example.com"),
        ("customer_id", "shop:4711"),
        ("customer_id", "shop:4712"),
        ("device_id", "web:8b1b5d3e-0001-4c3a-9d55-aa10f2b3c4d5"),
        ("device_id", "web:8b1b5d3e-0002-4c3a-9d55-aa10f2b3c4d5"),
    ]
    with duckdb.connect(str(project.published_file)) as connection:
        connection.execute("create schema customer360")
        connection.execute(
            "create table customer360.customer360.customer360_identity_links "
            "(identifier_type varchar, identifier_value varchar)"
        )
        connection.executemany(
            "insert into customer360.customer360.customer360_identity_links values (?, ?)", links
        )
    return project


def test_known_addresses_are_told_and_equal_small_numbers_are_not(
    published: Project, stays: Path
) -> None:
    told = written(published, stays)
    mail = next(line for line in told if line.startswith("E-Mail"))
    assert "50% of the values are known already" in mail
    number = next(line for line in told if line.startswith("Kunden-Nr."))
    assert "known" not in number
    content = yaml.safe_load(stays.with_name("hotel.stays.yml").read_text(encoding="utf-8"))
    assert "namespaces" not in content["sources"]["hotel.stays"][0]


def test_long_random_ids_that_are_known_are_compared_with_those(
    published: Project, tmp_path: Path
) -> None:
    path = tmp_path / "taps.csv"
    rows = "".join(f"T{n},8b1b5d3e-000{n % 4}-4c3a-9d55-aa10f2b3c4d5\n" for n in range(20))
    path.write_text(f"tap_id,x7\n{rows}")
    told = written(published, path, "taps")
    content = yaml.safe_load((tmp_path / "taps.yml").read_text())
    (instance,) = content["sources"]["taps.records"]
    assert instance["columns"]["device_id"] == "x7"
    assert instance["namespaces"] == {"device_id": "web"}
    assert any("50% of the values are known already as device_id" in line for line in told)


# --- what is refused ------------------------------------------------------------------------------


def refused(project: Project, path: Path, name: str = "hotel.stays", **options: Any) -> str:
    """Run the command, which must refuse and change nothing; return its sentence."""
    before = tree(project.root), tree(path.parent)
    with pytest.raises(ConfigError) as caught:
        written(project, path, name, **options)
    assert (tree(project.root), tree(path.parent)) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        *("Hotel", "hotel-stays", "my_hotel.stays", "hotel.", "hotel.a__b", "hotel.a.b"),
        *("hotel.stays_", "../x", "1a", "x" * 31, ""),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(project: Project, stays: Path, name: str) -> None:
    assert "is no name for a source" in refused(project, stays, name)


def test_nothing_is_overwritten(project: Project, stays: Path) -> None:
    assert "crm.contacts is there already" in refused(project, stays, "crm.contacts")
    own = stays.with_name("hotel.stays.yml")
    own.write_text("mine")
    assert f"'{own}' is there already" in refused(project, stays)
    own.unlink()
    model = project.root / "models/staging/hotel/stg_hotel__stays.sql"
    model.parent.mkdir()
    model.write_text("select 1")
    assert "stg_hotel__stays.sql' is there already" in refused(project, stays)


def test_an_entry_without_files_is_refused(project: Project, stays: Path) -> None:
    path = project.root / "dbt_project.yml"
    text = path.read_text()
    path.write_text(
        text.replace("  source_entries:\n", "  source_entries:\n    stg_hotel__stays: {}\n")
    )
    assert "`source_entries` has stg_hotel__stays already" in refused(project, stays)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no rows"),
        (b"a,b\n", "has no rows"),
        (b"a,b,A\n1,2,3\n", "twice in its header"),
        ("a,b\nGr\xfc\xdfe,2\n".encode("latin-1"), "is not UTF-8"),
        (b"a,b\n1,2\n1,2,3\n", "3 columns where the header has 2"),
        (b"\x1f\x8b\x08\x00", "compressed"),
    ],
)
def test_a_file_that_a_build_would_refuse_is_refused(
    project: Project, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "raw" / "bad.csv"
    path.parent.mkdir()
    path.write_bytes(content)
    assert sentence in refused(project, path)


def test_a_missing_file_is_refused(project: Project, stays: Path) -> None:
    assert "does not exist" in refused(project, stays.with_name("none.csv"))


def test_a_delimiter_of_two_characters_is_refused(project: Project, stays: Path) -> None:
    assert "must be one character" in refused(project, stays, delimiter="||")


def test_just_one_of_file_and_relation_is_asked_for(project: Project, stays: Path) -> None:
    assert "either --file" in refused(project, stays, relation="raw.stays")
    with pytest.raises(ConfigError, match="either --file"):
        new_source(project, Request("hotel"), print)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("dbt_project.yml", "  source_entries:\n", "  other_entries:\n"),
        ("macros/sources/contracts.sql", "    }) }}\n", "    } ) }}\n"),
    ],
)
def test_a_file_without_a_place_for_the_entry_is_refused(
    project: Project, stays: Path, name: str, old: str, new: str
) -> None:
    path = project.root / name
    path.write_text(path.read_text().replace(old, new))
    assert "so that nothing was written" in refused(project, stays)


def test_what_cannot_be_written_leaves_no_trace(
    project: Project, stays: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., int] = Path.write_bytes

    def fail_at_last(path: Path, content: bytes) -> int:
        if path.name == "contracts.sql" and b"hotel.stays" in content:
            raise PermissionError(13, "Permission denied")
        return real(path, content)

    monkeypatch.setattr(commands.Path, "write_bytes", fail_at_last)
    assert "could not be written" in refused(project, stays)


# --- insertions -----------------------------------------------------------------------------------

ODD_PROJECT = """\
name: x   # kept
vars:
  identity_policy:
  # the first
  - {type: email, role: strong}   # an address

  # the last
  - {type: cookie, role: weak}
  # of the next one
  other: 1
  source_entries:   # all of them
    stg_a:
      source_key: id

  # --- the end ---
"""


def test_a_line_goes_where_its_kind_ends_and_comments_stay() -> None:
    done = into_project(
        ODD_PROJECT,
        "stg_b",
        "    stg_b:\n      source_key: id\n",
        {
            "ssn": ("strong", "  - {type: ssn, role: strong}\n"),
            "hh": ("group", "  - {type: hh, role: group}\n"),
        },
    )
    expected = ODD_PROJECT.replace(
        "   # an address\n", "   # an address\n  - {type: ssn, role: strong}\n"
    )
    expected = expected.replace("role: weak}\n", "role: weak}\n  - {type: hh, role: group}\n")
    expected = expected.replace("id\n\n", "id\n    stg_b:\n      source_key: id\n\n")
    assert done == expected


@pytest.mark.parametrize(
    "text",
    [
        "vars: {source_entries: {}}\n",
        "vars:\n  source_entries: {stg_a: {source_key: id}}\n",
        "vars:\n  other: 1\n",
    ],
)
def test_a_project_file_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="lacks"):
        into_project(text, "stg_b", "    stg_b:\n      source_key: id\n", {})


@pytest.mark.parametrize("text", ["", "{% macro contracts() %}{% endmacro %}", "{% macro"])
def test_a_contracts_macro_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="lacks"):
        into_contracts(text, "a.b", "        'a.b': {},\n")


def test_a_yml_that_ends_in_something_else_is_refused() -> None:
    text = "models:\n  - name: a\nunit_tests:\n  - name: b\n"
    with pytest.raises(ConfigError, match="lacks"):
        into_yml(text, Path("x.yml"), "models", "  - name: c\n")
