"""Reads what `customer360 new-source` looks at: rows of a file or of a table, and what is known.

Values stay in this process. Of a table of a warehouse they come through one macro, during which dbt
writes no log file.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from customer360.column_facts import Facts, dialled, is_opaque, iso_day
from customer360.config import RELATION_PART, Instance
from customer360.contracts import Contract
from customer360.csvscan import read_header
from customer360.errors import ConfigError
from customer360.operations import DbtWarehouse, OperationFailed
from customer360.paths import Project
from customer360.published import published_database
from customer360.rawfiles import check_instance, relation_sql, sql_name
from customer360.source_design import SourceName

ROWS_READ = 10_000
DELIMITERS = (",", ";", "\t", "|")
LINKS = "customer360_identity_links"


@dataclass(frozen=True)
class RawSample:
    """The columns and first rows of a raw table; `place` is where an instance says it is."""

    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    row_count: int | None
    label: str
    place: Mapping[str, str]
    is_file: bool
    unread: tuple[str, ...] = ()
    # What DuckDB reads the whole of a file by.
    sql: str = ""


# --- a file ---------------------------------------------------------------------------------------


def empty_contract(name: SourceName) -> Contract:
    """Return the contract as it is before its columns are known."""
    return Contract(name.source, name.entity, "", {}, None)


def find_delimiter(path: Path) -> str:
    """Return the character that parts most columns of the header; a comma where none does."""
    best, most = ",", 1
    for delimiter in DELIMITERS:
        columns = read_header(path, delimiter) or []
        if len(columns) > most:
            best, most = delimiter, len(columns)
    return best


def first_csv(folder: Path, file: str) -> Path | None:
    """Return the first CSV file that a path, folder or pattern names."""
    path = folder / file
    if path.is_dir():
        found = sorted(entry for entry in path.iterdir() if entry.suffix.lower() == ".csv")
    elif path.is_file():
        found = [path]
    else:
        found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    return next((entry for entry in found if entry.suffix.lower() != ".parquet"), None)


def read_file(name: SourceName, folder: Path, file: str, delimiter: str | None) -> RawSample:
    """Check a file, a folder or a pattern as a build does, and read its first rows.

    Raises ConfigError for what a build would refuse, and for files without rows.
    """
    csv_file = first_csv(folder, file)
    mark = delimiter or (find_delimiter(csv_file) if csv_file else ",")
    instance = Instance(
        contract=empty_contract(name),
        name=name.source,
        file=file,
        relation=None,
        columns={},
        delimiter=mark,
        allow_empty=True,
    )
    with duckdb.connect() as connection:
        table = check_instance(instance, folder, connection)
        count = sum(each.row_count for each in table.files)
        if not count:
            raise ConfigError(
                f"'{file}' has no rows; name a file with rows, so that there is something to look "
                "at."
            )
        found = connection.execute(f"select * from {relation_sql(table)} limit {ROWS_READ}")
        names = tuple(str(column[0]) for column in found.description or ())
        rows = tuple(tuple(row) for row in found.fetchall())
    place = {"file": file}
    if csv_file is not None and mark != ",":
        place["delimiter"] = mark
    sql = relation_sql(table)
    return RawSample(names, rows, count, Path(file).name, place, is_file=True, sql=sql)


def different_share(sample: RawSample, name: str) -> float:
    """Return the share of the filled values of a column that are the first of their kind.

    Of a whole file; of a table, 1, because that would read all of it on the warehouse.
    """
    if not sample.sql or sample.row_count is None or sample.row_count <= len(sample.rows):
        return 1.0
    column = sql_name(name)
    with duckdb.connect() as connection:
        row = connection.execute(
            f"select count(distinct {column}), count({column}) from {sample.sql}"
        ).fetchone()
    return row[0] / row[1] if row and row[1] else 0.0


# --- a table --------------------------------------------------------------------------------------


def read_relation(project: Project, target: str, relation: str) -> RawSample:
    """Read the first rows of a table, cast to text by the engine.

    Raises ConfigError where there is no such table, or no row in it.
    """
    parts = relation.split(".")
    if len(parts) not in (2, 3) or not all(RELATION_PART.fullmatch(part) for part in parts):
        raise ConfigError(
            f"'{relation}' is not the name of a table; write it as schema.table or "
            "database.schema.table."
        )
    warehouse = DbtWarehouse(project, target, {})
    try:
        answer = warehouse.call_unlogged("sample_rows", parts=parts, row_limit=ROWS_READ)
    except OperationFailed as failed:
        raise ConfigError(
            f"the table '{relation}' cannot be read at the target '{target}' "
            f"({str(failed).rstrip('.')}); correct the name or the grants."
        ) from failed
    if not answer["rows"]:
        raise ConfigError(
            f"the table '{relation}' has no rows; name one with rows, so that there is something "
            "to look at."
        )
    return RawSample(
        names=tuple(answer["columns"]),
        rows=tuple(tuple(row) for row in answer["rows"]),
        row_count=None,
        label=relation,
        place={"relation": relation},
        is_file=False,
        unread=tuple(answer["unread"]),
    )


# --- what is known --------------------------------------------------------------------------------


def known_countries(root: Path) -> frozenset[str]:
    """Return the words for countries that the project's seed knows; none without the seed."""
    path = root / "seeds" / "reference" / "country_names.csv"
    if not path.is_file():
        return frozenset()
    with path.open(encoding="utf-8", newline="") as stream:
        return frozenset(row["country_name"] for row in csv.DictReader(stream))


