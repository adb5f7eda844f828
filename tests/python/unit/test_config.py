"""Each fault of the configuration gives one sentence that names the place and the remedy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from customer360.config import BuildConfig, load_config
from customer360.contracts import load_contracts
from customer360.errors import ConfigError
from customer360.paths import Project, find_project

GOOD = """
include_sample_data: false
as_of: 2025-07-01 00:00:00
sources:
  crm.contacts:
    - name: main
      file: contacts.csv
      columns:
        contact_id: id
        email: mail
        country: {value: IN}
        loaded_at: {expression: "now()"}
        loyalty_id: null
      namespaces: {loyalty_id: club}
    - name: hub
      relation: raw.contacts
"""


def project_of(root: Path) -> Project:
    return Project(root=root, home=root / "warehouse")


def load(root: Path, text: str) -> BuildConfig:
    path = root / "own.yml"
    path.write_text(text, encoding="utf-8")
    return load_config(project_of(root), path, now=lambda: dt.datetime(2030, 1, 2, 3, 4, 5))


def one_instance(lines: str) -> str:
    body = "\n".join(f"      {line}" for line in lines.strip().splitlines())
    return f"include_sample_data: false\nsources:\n  crm.contacts:\n    - name: main\n{body}\n"


def test_a_good_file_is_understood(mini_project: Path) -> None:
    config = load(mini_project, GOOD)
    main, hub = config.instances
    assert not config.is_sample
    assert main.raw_columns == {"contact_id": "id", "email": "mail"}
    assert main.namespaces == {"loyalty_id": "club"}
    assert hub.relation == ("raw", "contacts")
    assert hub.raw_columns["email"] == "email"
    assert config.variables["as_of"] == "2025-07-01 00:00:00"


def test_without_a_file_the_sample_is_built(mini_project: Path) -> None:
    config = load_config(project_of(mini_project), None)
    assert config.is_sample
    assert config.variables == {"as_of": "2026-06-30 00:00:00"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "2030-01-02 03:04:05"),
        ("as_of: 2025-07-01", "2025-07-01 00:00:00"),
        ("as_of: '2025-07-01T02:00:00+02:00'", "2025-07-01 00:00:00"),
        ("as_of: 2025-07-01 02:00:00+02:00", "2025-07-01 00:00:00"),
    ],
)
def test_as_of_is_always_passed_in_utc(mini_project: Path, line: str, expected: str) -> None:
    text = one_instance("file: a.csv") + line
    assert load(mini_project, text).variables["as_of"] == expected


def test_as_of_does_not_change_the_hash_of_the_settings(mini_project: Path) -> None:
    text = one_instance("file: a.csv")
    first = load(mini_project, text + "as_of: 2025-07-01").vars_hash
    assert load(mini_project, text + "as_of: 2025-07-02").vars_hash == first
    assert load(mini_project, text.replace("a.csv", "b.csv")).vars_hash != first


FAULTS = {
    "not a mapping": ("- a\n", ["must be a YAML mapping", "list"]),
    "broken YAML": ("a: [1\n", ["not valid YAML", "line 2"]),
    "a key twice": ("outcome: good\noutcome: bad\n", ["'outcome' stands twice", "line 2"]),
    "unknown setting": ("include_sampel_data: true\n", ["did you mean 'include_sample_data'?"]),
    "sample and sources": (
        "sources: {crm.contacts: [{name: a, file: b}]}\n",
        ["include_sample_data is true", "'sources'", "include_sample_data: false"],
    ),
    "not a boolean": ("include_sample_data: maybe\n", ["include_sample_data", "true or false"]),
    "no sources": ("include_sample_data: false\n", ["'sources' lists no tables"]),
    "as_of": ("as_of: tomorrow\n", ["as_of", "YYYY-MM-DD"]),
    "sources as a list": (
        "include_sample_data: false\nsources: [crm.contacts]\n",
        ["sources: must be a mapping", "list"],
    ),
    "unknown contract": (
        "include_sample_data: false\nsources: {crm.contact: [{name: a, file: b}]}\n",
        ["'crm.contact' is not a contract", "did you mean 'crm.contacts'?"],
    ),
    "instances as a mapping": (
        "include_sample_data: false\nsources: {crm.contacts: {name: a, file: b}}\n",
        ["sources > crm.contacts", "must be a list", "mapping"],
    ),
    "instance as text": (
        "include_sample_data: false\nsources: {crm.contacts: [a.csv]}\n",
        ["sources > crm.contacts", "single value"],
    ),
    "no name": (
        "include_sample_data: false\nsources: {crm.contacts: [{file: b}]}\n",
        ["sources > crm.contacts", "no 'name'"],
    ),
    "bad name": (
        "include_sample_data: false\nsources: {crm.contacts: [{name: Shop-1, file: b}]}\n",
        ["sources > crm.contacts", "'Shop-1'", "lower-case"],
    ),
    "name twice": (
        "include_sample_data: false\n"
        "sources: {crm.contacts: [{name: a, file: b}, {name: a, file: c}]}\n",
        ["sources > crm.contacts", "two instances have the name 'a'"],
    ),
    "unknown key": (
        one_instance("file: a.csv\ncolums: {}"),
        ["sources > crm.contacts > main", "'colums'", "did you mean 'columns'?"],
    ),
    "neither place": (
        one_instance("columns: {contact_id: a}"),
        ["sources > crm.contacts > main", "neither 'file' nor 'relation'"],
    ),
    "both places": (
        one_instance("file: a.csv\nrelation: a.b"),
        ["sources > crm.contacts > main", "both 'file' and 'relation'"],
    ),
    "file as a list": (one_instance("file: [a.csv]"), ["main > file", "list"]),
    "relation without schema": (one_instance("relation: contacts"), ["relation", "schema.table"]),
    "relation with SQL": (one_instance("relation: 'a.b; drop table c'"), ["relation"]),
    "columns as a list": (one_instance("file: a\ncolumns: [a]"), ["main > columns", "list"]),
    "unknown column": (
        one_instance("file: a\ncolumns: {contact_id: a, emial: b}"),
        ["main > columns", "'emial'", "crm.contacts", "did you mean 'email'?"],
    ),
    "required column": (
        one_instance("file: a\ncolumns: {email: a}"),
        ["main > columns", "'contact_id'", "not mapped"],
    ),
    "required column null": (
        one_instance("file: a\ncolumns: {contact_id: null}"),
        ["main > columns", "'contact_id'", "not mapped"],
    ),
    "mapping of no kind": (
        one_instance("file: a\ncolumns: {contact_id: {sql: a}}"),
        ["main > columns > contact_id", "{expression: SQL}"],
    ),
    "value of null": (
        one_instance("file: a\ncolumns: {contact_id: a, email: {value: null}}"),
        ["main > columns > email", "null"],
    ),
    "unknown id": (
        one_instance("file: a\nnamespaces: {email: x}"),
        ["main > namespaces", "'email' is not an id column", "loyalty_id"],
    ),
    "bad namespace": (
        one_instance("file: a\nnamespaces: {loyalty_id: 'a b'}"),
        ["main > namespaces > loyalty_id", "'a b'"],
    ),
    "long delimiter": (one_instance("file: a\ndelimiter: '||'"), ["main > delimiter"]),
    "allow_empty": (one_instance("file: a\nallow_empty: 2"), ["main > allow_empty"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_gives_one_sentence(mini_project: Path, fault: str) -> None:
    text, words = FAULTS[fault]
    with pytest.raises(ConfigError) as caught:
        load(mini_project, text)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith((".", "?"))
    for word in words:
        assert word in message


def test_a_missing_file_is_named(mini_project: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yml.*does not exist"):
        load_config(project_of(mini_project), mini_project / "gone.yml")


def test_the_project_is_found_from_below_and_home_counts_from_it(mini_project: Path) -> None:
    found = find_project({"CUSTOMER360_HOME": "elsewhere"}, mini_project / "models" / "marts")
    assert found.root == mini_project
    assert found.home == mini_project / "elsewhere"


def test_a_wrong_project_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CUSTOMER360_PROJECT_DIR"):
        find_project({"CUSTOMER360_PROJECT_DIR": str(tmp_path)}, tmp_path)


def test_the_contracts_of_the_project_say_what_is_required(project_dir: Path) -> None:
    contracts = load_contracts(project_dir)
    required = {name: contract.required for name, contract in contracts.items()}
    assert {
        name: required[name] for name in ("crm.contacts", "web.events", "shop.order_items")
    } == {
        "crm.contacts": ["contact_id"],
        "web.events": ["event_id", "event_name", "occurred_at"],
        "shop.order_items": ["order_item_id", "order_id"],
    }
    # Whatever else a table lacks, its rows must have a key or a time.
    assert all(required.values())
