"""What contestants are given: one DuckDB file, made once per population.

    strong_links(record_no, identifier_type, identifier_value)   usable links of strong types
    usable_links(record_no, identifier_type, identifier_value)   all usable links
    records(record_no)                                           whoever has a strong link
    truth(record_no, person)                                     who is behind a record

and, in the schema of the project's identity models, int_identity__records, int_identity__links and
int_identity__decisions. All links are distinct. They come from the project's own models, so that
cleaning, blocked values and limits by value are what they are in a build, and they are the same
rows for everyone. Records are numbered: the project numbers them where they first appear.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from population.writing import write_population

from measure.project import copied_project
from measure.settings import Settings

SCHEMA = "customer360_intermediate"
# Raised when the layout of the file changes.
LAYOUT = 1

Tell = Callable[[str], None]

DERIVED = f"""
create table usable_links as
select record_no, identifier_type, identifier_value
from {SCHEMA}.int_identity__links
where dropped_reason is null;

create table strong_links as
select record_no, identifier_type, identifier_value
from {SCHEMA}.int_identity__links
where dropped_reason is null and role = 'strong';

create table records as select distinct record_no from strong_links;
"""

IDENTITY_TABLES = f"""
create schema {SCHEMA};

create table {SCHEMA}.int_identity__records as
select record_no, record_key, first_seen_at, last_seen_at
from work.{SCHEMA}.int_identity__records;

create table {SCHEMA}.int_identity__links as from work.{SCHEMA}.int_identity__links;

create table {SCHEMA}.int_identity__decisions as from work.{SCHEMA}.int_identity__decisions;
"""

# A record stands for all rows with the same identifiers. Where several people made them (a family's
# tablet), it counts for the one who made most.
TRUTH = f"""
create table truth as
with

keys as (

    select event_id as row_key, record_key from work.customer360_staging.stg_web__events
    union all
    select event_id as row_key, record_key from work.customer360_staging.stg_shop__orders
    union all
    select event_id as row_key, record_key from work.customer360_staging.stg_pos__sales
    union all
    select record_key as row_key, record_key from work.customer360_staging.stg_crm__contacts
    union all
    select record_key as row_key, record_key from work.customer360_staging.stg_loyalty__accounts

),

made as (

    select
        keys.record_key,
        truth.person_id,
        count(*) as row_count
    from read_parquet('{{truth}}/*.parquet') as truth
    inner join keys
        on concat_ws(':', truth.source_system, truth.source_entity, truth.source_record_id)
            = keys.row_key
    group by keys.record_key, truth.person_id

),

most as (

    select
        record_key,
        max(struct_pack(rows_made := row_count, person := person_id)).person as person
    from made
    group by record_key

)

select records.record_no, most.person
from {SCHEMA}.int_identity__records as records
inner join most
    on records.record_key = most.record_key
"""


@dataclass(frozen=True)
class Given:
    """The file of links and the file of the project's statements."""

    links: Path
    statements: Path

    def counts(self) -> dict[str, int]:
        """Rows of the tables that contestants read."""
        with duckdb.connect(str(self.links), read_only=True) as connection:
            return {
                name: count(connection, name)
                for name in ("records", "strong_links", "usable_links", "truth")
            }


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()
    return int(rows)


def prepare(settings: Settings, tell: Tell) -> Given:
    """Make what is missing: population, statements, links. Links are kept while nothing changed."""
    population = settings.population or made_population(settings, tell)
    given = Given(settings.work / "links.duckdb", settings.work / "statements.json")
    tell("rendering the project's statements")
    raw = (population / "base").resolve()
    with copied_project(raw, settings.memory_limit, settings.threads, settings.work) as project:
        statements, code = project.render()
        statements.save(given.statements)
        stamp = Stamp(settings.work / "links.json")
        wanted = {"code": code, "layout": LAYOUT}
        if stamp.holds(wanted) and given.links.exists():
            return given
        stamp.remove()
        tell("building the links with the project's models")
        export(project.build_links(), raw / "truth", given.links, settings)
        stamp.write(wanted)
    return given


def made_population(settings: Settings, tell: Tell) -> Path:
    """The population of the settings in the work folder; generated unless it is there."""
    folder = settings.work / "population"
    stamp = Stamp(settings.work / "population.json")
    wanted = {"people": settings.size.people, "seed": settings.seed}
    if not stamp.holds(wanted):
        tell(f"generating {settings.size.people:,} people")
        stamp.remove()
        shutil.rmtree(folder, ignore_errors=True)
        write_population(settings.size.people, settings.seed, folder, threads=settings.threads)
        stamp.write(wanted)
    return folder


@dataclass(frozen=True)
class Stamp:
    """A file that says what the files beside it were made from; written last."""

    file: Path

    def holds(self, wanted: Mapping[str, object]) -> bool:
        """Whether it says just this."""
        return self.file.is_file() and json.loads(self.file.read_text("utf-8")) == dict(wanted)

    def remove(self) -> None:
        """Forget what was made."""
        self.file.unlink(missing_ok=True)

    def write(self, wanted: Mapping[str, object]) -> None:
        """Say what was made."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(dict(wanted)), "utf-8")


def export(work_file: Path, truth: Path, links: Path, settings: Settings) -> None:
    """Copy what contestants are given out of a working file."""
    links.unlink(missing_ok=True)
    with duckdb.connect(str(links)) as connection:
        connection.execute(f"set threads = {settings.threads}")
        connection.execute(f"set memory_limit = '{settings.memory_limit}'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"attach '{work_file}' as work (read_only)")
        connection.execute(IDENTITY_TABLES)
        connection.execute(DERIVED)
        connection.execute(TRUTH.format(truth=truth))
