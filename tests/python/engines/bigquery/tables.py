"""Statements that the emulator lacks: contracts, DELETE, UPDATE, TRUNCATE, DROP SCHEMA."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from crucible.dialects.bigquery import ddl, errors, metadata, types
from crucible.dialects.bigquery.generator import generate
from crucible.dialects.bigquery.translate import outer_selects, translate_query, write_value
from crucible.engine import (
    CommandPlan,
    CrucibleError,
    ErrorKind,
    ExecContext,
    Plan,
    Result,
    TableInfo,
)
from crucible.engine.catalog import qualified
from sqlglot import exp

Planner = Callable[[exp.Expr, ExecContext], Plan]


def planned(original: Planner, prepare: Callable[[exp.Expr, ExecContext], Any]) -> Planner:
    """Return a planner that knows these statements besides the original's."""

    def plan(tree: exp.Expr, ctx: ExecContext) -> Plan:
        if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema):
            # Keys are NOT ENFORCED, which the gate has seen to: they change nothing.
            keys = (exp.PrimaryKey, exp.ForeignKey)
            kept = [part for part in tree.this.expressions if not isinstance(part, keys)]
            tree.this.set("expressions", kept)
        if isinstance(tree, exp.Create) and is_contract(tree):
            return contract(tree, ctx)
        if isinstance(tree, exp.Delete):
            return delete(tree, ctx, prepare)
        if isinstance(tree, exp.Update):
            return update(tree, ctx, prepare)
        if isinstance(tree, exp.TruncateTable):
            info = metadata.find_table(ctx, metadata.name_of(tree.expressions[0], ctx))
            return command("TRUNCATE_TABLE", f"DELETE FROM {full_name(info)}")
        if isinstance(tree, exp.Drop) and (tree.args.get("kind") or "").upper() == "SCHEMA":
            return drop_schema(tree)
        return original(tree, ctx)

    return plan


def command(statement_type: str, sql: str) -> CommandPlan:
    """Return a plan that runs one statement of DuckDB and tells how many rows it changed."""

    def run(ctx: ExecContext) -> Result:
        try:
            done = ctx.run_sql(sql, returns_rows=False)
        except CrucibleError as fault:
            raise errors.reword(fault) from fault
        done.statement_type = statement_type
        return done

    return CommandPlan(run, statement_type)


def full_name(info: TableInfo) -> str:
    """Return a table's quoted name."""
    return qualified(info.catalog, info.schema, info.name)


def is_contract(tree: exp.Create) -> bool:
    """Tell whether a statement makes a table from a query and states its columns."""
    is_table = (tree.kind or "").upper() == "TABLE"
    return is_table and isinstance(tree.this, exp.Schema) and tree.expression is not None


def contract(tree: exp.Create, ctx: ExecContext) -> Plan:
    """Plan CREATE TABLE (columns) AS query: values cast to the columns' types, required ones there.

    A table of that name stays as it was where the query breaks the contract.
    """
    definitions = [part for part in tree.this.expressions if isinstance(part, exp.ColumnDef)]
    name = metadata.name_of(tree.this.this, ctx)
    metadata.check_new_table(ctx, name)
    translation = translate_query(cast_to(definitions, ddl._query_of(tree.expression)), ctx)
    required = [definition.name for definition in definitions if is_required(definition)]
    properties = ddl.table_properties(tree, [definition.name for definition in definitions])
    replace = "OR REPLACE " if tree.args.get("replace") else ""
    table = qualified(name.project, name.dataset, name.table)

    def run(c: ExecContext) -> Result:
        draft = qualified(f"draft_{uuid.uuid4().hex}")
        try:
            c.run_sql(f"CREATE TEMP TABLE {draft} AS {translation.sql}", returns_rows=False)
            for column in required:
                found = c.run_sql(
                    f"SELECT 1 FROM {draft} WHERE {qualified(column)} IS NULL LIMIT 1"
                )
                if found.rows:
                    message = f"Required field {column} cannot be null"
                    raise CrucibleError(ErrorKind.RUNTIME, message)
            c.run_sql(f"CREATE {replace}TABLE {table} AS SELECT * FROM {draft}", returns_rows=False)
            for column in required:
                alter = f"ALTER TABLE {table} ALTER COLUMN {qualified(column)} SET NOT NULL"
                c.run_sql(alter, returns_rows=False)
        except CrucibleError as fault:
            raise errors.reword(fault) from fault
        finally:
            c.run_sql(f"DROP TABLE IF EXISTS {draft}", returns_rows=False)
        c.catalog.set_properties(name.project, name.dataset, name.table, properties)
        return Result("CREATE_TABLE_AS_SELECT")

    return CommandPlan(run, "CREATE_TABLE_AS_SELECT")


