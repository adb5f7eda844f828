"""Repairs of the emulator's translation: what BigQuery executes and it does not.

Each repair replaces one function of the emulator by one that calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crucible.dialects.bigquery import dml, statements, transforms, translate, types
from crucible.dialects.bigquery.transforms import TransformContext, strings
from crucible.dialects.bigquery.transforms.common import check, duck_cast, rewrite_bottom_up, typed
from crucible.engine import ExecContext
from information import without_views
from pivots import without_pivots
from sqlglot import exp
from tables import planned

T = exp.DType
# ß and its like, ligatures, letters with marks that have no capital; and for lower case, capital
# sigma and the Turkish capital i.
SPECIAL_LETTERS = {
    "UPPER": "[\u00df\u0149\u01f0\u0390\u03b0\u0587\u1e96-\u1e9a\u1f50-\u1ffc\ufb00-\ufb17]",
    "LOWER": "[\u0130\u03a3]",
}


def install() -> None:
    """Put all repairs in place."""
    prepare = prepared(translate.prepare)
    replacements: list[tuple[Any, str, Any]] = [
        (transforms, "PIPELINE", (("additions", additions), *transforms.PIPELINE)),
        (types, "normalize", without_parameters(types.normalize)),
        (types, "storage_type", stored_without_parameters(types.storage_type)),
        (strings, "_case_mapping", cased),
        # The analyzer has judged what may be written where, and knows more of literals.
        (statements, "_check_assignable", lambda *_, **__: None),
        (statements, "_plan", planned(statements._plan, prepare)),
        (translate, "prepare", prepare),
        (dml, "prepare", prepare),
    ]
    for module, name, replacement in replacements:
        setattr(module, name, replacement)


def prepared(
    original: Callable[[exp.Expr, ExecContext], translate.Prepared],
) -> Callable[[exp.Expr, ExecContext], translate.Prepared]:
    """Translate a query with its pivots written out and every column of its result named."""

    def prepare(query: exp.Expr, ctx: ExecContext) -> translate.Prepared:
        query = without_pivots(without_views(query, ctx), ctx)
        name_columns(translate.outer_selects(query)[0])
        return original(query, ctx)

    return prepare


def name_columns(select: exp.Select) -> None:
    """Give the unnamed columns of a result the names f0_, f1_ that BigQuery gives them.

    An order by their place is translated by name, and must find one.
    """
    unnamed = 0
    for number, column in enumerate(select.expressions):
        if not column.output_name and not column.is_star:
            select.expressions[number].replace(exp.alias_(column.copy(), f"f{unnamed}_"))
            unnamed += 1


def without_parameters(
    original: Callable[[exp.DataType], exp.DataType],
) -> Callable[[exp.DataType], exp.DataType]:
    """Type a value as NUMERIC where it was cast to NUMERIC(28, 6): parameters belong to columns."""

    def normalize(data_type: exp.DataType) -> exp.DataType:
        plain = original(data_type)
        for node in plain.find_all(exp.DataType):
            if node.this == T.DECIMAL:
                node.set("expressions", [])
        return plain

    return normalize


def stored_without_parameters(
    original: Callable[[exp.DataType], exp.DataType],
) -> Callable[[exp.DataType], exp.DataType]:
    """Store NUMERIC(28, 6) as NUMERIC: what BigQuery reports of such a column is NUMERIC."""

    def storage_type(data_type: exp.DataType) -> exp.DataType:
        if data_type.this == T.DECIMAL and data_type.expressions:
            return original(exp.DataType(this=T.DECIMAL))
        return original(data_type)

    return storage_type


def additions(tree: exp.Expr, _: TransformContext) -> exp.Expr:
    """Write functions and casts that the emulator does not know as DuckDB can run them."""
    return rewrite_bottom_up(tree, added)


def added(node: exp.Expr) -> exp.Expr:
    """Return what stands for a node: itself, unless it is one of those that need a repair."""
    if isinstance(node, exp.Normalize):
        form = exp.Literal.string((node.text("form") or "NFC").upper())
        return typed(call("bigquery_normalize", [node.this.copy(), form]), "STRING")
    if isinstance(node, exp.FarmFingerprint):
        return typed(call("bigquery_fingerprint", [e.copy() for e in node.expressions]), "INT64")
    if isinstance(node, exp.IntDiv):
        # Written as an operator, whose operands the generator does not put in parentheses.
        for side in ("this", "expression"):
            if isinstance(node.args[side], exp.Binary):
                node.set(side, typed(exp.Paren(this=node.args[side]), node.args[side].type))
    if isinstance(node, exp.Cast) and node.to.this == T.DECIMAL and node.to.expressions:
        return rounded_cast(node)
    if isinstance(node, exp.JSONBool):
        return typed(duck_cast(node.this.copy(), "BOOLEAN"), "BOOL")
    if isinstance(node, exp.Add | exp.Sub) and is_day_count(node):
        # DuckDB adds days as a number of 32 bits.
        node.set("expression", duck_cast(node.expression.copy(), "INTEGER"))
    if isinstance(node, exp.Extract) and is_timestamp(node.expression):
        moment = typed(call("timezone", [exp.Literal.string("UTC"), node.expression]), "DATETIME")
        node.set("expression", moment)
    return node


def is_day_count(node: exp.Binary) -> bool:
    """Tell whether an expression is a date and a number of days."""
    kinds = [side.type.this if side.type else None for side in (node.left, node.right)]
    return kinds == [T.DATE, T.BIGINT]


def is_timestamp(node: exp.Expr) -> bool:
    """Tell whether an expression is a moment; its parts are those of UTC."""
    return node.type is not None and node.type.this == T.TIMESTAMPTZ


def call(name: str, arguments: Iterable[exp.Expr]) -> exp.Expr:
    """Return a call of a function of DuckDB by its name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def rounded_cast(node: exp.Cast) -> exp.Expr:
    """Cast to NUMERIC, then round to the parameters' decimals.

    Too many digits before the point are an error, or null in a safe cast.
    """
    parameters = [int(parameter.this.name) for parameter in node.to.expressions]
    precision, scale = [*parameters, 0][:2]
    value = node.copy()
    value.set("to", exp.DataType(this=T.DECIMAL))
    typed(value, "NUMERIC")
    # DuckDB rounds half away from zero, as BigQuery does.
    narrow = node.__class__(
        this=value, to=exp.DataType.build(f"DECIMAL({precision}, {scale})", dialect="duckdb")
    )
    narrow.meta.update(crucible_storage=True, crucible_checked=True)
    wide = exp.Cast(this=typed(narrow, "NUMERIC"), to=exp.DataType(this=T.DECIMAL))
    wide.meta["crucible_checked"] = True
    return typed(wide, "NUMERIC")


def cased(node: exp.Upper | exp.Lower | exp.Initcap, name: str) -> exp.Expr:
    """Map the few letters in Python whose other case has two letters or depends on their place.

    DuckDB maps all others, and is faster.
    """
    if name == "INITCAP":
        return typed(node.copy(), "STRING")
    letters = SPECIAL_LETTERS[name]
    is_special = call("regexp_matches", [node.this.copy(), exp.Literal.string(letters)])
    special = call(f"bigquery_{name.lower()}", [node.this.copy()])
    return typed(check(is_special, special, typed(node.copy(), "STRING")), "STRING")
