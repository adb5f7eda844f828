"""Hold a warehouse against DuckDB: sample data, two builds with changed input between, every mart.

    make verify TARGET=snowflake        (or bigquery; docs/warehouses.md says what it needs)

Builds in throwaway schemas customer360_verify_<time>, which are dropped at the end whatever
happens, and writes what it found to docs/verification/<date>-<target>.md. Exit code 0 where every
mart is equal.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from engines.rehearsal import inputs
from engines.rehearsal.compare import differences
from engines.rehearsal.engines import Rows
from engines.rehearsal.project import ROOT, copied

from customer360.build import code_version
from customer360.errors import Customer360Error
from customer360.operations import DbtWarehouse
from customer360.paths import Project
from customer360.runner import common_arguments, dbt_environment, release_connections
from customer360.targets import Target, check_ready, find_target

BUILD_SECONDS = 7200.0
FILE_TARGET = "dev"
# What Snowflake says of everything that carries the verification's tag.
SNOWFLAKE_COST = """
    select
        count(*) as statements,
        sum(total_elapsed_time) / 1000 as seconds,
        sum(bytes_scanned) as bytes_scanned,
        sum(credits_used_cloud_services) as cloud_services_credits
    from table(information_schema.query_history(result_limit => 10000))
    where query_tag = '{tag}'
"""
COSTS = ("bytes_billed", "bytes_processed", "slot_ms")


class NotVerified(Exception):
    """A step failed; the message says which and why."""


@dataclass
class Round:
    """One build on both engines: seconds, what the warehouse billed, what differs by mart."""

    file_seconds: float
    warehouse_seconds: float
    costs: Mapping[str, int]
    rows: Mapping[str, int]
    faults: Mapping[str, list[str]]


@dataclass
class Findings:
    """What a verification found."""

    target: Target
    schema: str
    is_stand_in: bool
    rounds: list[Round] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    history: str = ""

    @property
    def is_good(self) -> bool:
        """Whether both builds ran and every mart was equal."""
        faults = [fault for round_ in self.rounds for fault in round_.faults.values()]
        return len(self.rounds) == 2 and not any(faults) and not self.told


def throwaway_profile(path: Path, name: str, schema: str) -> dict[str, Any]:
    """Return a profile with DuckDB and the user's target, which builds in a schema of its own."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    outputs: dict[str, Any] = content["customer360"]["outputs"]
    chosen = dict(outputs[name])
    chosen["dataset" if "dataset" in chosen else "schema"] = schema
    if chosen["type"] == "snowflake":
        chosen["query_tag"] = schema
    example = yaml.safe_load((ROOT / "profiles.yml.example").read_text(encoding="utf-8"))
    file_target = example["customer360"]["outputs"][FILE_TARGET]
    return {
        "customer360": {"target": FILE_TARGET, "outputs": {FILE_TARGET: file_target, name: chosen}}
    }


def is_on_loopback(profile: Mapping[str, Any], name: str) -> bool:
    """Tell a stand-in on this machine from a warehouse."""
    output = profile["customer360"]["outputs"][name]
    return "127.0.0.1" in f"{output.get('host')} {output.get('api_endpoint')}"


def build(project: Project, target: str) -> float:
    """Build with the command as a user does; return its seconds. Raises NotVerified."""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "customer360", "build", "--target", target],
        cwd=project.root,
        env={**os.environ, "CUSTOMER360_HOME": str(project.home), "PYTHONPATH": str(project.root)},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        told = done.stderr.strip().partition("\n")[0]
        raise NotVerified(f"the build on {target} failed: {told}")
    return time.monotonic() - begun


def show(project: Project, target: str, query: str) -> Rows:
    """Return the rows of a query, asked through dbt's adapter. Raises NotVerified."""
    from dbt.cli.main import dbtRunner

    command = ["show", "--inline", query, "--limit", "-1", "--output", "json"]
    command += common_arguments(project, {}, target, project.target_dir / "shown")
    with dbt_environment(project):
        try:
            done = dbtRunner().invoke(command)
        finally:
            release_connections()
    if not done.success:
        raise NotVerified(f"a query on {target} failed: {done.exception or 'see logs/dbt.log'}")
    result: Any = done.result
    table = result.results[0].agate_table
    names = [name.lower() for name in table.column_names]
    rows = [tuple(plain(value) for value in row) for row in table.rows]
    # One class for all: values carry their own, and null fits every one.
    return Rows(tuple((name, "value") for name in names), rows)


def plain(value: Any) -> Any:
    """Return a value as all engines give it: numbers exact, times UTC, JSON as what it holds."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return Decimal(str(value))
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
    if isinstance(value, str) and value[:1] in ("[", "{"):
        # An empty list is what null is elsewhere: BigQuery has no null lists.
        return parsed(value) or None
    return value


def parsed(text: str) -> Any:
    """Return what JSON text holds, or the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def marts(project: Project) -> dict[str, tuple[str, ...]]:
    """Return the marts and the columns that name a row of each."""
    manifest = json.loads((project.target_dir / "manifest.json").read_text(encoding="utf-8"))
    return {
        node["name"]: tuple(part.strip() for part in node["config"]["meta"]["grain"].split(","))
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["original_file_path"].startswith("models/marts/")
    }


