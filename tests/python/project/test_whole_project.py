"""The whole project on its sample: what comes out, that it comes out the same, and when cut off."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from project.kill_harness import published
from project.reading import query
from project.scoring import Score, score

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]

pytestmark = [pytest.mark.project, pytest.mark.xdist_group("sample")]

# What the sample's generator plants; see benchmarks/README.md.
PLANTED = {
    ("crm", "contacts"): {"duplicates_removed": 46, "rows_quarantined": 9},
    ("web", "events"): {"duplicates_removed": 118, "rows_quarantined": 13},
    ("shop", "orders"): {"duplicates_removed": 67, "rows_quarantined": 12},
    ("shop", "order_items"): {
        "duplicates_removed": 56,
        "rows_quarantined": 9,
        "orphan_references": 15,
    },
    ("app", "events"): {"duplicates_removed": 19, "rows_quarantined": 12},
    ("ga4", "events"): {"duplicates_removed": 21, "rows_quarantined": 12},
    ("shop", "payments"): {
        "duplicates_removed": 24,
        "rows_quarantined": 9,
        "orphan_references": 3,
    },
    ("shop", "refunds"): {"duplicates_removed": 7, "rows_quarantined": 12, "orphan_references": 3},
    ("pos", "sales"): {"duplicates_removed": 10, "rows_quarantined": 12},
    ("pos", "stores"): {"duplicates_removed": 5, "rows_quarantined": 3},
    ("stripe", "customers"): {"duplicates_removed": 16, "rows_quarantined": 9},
    ("stripe", "charges"): {"duplicates_removed": 13, "rows_quarantined": 12},
    ("stripe", "subscriptions"): {
        "duplicates_removed": 7,
        "rows_quarantined": 12,
        "orphan_references": 3,
    },
    ("stripe", "refunds"): {
        "duplicates_removed": 2,
        "rows_quarantined": 12,
        "orphan_references": 3,
    },
    ("campaigns", "campaigns"): {"duplicates_removed": 5, "rows_quarantined": 3},
    ("mailing", "message_events"): {"duplicates_removed": 43, "rows_quarantined": 12},
    ("ads", "ad_clicks"): {"duplicates_removed": 16, "rows_quarantined": 12},
    ("loyalty", "accounts"): {"duplicates_removed": 13, "rows_quarantined": 9},
    ("loyalty", "movements"): {
        "duplicates_removed": 12,
        "rows_quarantined": 12,
        "orphan_references": 3,
    },
    ("support", "tickets"): {"duplicates_removed": 20, "rows_quarantined": 12},
    ("support", "interactions"): {
        "duplicates_removed": 13,
        "rows_quarantined": 12,
        "orphan_references": 3,
    },
    ("support", "agents"): {"duplicates_removed": 5, "rows_quarantined": 3},
    ("catalog", "products"): {"duplicates_removed": 5, "rows_quarantined": 9},
    ("enrichment", "people"): {"duplicates_removed": 15, "rows_quarantined": 9},
    ("consent", "records"): {"duplicates_removed": 9, "rows_quarantined": 12},
}

# Usable rows of what is an event, less those that refer to a row which never came.
EVENTS = {
    ("web", "events"): 6471,
    ("shop", "orders"): 1094,
    ("app", "events"): 1196,
    ("ga4", "events"): 1004,
    ("shop", "payments"): 1127 - 3,
    ("shop", "refunds"): 58 - 3,
    ("pos", "sales"): 500,
    # Those that are no payments or refunds of the shop.
    ("stripe", "charges"): 317,
    ("stripe", "refunds"): 4,
    ("stripe", "subscriptions"): 53 - 3,
    ("mailing", "message_events"): 2498,
    ("ads", "ad_clicks"): 296,
    ("loyalty", "accounts"): 160,
    ("loyalty", "movements"): 610 - 3,
    ("support", "tickets"): 148,
    ("support", "interactions"): 354 - 3,
    ("consent", "records"): 373,
}


def exports(file: Path, left_out: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
    """Each mart's rows as sorted text, hashed. left_out: mart -> columns that do not count."""
    tables = query(file, "select table_name from duckdb_tables() where schema_name = 'customer360'")
    hashes = {}
    for (table,) in tables:
        columns = (left_out or {}).get(str(table))
        kept = f"* exclude ({', '.join(columns)})" if columns else "*"
        rows = sorted(str(row) for row in query(file, f"select {kept} from {table}"))
        hashes[str(table)] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return hashes


