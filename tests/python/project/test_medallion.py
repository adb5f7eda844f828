"""A published lakehouse demo by YAML alone, cell by cell, where its files are present."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from project.medallion_map import LEFT, MONEY, TABLES, Column, Fault, Table

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT.parent / "shared" / "data" / "medallion"
DATA = DEMO / "data"
GOLDEN = DEMO / "golden_as_of_2025-03-17"
EXAMPLE = ROOT / "examples" / "medallion.yml"

sys.path.insert(0, str(ROOT / "benchmarks"))

from score_linkage import build_identity, copied_project, run  # noqa: E402

# One build serves all tests, so one process must have them all.
pytestmark = [
    pytest.mark.project,
    pytest.mark.real,
    pytest.mark.xdist_group("medallion"),
    pytest.mark.skipif(not DEMO.is_dir(), reason="the lakehouse demo is not here"),
]

Key = tuple[str, ...]
Cell = str | None
Cells = dict[Key, dict[str, Cell]]

# The three populations, by the instances that tell of them.
POPULATIONS = {
    "crm": "retailer", "shop": "retailer", "pos": "retailer", "loyalty": "retailer",
    "support": "retailer", "insights": "visits", "shopping": "shoppers",
}  # fmt: skip


@dataclass
class Figures:
    """What came of comparing one table: cells by outcome, and what nothing explains.

    `empty` are those of the equal ones that are null on both sides.
    """

    equal: int = 0
    empty: int = 0
    explained: Counter[tuple[str, Fault]] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    @property
    def compared(self) -> int:
        """All cells looked at."""
        return self.equal + self.explained.total() + len(self.unexplained)


def settings() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    return loaded


def raw_files() -> list[Path]:
    return sorted(DATA.rglob("*.csv"))


@pytest.fixture(scope="module")
def demo() -> Iterator[duckdb.DuckDBPyConnection]:
    """The example, built whole, as `work`, and every raw and golden file as a view of text."""
    with copied_project() as project:
        run(project, ["customer360", "build", "--vars", "examples/medallion.yml"], DATA)
        with duckdb.connect() as connection:
            work = project / "warehouse" / "work.duckdb"
            connection.execute(f"attach '{work}' as work (read_only)")
            views = {f"raw_{file.stem.lower()}": file for file in raw_files()}
            views |= {file.stem: file for file in GOLDEN.glob("*.csv")}
            for name, file in views.items():
                connection.execute(
                    f"create view {name} as select * from read_csv('{file}', all_varchar = true)"
                )
            yield connection


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, str] | None = None
) -> list[tuple[Any, ...]]:
    return connection.execute(query, values or {}).fetchall()


def cells_of(connection: duckdb.DuckDBPyConnection, table: Table, query: str) -> Cells:
    """Run a query and return key -> column -> value as text; fails where a key comes twice."""
    answer = connection.execute(query)
    names = [each[0] for each in answer.description]
    found: Cells = {}
    for values in answer.fetchall():
        row = dict(zip(names, values, strict=True))
        key = tuple(row[name] for name in table.key)
        assert None not in key, f"{table.name}: a key is missing"
        assert key not in found, f"{table.name}: {key} comes twice"
        found[key] = row
    return found


def as_text(expression: str, column: Column) -> str:
    """Return SQL for a value in the column's type, then as text, under the column's name.

    Golden figures are floats: whole numbers stand as 3.0, and 27.295 as 27.294999999999998. So they
    are read to eight places first.
    """
    number = "decimal(24, 8)"
    by_way = {"integer": number, MONEY: number, "date": "timestamp"}.get(column.kind)
    value = f"cast({expression} as {by_way})" if by_way else expression
    return f"cast(cast({value} as {column.kind}) as varchar) as {column.name}"


def ours_of(connection: duckdb.DuckDBPyConnection, table: Table) -> Cells:
    listed = ", ".join(as_text(column.ours, column) for column in table.columns)
    before = f"with {table.with_}" if table.with_ else ""
    return cells_of(connection, table, f"{before} select {listed} from {table.ours}")


def golden_of(connection: duckdb.DuckDBPyConnection, table: Table) -> Cells:
    listed = ", ".join(as_text(column.name, column) for column in table.columns)
    return cells_of(connection, table, f"select {listed} from {table.name}")


def worked_out(connection: duckdb.DuckDBPyConnection, table: Table, query: str) -> Cells:
    """The columns that have a fault, from the raw files alone; nothing for tables without any."""
    if not table.fixed:
        return {}
    wanted = [column for column in table.columns if column.faults or column.name in table.key]
    listed = ", ".join(as_text(column.name, column) for column in wanted)
    return cells_of(connection, table, f"select {listed} from ({query})")


def with_fault(connection: duckdb.DuckDBPyConnection, table: Table, fault: Fault) -> Cells:
    """The same with one fault, and no other, brought back; null wherever that is the fault."""
    if fault.undo is None:
        right = worked_out(connection, table, table.fixed)
        return {key: dict.fromkeys(row) for key, row in right.items()}
    good, bad = fault.undo
    assert table.fixed.count(good) == 1
    return worked_out(connection, table, table.fixed.replace(good, bad))


def keys_of(connection: duckdb.DuckDBPyConnection, fault: Fault) -> set[Key]:
    return set(rows(connection, fault.applies))


def compare(connection: duckdb.DuckDBPyConnection, table: Table) -> Figures:
    """Hold every cell of a golden table against ours, and what differs against the faults.

    A fault explains a cell if it touches the row, the golden value is what comes out with that
    fault alone, and ours is what comes out without any.
    """
    golden, ours = golden_of(connection, table), ours_of(connection, table)
    assert golden.keys() == ours.keys(), f"{table.name}: not the same rows"
    right = worked_out(connection, table, table.fixed)
    faults = {fault for column in table.columns for fault in column.faults}
    touched = {fault: keys_of(connection, fault) for fault in faults}
    faulty = {fault: with_fault(connection, table, fault) for fault in faults}
    figures = Figures()
    for key, row in golden.items():
        for column in table.columns:
            name = column.name
            was, now = row[name], ours[key][name]
            reasons = [
                fault
                for fault in column.faults
                if key in touched[fault] and faulty[fault][key][name] == was
            ]
            if column.faults and now != right[key][name]:
                figures.unexplained.append(f"{key} {name}: not the value put right")
            elif was == now:
                figures.equal += 1
                figures.empty += was is None
            elif len(reasons) == 1:
                figures.explained[name, reasons[0]] += 1
            else:
                figures.unexplained.append(f"{key} {name}: {len(reasons)} faults explain it")
    return figures


def print_figures(table: Table, figures: Figures) -> None:
    explained = figures.explained.total()
    print(
        f"{table.name}: {figures.compared} cells, {figures.equal} equal ({figures.empty} empty), "
        f"{explained} explained"
    )
    for (column, fault), count in sorted(
        figures.explained.items(), key=lambda item: (item[0][1].number, item[0][0])
    ):
        print(f"    fault {fault.number}, {fault.what}: {column} {count}")


@pytest.fixture(scope="module")
def figures(demo: duckdb.DuckDBPyConnection) -> dict[str, Figures]:
    """What came of comparing each table."""
    return {table.name: compare(demo, table) for table in TABLES}


# --- what the map covers -------------------------------------------------------------------------


def test_every_golden_column_is_compared_or_left_for_a_reason() -> None:
    tables = {table.name: table for table in TABLES}
    for file in GOLDEN.glob("*.csv"):
        if file.stem in LEFT:
            continue
        table = tables.pop(file.stem)
        with file.open(encoding="utf-8", newline="") as stream:
            header = next(csv.reader(stream))
        assert sorted(header) == sorted([*(each.name for each in table.columns), *table.left])
    assert tables == {}
    assert {file.stem for file in GOLDEN.glob("*.csv")} >= LEFT.keys()


def test_all_eleven_files_are_used() -> None:
    sources = settings()["sources"]
    used = {instance["file"] for instances in sources.values() for instance in instances}
    files = {str(file.relative_to(DATA)) for file in raw_files()}
    assert len(files) == 11
    assert used == files


# --- the comparison ------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_cell_is_equal_or_a_fault_of_the_demo(
    figures: dict[str, Figures], table: Table
) -> None:
    found = figures[table.name]
    print_figures(table, found)
    assert found.unexplained == []
    assert found.compared > 0


def test_a_cell_that_no_fault_explains_is_told(demo: duckdb.DuckDBPyConnection) -> None:
    gold = next(table for table in TABLES if table.name == "gold_customer_360")

    def wrong(column: Column) -> Column:
        """Wrong ranks of tiers, wrong revenue, and a name that is still right."""
        changes = {
            "loyalty_tier_rank": "case when profiles.loyalty_tier = 'Gold' then 9 end",
            "total_spend": "profiles.total_revenue + 0.01",
            "customer_name": "profiles.full_name || ''",
        }
        return replace(column, ours=changes.get(column.name, column.ours))

    found = compare(demo, replace(gold, columns=tuple(wrong(each) for each in gold.columns)))
    told = Counter(line.split(") ")[1].split(":")[0] for line in found.unexplained)
    [(with_account,)] = rows(demo, "select count(distinct CustomerID) from raw_loyaltyaccounts")
    assert told == {"total_spend": 100, "loyalty_tier_rank": with_account}


def test_the_figures_as_a_whole(figures: dict[str, Figures]) -> None:
    by_fault: Counter[int] = Counter()
    for found in figures.values():
        for (_, fault), count in found.explained.items():
            by_fault[fault.number] += count
    compared = sum(found.compared for found in figures.values())
    equal = sum(found.equal for found in figures.values())
    print(f"{compared} cells compared, {equal} equal, {dict(sorted(by_fault.items()))} by fault")
    # As many as the demo's description counts of each fault.
    explained = figures["gold_customer_360"].explained
    counts = {(column, fault.number): count for (column, fault), count in explained.items()}
    assert counts["total_spend", 3] == 47
    assert counts["loyalty_tier", 2] == 11
    assert counts["loyalty_points", 2] == 27
    assert counts["has_support_issues", 6] == 39
    assert counts["instore_spend", 6] == 14
    assert compared == equal + by_fault.total()


def test_the_published_corrections_are_ours(demo: duckdb.DuckDBPyConnection) -> None:
    gold = next(table for table in TABLES if table.name == "gold_customer_360")
    types = {column.name: column for column in gold.columns}
    ours = ours_of(demo, gold)
    held: Counter[str] = Counter()
    with (DEMO / "if_fixed.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if not row["col"].startswith("gold.customer_360."):
                continue
            for name in row["col"].removeprefix("gold.customer_360.").split("/"):
                kind = types[name].kind
                right = rows(
                    demo,
                    f"select cast(cast($value as {kind}) as varchar)",
                    {"value": row["should_be"]},
                )
                assert [(ours[row["customer_id"],][name],)] == right, (row["customer_id"], name)
                held[name] += 1
    assert held == {
        "total_spend": 47, "loyalty_points": 27, "loyalty_tier": 11, "has_support_issues": 39,
        "online_spend": 14, "instore_spend": 14, "weekend_transactions": 14, "channels_used": 14,
    }  # fmt: skip


def test_revenue_is_what_was_completed(demo: duckdb.DuckDBPyConnection) -> None:
    all_spend = rows(demo, "select sum(cast(total_spend as decimal(18, 2))) from gold_customer_360")
    ours = rows(
        demo,
        """
        select sum(total_revenue) from work.customer360.customer360_profiles
        where list_contains(source_systems, 'crm')
        """,
    )
    unpaid = rows(
        demo,
        """
        select sum(cast(Amount as decimal(18, 2))) from raw_onlinetransactions
        where Status <> 'Completed'
        """,
    )
    assert (all_spend, unpaid) == ([(Decimal("21844.02"),)], [(Decimal("6799.35"),)])
    assert ours == [(Decimal("21844.02") - Decimal("6799.35"),)]


# What the demo reads and never shows: raw rows, and the same of ours.
UNREAD = {
    "movements": (
        """
        select LoyaltyID, cast(DateTime as timestamp), cast(PointsChange as bigint), lower(Reason)
        from raw_loyaltytransactions
        """,
        """
        select split_part(source_record_id, '/', 1), occurred_at, cast(quantity as bigint),
            source_event_name
        from work.customer360.customer360_events where event_name like 'points_%'
        """,
    ),
    "agents": (
        "select AgentID, Name, Department from raw_agents",
        """
        select source_agent_id, agent_name, team
        from work.customer360_staging.stg_support__agents
        """,
    ),
    "products": (
        "select ProductID, Name, Category, cast(Price as decimal(18, 2)) from raw_products",
        """
        select source_product_id, product_name, product_category, cast(list_price as decimal(18, 2))
        from work.customer360_staging.stg_catalog__products where source_system = 'catalog'
        """,
    ),
    "stores": (
        "select StoreID, Location from raw_stores",
        "select source_store_id, city from work.customer360_staging.stg_pos__stores",
    ),
    "shoppers": (
        """
        select customer_id, lower(gender), lower(category), lower(location)
        from raw_customer_transactions_final
        """,
        """
        select json_extract_string(profiles.source_ids, '$.shopping[0]'), profiles.gender,
            profiles.interests[1], regions.region_name
        from work.customer360.customer360_profiles as profiles
        inner join work.customer360_reference.region_names as regions
            on profiles.region = regions.region_code
        where
            list_contains(profiles.source_systems, 'shopping')
            and regions.region_name in (
                select lower(location) from raw_customer_transactions_final
            )
        """,
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_the_demo_never_shows_is_there_too(demo: duckdb.DuckDBPyConnection, name: str) -> None:
    raw, ours = (sorted(rows(demo, query)) for query in UNREAD[name])
    assert len(raw) >= 100
    assert ours == raw


# --- the populations -----------------------------------------------------------------------------

SYSTEMS_OF_CUSTOMERS = """
    select customer360_id, list(distinct source_system)
    from {work}customer360.customer360_identity_map
    group by customer360_id
