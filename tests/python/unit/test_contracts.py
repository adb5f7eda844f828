"""The macro that dbt reads contracts from says what the documented contracts say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment

from customer360.aliases import squeezed
from customer360.contracts import load_contracts


def rendered_contracts(project_dir: Path) -> dict[str, dict[str, Any]]:
    text = (project_dir / "macros" / "sources" / "contracts.sql").read_text(encoding="utf-8")
    caught: list[dict[str, dict[str, Any]]] = []
    environment = Environment(extensions=["jinja2.ext.do"])
    module = environment.from_string(text, globals={"return": caught.append}).module
    module.contracts()  # type: ignore[attr-defined]
    return caught[0]


def test_macro_and_documentation_agree(project_dir: Path) -> None:
    documented = {
        name: {
            "columns": list(contract.columns),
            "namespaced": [c.name for c in contract.columns.values() if c.namespaced],
            "required": contract.required,
            "aliases": {c.name: list(c.aliases) for c in contract.columns.values() if c.aliases},
            "nested_columns": list(contract.nested_columns),
        }
        for name, contract in load_contracts(project_dir).items()
    }
    rendered = rendered_contracts(project_dir)
    optional: dict[str, Any] = {"required": [], "aliases": {}, "nested_columns": []}
    assert {name: optional | contract for name, contract in rendered.items()} == documented


def test_no_raw_column_can_fill_two_columns_by_name(project_dir: Path) -> None:
    for name, contract in load_contracts(project_dir).items():
        names = [*contract.columns]
        for column in contract.columns.values():
            names += column.aliases
        plain = [squeezed(each) for each in names]
        assert len(set(plain)) == len(plain), name


def test_every_sample_seed_has_its_contracts_columns(project_dir: Path) -> None:
    for name, contract in load_contracts(project_dir).items():
        if not contract.has_sample:
            continue
        seed = project_dir / "seeds" / "sample" / f"sample_{name.replace('.', '__')}.csv"
        header = seed.read_text(encoding="utf-8").splitlines()[0]
        assert header.split(",") == list(contract.columns)
