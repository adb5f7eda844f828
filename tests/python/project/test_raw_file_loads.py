"""Raw files from build to build, by appending and by overwriting, through dbt and publishing.

The project is cut down to contacts, the state of raw files and the marts that tell of them, so that
many builds fit into a minute. Two instances read one folder, one in each way.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from project.reading import query

ROOT = Path(__file__).resolve().parents[3]
RunCli = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = [pytest.mark.project, pytest.mark.sequence]

KEPT_MODELS = (
    "base_crm__contacts",
    "stg_crm__contacts",
    "int_state__generation",
    "int_state__files_read",
    "int_state__raw_files",
    "int_quality__files_counted",
    "int_quality__files_loaded",
    "int_quality__quarantined",
    "customer360_quarantine",
    "customer360_raw_files",
)
KEPT_SEEDS = ("countries", "country_names", "region_names")
OWN_FILES = {
    "macros/cut_down.sql": """
{% macro begin_cut_down() %}
    {% if execute and flags.WHICH in ('run', 'build') %}
        {% do make_state() %}
        {% do roll_back_state(last_generation()) %}
        {% do keep_changes() %}
    {% endif %}
{% endmacro %}

{% macro end_cut_down(results) %}
    {% if execute and flags.WHICH in ('run', 'build') and all_succeeded(results) %}
        {% do open_changes() %}
        {% do commit_generation() %}
        {% do keep_changes() %}
    {% endif %}
{% endmacro %}
""",
    "models/intermediate/identity/int_identity__decisions.sql": "select '' as decision_key limit 0",
    "models/marts/customer/customer360_profiles.sql": """
select source_system, crm_contact_id, email, first_name
from {{ ref('stg_crm__contacts') }}
""",
    "models/marts/customer/_customer__models.yml": """
models:
  - name: customer360_profiles
    config: {contract: {enforced: false}}
    columns: [{name: source_system}, {name: crm_contact_id}, {name: email}, {name: first_name}]
""",
    "tests/dbt/fails_when_asked.sql": """
