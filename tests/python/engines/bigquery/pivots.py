"""PIVOT and its meaning in plain SQL: one aggregate over a case for each value."""

from __future__ import annotations

from crucible.dialects.bigquery import metadata
from crucible.engine import CrucibleUnsupportedError, ExecContext
from sqlglot import exp


def without_pivots(query: exp.Expr, ctx: ExecContext) -> exp.Expr:
    """Return a query in which each PIVOT is written out. UNPIVOT is left to the emulator.

    Raises CrucibleUnsupportedError where the columns of what is pivoted cannot be told.
    """
    for pivot in list(query.find_all(exp.Pivot)):
        if not pivot.unpivot:
            written_out(pivot, query, ctx)
    return query


def written_out(pivot: exp.Pivot, query: exp.Expr, ctx: ExecContext) -> None:
    """Put a grouped subquery in the place of a pivoted table or subquery."""
    source = pivot.parent
    (choice,) = pivot.fields
    if not isinstance(source, exp.Table | exp.Subquery) or len(source.args["pivots"]) != 1:
        raise CrucibleUnsupportedError("PIVOT of this kind of table")
    inner = source.copy()
    inner.set("pivots", None)
    aggregates = [aggregate.unalias() for aggregate in pivot.expressions]
    used = {column.name.lower() for node in [*aggregates, choice.this] for column in columns(node)}
    kept = [name for name in names_of(inner, query, ctx) if name.lower() not in used]
    names = iter(pivot.args["columns"])
    cells: list[exp.Expr] = []
    for value in choice.expressions:
        is_value = exp.EQ(this=choice.this.copy(), expression=value.unalias().copy())
        for aggregate in aggregates:
            cells.append(exp.alias_(narrowed(aggregate, is_value), next(names).copy()))
    grouped = exp.select(*(exp.column(name) for name in kept), *cells).from_(inner)
    if kept:
        grouped = grouped.group_by(*(exp.column(name) for name in kept))
    alias = pivot.args.get("alias")
    source.replace(exp.Subquery(this=grouped, alias=alias.copy() if alias else None))


def columns(node: exp.Expr) -> list[exp.Column]:
    """Return the columns that an expression reads."""
    return [column for column in node.find_all(exp.Column) if not column.is_star]


def narrowed(aggregate: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """Return an aggregate over the rows alone that meet a condition."""
    node = aggregate.copy()
    argument = node.this
    if isinstance(argument, exp.Star):
        argument = exp.Literal.number(1)
    if isinstance(argument, exp.Distinct):
        (value,) = argument.expressions
        argument.set("expressions", [exp.Case(ifs=[exp.If(this=condition.copy(), true=value)])])
    else:
        node.set("this", exp.Case(ifs=[exp.If(this=condition.copy(), true=argument)]))
    return node


def names_of(source: exp.Expr, query: exp.Expr, ctx: ExecContext) -> list[str]:
    """Return the column names of a subquery, a CTE or a table. Raises CrucibleUnsupportedError."""
    if isinstance(source, exp.Table):
        for cte in query.find_all(exp.CTE):
            if not source.db and cte.alias_or_name.lower() == source.name.lower():
                return names_of(cte, query, ctx)
        return [
            column.name
            for column in metadata.find_table(ctx, metadata.name_of(source, ctx)).columns
        ]
    names = list(source.this.named_selects)
    if "*" in names:
        selected_from = source.this.args["from_"].this
        return names_of(selected_from, query, ctx)
    return names
