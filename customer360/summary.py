"""The short summary at the end of a build, read from the published file."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from customer360.errors import ConfigError
from customer360.paths import Project
from customer360.published import Publication, fetch_publication, published_database
from customer360.targets import Target
from customer360.warehouse import Published

MARTS = "published.customer360"
SHOWN_REASONS = 40
ROWS_PER_SOURCE = f"""
    select
        source_system || '.' || source_entity,
        coalesce(sum(row_count) filter (where check_name = 'rows_read'), 0),
        coalesce(sum(row_count) filter (where check_name = 'rows_kept'), 0),
        coalesce(sum(row_count) filter (where check_name = 'duplicates_removed'), 0),
        coalesce(sum(row_count) filter (where check_name = 'rows_quarantined'), 0)
    from {MARTS}.customer360_data_quality
    group by 1
    order by 1
"""
# From the identity map, which lists anonymous customers even where the profiles leave them out.
RECORDS_PER_CUSTOMER = f"""
    with sizes as (
        select
            customer360_id,
            count(*) as records,
            bool_or(record_role = 'known') as is_identified
        from {MARTS}.customer360_identity_map
        group by 1
    )
    select
        count(*),
        count(*) filter (where is_identified),
        count(*) filter (where records = 1),
        count(*) filter (where records = 2),
        count(*) filter (where records between 3 and 5),
        count(*) filter (where records >= 6),
        coalesce(avg(records), 0)
    from sizes
"""
QUARANTINE = f"""
    select source_system || '.' || source_entity, reason, sum(row_count)
    from {MARTS}.customer360_quarantine
    group by 1, 2
    order by 3 desc, 1, 2
"""
TABLES = """
    select schema_name, table_name, row_count
    from published.customer360_internal.published_tables
    order by 1, 2
"""


@dataclass(frozen=True)
class SourceRows:
    """How many rows of a source were read, and what became of them."""

    source: str
    read: int
    kept: int
    duplicates: int
    quarantined: int


@dataclass(frozen=True)
class Customers:
    """How many customers were found, and over how many records each."""

    total: int
    identified: int
    one: int
    two: int
    three_to_five: int
    six_or_more: int
    mean: float

    @property
    def anonymous(self) -> int:
        """Customers whom no strong identifier names."""
        return self.total - self.identified


@dataclass(frozen=True)
class Summary:
    """What is shown; a part is None where the published file has no such mart."""

    publication: Publication
    tables: list[tuple[str, str, int]]
    sources: list[SourceRows] | None
    customers: Customers | None
    quarantine: list[tuple[str, str, int]] | None


def load_summary(project: Project) -> Summary:
    """Read the summary from the published file; raises ConfigError when there is none."""
    with published_database(project) as connection:
        tables = [(str(a), str(b), int(c)) for a, b, c in connection.execute(TABLES).fetchall()]
        names = {name for _, name, _ in tables}
        return Summary(
            publication=fetch_publication(connection),
            tables=tables,
            sources=source_rows(connection) if "customer360_data_quality" in names else None,
            customers=customers(connection) if "customer360_identity_map" in names else None,
            quarantine=quarantine(connection) if "customer360_quarantine" in names else None,
        )


def source_rows(connection: duckdb.DuckDBPyConnection) -> list[SourceRows]:
    """Read the counts per source."""
    rows = connection.execute(ROWS_PER_SOURCE).fetchall()
    return [SourceRows(str(name), *map(int, counts)) for name, *counts in rows]


def customers(connection: duckdb.DuckDBPyConnection) -> Customers:
    """Read how many customers there are."""
    row = connection.execute(RECORDS_PER_CUSTOMER).fetchone() or (0,) * 7
    total, identified, one, two, three_to_five, six_or_more, mean = row
    return Customers(total, identified, one, two, three_to_five, six_or_more, float(mean))


def quarantine(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Read the reasons of quarantined rows."""
    rows = connection.execute(QUARANTINE).fetchall()
    return [(str(source), str(reason), int(count)) for source, reason, count in rows]