select crm_contact_id from {{ ref('customer360_profiles') }} where '{{ var("outcome") }}' = 'bad'
""",
}
STATE_OF_OTHERS = re.compile(r"^ {8}'ids': \{.*?(?=^ {8}'raw_files': \{)", re.DOTALL | re.MULTILINE)
HEADER = "id,mail,name,changed\n"


# --- the project ----------------------------------------------------------------------------------


def cut_down(root: Path) -> Path:
    """Make the project of a few models; their SQL, yml and macros are the real ones."""
    shutil.copytree(ROOT / "macros", root / "macros")
    # Links among the packages are relative and lead into the stand-ins.
    shutil.copytree(ROOT / "compat", root / "compat")
    shutil.copytree(ROOT / "dbt_packages", root / "dbt_packages", symlinks=True)
    shutil.copytree(ROOT / "tests" / "dbt" / "generic", root / "tests" / "dbt" / "generic")
    for name in ("packages.yml", "profiles.yml.example", "models/_shared__docs.md"):
        place(ROOT / name, root / name)
    for name in KEPT_SEEDS:
        place(
            ROOT / "seeds" / "reference" / f"{name}.csv",
            root / "seeds" / "reference" / f"{name}.csv",
        )
    for name in KEPT_MODELS:
        (model,) = (ROOT / "models").rglob(f"{name}.sql")
        place(model, root / model.relative_to(ROOT))
    for folder in ("models", "seeds/reference"):
        for path in sorted((ROOT / folder).rglob("_*.yml")):
            copy_entries(path, root / path.relative_to(ROOT))
    for name, text in OWN_FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    state = root / "macros" / "state" / "state_tables.sql"
    text, count = STATE_OF_OTHERS.subn("", state.read_text(encoding="utf-8"))
    assert count == 1
    state.write_text(text, encoding="utf-8")
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    settings["on-run-start"] = ["{{ begin_cut_down() }}"]
    settings["on-run-end"] = ["{{ end_cut_down(results) }}"]
    entries = settings["vars"]["source_entries"]
    settings["vars"]["source_entries"] = {"stg_crm__contacts": entries["stg_crm__contacts"]}
    settings["vars"]["outcome"] = "good"
    (root / "dbt_project.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return root


def place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def copy_entries(source: Path, target: Path) -> None:
    """Copy a yml with the entries of what is kept, and of the sources that this reads.

    What is there for other reasons goes without its tests, which every other build runs.
    """
    content = yaml.safe_load(source.read_text(encoding="utf-8"))
    names = {
        "models": KEPT_MODELS,
        "seeds": KEPT_SEEDS,
        "sources": ("crm", "identity_state"),
    }
    kept = {
        key: [entry for entry in content.get(key) or [] if entry["name"] in chosen]
        for key, chosen in names.items()
    }
    for entry in (*kept["models"], *kept["seeds"]):
        if "files" not in entry["name"]:
            for part in (entry, *entry["columns"]):
                part.pop("data_tests", None)
    if any(kept.values()):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump({"version": 2, **kept}), encoding="utf-8")


# --- its builds -----------------------------------------------------------------------------------


class Builds:
    """A project with a folder of raw files, and what its builds publish."""

    def __init__(self, root: Path, run_cli: RunCli) -> None:
        self.root = root
        self.run_cli = run_cli
        self.raw = root / "raw"
        self.raw.mkdir()
        self.home = root / "warehouse"
        self.tables: list[dict[str, Any]] = []

    def write(self, name: str, *rows: str, header: str = HEADER) -> None:
        text = header + "".join(f"{row}\n" for row in rows)
        (self.raw / name).write_text(text, encoding="utf-8")

    def settings(self, day: int, outcome: str) -> Path:
        columns = {"contact_id": "id", "email": "mail", "first_name": "name"}
        columns["updated_at"] = "changed"
        shared = {"file": "raw", "columns": columns, "allow_empty": True}
        instances = [
            {"name": "ever", "load": "append", **shared},
            {"name": "now", **shared},
            *self.tables,
        ]
        content = {
            "include_sample_data": False,
            "as_of": f"2026-06-{day:02} 00:00:00",
            "outcome": outcome,
            "sources": {"crm.contacts": instances},
        }
        path = self.root / "own.yml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def add_tables(self) -> None:
        """Put a table into the warehouse, and declare it twice: telling of its files, and not."""
        self.home.mkdir()
        with duckdb.connect(str(self.home / "work.duckdb")) as connection:
            connection.execute("create schema lake")
            connection.execute(
                "create table lake.people as select * from (values (1, 'north.csv', '2026-05-01'), "
                "(2, 'north.csv', '2026-05-02 10:00:00'), (3, 'south.csv', 'soon')) "
                "as people(id, _file, _at)"
            )
        silent = {"contact_id": "id"}
        told = {**silent, "source_file": "_file", "file_loaded_at": "_at"}
        self.tables = [
            {"name": "table_silent", "relation": "lake.people", "columns": silent},
            {"name": "table_told", "relation": "lake.people", "columns": told},
        ]

    def build(self, day: int, outcome: str = "good") -> str:
        """Build as of a day of June 2026; returns what was said."""
        path = self.settings(day, outcome)
        env = {"CUSTOMER360_PROJECT_DIR": str(self.root), "PYTHONPATH": str(ROOT)}
        done = self.run_cli(self.root, "build", "--vars", str(path), **env)
        said = done.stdout + done.stderr
        assert (done.returncode == 0) == (outcome == "good"), said
        return said

    def query(self, sql: str, file: str = "customer360.duckdb") -> list[tuple[Any, ...]]:
        return query(self.home / file, sql)

    def people(self, system: str) -> dict[str, str]:
        rows = self.query(
            "select crm_contact_id, first_name from customer360_profiles where source_system = "
            f"'{system}' order by all"
        )
        return {str(key): str(name) for key, name in rows}

    def files(self, system: str) -> dict[str, tuple[Any, ...]]:
        """State, version, rows read, kept, duplicate, quarantined, days of June by file."""
        rows = self.query(
            "select source_file, file_state, content_version, rows_read, rows_kept, "
            "duplicates_removed, rows_quarantined, day(first_loaded_at), day(loaded_on) "
            f"from customer360_raw_files where source_system = '{system}' order by all"
        )
        return {str(name): facts for name, *rest in rows for facts in [tuple(rest)]}

    def copies(self) -> set[str]:
        return {path.name for path in (self.home / "raw_files").glob("*")}


def people_of(rows: Iterable[str]) -> dict[str, str]:
    return dict(sorted((row.split(",")[0], row.split(",")[2]) for row in rows))


@pytest.fixture
def builds(tmp_path: Path, run_cli: RunCli) -> Builds:
    return Builds(cut_down(tmp_path / "cut_down"), run_cli)


A = ("1,ann@example.com,Ann,2026-01-01", "2,bo@example.com,Bo,2026-01-01")
# A later version of a contact of the first file, and one without a key.
B = ("2,bo@example.com,Bob,2026-02-01", ",lost@example.com,Lost,2026-01-01")
C = ("3,cy@example.com,Cy,",)
A2 = ("1,ann@example.com,Anna,2026-01-01", "4,di@example.com,Di,2026-01-01")


def test_files_come_change_and_go(builds: Builds, tmp_path: Path) -> None:
    builds.write("a.csv", *A)
    builds.write("b.csv", *B)
    (builds.raw / "none.csv").write_bytes(b"")
    builds.build(day=1)
    first = {
        "a.csv": ("present", 1, 2, 1, 1, 0, 1, 1),
        "b.csv": ("present", 1, 2, 1, 0, 1, 1, 1),
        "none.csv": ("present", 1, 0, 0, 0, 0, 1, 1),
    }
    assert builds.files("ever") == builds.files("now") == first
    both = people_of([*A, *B[:1]])
    assert builds.people("ever") == builds.people("now") == both
    lost = builds.query(
        "select source_system, source_files from customer360_quarantine order by all"
    )
    assert lost == [("ever", "b.csv"), ("now", "b.csv")]
    rows = builds.query(
        "select source_system, source_file, file_loaded_at::varchar, file_loaded_on::varchar "
        "from db.customer360_staging.base_crm__contacts where crm_contact_id = '1' order by all",
        file="work.duckdb",
    )
    told = ("a.csv", "2026-06-01 00:00:00", "2026-06-01")
    assert rows == [("ever", *told), ("now", *told)]
    copies = builds.copies()
    assert len(copies) == 3

    # A build that fails after reading new files has loaded none of them.
    builds.write("c.csv", *C)
    assert "fails_when_asked" in builds.build(day=2, outcome="bad")
    assert builds.files("ever") == first
    assert builds.copies() == copies

    # New, of another kind and with another header; the same again; changed; gone.
    (builds.raw / "c.csv").unlink()
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select mail, id, name from (values ('cy@example.com', 3, 'Cy'), "
            "('di@example.com', 4, 'Di')) as people(mail, id, name)) "
            f"to '{builds.raw / 'c.parquet'}' (format parquet)"
        )
    builds.write("d.csv", *B)
    builds.write("a.csv", *A2)
    (builds.raw / "b.csv").unlink()
    said = builds.build(day=3)
    for told_once in (
        "crm.contacts, ever: 'c.parquet': new",
        "crm.contacts, ever: 'a.csv': changed since loaded, rows replaced",
        "crm.contacts, ever: 'b.csv': gone from the folder, rows kept",
        "crm.contacts, ever: 'd.csv' holds what 'b.csv' holds and is not read",
        "crm.contacts, ever: 'c.parquet' has no column changed: null in its rows",
        "crm.contacts, now: 'c.parquet', 'd.csv': new",
        "crm.contacts, now: 'a.csv': changed since the last build",
        "crm.contacts, now: 'b.csv': gone from the folder, rows gone too",
    ):
        assert said.count(told_once) == 1, (told_once, said)
    changed = ("present", 2, 2, 2, 0, 0, 1, 3)
    assert builds.files("ever") == {
        "a.csv": changed,
        "b.csv": ("gone", *first["b.csv"][1:]),
        "c.parquet": ("present", 1, 2, 1, 1, 0, 3, 3),
        "none.csv": first["none.csv"],
    }
    assert builds.files("now") == {
        "a.csv": changed,
        "c.parquet": ("present", 1, 2, 1, 1, 0, 3, 3),
        "d.csv": ("present", 1, 2, 1, 0, 1, 3, 3),
        "none.csv": first["none.csv"],
    }
    everybody = people_of([*A2, *B[:1], *C])
    assert builds.people("ever") == builds.people("now") == everybody
    # The copy of what a.csv held is gone with its rows.
    assert len(builds.copies()) == 4
    assert len(copies & builds.copies()) == 2

    # Nothing new: no new generation, whatever the day, and whatever became of the working file.
    (builds.home / "work.duckdb").unlink()
    published = builds.query("from customer360_raw_files order by all")
    assert "nothing changed" in builds.build(day=4)
    assert builds.query("from customer360_raw_files order by all") == published

    # The same files all at once, in another project: only the mart of loads tells the difference.
    at_once = Builds(cut_down(tmp_path / "at_once"), builds.run_cli)
    for path in builds.raw.iterdir():
        if path.name != "d.csv":
            shutil.copyfile(path, at_once.raw / path.name)
    at_once.write("b.csv", *B)
    at_once.add_tables()
    at_once.build(day=9)
    for mart in ("customer360_profiles", "customer360_quarantine"):
        rows_of = f"from {mart} where source_system = 'ever' order by all"
        assert at_once.query(rows_of) == builds.query(rows_of)
    counts = (
        "select source_file, content_hash, rows_read, rows_kept, duplicates_removed "
        "from customer360_raw_files where source_system = 'ever' order by all"
    )
    assert at_once.query(counts) == builds.query(counts)
    assert {facts[-1] for facts in at_once.files("ever").values()} == {9}
    # A table tells of its files what it maps, and one that maps nothing has none.
    loaded = "select source_system, source_file, rows_read, file_state, loaded_on::varchar"
    assert at_once.query(
        f"{loaded} from customer360_raw_files where source_system like 'table%' order by all"
    ) == [
        ("table_told", "north.csv", 2, None, "2026-05-02"),
        ("table_told", "south.csv", 1, None, None),
    ]
    assert len(at_once.people("table_silent")) == 3
