"""Declares the user's raw tables to dbt: models/staging/_instances__sources.yml, git-ignored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from customer360.config import BuildConfig, Instance
from customer360.loading import FILES_READ, files_read_sql
from customer360.paths import Project
from customer360.rawfiles import RawTable, relation_sql, sql_name

HEADER = (
    "# Written by the command `customer360` from the setting `sources`; do not edit.\n"
    "# Each table is one instance of a raw contract.\n"
)


class PlainDumper(yaml.SafeDumper):
    """YAML without anchors: repeated parts are written out, for people to read."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an anchor."""
        return True


def key_of(instance: Instance) -> tuple[str, str]:
    """Return what tells an instance from all others."""
    return instance.contract.name, instance.name


def table_name(instance: Instance) -> str:
    """Return the name of an instance's dbt source table, such as `contacts__customer`."""
    return f"{instance.contract.table}__{instance.name}"


def describe(instance: Instance, column: str) -> dict[str, Any]:
    """Return the dbt entry of a raw column that fills a contract column."""
    contract_column = instance.contract.columns[column]
    entry: dict[str, Any] = {"name": instance.raw_columns[column]}
    if contract_column.description:
        entry["description"] = contract_column.description
    meta = {"contract_column": column}
    # Whoever reads lineage or a catalogue must see on the raw column, too, that it is personal.
    if "pii" in contract_column.meta:
        meta["pii"] = contract_column.meta["pii"]
    entry["config"] = {"meta": meta}
    return entry


def loaded_at_field(instance: Instance) -> str | None:
    """Return the SQL that tells when a row was loaded, when the instance maps it."""
    if "loaded_at" not in instance.contract.columns:
        return None
    if instance.columns is None:
        raw: str | Mapping[str, Any] | None = "loaded_at"
    else:
        raw = instance.columns.get("loaded_at")
    if isinstance(raw, str):
        # Files are read as text; a table of the warehouse has a type of its own.
        return f"try_cast({sql_name(raw)} as timestamp)" if instance.file else raw
    if isinstance(raw, Mapping) and "expression" in raw:
        return str(raw["expression"])
    return None


def read_from(location: str) -> dict[str, str]:
    """Return what tells dbt to read a source from SQL in place of a table."""
    # `template` leaves braces alone; a dollar sign is doubled to stand for itself.
    return {"formatter": "template", "external_location": location.replace("$", "$$")}


def files_read_entry(tables: Iterable[RawTable]) -> dict[str, Any]:
    """Return the dbt source block that lists the files of a build."""
    return {
        "name": "raw_files",
        "description": "The raw files that a build reads.",
        "tables": [
            {
                "name": "files_read",
                "description": "One row per raw file that is read; see int_state__files_read.",
                "config": {"meta": read_from(files_read_sql(tables))},
                "columns": [{"name": name} for name in FILES_READ],
            }
        ],
    }


def table_entry(instance: Instance, location: str | None) -> dict[str, Any]:
    """Return the dbt entry of one instance."""
    contract = instance.contract
    meta: dict[str, Any] = {"contract": contract.name, "instance": instance.name}
    if location is not None:
        meta.update(read_from(location))
    config: dict[str, Any] = {"meta": meta}
    loaded_at = loaded_at_field(instance)
    if contract.freshness and loaded_at:
        config["freshness"] = dict(contract.freshness)
        config["loaded_at_field"] = loaded_at
    entry: dict[str, Any] = {
        "name": table_name(instance),
        "description": f"{contract.description} Instance: {instance.name}.".strip(),
        "config": config,
    }
    if instance.relation:
        entry["identifier"] = instance.relation[-1]
    seen: dict[str, dict[str, Any]] = {}
    for column in instance.raw_columns if instance.columns is not None or location else ():
        described = describe(instance, column)
        # One raw column may fill several contract columns, but dbt lists it once.
        seen.setdefault(described["name"], described)
    if seen:
        entry["columns"] = list(seen.values())
    return entry


def source_entry(instance: Instance, location: str | None) -> dict[str, Any]:
    """Return a dbt source block for one instance: schema and database belong to the block."""
    entry: dict[str, Any] = {"name": instance.contract.source}
    if instance.relation:
        entry["schema"] = instance.relation[-2]
        if len(instance.relation) == 3:
            entry["database"] = instance.relation[0]
    entry["tables"] = [table_entry(instance, location)]
    return entry


def render(config: BuildConfig, tables: Iterable[RawTable]) -> str:
    """Return the whole file as text."""
    tables = list(tables)
    # Of what is read from files the columns are known by now.
    by_file = {key_of(table.instance): table for table in tables}
    blocks = []
    for each in config.instances:
        table = by_file.get(key_of(each))
        blocks.append(
            source_entry(table.instance, relation_sql(table)) if table else source_entry(each, None)
        )
    if tables:
        blocks.append(files_read_entry(tables))
    content = {"version": 2, "sources": blocks}
    return HEADER + yaml.dump(
        content, Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=100
    )


def write_sources(project: Project, config: BuildConfig, tables: Iterable[RawTable]) -> Path | None:
    """Write the file, or remove it when the sample is built; returns its path when written.

    The file is left alone when nothing changed, so that dbt need not parse again.
    """
    path = project.instances_file
    if not config.instances:
        path.unlink(missing_ok=True)
        return None
    text = render(config, tables)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".yml.tmp")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    return path


def resolved_variables(config: BuildConfig, tables: Iterable[RawTable]) -> dict[str, Any]:
    """Return the vars for dbt, with raw column names as the files spell them."""
    by_file = {key_of(table.instance): table for table in tables}
    variables = dict(config.variables)
    if not config.instances or not isinstance(variables.get("sources"), dict):
        return variables
    variables["sources"] = {
        contract: [respell(entry, by_file.get((contract, entry["name"]))) for entry in entries]
        for contract, entries in variables["sources"].items()
    }
    return variables


def respell(entry: Mapping[str, Any], table: RawTable | None) -> dict[str, Any]:
    """Return an instance with its raw columns as the files spell them."""
    if table is None:
        return dict(entry)
    given, columns = table.instance.columns, table.columns
    if given is None:
        return dict(entry)
    return {**entry, "columns": {name: columns.get(name, raw) for name, raw in given.items()}}
