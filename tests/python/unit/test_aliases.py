"""Columns found by name or alias: for files in Python, for tables in SQL, both alike."""

from __future__ import annotations

import json

import pytest
from unit.macro_runner import ROOT, render, shared_project

from customer360.aliases import columns_by_name
from customer360.contracts import load_contracts

HEADERS = {
    "crm.contacts": [
        ["contact_id", "email"],
        ["Id", "E-Mail", "First Name", "lastName", "ZIP Code", "Created"],
        ["vid", "id", "mail", "email_address", "Phone Number", "mobile"],
        ["MAIL", "mail", "Name", "name", "_id"],
        ["nothing", "of", "it"],
        [],
    ],
    "shop.orders": [["Order No", "id", "Total", "amount", "Status", "order_date"]],
    "pos.sales": [["receipt-number", "Sale Date", "total", "SKU", "qty"]],
}
CASES = [(name, header) for name, headers in HEADERS.items() for header in headers]


def test_the_macro_finds_what_python_finds() -> None:
    contracts = load_contracts(ROOT)
    templates = {
        str(place): f"-- {{{{ tojson(columns_by_name(contracts()['{name}'], {header!r})) }}}}"
        for place, (name, header) in enumerate(CASES)
    }
    rendered = render(shared_project(), templates)
    for place, (name, header) in enumerate(CASES):
        found = json.loads(rendered[str(place)].removeprefix("--"))
        assert found == columns_by_name(contracts[name], header), header


@pytest.mark.parametrize(
    ("column", "raw"),
    [
        ("contact_id", "Id"),
        ("email", "E-Mail"),
        ("first_name", "First Name"),
        ("last_name", "lastName"),
        ("postal_code", "ZIP Code"),
        ("created_at", "Created"),
        ("phone", None),
    ],
)
def test_a_name_counts_without_case_blanks_and_marks(column: str, raw: str | None) -> None:
    found = columns_by_name(load_contracts(ROOT)["crm.contacts"], HEADERS["crm.contacts"][1])
    assert found[column] == raw


def test_the_own_name_comes_first_and_then_the_likeliest_alias() -> None:
    contract = load_contracts(ROOT)["crm.contacts"]
    found = columns_by_name(contract, ["mail", "vid", "id", "email"])
    assert (found["contact_id"], found["email"]) == ("id", "email")
    assert columns_by_name(contract, ["mail", "email_address"])["email"] == "email_address"