# What only the Python models say: how surely a customer is one person, and by what it hangs.
BRIDGES = [
    f"{end}_{part}"
    for end in ("bridge", "suspect")
    for part in ("record_key", "identifier_type", "identifier_value")
]
OF_PYTHON = {
    "customer360_identity_audit": [
        "identity_confidence", "is_suspect", "suspect_reason", *BRIDGES,
    ],
    "customer360_profiles": ["identity_confidence"],
}  # fmt: skip


def working(root: Path) -> Path:
    return root / "warehouse" / "work.duckdb"


def run_dbt(root: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    dbt = Path(sys.executable).with_name("dbt")
    return subprocess.run(
        [dbt, *arguments], cwd=root, capture_output=True, text=True, env={**os.environ, **env}
    )


def run_models(root: Path, settings: Mapping[str, Any] | None = None, **env: str) -> Path:
    """Build seeds and models with plain dbt, where only what comes out counts; the working file."""
    shutil.copy(root / "profiles.yml.example", root / "profiles.yml")
    kinds = ["--resource-type", "seed", "--resource-type", "model"]
    built = run_dbt(root, "build", *kinds, "--vars", json.dumps(settings or {}), **env)
    assert built.returncode == 0, built.stdout
    return working(root)


def test_the_marts_are_there_and_hold_what_the_sample_holds(sample_build: Path) -> None:
    counts = {
        table: query(published(sample_build), f"select count(*) from {table}")[0][0]
        for table in exports(published(sample_build))
    }
    assert set(counts) == {file.stem for file in (sample_build / "models/marts").rglob("*.sql")}
    events = query(
        published(sample_build),
        "select source_system, split_part(event_id, ':', 2), count(*) from customer360_events"
        " group by all",
    )
    assert {(system, entity): count for system, entity, count in events} == EVENTS
    customers = query(
        published(sample_build),
        "select count(distinct customer360_id) from customer360_identity_map",
    )
    assert customers[0][0] == counts["customer360_profiles"]


def test_every_planted_fault_is_counted(sample_build: Path) -> None:
    rows = query(
        published(sample_build),
        "select source_system, source_entity, check_name, sum(row_count)"
        " from customer360_data_quality group by all",
    )
    found = {(system, entity, check): count for system, entity, check, count in rows}
    for (system, entity), planted in PLANTED.items():
        for check, count in planted.items():
            assert found[system, entity, check] == count, (system, entity, check)
        assert found[system, entity, "rows_read"] == sum(
            int(found[system, entity, check])
            for check in ("rows_kept", "duplicates_removed", "rows_quarantined")
        )
    kept_raw_rows = query(
        published(sample_build), "select count(*) from customer360_quarantine where raw_row is null"
    )
    assert kept_raw_rows == [(0,)]


def test_customers_are_the_people_of_the_sample(sample_build: Path) -> None:
    people = {
        f"{system}:{entity}:{key}": str(person)
        for system, entity, key, person in query(
            working(sample_build),
            "select source_system, source_entity, source_record_id, person_id"
            " from db.customer360_staging.sample_truth",
        )
    }
    found: dict[str, str] = {}
    # Contacts and the like are records, most rows are events, a charge has its payer's record.
    for sql in (
        "select record_key, customer360_id from customer360_identity_map",
        "select event_id, customer360_id from customer360_events",
        "select charge_key, customer360_id from db.customer360_staging.stg_stripe__charges"
        " inner join customer360_identity_map using (record_key)",
    ):
        rows = query(working(sample_build), sql)
        found |= {str(key): str(customer) for key, customer in rows}
    assert people.keys() <= found.keys()
    logged_in = {
        row[0]
        for row in query(
            working(sample_build), "select event_id from customer360_events where is_logged_in"
        )
    }

    def figures(systems: Collection[str]) -> tuple[Score, Score]:
        """Of the rows that say who somebody is, and of all."""
        rows = {key: who for key, who in people.items() if key.split(":")[0] in systems}
        known = {
            key: who
            for key, who in rows.items()
            if key in logged_in
            or not (key.startswith(("web:", "app:", "ga4:", "ads:")) or who.startswith("NOID"))
        }
        return score(found, known), score(found, rows)

    first, every = figures({"crm", "web", "shop"}), figures({key.split(":")[0] for key in people})
    print({"crm, web, shop": first, "all systems": every})
    # Reached: 1.0000 / .9983 and .9937 / .9690 of CRM, web and shop, 1.0000 / .9900 and
    # .9948 / .9569 of all systems. Second addresses that nothing ties to the first, and cleared
    # cookies, are the loss of recall; visits on shared devices that of precision.
    for known, rows in (first, every):
        assert known.precision >= 0.995
        assert known.recall >= 0.98
        assert known.bcubed_precision >= 0.99
        assert known.bcubed_recall >= 0.975
        assert rows.precision >= 0.98
    assert first[0].bcubed_recall >= 0.98
    assert first[1].recall >= 0.96
    assert every[1].recall >= 0.95


@pytest.mark.sequence
def test_a_second_build_changes_nothing(sample_build: Path, run_cli: RunCli) -> None:
    before = published(sample_build).read_bytes()
    again = run_cli(sample_build, "build")
    assert again.returncode == 0, again.stderr
    assert "nothing changed, generation 1 stays" in again.stdout
    assert published(sample_build).read_bytes() == before


@pytest.mark.sequence
def test_the_other_driver_of_identity_gives_the_same_marts(
    sample_build: Path, project_copy: Path
) -> None:
    file = run_models(project_copy, {"identity_driver": "macro"})
    made = query(file, "select table_name from duckdb_tables()")
    assert ("int_identity__resolved_by_macro",) in made
    confidences = "select count(identity_confidence) from customer360_profiles"
    assert query(file, confidences) == [(0,)]
    mine, others = (exports(each, OF_PYTHON) for each in (file, published(sample_build)))
    health = "customer360_identity_health"
    assert mine.pop(health) != others.pop(health)
    assert mine == others
    # Bridges are looked for by Python alone, so that no figure of health speaks of them.
    figures = f"select * from {health} where figure <> 'customers_with_suspect_bridge' order by all"
    assert query(file, figures) == query(published(sample_build), figures)


def shuffle_rows(file: Path) -> None:
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    random.Random(7).shuffle(rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])


