"""Build five public lists of people and say how well their people are found, beside other methods.

    python benchmarks/score_linkage.py FOLDER [--out benchmarks/results/linkage.md]

FOLDER holds a folder per list with records.csv and truth.csv (record_id, entity_id), and
peer_scores.csv with the figures of other methods. The lists, their mapping and the one policy for
all of them are examples/linkage.yml; what is built is a copy of the project in a temporary folder.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[1]

# The scores are the tests' own.
sys.path.insert(0, str(ROOT / "tests" / "python"))

from project.scoring import Score, score  # noqa: E402

SETTINGS = ROOT / "examples" / "linkage.yml"
OURS = "this project: several facts together"
OURS_WITH_NUMBER = "this project: the same, with national_id"
NOT_COPIED = (".*", "target", "logs", "warehouse", "build", "site", "__pycache__", "*.egg-info")

CUSTOMER_OF_EACH_ROW = """
    select contacts.source_system, contacts.crm_contact_id, customers.customer360_id
    from customer360_staging.stg_crm__contacts as contacts
    inner join customer360_intermediate.int_identity__customers as customers using (record_key)
"""

Resolved = dict[str, dict[str, str]]


class BuildFailed(RuntimeError):
    """A build that did not succeed; its message is what the command wrote."""


class ListsMixed(RuntimeError):
    """A customer has rows of two lists, whose people have nothing in common."""


@dataclass(frozen=True)
class Figures:
    """One line of the table: pairwise and B-cubed shares between 0 and 1, None where unknown."""

    method: str
    precision: float | None
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float

    @property
    def is_exact_rule(self) -> bool:
        """Whether the method is a rule of values that are equal, and not this project's."""
        return self.method.startswith("exact")


def own_figures(method: str, found: Score) -> Figures:
    """Turn a score into a line of the table."""
    return Figures(
        method,
        found.precision,
        found.recall,
        found.f1,
        found.bcubed_precision,
        found.bcubed_recall,
        found.bcubed_f1,
    )


# --- building ----------------------------------------------------------------------------------


