"""Meanings that fakesnow loses on the way from Snowflake's SQL to DuckDB's.

Each function takes one node of a parsed statement and returns what stands in its place, the node
itself where there is nothing to mend. They are applied before fakesnow's own.
"""

from __future__ import annotations

from collections.abc import Callable

from duckdb import DuckDBPyConnection
from refusals import Refused
from sqlglot import Expr, exp

Mend = Callable[[Expr], Expr]
OWN = "translated_here"


def mend(statement: Expr) -> Expr:
    """Return a parsed statement with everything mended that fakesnow would get wrong."""
    return statement.transform(lambda node: MENDS.get(type(node), lambda same: same)(node))


def contains_pattern(node: Expr) -> Expr:
    """`regexp_instr(text, pattern) > 0`: fakesnow's own way takes a hundred times as long."""
    search, zero = node.this, node.expression
    is_plain = isinstance(search, exp.RegexpInstr) and set(filter_set(search)) == {
        "this",
        "expression",
    }
    if not is_plain or zero.sql() != "0":
        return node
    return exp.Anonymous(this="regexp_matches", expressions=[search.this, search.expression])


def filter_set(node: Expr) -> list[str]:
    """Return the names of a node's arguments that are given."""
    return [name for name, value in node.args.items() if value is not None]


def trim(node: Expr) -> Expr:
    """TRIM, LTRIM and RTRIM: fakesnow forgets the characters and the side."""
    names = {"LEADING": "ltrim", "TRAILING": "rtrim"}
    name = names.get(str(node.args.get("position") or "").upper(), "trim")
    text = exp.cast(node.this, exp.DataType.Type.VARCHAR)
    characters = [node.expression] if node.expression else []
    return exp.Anonymous(this=name, expressions=[text, *characters])


def ordered_list(node: Expr) -> Expr:
    """`array_agg(...) within group (order by ...)`: nulls stay out, and no values give `[]`."""
    if not isinstance(node.this, exp.ArrayAgg):
        return node
    return array_of(node.this, node.expression.expressions)


def plain_list(node: Expr) -> Expr:
    """`array_agg(...)` without an order; as a window it is left to fakesnow."""
    if isinstance(node.parent, exp.WithinGroup | exp.Window):
        return node
    return array_of(node, [])


def array_of(node: Expr, order: list[Expr]) -> Expr:
    """Return the JSON list of a group's values that are not null."""
    inner = node.this
    value = inner.expressions[0] if isinstance(inner, exp.Distinct) else inner
    listed = exp.Order(this=inner, expressions=order) if order else inner
    values = exp.Filter(
        this=exp.Anonymous(this="list", expressions=[listed]),
        expression=exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))),
    )
    json = exp.Anonymous(this="to_json", expressions=[values])
    empty = exp.cast(exp.Literal.string("[]"), exp.DataType.Type.JSON)
    return exp.Coalesce(this=json, expressions=[empty])


def to_variant(node: Expr) -> Expr:
    """A text cast to VARIANT is a JSON text, not something to parse."""
    if node.to.this == exp.DataType.Type.VARIANT:
        return exp.Anonymous(this="to_json", expressions=[node.this])
    return node


def array_contains(node: Expr) -> Expr:
    """ARRAY_CONTAINS compares JSON with JSON."""
    value = node.expression
    while isinstance(value, exp.Cast) and value.to.this == exp.DataType.Type.VARIANT:
        value = value.this
    pair = [exp.Anonymous(this="to_json", expressions=[part]) for part in (node.this, value)]
    return exp.Anonymous(this="json_contains", expressions=pair)


def filtered(node: Expr) -> Expr:
    """FILTER takes a JSON list apart and gives one back; fakesnow hands it to DuckDB as it is."""
    # A cast to a list would be one to JSON, after fakesnow.
    kind = exp.Literal.string('["json"]')
    members = exp.Anonymous(this="from_json", expressions=[node.this, kind])
    kept = exp.Anonymous(this="list_filter", expressions=[members, node.expression])
    return exp.Anonymous(this="to_json", expressions=[kept])


def array(node: Expr) -> Expr:
    """`[1, 2]` as a column is JSON, not a list of DuckDB's."""
    if isinstance(node.parent, exp.Alias | exp.Select):
        return exp.Anonymous(this="json_array", expressions=node.expressions)
    return node


