"""The functions that Snowflake has and the analyzer has not, as functions.yml lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from analyzer.protocol import Protocol

LIST = Path(__file__).parent / "functions.yml"
SIGNATURE = re.compile(r"(?P<returns>\w+)\((?P<arguments>[^()]*)\)\Z")
ARGUMENT = re.compile(r"(?P<type>\w+)(?P<mark>[?*]?)\Z")
CARDINALITIES = {"": "REQUIRED", "?": "OPTIONAL", "*": "REPEATED"}
MODES = {"scalar": "SCALAR", "aggregate": "AGGREGATE", "analytic": "ANALYTIC"}
FLATTENED = {
    "seq": "NUMERIC",
    "key": "STRING",
    "path": "STRING",
    "index": "NUMERIC",
    "value": "VARIANT",
    "this": "VARIANT",
}


@dataclass(frozen=True)
class Functions:
    """What functions.yml says: signatures by kind and name, other names, shared names."""

    signatures: dict[str, dict[str, str]]
    checked_as: dict[str, str]
    shared: frozenset[str]


@cache
def functions() -> Functions:
    """Read functions.yml."""
    content = yaml.safe_load(LIST.read_text("utf-8"))
    signatures = {kind: content[kind] for kind in MODES}
    return Functions(signatures, content["checked_as"], frozenset(content["shared"].split()))


def declare_all(protocol: Protocol, catalog: Any) -> None:
    """Add every declared function to a SimpleCatalogProto."""
    for kind, signatures in functions().signatures.items():
        for name, signature in signatures.items():
            declare(protocol, catalog, name, MODES[kind], signature)
    declare_flatten(protocol, catalog)


def declare(protocol: Protocol, catalog: Any, name: str, mode: str, signature: str) -> None:
    """Add one function. Raises ValueError where its signature cannot be read."""
    match = SIGNATURE.match(signature)
    if match is None:
        raise ValueError(f"functions.yml: {name} has no signature such as STRING(any, any?).")
    declared = function(protocol, catalog, name, mode)
    made = declared.signature.add()
    set_argument(protocol, made.return_type, match["returns"], "REQUIRED")
    for argument in filter(None, match["arguments"].replace(" ", "").split(",")):
        form = ARGUMENT.match(argument)
        if form is None:
            raise ValueError(f"functions.yml: {name} has the argument {argument!r}.")
        cardinality = CARDINALITIES[form["mark"]]
        set_argument(protocol, made.argument.add(), form["type"], cardinality)


def function(protocol: Protocol, catalog: Any, name: str, mode: str) -> Any:
    """Add a function without signatures; one that is no scalar may stand in a window."""
    modes = protocol.numbers("FunctionEnums.Mode")
    declared = catalog.custom_function.add(name_path=[name], group="snowflake", mode=modes[mode])
    declared.options.arguments_are_coercible = True
    if mode != "SCALAR":
        orders = protocol.numbers("FunctionEnums.WindowOrderSupport")
        declared.options.supports_order_by = True
        declared.options.supports_over_clause = True
        declared.options.window_ordering_support = orders["ORDER_OPTIONAL"]
        declared.options.supports_window_framing = True
    return declared


def set_argument(protocol: Protocol, argument: Any, name: str, cardinality: str) -> None:
    """Say what an argument, or the result, may be."""
    kinds = protocol.numbers("SignatureArgumentKind")
    if name == "same":
        argument.kind = kinds["ARG_TYPE_ANY_1"]
    elif name == "any":
        argument.kind = kinds["ARG_TYPE_ARBITRARY"]
    else:
        argument.kind = kinds["ARG_TYPE_FIXED"]
        set_type(protocol, argument.type, name)
    cardinalities = protocol.numbers("FunctionEnums.ArgumentCardinality")
    argument.options.cardinality = cardinalities[cardinality]
    argument.num_occurrences = -1


def set_type(protocol: Protocol, kind: Any, name: str) -> None:
    """Fill a TypeProto by a type's name; an array is one of variants, as Snowflake's are."""
    if name == "ARRAY":
        kind.type_kind = protocol.kind("ARRAY")
        kind.array_type.element_type.type_kind = protocol.kind("VARIANT")
    else:
        kind.type_kind = protocol.kind(name)


def declare_flatten(protocol: Protocol, catalog: Any) -> None:
    """Add `flattened(any)`: the rows of FLATTEN as an array, to be read with UNNEST."""
    made = function(protocol, catalog, "flattened", "SCALAR").signature.add()
    set_argument(protocol, made.argument.add(), "any", "REQUIRED")
    set_argument(protocol, made.return_type, "STRING", "REQUIRED")
    rows = made.return_type.type
    rows.Clear()
    rows.type_kind = protocol.kind("ARRAY")
    row = rows.array_type.element_type
    row.type_kind = protocol.kind("STRUCT")
    for column, kind in FLATTENED.items():
        row.struct_type.field.add(field_name=column).field_type.type_kind = protocol.kind(kind)
