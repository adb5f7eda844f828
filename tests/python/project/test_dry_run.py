"""Trying out and carrying over on the sample: nothing published moves, and the figures are true."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from customer360.dry_run import run
from customer360.paths import Project
from customer360.review import review

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = [pytest.mark.project, pytest.mark.sequence, pytest.mark.xdist_group("sample")]

# Names and postal codes join people, logins and phones no longer do.
POLICY = """
identity_policy:
  - {type: customer_id, role: strong}
  - {type: email, role: strong}
  - {type: loyalty_id, role: strong}
  - {type: person, role: strong, fields: [last_name, postal_code]}
  - {type: order_id, role: strong}
  - {type: device_id, role: weak}
  - {type: cookie_id, role: weak}
"""


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def pairs(file: Path, columns: str, table: str) -> dict[str, str]:
    """Two columns of a table."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as db (read_only)")
        return dict(connection.execute(f"select {columns} from db.{table}").fetchall())


def owners(file: Path, schema: str) -> dict[str, str]:
    """Whose each record is."""
    return pairs(file, "record_key, customer360_id", f"{schema}.customer360_identity_map")


@pytest.fixture
def own_copy(sample_build: Path, project_copy: Path) -> Project:
    """A copy of the project with the published sample, to change at will."""
    project = Project(project_copy, project_copy / "warehouse")
    project.home.mkdir(exist_ok=True)
    for name in (project.work_file.name, project.published_file.name):
        shutil.copy2(sample_build / "warehouse" / name, project.home / name)
    return project


def test_a_dry_run_shows_a_decision_and_a_policy_and_touches_nothing(
    own_copy: Project, run_cli: RunCli
) -> None:
    root = own_copy.root
    case = review(own_copy).cases[0]
    assert case.kind == "bridge_between_groups" and case.pair is not None
    decide = ("review", "--case", case.key, "--decision", "never", "--by", "Ann", "--write")
    assert run_cli(root, *decide).returncode == 0
    (root / "new.yml").write_text(POLICY)
    files = own_copy.published_file, own_copy.work_file
    before = [checksum(file) for file in files]
    published = owners(own_copy.published_file, "customer360")

    tried = run_cli(root, "dry-run", "--vars", "new.yml", "--keep")
    assert tried.returncode == 0, tried.stderr
    assert [checksum(file) for file in files] == before
    assert not own_copy.instances_file.exists() and not (root / "target").exists()
    assert not list(own_copy.home.glob("*.tmp*"))
    stored = own_copy.home / "dry_run.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    kept = own_copy.home / "dry_run" / "work.duckdb"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    decided, changed = json.loads(stored.read_text())["steps"]
    between = owners(kept, "dry_run_before")
    after = owners(kept, "customer360")
    assert set(published) == set(between) == set(after)
    # The decision parts this customer and nobody else.
    parted = {key for key in published if published[key] != between[key]}
    assert {published[key] for key in parted} == set(case.customers)
    assert between[case.pair[0]] != between[case.pair[1]]
    assert decided["changes"] == {"split": 1} and decided["causes"] == {"decision": 1}
    assert decided["records_moved"] == len(parted) > 0
    assert decided["after"]["customers"] == decided["before"]["customers"] + 1
    # The policy alone, against the ids themselves.
    assert set(changed["causes"]) == {"policy_changed"}
    assert changed["before"] == decided["after"]
    ended = set(between.values()) - set(after.values())
    gone = sum(changed["changes"].get(kind, 0) for kind in ("merged", "attached", "retired"))
    assert gone == len(ended) > 0
    # A new id is a split, unless all its records are of ids that go on in it.
    heirs = pairs(
        kept, "customer360_id, current_customer360_id", "customer360.customer360_id_lookup"
    )
    split = {
        after[key]
        for key in after
        if after[key] not in between.values() and heirs[between[key]] != after[key]
    }
    assert changed["changes"]["split"] == len(split) > 0
    assert changed["records_moved"] == sum(between[key] != after[key] for key in after)
    assert changed["joining_types"]["person"] > 0
    for line in ("person ", "Nothing was published.", "split off from another customer"):
        assert line in tried.stdout


def test_a_state_that_was_carried_over_goes_on_with_its_ids(
    own_copy: Project, run_cli: RunCli, tmp_path: Path
) -> None:
    known = owners(own_copy.published_file, "customer360")
    renamed = sorted(set(known.values()))[::3]
    with duckdb.connect(str(own_copy.published_file)) as connection:
        # Ids that no build would come to by itself.
        for table in ("ids", "ledger"):
            connection.execute(
                f"update customer360_state.{table} set customer360_id = reverse(customer360_id) "
                "where list_contains(?, customer360_id)",
                [renamed],
            )
    files = tmp_path / "state"
    assert run_cli(own_copy.root, "state", "export", str(files)).returncode == 0
    home = tmp_path / "new"
    done = run_cli(own_copy.root, "state", "restore", str(files), CUSTOMER360_HOME=str(home))
    assert done.returncode == 0, done.stderr
    project = Project(own_copy.root, home)
    variables = {"as_of": "2026-06-30 00:00:00"}
    run(project, "dev", variables, lambda event: None)
    want = {key: owner[::-1] if owner in renamed else owner for key, owner in known.items()}
    assert owners(project.work_file, "customer360") == want
