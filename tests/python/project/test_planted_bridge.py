"""One wrong contact in the sample joins two people: everything that watches identity says so."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from customer360.paths import Project
from customer360.review import review

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = [pytest.mark.project, pytest.mark.sequence, pytest.mark.xdist_group("sample")]

WRONG = "C999999"
# Two customers that no single link parts in two groups, each with an address and a phone: of those,
# the surest.
SOUND = """
select customer360_id, min(email.identifier_value), min(phone.identifier_value)
from customer360_identity_audit as audit
inner join customer360_identity_links as email using (customer360_id)
inner join customer360_identity_links as phone using (customer360_id)
where
    audit.identity_confidence > 0.9 and audit.record_count > 1 and not audit.is_suspect
    and email.identifier_type = 'email' and phone.identifier_type = 'phone'
group by customer360_id, identity_confidence
order by identity_confidence desc, customer360_id
limit 2
"""
AUDIT = """
select suspect_reason, suspect_identifier_type, suspect_identifier_value, identity_confidence < 1
from customer360_identity_audit inner join customer360_identity_map using (customer360_id)
where record_key = ?
"""
HEALTH = """
select figure_value from customer360_identity_health
where figure = 'customers_with_suspect_bridge'
order by valid_from_generation desc limit 1
"""
CHANGES = "select change, cause, cause_detail from customer360_id_changes"


def ask(file: Path, sql: str, *values: str) -> list[tuple[object, ...]]:
    """Ask the published marts."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as db (read_only)")
        connection.execute("use db.customer360")
        return connection.execute(sql, list(values)).fetchall()


def plant(root: Path, email: str, phone: str) -> None:
    """Add a contact with one person's address and another one's phone to the sample."""
    seed = root / "seeds/sample/sample_crm__contacts.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        columns = csv.DictReader(file).fieldnames or []
    row = dict.fromkeys(columns, "") | {
        "contact_id": WRONG,
        "email": email,
        "phone": phone,
        "created_at": "2026-06-01T00:00:00Z",
        "loaded_at": "2026-06-02T00:00:00Z",
    }
    with seed.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, columns, lineterminator="\n").writerow(row)


def test_a_planted_bridge_is_found(sample_build: Path, project_copy: Path, run_cli: RunCli) -> None:
    project = Project(project_copy, project_copy / "warehouse")
    project.home.mkdir(exist_ok=True)
    shutil.copy2(sample_build / "warehouse" / "customer360.duckdb", project.published_file)
    file = project.published_file
    (one, email, _), (other, _, phone) = ask(file, SOUND)
    ((found_before,),) = ask(file, HEALTH)
    cases_before = {case.key for case in review(project).cases}
    plant(project_copy, str(email), str(phone))
    done = run_cli(project_copy, "build")
    assert done.returncode == 0, done.stdout + done.stderr

    key = f"crm:contacts:{WRONG}"
    ((reason, kind, value, is_unsure),) = ask(file, AUDIT, key)
    assert reason == "bridge_between_groups"
    assert (kind, value) in {("email", email), ("phone", phone)}
    assert is_unsure
    assert ask(file, HEALTH) == [(found_before + 1,)]
    (case,) = (case for case in review(project).cases if case.key not in cases_before)
    assert case.kind == "bridge_between_groups"
    assert set(case.customers) <= {one, other}
    assert ask(file, CHANGES) == [("merged", "record_added", key)]
