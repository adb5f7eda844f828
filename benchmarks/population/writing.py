"""Write a made-up population with known truth as Parquet, of any size, with DuckDB alone.

What happens is told in the SQL files beside this one; chance in it is a hash of who, what for and
the seed, so that the same arguments give the same rows whatever the number of threads. People are
made in parts of a fixed number, and a part is written before the next one is begun: memory does not
grow with people.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
PEOPLE_PER_PART = 25_000
# The base is a year of 360 days; a tenth of that time comes after it, for increments.
BASE_SECONDS = 360 * 86_400
# Slice -> where it ends, in seconds after the beginning.
SLICES = {
    "base": BASE_SECONDS,
    "plus_0_1_percent": int(BASE_SECONDS * 1.001),
    "plus_1_percent": int(BASE_SECONDS * 1.01),
    "plus_10_percent": int(BASE_SECONDS * 1.1),
}
ALL_SECONDS = SLICES["plus_10_percent"]
# Table -> the system and entity of its record and event keys, and the column of its own key.
TABLES = {
    "contacts": ("crm", "contacts", "contact_id"),
    "web_events": ("web", "events", "event_id"),
    "orders": ("shop", "orders", "order_id"),
    "order_items": ("shop", "order_items", "order_item_id"),
    "sales": ("pos", "sales", "sale_id"),
    "accounts": ("loyalty", "accounts", "loyalty_id"),
}
# Lines of an order belong to whom the order belongs to.
WITHOUT_TRUTH = {"order_items"}
PARQUET = "format parquet, compression zstd, row_group_size 100000"


def write_population(
    people: int, seed: int, out: Path, *, threads: int = 2, memory_limit: str = "2GB"
) -> dict[str, int]:
    """Write folders slice/table of Parquet parts into `out`; return the rows of each table's base.

    The truth stands beside the tables: source_system, source_entity, source_record_id, person_id.
    Raises ValueError if there is nobody to write about.
    """
    if people < 1:
        raise ValueError("people must be at least 1")
    rows: dict[str, int] = {}
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "temp_directory": str(out / "tmp"),
    }
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config=config) as connection:
        connection.execute(f"set variable seed = {seed}; set variable all_seconds = {ALL_SECONDS}")
        connection.execute((HERE / "macros.sql").read_text("utf-8"))
        for part, (first, end) in enumerate(parts(people)):
            connection.execute(f"set variable first_person = {first}")
            connection.execute(f"set variable end_person = {end}")
            connection.execute((HERE / "people.sql").read_text("utf-8"))
            for table, count in write_part(connection, out, part):
                rows[table] = rows.get(table, 0) + count
        write_late_record(connection, out)
    return rows


def parts(people: int) -> Iterator[tuple[int, int]]:
    """Cut people into parts: first one and the one after the last."""
    for first in range(0, people, PEOPLE_PER_PART):
        yield first, min(first + PEOPLE_PER_PART, people)


def write_part(
    connection: duckdb.DuckDBPyConnection, out: Path, part: int
) -> Iterator[tuple[str, int]]:
    """Write what one part of the people did; give the rows of each table's base."""
    for table, (system, entity, key) in TABLES.items():
        connection.execute(
            f"create or replace temp table made as {(HERE / f'{table}.sql').read_text('utf-8')}"
        )
        begin = -1
        for name, end in SLICES.items():
            within = f"after >= {begin} and after < {end}"
            columns = f"select * exclude (after, person_id) from made where {within}"
            copy(connection, columns, out / name / table / f"part_{part:04d}.parquet")
            if table not in WITHOUT_TRUTH:
                truth = (
                    f"select '{system}' as source_system, '{entity}' as source_entity, "
                    f"{key} as source_record_id, person_id from made where {within}"
                )
                copy(connection, truth, out / name / "truth" / f"{table}_{part:04d}.parquet")
            begin = end
        found = connection.execute(
            f"select count(*) from made where after < {BASE_SECONDS}"
        ).fetchone()
        yield table, found[0] if found else 0
    connection.execute("drop table made")


def copy(connection: duckdb.DuckDBPyConnection, rows: str, file: Path) -> None:
    """Write the rows of a query into a Parquet file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy ({rows}) to '{file}' ({PARQUET})")


def write_late_record(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    """Write a record that says that the first two accounts of the last part are one person."""
    # The customer number of the one, the address of the other.
    copy(
        connection,
        f"""
        select
            'CLATE' as contact_id,
            'N' || min(person) as customer_id,
            address_of(max(person), 0) as email,
            moment({BASE_SECONDS}) as created_at,
            moment({BASE_SECONDS}) as updated_at,
            moment({BASE_SECONDS}) as loaded_at
        from (
            select person from people
            where kind = 'account' and not is_chain and joined_after < {BASE_SECONDS}
                and draw(person, 'no address') >= 0.06
                and draw(person * 32, 'spelling') >= 0.13
            order by person limit 2
        ) as two
        """,
        out / "late" / "contacts" / "part_0000.parquet",
    )
