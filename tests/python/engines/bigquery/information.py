"""INFORMATION_SCHEMA as a query of constants: what the emulator knows of a dataset now."""

from __future__ import annotations

from collections.abc import Iterator

from crucible.dialects.bigquery import types
from crucible.engine import CrucibleUnsupportedError, ExecContext
from schema import Columns, Path
from sqlglot import exp

WORD = "INFORMATION_SCHEMA"
TEXT = exp.DataType.build("STRING", dialect="bigquery")
NUMBER = exp.DataType.build("INT64", dialect="bigquery")
VIEWS: dict[str, Columns] = {
    "SCHEMATA": (("catalog_name", TEXT), ("schema_name", TEXT)),
    "TABLES": tuple(
        (name, TEXT) for name in ("table_catalog", "table_schema", "table_name", "table_type")
    ),
    "COLUMNS": (
        *((name, TEXT) for name in ("table_catalog", "table_schema", "table_name", "column_name")),
        ("ordinal_position", NUMBER),
        ("data_type", TEXT),
    ),
}


def view_of(path: Path) -> str | None:
    """Return which view of the information schema a path names, or None where it names none."""
    words = ".".join(path).upper().split(".")
    return words[words.index(WORD) + 1] if WORD in words[:-1] else None


def columns_of(path: Path) -> Columns | None:
    """Return the columns of a view of the information schema, None where it is not known here."""
    return VIEWS.get(view_of(path) or "")


def without_views(query: exp.Expr, ctx: ExecContext) -> exp.Expr:
    """Return a query in which the views of the information schema are subqueries of constants.

    Raises CrucibleUnsupportedError for views that are not known here.
    """
    for table in list(query.find_all(exp.Table)):
        path = tuple(part.name for part in table.parts)
        view = view_of(path)
        if view is None:
            continue
        if view not in VIEWS:
            raise CrucibleUnsupportedError(f"{WORD}.{view}")
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(view.lower()))
        table.replace(exp.Subquery(this=constants(view, path, ctx), alias=alias.copy()))
    return query


def constants(view: str, path: Path, ctx: ExecContext) -> exp.Query:
    """Return a query of constants with the rows of a view."""
    before = ".".join(path).split(".")
    before = before[: [word.upper() for word in before].index(WORD)]
    project = before[-2] if len(before) > 1 else str(ctx.session.default_catalog)
    dataset = before[-1] if before else str(ctx.session.default_schema)
    columns = VIEWS[view]
    selects = [
        exp.select(
            *(
                exp.alias_(exp.convert(value), name)
                for (name, _), value in zip(columns, row, strict=True)
            )
        )
        for row in rows(view, project, dataset, ctx)
    ]
    typed = (exp.alias_(exp.Cast(this=exp.Null(), to=kind.copy()), name) for name, kind in columns)
    query: exp.Query = (
        exp.select(*typed)
        .from_(
            exp.Subquery(
                this=exp.select(exp.alias_(exp.convert(1), "one")),
                alias=exp.TableAlias(this=exp.to_identifier("nothing")),
            )
        )
        .where(exp.false())
    )
    for select in selects:
        query = exp.union(query, select, distinct=False)
    return query


def rows(
    view: str, project: str, dataset: str, ctx: ExecContext
) -> Iterator[tuple[str | int, ...]]:
    """Yield the rows of a view."""
    if view == "SCHEMATA":
        for name in ctx.catalog.schemas(project):
            yield project, name
        return
    for table in ctx.catalog.tables(project, dataset):
        if view == "TABLES":
            kind = "VIEW" if table.kind == "view" else "BASE TABLE"
            yield project, table.schema, table.name, kind
        else:
            for place, column in enumerate(table.columns):
                kind = types.type_name(column.type)
                yield project, table.schema, table.name, column.name, place + 1, kind