def new_table(title: str, *columns: str) -> Table:
    """Make a table that reads well without colours: text on the left, numbers on the right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        is_text = place == 0 or column == "reason"
        table.add_column(column, justify="left" if is_text else "right", overflow="fold")
    return table


def number(value: int) -> str:
    """Write a count with separators."""
    return f"{value:,}"


def show_sources(console: Console, rows: list[SourceRows]) -> None:
    """Show rows per source with their totals."""
    table = new_table("Rows per source", "source", "read", "kept", "duplicates", "quarantined")
    for row in rows:
        counts = (row.read, row.kept, row.duplicates, row.quarantined)
        table.add_row(row.source, *map(number, counts))
    if len(rows) > 1:
        table.add_section()
        totals = (
            sum(row.read for row in rows),
            sum(row.kept for row in rows),
            sum(row.duplicates for row in rows),
            sum(row.quarantined for row in rows),
        )
        table.add_row("all", *map(number, totals))
    console.print(table)


def show_customers(console: Console, found: Customers) -> None:
    """Show how many customers were found and how their records are spread."""
    table = new_table("Customers found", "", "customers", "share")
    lines = (
        ("identified", found.identified),
        ("anonymous", found.anonymous),
        ("with 1 record", found.one),
        ("with 2 records", found.two),
        ("with 3 to 5 records", found.three_to_five),
        ("with 6 or more records", found.six_or_more),
    )
    table.add_row("all", number(found.total), "")
    for label, count in lines:
        share = f"{count / found.total:.0%}" if found.total else ""
        table.add_row(label, number(count), share)
    console.print(table)
    console.print(f"Records per customer: {found.mean:.2f} on average.\n", highlight=False)


def show_quarantine(console: Console, rows: list[tuple[str, str, int]]) -> None:
    """Show why rows were quarantined."""
    if not rows:
        console.print("No row was quarantined.\n")
        return
    table = new_table("Quarantined rows", "source", "reason", "rows")
    for source, reason, count in rows[:SHOWN_REASONS]:
        table.add_row(source, reason, number(count))
    if len(rows) > SHOWN_REASONS:
        rest = sum(count for _, _, count in rows[SHOWN_REASONS:])
        table.add_row(f"{len(rows) - SHOWN_REASONS} more", "", number(rest))
    console.print(table)


def show_tables(console: Console, tables: list[tuple[str, str, int]]) -> None:
    """Show what can be queried."""
    table = new_table("Tables", "table", "rows")
    for schema, name, count in tables:
        table.add_row(f"{schema}.{name}", number(count))
    console.print(table)


def generation_line(publication: Publication) -> str:
    """Say which generation stands, since when, and what it is made from."""
    kind = "the sample data" if publication.is_sample_data else "your own sources"
    return (
        f"Generation {publication.generation}, published {publication.published_at} UTC, "
        f"as of {publication.as_of} UTC, from {kind}."
    )


def show_warehouse(console: Console, target: Target, published: Published) -> None:
    """Show what stands on a warehouse; raises ConfigError when nothing does.

    Only what its record holds: counts per source and customer would be queries that are billed.
    """
    if published.publication is None:
        raise ConfigError(
            f"Nothing has been published there yet; run `customer360 build --target {target.name}`."
        )
    console.print()
    show_tables(console, published.tables)
    console.print(generation_line(published.publication), highlight=False, markup=False)
    console.print("What became of every raw row is in the mart customer360_data_quality.")


def show_summary(console: Console, project: Project, summary: Summary) -> None:
    """Show the whole summary."""
    console.print()
    if summary.sources is not None:
        show_sources(console, summary.sources)
    if summary.customers is not None:
        show_customers(console, summary.customers)
    if summary.quarantine is not None:
        show_quarantine(console, summary.quarantine)
    show_tables(console, summary.tables)
    lines = (
        generation_line(summary.publication),
        "",
        "The marts are in",
        f"  {project.published_file}",
        "",
        "What to run next:",
        "  make docs    # one page with every model, column and the lineage",
        "  make test    # everything that is checked",
        "  and, with any DuckDB client from 1.2 on, open that file and ask:",
        "  select * from customer360.customer360.customer360_profiles",
        "  order by total_revenue desc nulls last limit 10;",
    )
    for line in lines:
        # A path is left whole, so that it can be copied.
        console.print(line, highlight=False, markup=False, soft_wrap=line.startswith("  /"))
