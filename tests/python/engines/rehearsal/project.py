"""A copy of the project that dbt builds on one engine, and what the build says it did."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from engines.rehearsal import environments

ROOT = environments.PROJECT
BUILD_SECONDS = 1800
DONE = {"success", "pass", "warn"}


class BuildFailed(RuntimeError):
    """dbt ended with an error; the message has what failed, or the end of what dbt printed."""


@dataclass(frozen=True)
class Relation:
    """A model's relation: its name as the engine writes it, and the columns that identify a row."""

    model: str
    name: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A copy of the project with a profile of its own."""

    root: Path

    def dbt(self, command: str, *arguments: str, variables: Mapping[str, Any] | None = None) -> str:
        """Run a dbt command; return what it printed. Raises BuildFailed."""
        program = environments.program_of("dbt", "dbt")
        given = ["--vars", json.dumps(variables)] if variables else []
        where = ["--project-dir", str(self.root), "--profiles-dir", str(self.root)]
        done = subprocess.run(
            [str(program), command, *arguments, *where, *given],
            cwd=self.root,
            env=settings_of(self.root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise BuildFailed(self.reasons() or done.stdout[-4000:])
        return done.stdout

    def build(self, *arguments: str, variables: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Run `dbt build`; return the status of every node that ran. Raises BuildFailed."""
        results = self.root / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        self.dbt("build", *arguments, variables=variables)
        return {result["unique_id"]: result["status"] for result in self.results()}

    def results(self) -> list[dict[str, Any]]:
        """Return dbt's results of the last command; none when it did not get so far."""
        results = self.root / "target" / "run_results.json"
        return json.loads(results.read_text("utf-8"))["results"] if results.is_file() else []

    def reasons(self) -> str:
        """Return what dbt says of the nodes that failed in the last command, one paragraph each."""
        failed = [result for result in self.results() if result["status"] not in DONE]
        told = [result for result in failed if result["status"] != "skipped"]
        return "\n".join(f"{one['unique_id']}: {(one['message'] or '').strip()}" for one in told)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What dbt knows of the project since its first command here."""
        loaded: dict[str, Any] = json.loads(
            (self.root / "target" / "manifest.json").read_text("utf-8")
        )
        return loaded

    def relations(self, *folders: str) -> dict[str, Relation]:
        """Return the models under some folders by name; a model's key is its `meta.grain`."""
        return {
            node["name"]: Relation(
                node["name"],
                node["relation_name"],
                tuple(part.strip() for part in node["config"]["meta"]["grain"].split(",")),
            )
            for node in self.manifest["nodes"].values()
            if node["resource_type"] == "model" and node["original_file_path"].startswith(folders)
        }


def settings_of(root: Path) -> dict[str, str]:
    """Return the environment of a dbt command, without what would lead it astray."""
    ours = ("CUSTOMER360_", "DBT_", "PYTHON", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {
        **kept,
        "CUSTOMER360_HOME": str(root / "warehouse"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONNOUSERSITE": "1",
    }


def listed_files() -> list[Path]:
    """Return the project's files as git knows them, those not yet added too."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def copied(folder: Path, profile: Mapping[str, Any]) -> Project:
    """Copy the project into a folder that is not there yet; profile: dbt's target, its only one."""
    for name in listed_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    # Links in it are relative and lead into the copy.
    shutil.copytree(ROOT / "dbt_packages", folder / "dbt_packages", symlinks=True)
    write_profile(folder, profile)
    return Project(folder)


def write_profile(folder: Path, profile: Mapping[str, Any]) -> None:
    """Write a profiles.yml with one target; JSON is YAML."""
    profiles = {"customer360": {"target": "rehearsal", "outputs": {"rehearsal": dict(profile)}}}
    (folder / "profiles.yml").write_text(json.dumps(profiles, indent=2), "utf-8")
