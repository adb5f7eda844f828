"""Tables of the emulator as the analyzer wants them: names in catalogs, typed columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crucible.dialects.bigquery import types
from sqlglot import exp
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import type_pb2

T = exp.DType
KINDS = {
    T.BIGINT: type_pb2.TYPE_INT64,
    T.INT: type_pb2.TYPE_INT64,
    T.DOUBLE: type_pb2.TYPE_DOUBLE,
    T.FLOAT: type_pb2.TYPE_DOUBLE,
    T.BOOLEAN: type_pb2.TYPE_BOOL,
    T.TEXT: type_pb2.TYPE_STRING,
    T.VARCHAR: type_pb2.TYPE_STRING,
    T.BINARY: type_pb2.TYPE_BYTES,
    T.VARBINARY: type_pb2.TYPE_BYTES,
    T.BLOB: type_pb2.TYPE_BYTES,
    T.DATE: type_pb2.TYPE_DATE,
    T.TIMESTAMP: type_pb2.TYPE_DATETIME,
    T.DATETIME: type_pb2.TYPE_DATETIME,
    T.TIMESTAMPNTZ: type_pb2.TYPE_DATETIME,
    T.TIMESTAMPTZ: type_pb2.TYPE_TIMESTAMP,
    T.TIME: type_pb2.TYPE_TIME,
    T.JSON: type_pb2.TYPE_JSON,
    T.DECIMAL: type_pb2.TYPE_NUMERIC,
    T.BIGDECIMAL: type_pb2.TYPE_BIGNUMERIC,
    T.INTERVAL: type_pb2.TYPE_INTERVAL,
    T.NULL: type_pb2.TYPE_INT64,
}

Columns = tuple[tuple[str, exp.DataType], ...]
Path = tuple[str, ...]


class NoSuchType(Exception):
    """A column has a type that BigQuery has not."""


def analyzer_type(data_type: exp.DataType) -> type_pb2.TypeProto:
    """Return a column's type for the analyzer, nested as deep as it is. Raises NoSuchType."""
    found = type_pb2.TypeProto()
    if data_type.this == T.ARRAY:
        found.type_kind = type_pb2.TYPE_ARRAY
        found.array_type.element_type.CopyFrom(analyzer_type(data_type.expressions[0]))
    elif data_type.this == T.STRUCT:
        found.type_kind = type_pb2.TYPE_STRUCT
        found.struct_type.SetInParent()
        for part in data_type.expressions:
            field = found.struct_type.field.add()
            field.field_name = part.name if isinstance(part, exp.ColumnDef) else ""
            kind = part.args["kind"] if isinstance(part, exp.ColumnDef) else part
            field.field_type.CopyFrom(analyzer_type(kind))
    elif data_type.this in KINDS:
        found.type_kind = KINDS[data_type.this]
    else:
        raise NoSuchType(types.type_name(data_type))
    return found


def add_tables(
    catalog: simple_catalog_pb2.SimpleCatalogProto, tables: Mapping[Path, Columns]
) -> None:
    """Add tables to a catalog under the paths by which a statement names them."""
    for number, (path, columns) in enumerate(tables.items()):
        table = folder(catalog, path[:-1]).table.add()
        table.name = path[-1]
        table.serialization_id = number + 1
        for name, data_type in columns:
            column = table.column.add()
            column.name = name
            column.type.CopyFrom(analyzer_type(data_type))


def folder(
    catalog: simple_catalog_pb2.SimpleCatalogProto, path: Iterable[str]
) -> simple_catalog_pb2.SimpleCatalogProto:
    """Return the catalog inside a catalog that a path leads to, made where it is missing."""
    for name in path:
        inner = next((child for child in catalog.catalog if child.name == name), None)
        if inner is None:
            inner = catalog.catalog.add()
            inner.name = name
        catalog = inner
    return catalog