def is_required(definition: exp.ColumnDef) -> bool:
    """Tell whether a column is NOT NULL."""
    constraints = definition.args.get("constraints") or []
    return any(isinstance(c.args.get("kind"), exp.NotNullColumnConstraint) for c in constraints)


def cast_to(definitions: list[exp.ColumnDef], query: exp.Expr) -> exp.Expr:
    """Return a query whose columns have the types and names that the table states, by place."""
    names = query.named_selects if isinstance(query, exp.Query) else []
    if "*" in names or len(names) != len(definitions):
        return query
    columns = [
        exp.alias_(
            exp.Cast(this=exp.column(name), to=definition.args["kind"].copy()), definition.name
        )
        for name, definition in zip(names, definitions, strict=True)
    ]
    return exp.select(*columns).from_(
        exp.Subquery(this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier("contracted")))
    )


def aliased(table: exp.Table, ctx: ExecContext) -> tuple[TableInfo, str]:
    """Return the table that a statement changes and the name by which it speaks of it."""
    info = metadata.find_table(ctx, metadata.name_of(table, ctx))
    return info, table.alias or info.name


def delete(tree: exp.Delete, ctx: ExecContext, prepare: Callable[..., Any]) -> Plan:
    """Plan DELETE FROM table WHERE condition."""
    info, alias = aliased(tree.this, ctx)
    (condition,) = translated(tree.this, alias, [tree.args["where"].this], None, ctx, prepare)
    target = f"{full_name(info)} AS {qualified(alias)}"
    return command("DELETE", f"DELETE FROM {target} WHERE {generate(condition)}")


def update(tree: exp.Update, ctx: ExecContext, prepare: Callable[..., Any]) -> Plan:
    """Plan UPDATE table SET column = value FROM others WHERE condition."""
    info, alias = aliased(tree.this, ctx)
    kinds = {c.name.lower(): (c.name, types.parse(types.type_name(c.type))) for c in info.columns}
    wanted = [tree.args["where"].this, *(assignment.expression for assignment in tree.expressions)]
    others = tree.args.get("from_")
    condition, *values = translated(tree.this, alias, wanted, others, ctx, prepare)
    parts: list[str] = []
    for assignment, value in zip(tree.expressions, values, strict=True):
        column, kind = kinds[assignment.this.name.lower()]
        parts.append(f"{qualified(column)} = {generate(write_value(value, kind, column))}")
    source = f" FROM {generate(others.this)}" if others else ""
    target = f"{full_name(info)} AS {qualified(alias)}"
    sql = f"UPDATE {target} SET {', '.join(parts)}{source} WHERE {generate(condition)}"
    return command("UPDATE", sql)


def translated(
    table: exp.Table,
    alias: str,
    expressions: list[exp.Expr],
    others: exp.From | None,
    ctx: ExecContext,
    prepare: Callable[..., Any],
) -> list[exp.Expr]:
    """Translate expressions over a table, and others joined to it, as the columns of one query."""
    source = table.copy()
    source.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    columns = [exp.alias_(e.copy(), f"part_{number}") for number, e in enumerate(expressions)]
    query = exp.select(*columns).from_(source)
    if others:
        query = query.join(others.this.copy(), join_type="cross")
    (select,) = outer_selects(prepare(query, ctx).query)
    if others:
        others.set("this", select.args["joins"][0].this.copy())
    return [column.unalias() for column in select.expressions]


def drop_schema(tree: exp.Drop) -> Plan:
    """Plan DROP SCHEMA: an error where it is not empty, unless CASCADE is said."""
    parts = [part.name for part in tree.args["tables"][0].parts]

    def run(ctx: ExecContext) -> Result:
        project = parts[-2] if len(parts) > 1 else str(ctx.session.default_catalog)
        dataset = parts[-1]
        if dataset in ctx.catalog.schemas(project):
            ctx.catalog.drop_schema(project, dataset, cascade=bool(tree.args.get("cascade")))
        elif not tree.args.get("exists"):
            raise errors.dataset_not_found(project, dataset)
        return Result("DROP_SCHEMA")

    return CommandPlan(run, "DROP_SCHEMA")
