"""Rules that BigQuery has beyond its language; they are checked on the resolved statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer import Refused
from zetasql.wasi._pb2.zetasql.public import type_pb2

MAX_CLUSTER_COLUMNS = 4
CLUSTER_KINDS = {
    type_pb2.TYPE_BIGNUMERIC,
    type_pb2.TYPE_BOOL,
    type_pb2.TYPE_DATE,
    type_pb2.TYPE_DATETIME,
    type_pb2.TYPE_GEOGRAPHY,
    type_pb2.TYPE_INT64,
    type_pb2.TYPE_NUMERIC,
    type_pb2.TYPE_RANGE,
    type_pb2.TYPE_STRING,
    type_pb2.TYPE_TIMESTAMP,
}
PARTITION_FUNCTIONS = ("date", "date_trunc", "timestamp_trunc", "datetime_trunc", "range_bucket")
NUMBERS = {type_pb2.TYPE_INT64, type_pb2.TYPE_DOUBLE, type_pb2.TYPE_NUMERIC}
TEXT = {type_pb2.TYPE_STRING}
OPTION_KINDS = {
    "default_rounding_mode": TEXT,
    "description": TEXT,
    "enable_change_history": {type_pb2.TYPE_BOOL},
    "expiration_timestamp": {type_pb2.TYPE_TIMESTAMP},
    "friendly_name": TEXT,
    "kms_key_name": TEXT,
    "labels": {type_pb2.TYPE_ARRAY},
    "max_staleness": {type_pb2.TYPE_INTERVAL},
    "partition_expiration_days": NUMBERS,
    "require_partition_filter": {type_pb2.TYPE_BOOL},
    "tags": {type_pb2.TYPE_ARRAY},
}
RESERVED_PREFIXES = (
    "_table_",
    "_file_",
    "_partition",
    "_row_timestamp",
    "__root__",
    "_colidentifier",
    "_change_sequence_number",
)
MAX_NAME_CHARACTERS = 300
OUTER_JOINS = {"LEFT": "LEFT OUTER", "RIGHT": "RIGHT OUTER", "FULL": "FULL OUTER"}
NULLS_FIRST, NULLS_LAST = 1, 2
NEED_OVER = ("percentile_cont", "percentile_disc")


def check(resolved: Any) -> None:
    """Raise Refused where BigQuery refuses a statement that its language allows."""
    for node in nodes(resolved):
        rule = RULES.get(node.DESCRIPTOR.name)
        if rule is not None:
            rule(node)


def nodes(message: Any) -> Iterator[Any]:
    """Yield a message and every message in it, without recursion: statements nest deeply."""
    pending = [message]
    while pending:
        node = pending.pop()
        yield node
        for field, value in node.ListFields():
            if field.message_type is not None and field.message_type.name not in NOT_SEARCHED:
                pending.extend(value if field.is_repeated else [value])


# Types, literals and the like hold nothing that a rule looks at.
NOT_SEARCHED = frozenset(
    (
        "TypeProto",
        "ValueWithTypeProto",
        "AnnotationMapProto",
        "FunctionSignatureProto",
        "ResolvedColumnProto",
        "ResolvedScanProto",
    )
)


def function_name(call: Any) -> str:
    """Return the name of the function that a call's base calls."""
    return str(call.function.name).removeprefix("ZetaSQL:").lower()


def check_aggregate(call: Any) -> None:
    """Percentiles are window functions there; nulls keep their place in an aggregate's order."""
    name = function_name(call.parent.parent)
    if name in NEED_OVER:
        raise Refused(f"Aggregate function {name} requires an OVER clause")
    for item in call.order_by_item_list:
        if item.null_order == (NULLS_FIRST if item.is_descending else NULLS_LAST):
            raise Refused(
                "NULLS LAST with ascending and NULLS FIRST with descending order are not supported"
                " in aggregate functions"
            )


def check_join(join: Any) -> None:
    """An outer join needs an equality of fields from both sides, unless it asks for none at all."""
    kind = join.DESCRIPTOR.fields_by_name["join_type"].enum_type.values_by_number[join.join_type]
    if kind.name not in OUTER_JOINS or not join.HasField("join_expr"):
        return
    left, right = made_columns(join.left_scan), made_columns(join.right_scan)
    used = read_columns(join.join_expr)
    if not used & left or not used & right:
        return
    for condition in conjunction(join.join_expr):
        if is_equality(condition, left, right):
            return
    raise Refused(
        f"{OUTER_JOINS[kind.name]} JOIN cannot be used without a condition that is an equality of"
        " fields from both sides of the join."
    )


def call_of(expression: Any) -> Any | None:
    """Return the base of a function call, or None where an expression is no call."""
    for node in shallow(expression):
        if node.DESCRIPTOR.name == "ResolvedFunctionCallBaseProto":
            return node
    return None


def shallow(expression: Any) -> Iterator[Any]:
    """Yield the layers of one node: a node is wrapped in messages of its more general kinds."""
    node = expression
    while node is not None:
        yield node
        inner = [
            (field.name, value)
            for field, value in node.ListFields()
            if field.message_type is not None and not field.is_repeated
        ]
        named = dict(inner)
        if node.DESCRIPTOR.name.startswith("Any"):
            node = inner[0][1] if inner else None
        else:
            node = named.get("parent")


