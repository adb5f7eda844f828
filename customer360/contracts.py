"""The raw contracts, read from the `_sources.yml` files the staging models stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from customer360.errors import ConfigError


@dataclass(frozen=True)
class Column:
    """A column of a contract."""

    name: str
    description: str
    data_type: str | None
    required: bool
    namespaced: bool
    meta: Mapping[str, Any]
    # Other names that sources have for it, the likeliest first.
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """A raw table the project knows how to stage, named `source.table`."""

    source: str
    table: str
    description: str
    columns: Mapping[str, Column]
    freshness: Mapping[str, Any] | None
    # False where the sample has no rows of it, so that it needs no seed.
    has_sample: bool = True
    # Raw columns of the nested layout in which the source exports it; none without such a layout.
    nested_columns: tuple[str, ...] = ()
    # What it gives the marts, for docs/source_guide.md.
    adds: str = ""

    @property
    def name(self) -> str:
        """The name people write in their configuration, such as `crm.contacts`."""
        return f"{self.source}.{self.table}"

    @property
    def required(self) -> list[str]:
        """The columns an instance must map."""
        return [column.name for column in self.columns.values() if column.required]


def meta_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the `meta` of a yml entry, wherever dbt accepts it."""
    config = entry.get("config") or {}
    meta: Mapping[str, Any] = config.get("meta") or entry.get("meta") or {}
    return meta


def read_column(entry: Mapping[str, Any]) -> Column:
    """Return a column from its yml entry."""
    meta = meta_of(entry)
    return Column(
        name=str(entry["name"]),
        description=str(entry.get("description") or "").strip(),
        data_type=entry.get("data_type"),
        required=bool(meta.get("required")),
        namespaced=bool(meta.get("namespaced")),
        meta=meta,
        aliases=tuple(meta.get("aliases") or ()),
    )


def read_contract(source: str, entry: Mapping[str, Any]) -> Contract:
    """Return a contract from its yml entry."""
    columns = [read_column(column) for column in entry.get("columns") or []]
    return Contract(
        source=source,
        table=str(entry["name"]),
        description=str(entry.get("description") or "").strip(),
        columns={column.name: column for column in columns},
        freshness=meta_of(entry).get("freshness"),
        has_sample=bool(meta_of(entry).get("sample", True)),
        nested_columns=tuple(meta_of(entry).get("nested_columns") or ()),
        adds=str(meta_of(entry).get("adds") or "").strip(),
    )


def load_contracts(root: Path) -> dict[str, Contract]:
    """All contracts of the project by name; raises ConfigError when a file is not valid YAML."""
    contracts: dict[str, Contract] = {}
    for path in sorted((root / "models" / "staging").glob("*/_*__sources.yml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            for source in content.get("sources") or []:
                for table in source.get("tables") or []:
                    contract = read_contract(str(source["name"]), table)
                    contracts[contract.name] = contract
        except (yaml.YAMLError, KeyError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"'{path.relative_to(root)}' cannot be read as a list of dbt sources; "
                "restore it or correct its YAML."
            ) from error
    return contracts
