"""What `customer360 new-source` writes builds, passes the lint and shows its numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import RunCli, clean_environment, copy_project

pytestmark = pytest.mark.project

STAYS = """\
Buchungs-Nr;Kd-Nr;Name;Vorname;E-Mail;Tel.;Land;Anreise;Anzahl Nächte;Umsatz (€);Punkte;Newsletter
B-1;4711;Müller;Anna;anna@example.com;+49 30 1234567;Deutschland;05.06.2025;3;1.234,50;;ja
B-2;4712;Schmidt;Ben;ben@example.org;030 7654321;Deutschland;07.06.2025;1;99,00;;nein
B-3;4711;Müller;Anna;Anna@Example.com;+49 30 1234567;DE;15.08.2025;2;450,00;7;ja
B-4;4713;Lee;Kim;kim@example.com;+44 20 79460123;GB;16.08.2025;2;80,00;;nein
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("new_source") / "project")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV with German headers and a Parquet file with senseless ones."""
    folder = tmp_path_factory.mktemp("raw")
    (folder / "stays.csv").write_text(STAYS, encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select * from (values ('kim@example.com', 1.5, 20), ('kim@example.com', 0.5, "
            "null), ('zoe@example.com', 2.25, 5)) as given (c1, c2, punkte)) "
            f"to '{folder}/points.parquet' (format parquet)"
        )
    return folder


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of the environment in the project."""
    home = project / "target" / "lint"
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [str(Path(sys.executable).parent / arguments[0]), *arguments[1:]],
        cwd=project,
        env=clean_environment({"CUSTOMER360_HOME": str(home), "COLUMNS": "160"}),
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_what_it_writes_builds_and_passes_the_lint(
    project: Path, raw: Path, run_cli: RunCli
) -> None:
    for name, file in (("hotel.stays", "stays.csv"), ("hotel.points", "points.parquet")):
        done = run_cli(project, "new-source", name, "--file", str(raw / file))
        assert done.returncode == 0, done.stderr
    both = raw / "both.yml"
    first = (raw / "hotel.stays.yml").read_text(encoding="utf-8")
    second = (raw / "hotel.points.yml").read_text(encoding="utf-8").partition("sources:\n")[2]
    both.write_text(first + second, encoding="utf-8")

    built = run_cli(project, "build", "--vars", str(both))
    assert built.returncode == 0, built.stdout + built.stderr
    with duckdb.connect(str(project / "warehouse" / "customer360.duckdb")) as connection:
        connection.execute("use customer360.customer360")
        rows = connection.execute(
            "select primary_email, full_name, primary_phone, country, metrics, source_systems "
            "from customer360_profiles order by primary_email"
        ).fetchall()
    profiles = {row[0]: (*row[1:4], json.loads(row[4], parse_float=Decimal)) for row in rows}
    nights, revenue = "anzahl_naechte", "umsatz"
    assert profiles == {
        "anna@example.com": (
            "Anna Müller",
            "+49301234567",
            "DE",
            {nights: 5, revenue: Decimal("1684.5"), "punkte": 7},
        ),
        "ben@example.org": ("Ben Schmidt", "+49307654321", "DE", {nights: 1, revenue: 99}),
        "kim@example.com": (
            "Kim Lee",
            "+442079460123",
            "GB",
            {nights: 2, revenue: 80, "c2": 2, "punkte": 20},
        ),
        "zoe@example.com": (None, None, None, {"c2": Decimal("2.25"), "punkte": 5}),
    }

    # As make lint has it, for what was written or goes another way because of it.
    judged = run(project, "dbt-bouncer", "run", "--config-file", "dbt-bouncer.yml").stdout
    assert "SUCCESS=" in judged
    assert "hotel" not in judged, judged
    models = ["models/staging/hotel", "models/intermediate/profile/int_profile__metrics.sql"]
    linted = run(project, "sqlfluff", "lint", "--disable-progress-bar", *models)
    assert linted.returncode == 0, linted.stdout


def test_a_table_is_looked_at_without_a_trace_of_its_values(
    project: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with duckdb.connect(str(home / "work.duckdb")) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.taps as "
            "select 'T' || i as tap_id, 'secret' || i || '@example.com' as mail, "
            "date '2025-01-01' + i::integer as tapped_on, [i] as parts from range(30) as r(i)"
        )
    arguments = ("new-source", "tapped", "--relation", "raw.taps", "--vars", "tapped.yml")
    done = run_cli(project, *arguments, "--only-show", CUSTOMER360_HOME=str(home))
    assert done.returncode == 0, done.stderr
    assert "Read 30 rows and 3 columns of raw.taps." in done.stdout
    assert "identifier: e-mail address" in done.stdout
    assert "Not read, because they are no single values: parts." in done.stdout
    assert "Key: 'tap_id'" in done.stdout
    places = [project / "logs", project / "target", home]
    texts = [
        path.read_bytes()
        for place in places
        for path in place.rglob("*")
        if path.is_file() and path != home / "work.duckdb"
    ]
    assert texts
    assert not [text for text in texts if b"secret1" in text]

    for relation, sentence in (
        ("raw.none", "there is no such table"),
        ("taps", "is not the name of a table"),
    ):
        done = run_cli(
            project, "new-source", "other", "--relation", relation, CUSTOMER360_HOME=str(home)
        )
        assert done.returncode == 2
        assert sentence in done.stderr
