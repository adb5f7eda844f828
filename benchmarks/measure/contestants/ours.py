"""The project's own identity step and components: its statements, taken by its own driver."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from measure.given import SCHEMA
from measure.project import Statements, Step
from measure.settings import ROOT

DRIVER_FILE = ROOT / "python_models/identity/int_identity__resolved_by_python.py"

# The models that the identity step reads stand where its statements look for them.
MODELS = f"""
create schema {SCHEMA};
create view {SCHEMA}.int_identity__records as from given.{SCHEMA}.int_identity__records;
create view {SCHEMA}.int_identity__links as from given.{SCHEMA}.int_identity__links;
create view {SCHEMA}.int_identity__decisions as from given.{SCHEMA}.int_identity__decisions;
"""


def identity_step(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """From links to the customer of each record: numbering by age, policy, all that the model does.

    The tables that dbt makes of int_identity__touched, __touched_links and __resolved_by_python
    are made here as well.
    """
    code = Statements.load(statements)
    connection.execute(MODELS)
    connection.execute(f"create table {SCHEMA}.int_identity__touched as {code.touched}")
    connection.execute(f"create table {SCHEMA}.int_identity__touched_links as {code.touched_links}")
    driver = load_driver()
    take_steps(driver, connection, code.steps)
    result = driver.result_table([driver.Step(*step) for step in code.steps])
    connection.execute(f"create table {SCHEMA}.resolved as select * from {result}")
    connection.execute(
        "create view answer as select record_no, customer_no as component"
        f" from {SCHEMA}.resolved where customer_no is not null"
    )


def plain_components(connection: duckdb.DuckDBPyConnection, statements: Path) -> None:
    """Connected components over the strong links, as the macro connect_members finds them."""
    code = Statements.load(statements)
    connection.execute(
        "create temp table c360_scratch_plain_members as select record_no as node,"
        " identifier_type as group_type, identifier_value as group_value from given.strong_links"
    )
    take_steps(load_driver(), connection, code.plain_steps)
    connection.execute(
        "create table answer as"
        " select records.record_no, coalesce(roots.parent, records.record_no) as component"
        " from given.records as records left join c360_scratch_plain_roots_0 as roots"
        " on records.record_no = roots.node"
    )


def take_steps(driver: Any, connection: duckdb.DuckDBPyConnection, steps: Sequence[Step]) -> None:
    """Have the driver take the steps, as the Python model does."""

    def run(statement: str) -> list[Any]:
        rows: list[Any] = driver.run_statement(connection, statement)
        return rows

    driver.take_steps([driver.Step(*step) for step in steps], run)


def load_driver() -> Any:
    """The Python model as a module."""
    spec = importlib.util.spec_from_file_location(DRIVER_FILE.stem, DRIVER_FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A named tuple looks for its module by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
