"""The large population: the same rows for the same arguments, as many as asked, truth for all."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))

from population import writing  # noqa: E402

PEOPLE = 900


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("population")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "PEOPLE_PER_PART", 300)
        writing.write_population(PEOPLE, 7, out)
    return out


def contents(folder: Path, table: str) -> list[tuple[object, ...]]:
    """All rows of a table of all slices, sorted."""
    return duckdb.sql(f"from '{folder}/[bp]*/{table}/*.parquet' order by all").fetchall()


@pytest.mark.parametrize("table", list(writing.TABLES))
def test_neither_parts_nor_threads_change_a_row(made: Path, tmp_path: Path, table: str) -> None:
    writing.write_population(PEOPLE, 7, tmp_path, threads=1)
    assert contents(made, table) == contents(tmp_path, table)


def test_another_seed_makes_other_people(made: Path, tmp_path: Path) -> None:
    writing.write_population(PEOPLE, 8, tmp_path)
    assert contents(made, "contacts") != contents(tmp_path, "contacts")


@pytest.mark.parametrize("table", [name for name in writing.TABLES if name != "order_items"])
def test_every_row_has_a_key_of_its_own_and_one_person(made: Path, table: str) -> None:
    system, entity, key = writing.TABLES[table]
    rows, keys = duckdb.sql(
        f"select count(*), count(distinct {key}) from '{made}/[bp]*/{table}/*.parquet'"
    ).fetchall()[0]
    truth = duckdb.sql(
        f"select count(*), count(distinct source_record_id) from '{made}/*/truth/{table}_*.parquet'"
        f" where source_system = '{system}' and source_entity = '{entity}'"
    ).fetchall()[0]
    assert rows == keys
    assert truth == (rows, rows)


def test_a_slice_holds_what_came_in_its_time(made: Path) -> None:
    """About a thousandth, a hundredth and a tenth of the base's events come after it."""
    counts = [
        duckdb.sql(f"select count(*) from '{made}/{name}/web_events/*.parquet'").fetchall()[0][0]
        for name in writing.SLICES
    ]
    later = duckdb.sql(
        f"select min(occurred_at) from '{made}/plus_10_percent/web_events/*.parquet'"
    ).fetchall()[0][0]
    latest = duckdb.sql(
        f"select max(occurred_at) from '{made}/base/web_events/*.parquet'"
    ).fetchall()[0][0]
    assert latest < later
    assert 0.05 < counts[3] / counts[0] < 0.13
    assert counts[1] < counts[2] < counts[3] < counts[0]


def test_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        writing.write_population(0, 7, tmp_path)
