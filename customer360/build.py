"""The steps of a build, in order; each of them stops it with one sentence."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from customer360 import __version__
from customer360.config import BuildConfig, load_config
from customer360.errors import ConfigError
from customer360.lock import build_lock
from customer360.paths import Project, ensure_home, ensure_profile
from customer360.progress import shown_progress
from customer360.publish import (
    Outcome,
    Release,
    publish,
    read_publication,
    remove_drafts,
)
from customer360.rawfiles import RawTable, check_raw_files
from customer360.runner import run_dbt
from customer360.sources_yml import resolved_variables, write_sources
from customer360.workfile import prepare_work_file


@dataclass(frozen=True)
class Inputs:
    """A judged configuration with the raw tables it stands on."""

    config: BuildConfig
    tables: tuple[RawTable, ...]
    sources_file: Path | None


@dataclass(frozen=True)
class BuildOptions:
    """What the user asked for."""

    vars_file: Path | None = None
    target: str = "dev"
    full_refresh: bool = False


def code_version(root: Path) -> str:
    """Name the code: the package's version, and the commit where the project is a git clone."""
    try:
        found = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return __version__
    return f"{__version__}+{found.stdout.strip()}"


def prepare_inputs(project: Project, vars_file: Path | None, env: Mapping[str, str]) -> Inputs:
    """Judge the configuration and the raw files, and declare them to dbt."""
    config = load_config(project, vars_file)
    tables = check_raw_files(config, env, Path.cwd())
    return Inputs(config, tables, write_sources(project, config, tables))


def refuse_mixture(project: Project, is_sample: bool) -> None:
    """Keep the sample from taking the place of published data of the user's own."""
    published = read_publication(project)
    if is_sample and published is not None and not published.is_sample_data:
        raise ConfigError(
            f"'{project.published_file}' holds data of your own, which the sample would replace; "
            "set CUSTOMER360_HOME to another folder for the sample, or move that file away."
        )


def build(project: Project, options: BuildOptions, console: Console) -> Outcome:
    """Build and publish; raises an error with one sentence, and then nothing was published."""
    with private_files():
        ensure_home(project)
        with build_lock(project):
            return build_locked(project, options, console)


@contextmanager
def private_files() -> Iterator[None]:
    """Keep everything written for the owner alone, dbt's logs and spilled rows included."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def build_locked(project: Project, options: BuildOptions, console: Console) -> Outcome:
    """Take the steps of a build with the lock held."""
    remove_drafts(project)
    ensure_profile(project)
    inputs = prepare_inputs(project, options.vars_file, os.environ)
    config = inputs.config
    refuse_mixture(project, config.is_sample)
    tell_inputs(console, inputs)
    note = prepare_work_file(project)
    if note:
        console.print(note)
    with shown_progress(console) as listener:
        report = run_dbt(
            project,
            resolved_variables(config, inputs.tables),
            listener,
            target=options.target,
            full_refresh=options.full_refresh,
        )
    for warning in report.warnings:
        console.print(f"Warning: {warning}.", highlight=False, markup=False, soft_wrap=True)
    outcome = publish(
        project,
        Release(
            tables=report.relations,
            as_of=config.as_of,
            invocation_id=report.invocation_id,
            is_sample_data=config.is_sample,
            vars_hash=config.vars_hash,
            code_version=code_version(project.root),
        ),
    )
    tell_outcome(console, outcome, report.node_count)
    return outcome


def tell_inputs(console: Console, inputs: Inputs) -> None:
    """Say what is built from, and which columns of the files are not used."""
    if inputs.config.is_sample:
        console.print("Building from the sample data.", highlight=False)
        return
    instances = inputs.config.instances
    tables = "1 raw table" if len(instances) == 1 else f"{len(instances)} raw tables"
    console.print(f"Building from {tables}.", highlight=False)
    for table in inputs.tables:
        unused = table.unused_columns
        if unused:
            console.print(
                f"{table.instance.contract.name}, {table.instance.name}: "
                f"columns not used: {', '.join(unused)}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )


def tell_outcome(console: Console, outcome: Outcome, node_count: int) -> None:
    """Say whether there is a new generation."""
    told = (
        f"published generation {outcome.generation}"
        if outcome.is_new
        else f"nothing changed, generation {outcome.generation} stays"
    )
    console.print(f"All {node_count} models, seeds and tests succeeded; {told}.", highlight=False)