def comparable(facts: Facts, counts: Counter[str]) -> list[tuple[str, str]]:
    """Return the values worth looking up, as (type or '' for an id, value).

    Numbers are not: customer 103 of one system is not customer 103 of another.
    """
    if facts.share("email") >= 0.6:
        return [("email", value.lower()) for value in counts]
    if facts.share("sure_phone") >= 0.6:
        return [("phone", f"+{number}") for value in counts if (number := full_number(value))]
    if facts.share("opaque") >= 0.9:
        return [("", value) for value in counts if is_opaque(value) and not iso_day(value)]
    return []


def full_number(value: str) -> str | None:
    """Return the digits of a phone number that names its country."""
    digits = dialled(value)
    if digits.startswith("+"):
        return digits[1:]
    return digits[2:] if digits.startswith("00") else None


def with_known(
    project: Project, all_facts: Sequence[Facts], all_counts: Sequence[Counter[str]]
) -> list[Facts]:
    """Add to the facts which share of the values the published customers carry, where any."""
    wanted = {
        facts.place: comparable(facts, counts)
        for facts, counts in zip(all_facts, all_counts, strict=True)
    }
    wanted = {place: values for place, values in wanted.items() if values}
    if not wanted or not project.published_file.exists():
        return list(all_facts)
    try:
        with published_database(project) as connection:
            found = {place: best_overlap(connection, each) for place, each in wanted.items()}
    except ConfigError:
        # What is published helps a guess along; without it the guess is made all the same.
        return list(all_facts)
    return [replace(facts, overlap=found.get(facts.place)) for facts in all_facts]


def best_overlap(
    connection: duckdb.DuckDBPyConnection, values: Sequence[tuple[str, str]]
) -> tuple[str, str, float] | None:
    """Return the type, the namespace and the share of the values that are known as that type."""
    connection.execute("create or replace temp table looked_up (type varchar, value varchar)")
    connection.execute(
        "insert into looked_up select unnest(?::varchar[]), unnest(?::varchar[])",
        [[kind for kind, _ in values], [value for _, value in values]],
    )
    row = connection.execute(
        f"""
        with known as (
            select distinct
                identifier_type,
                identifier_value,
                split_part(identifier_value, ':', 1) as namespace,
                substr(identifier_value, strpos(identifier_value, ':') + 1) as bare_value
            from published.customer360.{LINKS}
        )
        select
            known.identifier_type,
            case when looked_up.type = '' then known.namespace else '' end as namespace,
            count(distinct looked_up.value) as found
        from looked_up
        inner join known
            on
                (
                    looked_up.type = known.identifier_type
                    and looked_up.value = known.identifier_value
                )
                or (
                    looked_up.type = ''
                    and known.identifier_type not in ('email', 'phone')
                    and looked_up.value = known.bare_value
                )
        group by 1, 2
        order by found desc, 1, 2
        limit 1
        """
    ).fetchone()
    return (str(row[0]), str(row[1]), row[2] / len(values)) if row else None