def billed(project: Project) -> dict[str, int]:
    """Return what the adapter reported of each node of the last build, added up."""
    results = json.loads((project.target_dir / "run_results.json").read_text(encoding="utf-8"))
    sums = dict.fromkeys(COSTS, 0)
    for result in results["results"]:
        for name in COSTS:
            sums[name] += int(result.get("adapter_response", {}).get(name) or 0)
    return {name: amount for name, amount in sums.items() if amount}


def take_round(project: Project, target: str) -> Round:
    """Build on both engines and hold every mart of one against the other's."""
    file_seconds = build(project, FILE_TARGET)
    warehouse_seconds = build(project, target)
    costs = billed(project)
    rows: dict[str, int] = {}
    faults: dict[str, list[str]] = {}
    for mart, key in marts(project).items():
        query = f"select * from {{{{ ref('{mart}') }}}}"
        expected, actual = show(project, FILE_TARGET, query), show(project, target, query)
        rows[mart] = len(actual.rows)
        faults[mart] = differences(mart, key, expected, actual)
    return Round(file_seconds, warehouse_seconds, costs, rows, faults)


def snowflake_cost(project: Project, findings: Findings) -> str:
    """Return what Snowflake's history says of the whole verification, in one line."""
    try:
        found = show(project, findings.target.name, SNOWFLAKE_COST.format(tag=findings.schema))
    except NotVerified:
        return "the warehouse did not tell"
    pairs = zip([name for name, _ in found.columns], found.rows[0], strict=True)
    return ", ".join(f"{name} {value}" for name, value in pairs)


def verify(profiles: Path, name: str, folder: Path, schema: str) -> Findings:
    """Take both rounds in a folder; the throwaway schemas are dropped whatever happens."""
    project = Project(root=folder / "project", home=folder / "home")
    copied(project.root, {})
    profile = throwaway_profile(profiles, name, schema)
    project.profiles_file.write_text(json.dumps(profile, indent=2), encoding="utf-8")
    project.profiles_file.chmod(0o600)
    target = find_target(project, name)
    check_ready(target, os.environ)
    findings = Findings(target, schema, is_on_loopback(profile, name))
    try:
        inputs.plant(project.root)
        findings.rounds.append(take_round(project, name))
        inputs.change(project.root)
        findings.rounds.append(take_round(project, name))
    except (NotVerified, Customer360Error) as error:
        findings.told.append(str(error))
    finally:
        if target.engine == "snowflake":
            findings.history = snowflake_cost(project, findings)
        try:
            DbtWarehouse(project, name, {}).call("drop_throwaway_schemas")
        except Customer360Error as error:
            findings.told.append(f"the schemas {schema}* could not be dropped: {error}")
    return findings


def report(findings: Findings, version: str, now: dt.datetime) -> str:
    """Return the result as a page."""
    engine = findings.target.engine
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("dbt-core", f"dbt-{engine}", "dbt-duckdb")
    )
    result = "every mart equal to DuckDB in both builds" if findings.is_good else "FAILED"
    lines = [
        f"# {'Rehearsal' if findings.is_stand_in else 'Verification'} on {engine}, "
        f"{now:%Y-%m-%d %H:%M} UTC",
        "",
        f"- Result: {result}",
        f"- Code: {version}; {versions}",
        f"- Schemas: {findings.schema} and those that begin so",
    ]
    if findings.is_stand_in:
        lines.append(f"- Run on a stand-in on this machine: it says nothing of {engine} itself.")
    if findings.history:
        lines.append(f"- Query history: {findings.history}")
    lines += [f"- {told}" for told in findings.told]
    for number, round_ in enumerate(findings.rounds, start=1):
        lines += ["", f"## Build {number}", ""]
        lines.append(
            f"{round_.warehouse_seconds:.0f} s there, {round_.file_seconds:.0f} s on DuckDB. "
            f"By the models' results: {costs_text(round_.costs)}."
        )
        lines += ["", "| mart | rows | differences |", "|---|---:|---|"]
        for mart, count in round_.rows.items():
            lines.append(f"| {mart} | {count:,} | {len(round_.faults[mart]) or 'none'} |")
        faults = [fault for each in round_.faults.values() for fault in each]
        lines += ["", "```text", *faults, "```"] if faults else []
    return "\n".join([*lines, ""])


def costs_text(costs: Mapping[str, int]) -> str:
    """Return sums as text."""
    return ", ".join(f"{name} {amount:,}" for name, amount in costs.items()) or "not told"


def main(arguments: Sequence[str]) -> int:
    """Verify, write the page, say where it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", help="target in profiles.yml")
    parser.add_argument("--profiles", type=Path, default=ROOT / "profiles.yml")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "verification")
    chosen = parser.parse_args(arguments)
    now = dt.datetime.now(dt.UTC)
    schema = f"customer360_verify_{now:%Y%m%d%H%M%S}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            findings = verify(chosen.profiles, chosen.target, Path(folder), schema)
    except (Customer360Error, KeyError, OSError) as error:
        print(f"Not begun: {error}", file=sys.stderr)
        return 2
    chosen.out.mkdir(parents=True, exist_ok=True)
    page = chosen.out / f"{now:%Y-%m-%d}-{chosen.target}.md"
    page.write_text(report(findings, code_version(ROOT), now), encoding="utf-8")
    print(f"{'Equal' if findings.is_good else 'NOT equal'}: {page}")
    return 0 if findings.is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
