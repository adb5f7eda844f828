"""Real input by YAML alone: five extracts with known people, where they are present."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml
from project.scoring import Score, score

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
FOLDER = (
    Path(__file__).resolve().parents[4]
    / "shared" / "data" / "identity_cases" / "sample_5src_seed42"
)  # fmt: skip

pytestmark = [
    pytest.mark.project,
    pytest.mark.real,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the five-source set is not here"),
]

# Which customer each raw row belongs to, under the names of the truth.
RESOLVED = """
    select
        contacts.source_system || ':' || contacts.crm_contact_id as record_id,
        customers.customer360_id,
        customers.record_role
    from customer360_staging.stg_crm__contacts as contacts
    inner join customer360_intermediate.int_identity__customers as customers using (record_key)
    union all
    select orders.source_order_id, customers.customer360_id, customers.record_role
    from customer360_staging.stg_shop__orders as orders
    inner join customer360_intermediate.int_identity__customers as customers using (record_key)
    union all
    select 'web_events:' || events.source_event_id, customers.customer360_id, customers.record_role
    from customer360_staging.stg_web__events as events
    inner join customer360_intermediate.int_identity__customers as customers using (record_key)
"""


def resolved(root: Path) -> list[tuple[str, str, str]]:
    with duckdb.connect(str(root / "warehouse" / "work.duckdb"), read_only=True) as connection:
        return connection.execute(RESOLVED).fetchall()


def truth() -> dict[str, str]:
    with (FOLDER / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return {row["record_id"]: row["entity_id"] for row in csv.DictReader(stream)}


def build(root: Path, run_cli: RunCli, settings: str) -> list[tuple[str, str, str]]:
    built = run_cli(root, "build", "--vars", settings, CUSTOMER360_RAW_DIR=str(FOLDER))
    assert built.returncode == 0, built.stdout + built.stderr
    return resolved(root)


def identified(rows: list[tuple[str, str, str]]) -> Score:
    found = {record: customer for record, customer, role in rows if role == "known"}
    people = {record: person for record, person in truth().items() if record in found}
    return score(found, people)


def test_five_sources_by_yaml_alone(project_copy: Path, run_cli: RunCli) -> None:
    without_device = build(project_copy, run_cli, "examples/five_sources.yml")
    assert len(without_device) == 10_000
    figures = score({record: customer for record, customer, _ in without_device}, truth())
    print(figures, figures.f1)
    assert figures.precision == 1.0
    assert round(figures.f1, 4) >= 0.9479

    # The set's device ids were drawn at random: as weak links they change no identified customer.
    settings = yaml.safe_load((project_copy / "examples" / "five_sources.yml").read_text("utf-8"))
    settings["sources"]["web.events"][0]["columns"]["device_id"] = "anonymous_id"
    settings["identity_policy"].append({"type": "device_id", "role": "weak"})
    (project_copy / "with_device.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    shutil.rmtree(project_copy / "warehouse")
    with_device = build(project_copy, run_cli, "with_device.yml")
    assert identified(with_device) == identified(without_device)