@pytest.mark.sequence
def test_the_order_of_rows_does_not_matter(sample_build: Path, project_copy: Path) -> None:
    for file in (project_copy / "seeds").glob("*/*.csv"):
        shuffle_rows(file)
    assert exports(run_models(project_copy)) == exports(published(sample_build))


@pytest.mark.sequence
@pytest.mark.parametrize(
    "zone", [pytest.param("Asia/Kolkata", marks=pytest.mark.long), "America/St_Johns"]
)
def test_the_machines_zone_does_not_matter(
    zone: str, sample_build: Path, project_copy: Path
) -> None:
    assert exports(run_models(project_copy, TZ=zone)) == exports(published(sample_build))


# The moments that matter have tests in test_all_or_nothing.py; these are chosen by time.
@pytest.mark.long
def test_a_killed_build_leaves_the_published_file_as_it_was(
    sample_build: Path, project_copy: Path, run_cli: RunCli, start: Start
) -> None:
    shutil.copytree(sample_build / "warehouse", project_copy / "warehouse", dirs_exist_ok=True)
    # Different input, so that a build that came through would publish something else.
    contacts = project_copy / "seeds" / "sample" / "sample_crm__contacts.csv"
    lines = contacts.read_text(encoding="utf-8").splitlines(keepends=True)
    contacts.write_text("".join(lines[:-40]), encoding="utf-8")
    before = published(project_copy).read_bytes()
    for seconds in (4.0, 7.0, 10.0):
        process = start(project_copy, "build")
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            pytest.fail("The build ended before it was killed: choose earlier moments.")
        assert published(project_copy).read_bytes() == before
    finished = run_cli(project_copy, "build")
    assert finished.returncode == 0, finished.stderr
    assert "published generation 2" in finished.stdout
    leftovers = query(
        working(project_copy),
        "select table_name from duckdb_tables() where table_name like '%__dbt_tmp%'",
    )
    assert leftovers == []
    cut_off = exports(published(project_copy))
    # A build that was never cut off gives the same, from the same state.
    shutil.rmtree(project_copy / "warehouse")
    shutil.copytree(sample_build / "warehouse", project_copy / "warehouse")
    assert run_cli(project_copy, "build").returncode == 0
    assert exports(published(project_copy)) == cut_off