@contextmanager
def copied_project() -> Iterator[Path]:
    """Give a copy of the project in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="customer360-linkage-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(
            ROOT, copy, symlinks=True, ignore=lambda at, names: ignored(Path(at), names)
        )
        yield copy


def ignored(folder: Path, names: Iterable[str]) -> set[str]:
    """Return the names in a folder that a build does not need: what builds and tools made."""
    return shutil.ignore_patterns(*NOT_COPIED)(str(folder), list(names))


def run(project: Path, arguments: list[str], raw: Path) -> None:
    """Run a module of Python in the project; raises BuildFailed with its output."""
    outer = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("CUSTOMER360_", "DBT_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project,
        env={**outer, "CUSTOMER360_RAW_DIR": str(raw)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(done.stdout + done.stderr)


def build_identity(project: Path, settings: Mapping[str, Any], raw: Path) -> Path:
    """Build who is who in a copy of the project, from nothing and without tests.

    `settings` are dbt vars, `raw` is the folder of the raw files. Returns the working file; raises
    BuildFailed.
    """
    shutil.rmtree(project / "warehouse", ignore_errors=True)
    (project / "warehouse").mkdir()
    text = yaml.safe_dump(dict(settings), sort_keys=False)
    (project / "settings.yml").write_text(text, encoding="utf-8")
    run(project, ["customer360", "prepare", "--vars", "settings.yml"], raw)
    without_tests = ["--exclude", "resource_type:test", "resource_type:unit_test"]
    chosen = ["--select", "+customer360_identity_map", *without_tests]
    run(project, ["dbt.cli.main", "build", *chosen, "--vars", text], raw)
    return project / "warehouse" / "work.duckdb"


def read_customers(work_file: Path) -> Resolved:
    """Return list -> row -> customer; raises ListsMixed where a customer is in two lists."""
    with duckdb.connect(str(work_file), read_only=True) as connection:
        rows = connection.execute(CUSTOMER_OF_EACH_ROW).fetchall()
    resolved: defaultdict[str, dict[str, str]] = defaultdict(dict)
    list_of: dict[str, str] = {}
    for name, row, customer in rows:
        resolved[name][row] = customer
        if list_of.setdefault(customer, name) != name:
            raise ListsMixed(f"customer {customer} has rows of {name} and {list_of[customer]}")
    return dict(resolved)


def load_settings() -> dict[str, Any]:
    """Return the vars of examples/linkage.yml."""
    loaded: dict[str, Any] = yaml.safe_load(SETTINGS.read_text(encoding="utf-8"))
    return loaded


def with_number(settings: Mapping[str, Any], raw: Path) -> dict[str, Any]:
    """Return the settings of the lists that have a national_id, which joins as customer_id.

    In the namespace of its list: the same number in two lists is not the same person.
    """
    chosen = []
    for each in settings["sources"]["crm.contacts"]:
        with (raw / each["file"]).open(encoding="utf-8", newline="") as stream:
            if "national_id" in next(csv.reader(stream)):
                chosen.append(
                    {**each, "columns": {**each["columns"], "customer_id": "national_id"}}
                )
    return {**settings, "sources": {"crm.contacts": chosen}}


# --- judging -----------------------------------------------------------------------------------


def read_truth(folder: Path) -> dict[str, str]:
    """Return row -> person of one list."""
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return {row["record_id"]: row["entity_id"] for row in csv.DictReader(stream)}


def read_peers(raw: Path) -> dict[str, list[Figures]]:
    """Return list -> figures of the other methods that give a partition, in the file's order."""
    peers: defaultdict[str, list[Figures]] = defaultdict(list)
    with (raw / "peer_scores.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["bP"]:
                precision = float(row["P"]) if row["P"] else None
                shares = (float(row[key]) for key in ("R", "F", "bP", "bR", "bF"))
                peers[row["dataset"]].append(Figures(row["method"], precision, *shares))
    return dict(peers)


def score_lists(project: Path, raw: Path) -> dict[str, list[Figures]]:
    """Build and score every list, those with a national_id a second time with it."""
    settings = load_settings()
    tables: defaultdict[str, list[Figures]] = defaultdict(list)
    for method, chosen in (
        (OURS, settings),
        (OURS_WITH_NUMBER, with_number(settings, raw)),
    ):
        customers = read_customers(build_identity(project, chosen, raw))
        for each in chosen["sources"]["crm.contacts"]:
            name = each["name"]
            found = score(customers[name], read_truth(raw / name))
            tables[name].append(own_figures(method, found))
    return dict(tables)


# --- showing -----------------------------------------------------------------------------------


def cell(value: float | None) -> str:
    """Show a share with four decimals."""
    return "" if value is None else f"{value:.4f}"


def table_of(lines: Iterable[Figures]) -> list[str]:
    """Lay figures out as a Markdown table."""
    head = ["method", "precision", "recall", "F1", "B³ precision", "B³ recall", "B³ F1"]
    rows = [
        [
            line.method.replace(" |", ","),
            cell(line.precision),
            cell(line.recall),
            cell(line.f1),
            cell(line.bcubed_precision),
            cell(line.bcubed_recall),
            cell(line.bcubed_f1),
        ]
        for line in lines
    ]
    aligned = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(row) + " |" for row in [head, aligned, *rows]]


def report(tables: Mapping[str, list[Figures]], peers: Mapping[str, list[Figures]]) -> str:
    """Lay out the whole page."""
    lines = [
        "# Linkage: lists without a reliable id",
        "",
        "Written by `python benchmarks/score_linkage.py FOLDER`; the lists are public and not part",
        "of this repository. One policy for all of them, with no setting for a single list:",
        "[examples/linkage.yml](../../examples/linkage.yml). It was written with these lists at",
        "hand, so that another may fare worse. All are built in one base; no customer is in two.",
        "",
        "Precision and recall count pairs of rows; B³ (B-cubed) is the mean over rows. The `exact`",
        "methods join rows whose named values are equal. The others are probabilistic models",
        "estimated from the list itself; where it says *best*, the truth chose the threshold.",
    ]
    for name, own in tables.items():
        lines += ["", f"## {name}", "", *table_of([*own, *peers.get(name, [])])]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Build, score, print, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the lists, and peer_scores.csv")
    parser.add_argument("--out", type=Path, help="write the page here, too")
    arguments = parser.parse_args()
    raw = arguments.folder.resolve()
    if not (raw / "peer_scores.csv").is_file():
        sys.exit(
            f"There is no peer_scores.csv in '{arguments.folder}'; name the folder of the lists."
        )
    try:
        with copied_project() as project:
            page = report(score_lists(project, raw), read_peers(raw))
    except (BuildFailed, ListsMixed) as error:
        sys.exit(f"The lists could not be scored: {error}")
    print(page)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
