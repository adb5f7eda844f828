"""The macro that dbt reads contracts from says what the documented contracts say."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment

from customer360.contracts import load_contracts


def rendered_contracts(project_dir: Path) -> dict[str, dict[str, list[str]]]:
    text = (project_dir / "macros" / "sources" / "contracts.sql").read_text(encoding="utf-8")
    caught: list[dict[str, dict[str, list[str]]]] = []
    environment = Environment(extensions=["jinja2.ext.do"])
    module = environment.from_string(text, globals={"return": caught.append}).module
    module.contracts()  # type: ignore[attr-defined]
    return caught[0]


def test_macro_and_documentation_agree(project_dir: Path) -> None:
    documented = {
        name: {
            "columns": list(contract.columns),
            "namespaced": [c.name for c in contract.columns.values() if c.namespaced],
        }
        for name, contract in load_contracts(project_dir).items()
    }
    assert rendered_contracts(project_dir) == documented


def test_every_sample_seed_has_its_contracts_columns(project_dir: Path) -> None:
    for name, contract in load_contracts(project_dir).items():
        seed = project_dir / "seeds" / "sample" / f"sample_{name.replace('.', '__')}.csv"
        header = seed.read_text(encoding="utf-8").splitlines()[0]
        assert header.split(",") == list(contract.columns)
