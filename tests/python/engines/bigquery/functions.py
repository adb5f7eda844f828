"""Functions of BigQuery that DuckDB has not, under the names by which translated SQL calls them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Literal

import duckdb
from fingerprint import farm_fingerprint

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

MACROS = (
    "create macro code_points_to_string(points) as"
    " array_to_string(list_transform(points, lambda point: chr(point)), '')",
)


def normalized(text: str, form: Form) -> str:
    """Return a text in one of Unicode's four normal forms."""
    return unicodedata.normalize(form, text)


def upper_case(text: str) -> str:
    """Return a text in capitals; a letter may become two, as ß becomes SS."""
    return text.upper()


def lower_case(text: str) -> str:
    """Return a text in small letters; a sigma at the end of a word has a form of its own."""
    return text.lower()


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a database; null in gives null out."""
    for name, function, arguments, result in PYTHON_FUNCTIONS:
        connection.create_function(name, function, arguments, result)
    for macro in MACROS:
        connection.execute(macro)


PYTHON_FUNCTIONS: tuple[tuple[str, Callable[..., Any], list[Any], Any], ...] = (
    ("bigquery_normalize", normalized, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("bigquery_fingerprint", farm_fingerprint, ["VARCHAR"], "BIGINT"),
    ("bigquery_upper", upper_case, ["VARCHAR"], "VARCHAR"),
    ("bigquery_lower", lower_case, ["VARCHAR"], "VARCHAR"),
)