def test_plain_dbt_works_on_the_working_file(sample_build: Path, project_copy: Path) -> None:
    shutil.copy(project_copy / "profiles.yml.example", project_copy / "profiles.yml")
    built = run_dbt(project_copy, "build")
    assert built.returncode == 0, built.stdout
    assert exports(working(project_copy)) == exports(published(sample_build))
    schemas = {
        row[0]
        for row in query(
            working(project_copy),
            "select distinct schema_name from duckdb_tables() where database_name = 'db'"
            " union select distinct schema_name from duckdb_views()"
            " where database_name = 'db' and not internal",
        )
    }
    assert schemas == {
        "customer360",
        "customer360_staging",
        "customer360_intermediate",
        "customer360_reference",
        "customer360_state",
    }


def test_without_any_source_every_mart_is_empty_and_typed(
    sample_build: Path, project_copy: Path
) -> None:
    run_models(project_copy, {"include_sample_data": False})
    columns = (
        "select table_name, column_name, data_type from duckdb_columns()"
        " where schema_name = 'customer360' order by all"
    )
    assert query(working(project_copy), columns) == query(working(sample_build), columns)
    tables = set(exports(working(project_copy)))
    # Health has a row per figure, whatever there is to count.
    for table in tables - {"customer360_identity_health"}:
        assert query(working(project_copy), f"select count(*) from {table}") == [(0,)]


def test_settings_change_what_they_say(sample_build: Path, project_copy: Path) -> None:
    settings = yaml.safe_load(
        """
include_anonymous_profiles: false
active_customer_days: 365
attribution_lookback_days: 0
max_row_characters: 200000
source_trust: [web, shop, crm]
identity_policy:
  - {type: email, role: strong}
  - {type: device_id, role: weak}
"""
    )
    file = run_models(project_copy, settings)

    def both(sql: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        return query(file, sql), query(published(sample_build), sql)

    changed, default = both("select count(*) from customer360_profiles where not is_identified")
    assert changed == [(0,)]
    assert default != [(0,)]
    changed, default = both(
        "select count(*) from customer360_quarantine where reason = 'row_too_long'"
    )
    assert (changed, default) == ([(0,)], [(1,)])
    changed, default = both(
        "select count(*) from customer360_events where attributed_by like '%-time'"
    )
    assert default[0][0] > 100
    assert changed[0][0] < default[0][0]
    changed, default = both("select distinct attributed_by from customer360_events")
    assert {row[0] for row in changed} <= {"email", "device", "device-time", "anonymous"}
    assert {"login", "customer", "cookie", "order"} <= {row[0] for row in default}
    changed, default = both("select avg(cast(is_active as integer)) from customer360_profiles")
    assert changed[0][0] > default[0][0]
    changed, default = both(
        "select count(*) from customer360_profiles where primary_source = 'web'"
    )
    assert changed[0][0] > default[0][0]


def test_every_instance_is_a_source_in_the_lineage(project_copy: Path, run_cli: RunCli) -> None:
    raw = project_copy / "raw"
    raw.mkdir()
    (raw / "a.csv").write_text("id,mail\n1,ann@example.com\n", encoding="utf-8")
    # Another order of columns: they go by name.
    (raw / "b.csv").write_text("mail,id\nANN@example.com,1\nben@example.com,2\n", encoding="utf-8")
    (project_copy / "own.yml").write_text(
        """
include_sample_data: false
as_of: "2026-01-01 00:00:00"
sources:
  crm.contacts:
    - {name: north, file: raw/a.csv, columns: {contact_id: id, customer_id: id, email: mail}}
    - {name: south, file: raw/b.csv, columns: {contact_id: id, customer_id: id, email: mail}}
""",
        encoding="utf-8",
    )
    built = run_cli(project_copy, "build", "--vars", "own.yml")
    assert built.returncode == 0, built.stderr
    manifest = json.loads((project_copy / "target" / "manifest.json").read_text(encoding="utf-8"))
    parents = manifest["parent_map"]["model.customer360.base_crm__contacts"]
    for instance in ("north", "south"):
        assert f"source.customer360.crm.contacts__{instance}" in parents
    # One address is one person; equal customer numbers of two systems are not.
    assert query(
        published(project_copy),
        "select primary_email, record_count, source_systems from customer360_profiles order by 1",
    ) == [("ann@example.com", 2, ["north", "south"]), ("ben@example.com", 1, ["south"])]