def kind_of_variant(node: Expr) -> Expr:
    """TYPEOF names the kinds of JSON; see functions.sql."""
    return exp.Anonymous(this="kind_of_variant", expressions=[node.this])


def hexadecimal(node: Expr) -> Expr:
    """`to_number(text, 'XXXX')` reads hexadecimal digits."""
    form = node.args.get("format")
    if not isinstance(form, exp.Literal) or set(form.name.upper()) != {"X"}:
        return node
    digits = exp.Concat(expressions=[exp.Literal.string("0x"), node.this])
    return exp.cast(digits, exp.DataType.Type.BIGINT)


def division(node: Expr) -> Expr:
    """A division by zero is an error, not infinity or null."""
    divisor = node.expression
    if isinstance(divisor, exp.Literal) and float(divisor.name) != 0:
        return node
    failure = exp.Anonymous(this="error", expressions=[exp.Literal.string("Division by zero")])
    is_zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
    checked = exp.Case(ifs=[exp.If(this=is_zero, true=failure)], default=divisor)
    made = node.copy()
    made.set("expression", exp.paren(checked))
    return made


def window(node: Expr) -> Expr:
    """RATIO_TO_REPORT and CONDITIONAL_TRUE_EVENT in the words of other window functions."""
    name = node.this.name.upper() if isinstance(node.this, exp.Anonymous) else ""
    made = node.copy()
    if name == "RATIO_TO_REPORT":
        value = node.this.expressions[0]
        made.set("this", exp.Sum(this=value.copy()))
        return exp.Div(this=exp.cast(value.copy(), exp.DataType.Type.DOUBLE), expression=made)
    if name == "CONDITIONAL_TRUE_EVENT":
        made.set("this", exp.CountIf(this=node.this.expressions[0].copy()))
        return made
    return node


def tried_time(node: Expr) -> Expr:
    """A time that is tried gives null where it is none; fakesnow's own way is an error."""
    is_time = node.to.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ)
    return exp.Anonymous(this="tried_time", expressions=[node.this]) if is_time else node


def declared_table(statement: Expr, connection: DuckDBPyConnection) -> Expr:
    """Give the query of `create table t (columns) as query` the columns' types and names.

    In place of fakesnow's own, which asks DuckDB in no dialect at all. Raises Refused.
    """
    if not (isinstance(statement, exp.Create) and isinstance(statement.this, exp.Schema)):
        return statement
    query = statement.expression
    columns = [made for made in statement.this.expressions if isinstance(made, exp.ColumnDef)]
    if query is None or not columns or statement.kind != "TABLE":
        return statement
    text = query.unnest().sql(dialect="duckdb")
    names = [row[0] for row in connection.execute(f"describe {text}").fetchall()]
    if len(names) != len(columns):
        raise Refused("Invalid column definition list")
    picked = [
        exp.alias_(declared_value(name, made), made.this.copy())
        for name, made in zip(names, columns, strict=True)
    ]
    statement.set("expression", exp.select(*picked).from_(query.unnest().subquery("declared")))
    statement.set("this", statement.this.this)
    return statement


def declared_value(name: str, column: exp.ColumnDef) -> Expr:
    """Return a column as declared: of its type, an error where it is null and may not be."""
    value = exp.column(name, quoted=True)
    if any(isinstance(made.kind, exp.NotNullColumnConstraint) for made in column.constraints):
        text = exp.Literal.string("NULL result in a non-nullable column")
        failure = exp.If(
            this=exp.Is(this=value.copy(), expression=exp.Null()),
            true=exp.Anonymous(this="error", expressions=[text]),
        )
        return exp.cast(exp.Case(ifs=[failure], default=value), column.kind)
    return exp.cast(value, column.kind)


MENDS: dict[type[Expr], Mend] = {
    exp.GT: contains_pattern,
    exp.Trim: trim,
    exp.WithinGroup: ordered_list,
    exp.ArrayAgg: plain_list,
    exp.Cast: to_variant,
    exp.TryCast: tried_time,
    exp.Array: array,
    exp.ArrayFilter: filtered,
    exp.ArrayContains: array_contains,
    exp.Typeof: kind_of_variant,
    exp.ToNumber: hexadecimal,
    exp.Div: division,
    exp.Window: window,
}