def conjunction(expression: Any) -> list[Any]:
    """Return the conditions that an expression joins by AND."""
    call = call_of(expression)
    if call is None or function_name(call) != "$and":
        return [expression]
    return [part for argument in call.argument_list for part in conjunction(argument)]


def is_equality(condition: Any, left: set[int], right: set[int]) -> bool:
    """Tell whether a condition holds something of one side equal to something of the other."""
    call = call_of(condition)
    if call is None or function_name(call) not in ("$equal", "$is_not_distinct_from"):
        return False
    first, second = (read_columns(argument) for argument in call.argument_list)
    return bool(first and second) and (
        (first <= left and second <= right) or (first <= right and second <= left)
    )


def made_columns(scan: Any) -> set[int]:
    """Return the ids of all columns that a scan or one below it makes."""
    found: set[int] = set()
    pending = [scan]
    while pending:
        node = pending.pop()
        for field, value in node.ListFields():
            if field.message_type is None or field.message_type.name in ("TypeProto",):
                continue
            values = value if field.is_repeated else [value]
            if field.message_type.name == "ResolvedColumnProto":
                found.update(column.column_id for column in values)
            else:
                pending.extend(values)
    return found


def read_columns(expression: Any) -> set[int]:
    """Return the ids of the columns that an expression reads."""
    return {
        node.column.column_id
        for node in nodes(expression)
        if node.DESCRIPTOR.name == "ResolvedColumnRefProto"
    }


def kind_of(expression: Any) -> int:
    """Return the type kind of a resolved expression; 0 where it says none."""
    for node in shallow(expression):
        if node.DESCRIPTOR.name == "ResolvedExprProto":
            return int(node.type.type_kind)
    return 0


def column_ref(expression: Any) -> Any | None:
    """Return the column that an expression is, or None where it is more than a column."""
    for node in shallow(expression):
        if node.DESCRIPTOR.name == "ResolvedColumnRefProto":
            return node.column
    return None


def check_table(statement: Any) -> None:
    """A table's clusters and partitions have few possible types."""
    if len(statement.cluster_by_list) > MAX_CLUSTER_COLUMNS:
        raise Refused(f"The maximum number of clustering columns is {MAX_CLUSTER_COLUMNS}.")
    for expression in statement.cluster_by_list:
        if column_ref(expression) is None:
            raise Refused("CLUSTER BY takes columns, no expressions.")
        if kind_of(expression) not in CLUSTER_KINDS:
            raise Refused("Cluster by is not supported for a column of this type.")
    if len(statement.partition_by_list) > 1:
        raise Refused("PARTITION BY takes one expression only.")
    for expression in statement.partition_by_list:
        check_partition(expression)
    options = {option.name.lower() for option in statement.parent.option_list}
    if "partition_expiration_days" in options and not statement.partition_by_list:
        raise Refused("partition_expiration_days needs a table that is partitioned by time.")


def check_partition(expression: Any) -> None:
    """Partitions are days of a date column, truncated times, or ranges of a number."""
    call = call_of(expression)
    if call is None:
        if column_ref(expression) is not None and kind_of(expression) == type_pb2.TYPE_DATE:
            return
    elif function_name(call) in PARTITION_FUNCTIONS and column_ref(call.argument_list[0]):
        return
    raise Refused(
        "PARTITION BY expression must be DATE(<timestamp_column>), DATE(<datetime_column>),"
        " DATETIME_TRUNC, TIMESTAMP_TRUNC, DATE_TRUNC, a DATE column, or"
        " RANGE_BUCKET(<int64_column>, GENERATE_ARRAY(...))"
    )


def check_options(statement: Any) -> None:
    """Options of tables and views are known by name and type."""
    for option in statement.option_list:
        kinds = OPTION_KINDS.get(option.name.lower())
        if kinds is None:
            raise Refused(f"Unknown option: {option.name}")
        if kind_of(option.value) not in kinds:
            raise Refused(f"Option {option.name} has a value of a wrong type.")


def check_column(definition: Any) -> None:
    """Names of columns are limited in length, and some prefixes are taken."""
    name = definition.name.lower()
    if name.startswith(RESERVED_PREFIXES):
        raise Refused(f"Invalid field name {name!r}. Fields cannot start with this prefix.")
    if len(name) > MAX_NAME_CHARACTERS:
        raise Refused(f"Invalid field name {name!r}: more than {MAX_NAME_CHARACTERS} characters.")


def check_key(key: Any) -> None:
    """Keys are told, never enforced."""
    if not key.unenforced:
        raise Refused("Enforced primary or foreign keys are not supported; say NOT ENFORCED.")


RULES = {
    "ResolvedAggregateFunctionCallProto": check_aggregate,
    "ResolvedColumnDefinitionProto": check_column,
    "ResolvedCreateTableAsSelectStmtProto": check_table,
    "ResolvedCreateTableStmtBaseProto": check_options,
    "ResolvedCreateTableStmtProto": check_table,
    "ResolvedCreateViewBaseProto": check_options,
    "ResolvedJoinScanProto": check_join,
    "ResolvedPrimaryKeyProto": check_key,
}
