"""BigQuery's GoogleSQL: features of the language, type aliases, functions it has besides.

The analyzer knows more than BigQuery does (it serves Spanner, F1 and others), so the features that
BigQuery has not announced are switched off, and it runs in the mode of the products sold outside
Google. Where it was not clear whether BigQuery has a feature it is off: portable SQL lives without.
"""

from __future__ import annotations

from collections.abc import Iterable

from zetasql.wasi._pb2.zetasql.proto import function_pb2, options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import function_pb2 as function_enums
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public
from zetasql.wasi._pb2.zetasql.public import type_pb2

NOT_IN_BIGQUERY = (
    "ADDITIONAL_DATE_TIME_FUNCTIONS",
    "AGGREGATE_FILTERING",
    "ALIASES_FOR_STRING_AND_DATE_FUNCTIONS",
    "ALLOW_SLASH_PATHS",
    "ARRAY_AGGREGATION_FUNCTIONS",
    "ARRAY_EQUALITY",
    "ARRAY_FIND_FUNCTIONS",
    "ARRAY_GREATEST_LEAST",
    "ARRAY_ORDERING",
    "ARRAY_ZIP",
    "BRACED_PROTO_CONSTRUCTORS",
    "CAST_DIFFERENT_ARRAY_TYPES",
    "CORRELATED_REFS_IN_NESTED_DML",
    "DML_RETURNING",
    "ENABLE_MEASURES",
    "EXPERIMENTAL_MODULES",
    "FOR_UPDATE",
    "GENERATED_COLUMNS",
    "GROUP_BY_GRAPH_PATH",
    "IDENTITY_COLUMNS",
    "IMPLICIT_COERCION_STRING_LITERAL_TO_BYTES",
    "INLINE_LAMBDA_ARGUMENT",
    "INSERT_ON_CONFLICT_CLAUSE",
    "JSON_TYPE_COMPARISON",
    "LATERAL_COLUMN_REFERENCES",
    "LATERAL_JOIN",
    "LIMIT_ALL",
    "LIMIT_OFFSET_EXPRESSIONS",
    "LITERAL_CONCATENATION",
    "MAP_TYPE",
    "MULTILEVEL_AGGREGATION",
    "MULTIWAY_UNNEST",
    "NESTED_UPDATE_DELETE_WITH_OFFSET",
    "NULLIFZERO_ZEROIFNULL",
    "PI_FUNCTIONS",
    "PROTO_MAPS",
    "RADIANS_DEGREES_FUNCTIONS",
    "REPEAT_MAP",
    "ROW_TYPE",
    "STRUCT_BRACED_CONSTRUCTORS",
    "STRUCT_POSITIONAL_ACCESSOR",
    "TIMESTAMP_NANOS",
    "TIMESTAMP_PICOS",
    "TTL",
    "UPDATE_CONSTRUCTOR",
    "UUID_TYPE",
)
INTEGER_ALIASES = ("INT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "BYTEINT")

Enums = function_enums.FunctionEnums
ANY = (function_enums.ARG_TYPE_ANY_1, function_enums.ARG_TYPE_ANY_2)


def language(features: Iterable[int]) -> options_pb2.LanguageOptionsProto:
    """Return the language as BigQuery has it. features: all that the analyzer has released."""
    names = {number: public.LanguageFeature.Name(number) for number in features}
    kept = [number for number, name in names.items() if feature_word(name) not in NOT_IN_BIGQUERY]
    return options_pb2.LanguageOptionsProto(
        enabled_language_features=kept,
        product_mode=public.PRODUCT_EXTERNAL,
        name_resolution_mode=public.NAME_RESOLUTION_DEFAULT,
    )


def feature_word(name: str) -> str:
    """Return a feature's name without prefix and version: FEATURE_V_1_4_X and FEATURE_X are X."""
    words = name.removeprefix("FEATURE_").split("_")
    return "_".join(words[3:] if words[0] == "V" and words[1].isdigit() else words)


def base_catalog(
    language_options: options_pb2.LanguageOptionsProto,
) -> simple_catalog_pb2.SimpleCatalogProto:
    """Return a catalog without tables: builtin functions, BigQuery's own, aliases of INT64."""
    catalog = simple_catalog_pb2.SimpleCatalogProto(name="bigquery")
    catalog.builtin_function_options.language_options.CopyFrom(language_options)
    for alias in INTEGER_ALIASES:
        named = catalog.named_type.add()
        named.name = alias
        named.type.type_kind = type_pb2.TYPE_INT64
    for name in ("max_by", "min_by"):
        catalog.custom_function.append(value_at_extreme(name))
    return catalog


def value_at_extreme(name: str) -> function_pb2.FunctionProto:
    """Describe max_by or min_by: of any value and an orderable one; gives the former."""
    function = function_pb2.FunctionProto(name_path=[name], group="BigQuery", mode=Enums.AGGREGATE)
    function.options.supports_over_clause = False
    signature = function.signature.add()
    signature.return_type.kind = ANY[0]
    signature.return_type.num_occurrences = 1
    for kind in ANY:
        argument = signature.argument.add()
        argument.kind = kind
        argument.num_occurrences = 1
        argument.options.cardinality = Enums.REQUIRED
    signature.argument[1].options.must_support_ordering = True
    return function
