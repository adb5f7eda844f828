"""Which raw column fills a contract column, for instances that list no columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from customer360.config import Instance
from customer360.contracts import Contract


def squeezed(name: str) -> str:
    """Return a name without case, blanks and marks: 'First Name' and firstName are first_name."""
    return re.sub(r"[\W_]", "", name.casefold())


def column_called(names: Sequence[str], columns: Iterable[str]) -> str | None:
    """Return the first raw column that has one of the names, as it is spelled.

    The macro columns_by_name does the same for tables of a warehouse.
    """
    spelled: dict[str, str] = {}
    for column in columns:
        spelled.setdefault(squeezed(column), column)
    return next((spelled[squeezed(name)] for name in names if squeezed(name) in spelled), None)


def columns_by_name(contract: Contract, columns: Sequence[str]) -> dict[str, str | None]:
    """Map contract columns to the raw columns of their name or else of one of their aliases."""
    return {
        name: column_called([name, *column.aliases], columns)
        for name, column in contract.columns.items()
    }


def with_columns(instance: Instance, columns: Sequence[str]) -> Instance:
    """Return an instance with the columns that its files have, where it lists none itself.

    A required column that is nowhere keeps its own name, so that it is missed where files are
    checked.
    """
    if instance.columns is not None or instance.layout != "flat" or not columns:
        return instance
    found = columns_by_name(instance.contract, columns)
    required = {name: name for name in instance.contract.required if found[name] is None}
    return replace(instance, columns={**found, **required}, is_by_name=True)
