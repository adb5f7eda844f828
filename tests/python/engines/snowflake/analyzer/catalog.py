"""What the analyzer is told about the world: language, functions, and the tables of a statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.declared import declare_all, functions, set_type
from analyzer.protocol import Service

# The numbers from which on a function of the analyzer's own is of Snowflake's dialect.
SNOWFLAKE_IDS = 100_000
TYPES = {
    "BIGINT": "NUMERIC",
    "BLOB": "BYTES",
    "BOOLEAN": "BOOL",
    "DATE": "DATE",
    "DECIMAL": "NUMERIC",
    "DOUBLE": "DOUBLE",
    "FLOAT": "DOUBLE",
    "HUGEINT": "NUMERIC",
    "INTEGER": "NUMERIC",
    "JSON": "VARIANT",
    "SMALLINT": "NUMERIC",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TINYINT": "NUMERIC",
    "UBIGINT": "NUMERIC",
    "UINTEGER": "NUMERIC",
    "VARCHAR": "STRING",
}


@dataclass(frozen=True)
class Table:
    """A table or view: the spellings by which a statement reaches it, its columns and their types.

    columns: name -> a type's name, or a TypeProto that the analyzer has given before.
    """

    paths: tuple[tuple[str, ...], ...]
    columns: Mapping[str, Any]


def type_name(duckdb_type: str) -> str:
    """Return the analyzer's name of a type of DuckDB's; what has members is an array."""
    if duckdb_type.endswith("]"):
        return "ARRAY"
    return TYPES.get(duckdb_type.split("(")[0], "VARIANT")


class World:
    """The parts of a request that are the same for every statement."""

    def __init__(self, service: Service) -> None:
        self.service = service
        protocol = service.protocol
        ask = protocol.message("local_service.LanguageOptionsRequest")(maximum_features=True)
        self.language = service.call("GetLanguageOptions", ask)
        self.language.ClearField("supported_statement_kinds")
        self.language.reserved_keywords.append("QUALIFY")
        interval = protocol.numbers("LanguageFeature")["FEATURE_INTERVAL_TYPE"]
        if interval not in self.language.enabled_language_features:
            self.language.enabled_language_features.append(interval)
        base = protocol.message("SimpleCatalogProto")(name="snowflake")
        base.builtin_function_options.language_options.CopyFrom(self.language)
        declare_all(protocol, base)
        self.base = base.SerializeToString()
        self.foreign = self.foreign_functions()

    def foreign_functions(self) -> frozenset[str]:
        """Return the names of the analyzer's functions that Snowflake does not have."""
        options = self.service.protocol.message("ZetaSQLBuiltinFunctionOptionsProto")()
        options.language_options.CopyFrom(self.language)
        known = functions().shared | set(functions().checked_as)
        names: set[str] = set()
        for function in self.service.call("GetBuiltinFunctions", options).function:
            is_own = any(made.context_id >= SNOWFLAKE_IDS for made in function.signature)
            if len(function.name_path) == 1 and not is_own:
                names |= {function.name_path[0].lower(), function.options.alias_name.lower()}
        declared = {name for kind in functions().signatures.values() for name in kind}
        return frozenset(name for name in names - known - declared if name and name[0] != "$")

    def request(self, sql: str, tables: Iterable[Table]) -> Any:
        """Return the request that asks for the analysis of one statement."""
        message = self.service.protocol.message
        request = message("local_service.AnalyzeRequest")(sql_statement=sql)
        request.options.language_options.CopyFrom(self.language)
        request.simple_catalog.ParseFromString(self.base)
        for table in tables:
            for path in table.paths:
                self.add_table(request.simple_catalog, path, table.columns)
        return request

    def add_table(self, catalog: Any, path: tuple[str, ...], columns: Mapping[str, Any]) -> None:
        """Add a table under a path; databases and schemas are catalogs in catalogs."""
        *places, name = path
        for place in places:
            inner = [made for made in catalog.catalog if made.name == place]
            catalog = inner[0] if inner else catalog.catalog.add(name=place)
        table = catalog.table.add(name=name)
        for column, kind in columns.items():
            made = table.column.add(name=column)
            if isinstance(kind, str):
                set_type(self.service.protocol, made.type, kind)
            else:
                made.type.CopyFrom(kind)
