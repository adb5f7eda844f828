"""Reads the user's YAML of dbt vars and says in one sentence what is wrong with it.

Business rules (the identity policy, the source entries) are judged by the project's own macro at
the start of a dbt run; here is only what must be known before dbt parses.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from customer360.contracts import Contract, load_contracts
from customer360.errors import ConfigError
from customer360.paths import PROJECT_FILE, Project

INSTANCE_KEYS = (
    "name",
    "file",
    "relation",
    "columns",
    "namespaces",
    "delimiter",
    "allow_empty",
    "load",
    "changed_files",
    "layout",
)
# How the files of an instance become its table; the first one is the default.
LOADS = ("overwrite", "append")
CHANGED_FILES = ("replace", "keep", "stop")
# How the columns of a raw table are laid out; the first one is the default.
LAYOUTS = ("flat", "nested")
# What a row tells of the file it came from. Of files this project fills them itself.
FILE_COLUMNS = ("source_file", "file_loaded_at")
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
RELATION_PART = re.compile(r"[^\s.\"'`;(){}]+")


@dataclass(frozen=True)
class Instance:
    """One raw table that fills a contract.

    `columns` maps contract columns to a raw column name, `{"expression": SQL}`, `{"value": X}` or
    None. It is itself None when left out: then every contract column is read by its own name or by
    an alias (aliases.py), which `is_by_name` says once it is known. `load` is one of LOADS,
    `changed_files` one of CHANGED_FILES, `layout` one of LAYOUTS.
    """

    contract: Contract
    name: str
    file: str | None
    relation: tuple[str, ...] | None
    columns: Mapping[str, str | Mapping[str, Any] | None] | None
    namespaces: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    allow_empty: bool = False
    load: str = LOADS[0]
    changed_files: str = CHANGED_FILES[0]
    layout: str = LAYOUTS[0]
    is_by_name: bool = False

    @property
    def where(self) -> str:
        """How messages name the instance."""
        return f"sources > {self.contract.name} > {self.name}"

    @property
    def raw_columns(self) -> dict[str, str]:
        """Contract column to raw column, for those read as they are."""
        if self.columns is None and self.layout == "nested":
            return {}
        if self.columns is None:
            return {name: name for name in self.contract.columns}
        return {name: raw for name, raw in self.columns.items() if isinstance(raw, str)}

    @property
    def nested_columns(self) -> tuple[str, ...]:
        """The raw columns of a nested layout, besides those of `raw_columns`."""
        return self.contract.nested_columns if self.layout == "nested" else ()

    @property
    def expressions(self) -> list[str]:
        """The SQL of the contract columns that are worked out from raw ones."""
        given = (self.columns or {}).values()
        return [
            str(each["expression"])
            for each in given
            if isinstance(each, Mapping) and "expression" in each
        ]


@dataclass(frozen=True)
class BuildConfig:
    """A configuration found to be usable; `variables` is what dbt is given as `--vars`."""

    vars_file: Path | None
    variables: Mapping[str, Any]
    is_sample: bool
    as_of: str
    instances: tuple[Instance, ...]

    @property
    def vars_hash(self) -> str:
        """A hash of everything the user set except `as_of`, which moves by itself."""
        fixed = {key: value for key, value in self.variables.items() if key != "as_of"}
        text = json.dumps(fixed, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


class UniqueKeyLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error: the first one would be lost silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Read a mapping; raises ConstructorError with the place of a key that stands twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint with the most similar known name, or the known names when none is similar."""
    names = sorted(known)
    match = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean '{match[0]}'?" if match else f"known are: {', '.join(names)}."


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; raises ConfigError with the line that cannot be read."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)
    except FileNotFoundError as error:
        raise ConfigError(f"the file '{path}' does not exist; correct --vars (VARS=).") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the file '{path}' is not UTF-8 text; save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError(
            f"the file '{path}' cannot be read ({error.strerror}); correct --vars (VARS=)."
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(
            f"the file '{path}' is not valid YAML{line} ({error.problem}); correct it."
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the file '{path}' is not valid YAML; correct it.") from error


def read_vars(path: Path, known: Iterable[str]) -> dict[str, Any]:
    """Read the user's vars; raises ConfigError for anything but a mapping of known vars."""
    content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(
            f"the file '{path}' must be a YAML mapping of vars, such as "
            "'include_sample_data: false', but is a "
            f"{kind_of(content)}; correct it."
        )
    names = set(known)
    for name in content:
        if name not in names:
            raise ConfigError(
                f"'{name}' in '{path.name}' is not a setting of this project; "
                f"{nearest(str(name), names)}"
            )
    return content


def project_vars(root: Path) -> dict[str, Any]:
    """Read the vars of dbt_project.yml, those under the project's own name included."""
    content = read_yaml(root / PROJECT_FILE) or {}
    variables = dict(content.get("vars") or {})
    variables.update(variables.pop(content.get("name"), None) or {})
    return variables


def kind_of(value: Any) -> str:
    """Tell what a YAML value is, in the words of YAML."""
    if isinstance(value, dict):
        return "mapping"
    if isinstance(value, list):
        return "list"
    return "empty value" if value is None else "single value"


def parse_as_of(value: Any, setting: str) -> str:
    """Return a UTC timestamp as 'YYYY-MM-DD HH:MM:SS'; text with an offset is moved to UTC."""
    moment: dt.datetime
    if isinstance(value, dt.datetime):
        moment = value
    elif isinstance(value, dt.date):
        moment = dt.datetime(value.year, value.month, value.day)
    else:
        try:
            moment = dt.datetime.fromisoformat(str(value).strip())
        except ValueError as error:
            raise ConfigError(
                f"{setting} is not a timestamp; write it as 'YYYY-MM-DD HH:MM:SS' in UTC."
            ) from error
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ")


def utc_now() -> dt.datetime:
    """Return the present, UTC, without zone and fractions of seconds."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)


def decide_as_of(settings: Mapping[str, Any], is_sample: bool, now: dt.datetime) -> str:
    """Return the moment the marts speak of: as set, else the sample's, else the run's start."""
    if settings.get("as_of") is not None:
        return parse_as_of(settings["as_of"], "as_of")
    if is_sample and settings.get("sample_as_of") is not None:
        return parse_as_of(settings["sample_as_of"], "sample_as_of")
    return now.isoformat(sep=" ")


def check_keys(entry: Mapping[Any, Any], where: str) -> None:
    """Refuse a key that no instance has."""
    for key in entry:
        if key not in INSTANCE_KEYS:
            raise ConfigError(
                f"{where}: '{key}' is not a setting of an instance; "
                f"{nearest(str(key), INSTANCE_KEYS)}"
            )


def read_name(entry: Mapping[Any, Any], where: str, taken: set[str]) -> str:
    """Return the name of an instance, which becomes its source_system."""
    name = entry.get("name")
    if name is None:
        raise ConfigError(
            f"{where}: an instance has no 'name'; give each one a name such as 'name: shop'."
        )
    if not isinstance(name, str) or not NAME_PATTERN.fullmatch(name):
        raise ConfigError(
            f"{where}: the name '{name}' is not usable; write it in lower-case letters, digits "
            "and underscores, starting with a letter."
        )
    if name in taken:
        raise ConfigError(
            f"{where}: two instances have the name '{name}'; rename one of them, "
            "names are part of every record key."
        )
    taken.add(name)
    return name


def read_place(entry: Mapping[Any, Any], where: str) -> tuple[str | None, tuple[str, ...] | None]:
    """Return the file or the relation of an instance, exactly one of them."""
    file, relation = entry.get("file"), entry.get("relation")
    if (file is None) == (relation is None):
        found = "neither 'file' nor" if file is None else "both 'file' and"
        raise ConfigError(
            f"{where}: has {found} 'relation'; set exactly one of them: "
            "'file' for CSV or Parquet, 'relation' for a table."
        )
    if file is not None:
        if not isinstance(file, str) or not file.strip():
            raise ConfigError(
                f"{where} > file: must be the path of a file or folder, but is a "
                f"{kind_of(file)}; write one path or pattern."
            )
        return file, None
    parts = tuple(str(relation).split("."))
    usable = isinstance(relation, str) and len(parts) in (2, 3)
    if not usable or not all(RELATION_PART.fullmatch(part) for part in parts):
        raise ConfigError(
            f"{where} > relation: '{relation}' is not the name of a table; "
            "write it as schema.table or database.schema.table."
        )
    return None, parts


def read_mapping(value: Any, column: str, where: str) -> str | dict[str, Any] | None:
    """Tell what fills one contract column."""
    if value is None:
        return None
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, dict) and len(value) == 1:
        key, content = next(iter(value.items()))
        if key == "expression" and isinstance(content, str) and content.strip():
            return {"expression": content}
        if key == "value" and content is not None and not isinstance(content, dict | list):
            return {"value": content}
    raise ConfigError(
        f"{where} > columns > {column}: must be the name of a raw column, {{expression: SQL}}, "
        f"{{value: constant}} or null, but is another {kind_of(value)}; correct it."
    )


def read_columns(
    entry: Mapping[Any, Any], contract: Contract, where: str
) -> dict[str, str | Mapping[str, Any] | None] | None:
    """Return the column mapping of an instance; None when it has none."""
    if "columns" not in entry:
        return None
    given = entry["columns"]
    if not isinstance(given, dict):
        raise ConfigError(
            f"{where} > columns: must be a mapping of contract column to raw column, but is a "
            f"{kind_of(given)}; write lines such as 'email: email_address'."
        )
    columns: dict[str, str | Mapping[str, Any] | None] = {}
    for column, value in given.items():
        if column in FILE_COLUMNS:
            check_file_column(entry, column, value, where)
            continue
        if column not in contract.columns:
            raise ConfigError(
                f"{where} > columns: '{column}' is not a column of the contract {contract.name}; "
                f"{nearest(str(column), contract.columns)}"
            )
        columns[column] = read_mapping(value, column, where)
    for column in contract.required if entry.get("layout") != "nested" else ():
        if columns.get(column) is None:
            raise ConfigError(
                f"{where} > columns: the required column '{column}' of the contract "
                f"{contract.name} is not mapped; add a line "
                f"'{column}: <column of your table>'."
            )
    return columns


def check_file_column(entry: Mapping[Any, Any], column: str, value: Any, where: str) -> None:
    """Judge what says of a table's rows which file they came from; raises ConfigError."""
    if entry.get("file") is not None:
        raise ConfigError(
            f"{where} > columns > {column}: is filled by the build when rows are read from files; "
            "remove the line."
        )
    read_mapping(value, column, where)


def read_load(entry: Mapping[Any, Any], where: str) -> tuple[str, str]:
    """Return how files become a table, and what happens with those that changed."""
    for key, known in (("load", LOADS), ("changed_files", CHANGED_FILES)):
        value = entry.get(key, known[0])
        if value not in known:
            raise ConfigError(
                f"{where} > {key}: must be one of {', '.join(known)}, but is '{value}'; correct it."
            )
    load = entry.get("load", LOADS[0])
    if "load" in entry and entry.get("file") is None:
        raise ConfigError(
            f"{where} > load: says how files become a table, and this instance is a table already; "
            "remove it."
        )
    if "changed_files" in entry and load != "append":
        raise ConfigError(
            f"{where} > changed_files: goes with 'load: append' alone, because otherwise the table "
            "is what the files hold now; remove it or set 'load: append'."
        )
    return load, entry.get("changed_files", CHANGED_FILES[0])


def read_layout(entry: Mapping[Any, Any], contract: Contract, where: str) -> str:
    """Return how the columns of a raw table are laid out."""
    layout = entry.get("layout", LAYOUTS[0])
    if layout not in LAYOUTS:
        raise ConfigError(
            f"{where} > layout: must be one of {', '.join(LAYOUTS)}, but is '{layout}'; correct it."
        )
    if layout == "nested" and not contract.nested_columns:
        raise ConfigError(
            f"{where} > layout: the contract {contract.name} knows no nested layout; remove it and "
            "map the columns."
        )
    return str(layout)


def read_namespaces(entry: Mapping[Any, Any], contract: Contract, where: str) -> dict[str, str]:
    """Return the namespaces of the ids of an instance, where they are not its own."""
    given = entry.get("namespaces")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ConfigError(
            f"{where} > namespaces: must be a mapping of id column to namespace, but is a "
            f"{kind_of(given)}; write lines such as 'loyalty_id: loyalty'."
        )
    namespaced = [column.name for column in contract.columns.values() if column.namespaced]
    for column, namespace in given.items():
        if column not in namespaced:
            raise ConfigError(
                f"{where} > namespaces: '{column}' is not an id column of the contract "
                f"{contract.name}; {nearest(str(column), namespaced)}"
            )
        if not isinstance(namespace, str) or not NAME_PATTERN.fullmatch(namespace):
            raise ConfigError(
                f"{where} > namespaces > {column}: '{namespace}' is not usable; write it in "
                "lower-case letters, digits and underscores, starting with a letter."
            )
    return dict(given)


def read_options(entry: Mapping[Any, Any], where: str) -> tuple[str, bool]:
    """Return the delimiter and whether an empty file is allowed."""
    delimiter = entry.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter.encode()) != 1 or delimiter in "\"'\r\n":
        raise ConfigError(
            f"{where} > delimiter: must be one character; write for example "
            'delimiter: ";" or delimiter: "\\t".'
        )
    allow_empty = entry.get("allow_empty", False)
    if not isinstance(allow_empty, bool):
        raise ConfigError(f"{where} > allow_empty: must be true or false; correct it.")
    return delimiter, allow_empty


def read_instance(entry: Any, contract: Contract, taken: set[str]) -> Instance:
    """One instance of a contract; raises ConfigError with the first fault found."""
    where = f"sources > {contract.name}"
    if not isinstance(entry, dict):
        raise ConfigError(
            f"{where}: each instance must be a mapping with a name, but one is a "
            f"{kind_of(entry)}; write '- name: ...' with its settings below."
        )
    name = read_name(entry, where, taken)
    where = f"{where} > {name}"
    check_keys(entry, where)
    file, relation = read_place(entry, where)
    columns = read_columns(entry, contract, where)
    delimiter, allow_empty = read_options(entry, where)
    load, changed_files = read_load(entry, where)
    return Instance(
        contract=contract,
        name=name,
        file=file,
        relation=relation,
        columns=columns,
        namespaces=read_namespaces(entry, contract, where),
        delimiter=delimiter,
        allow_empty=allow_empty,
        load=load,
        changed_files=changed_files,
        layout=read_layout(entry, contract, where),
    )


def read_sources(sources: Any, contracts: Mapping[str, Contract]) -> tuple[Instance, ...]:
    """All instances of the setting `sources`."""
    if not isinstance(sources, dict):
        raise ConfigError(
            f"sources: must be a mapping of contract to a list of instances, but is a "
            f"{kind_of(sources)}; write 'sources:' and below it for example 'crm.contacts:'."
        )
    instances: list[Instance] = []
    for name, entries in sources.items():
        contract = contracts.get(name)
        if contract is None:
            raise ConfigError(
                f"sources: '{name}' is not a contract of this project; "
                f"{nearest(str(name), contracts)}"
            )
        if not isinstance(entries, list):
            raise ConfigError(
                f"sources > {name}: must be a list of instances, but is a {kind_of(entries)}; "
                "start each instance with '- name: ...'."
            )
        taken: set[str] = set()
        instances.extend(read_instance(entry, contract, taken) for entry in entries)
    return tuple(instances)


def is_sample_build(settings: Mapping[str, Any]) -> bool:
    """Whether the sample is built; refuses a mixture of the sample and own sources."""
    is_sample = settings.get("include_sample_data", True)
    if not isinstance(is_sample, bool):
        raise ConfigError("include_sample_data: must be true or false; correct it.")
    sources = settings.get("sources")
    if is_sample and sources:
        raise ConfigError(
            "include_sample_data is true (the default) while 'sources' lists tables of your own; "
            "set 'include_sample_data: false' to build from them, or remove 'sources'."
        )
    if not is_sample and sources in (None, {}):
        raise ConfigError(
            "include_sample_data is false, but 'sources' lists no tables to build from; "
            "list your own under 'sources', or set 'include_sample_data: true'."
        )
    return is_sample


def load_config(
    project: Project,
    vars_file: Path | None,
    now: Callable[[], dt.datetime] = utc_now,
) -> BuildConfig:
    """Read and judge the whole configuration; raises ConfigError with one sentence."""
    defaults = project_vars(project.root)
    given = read_vars(vars_file, defaults) if vars_file else {}
    settings = {**defaults, **given}
    is_sample = is_sample_build(settings)
    instances: tuple[Instance, ...] = ()
    if not is_sample:
        instances = read_sources(settings["sources"], load_contracts(project.root))
    as_of = decide_as_of(settings, is_sample, now())
    return BuildConfig(
        vars_file=vars_file,
        variables={**given, "as_of": as_of},
        is_sample=is_sample,
        as_of=as_of,
        instances=instances,
    )