"""


def populations_of(systems: list[tuple[str, list[str]]]) -> Counter[tuple[str, ...]]:
    """Count the customers by the populations in which they have records."""
    return Counter(tuple(sorted({POPULATIONS[name] for name in names})) for _, names in systems)


def test_equal_numbers_of_different_populations_join_nobody(
    demo: duckdb.DuckDBPyConnection,
) -> None:
    # The numbers are the same: 100 of the retailer and all 1,200 of the visits are shoppers' too.
    for numbers, shared in (("raw_customers", 100), ("raw_customer360insights", 1200)):
        both = rows(
            demo,
            f"""
            select count(distinct cast(people.CustomerID as integer)) from {numbers} as people
            inner join raw_customer_transactions_final as shoppers
                on cast(people.CustomerID as integer) = cast(shoppers.customer_id as integer)
            """,
        )
        assert both == [(shared,)]
    found = rows(demo, SYSTEMS_OF_CUSTOMERS.format(work="work."))
    assert populations_of(found) == {("retailer",): 100, ("visits",): 1200, ("shoppers",): 3900}


def test_without_namespaces_they_would_be_joined() -> None:
    """What the test above would see if the namespaces were wrong."""
    naive = settings()
    for instances in naive["sources"].values():
        for instance in instances:
            if "customer_id" in instance["columns"]:
                instance["namespaces"] = {"customer_id": "crm"}
    with copied_project() as project:
        work = build_identity(project, naive, DATA)
        with duckdb.connect(str(work), read_only=True) as connection:
            found = rows(connection, SYSTEMS_OF_CUSTOMERS.format(work=""))
    assert populations_of(found) == {
        ("retailer", "shoppers"): 100,
        ("shoppers", "visits"): 1200,
        ("shoppers",): 2600,
    }
