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
from customer360.loading import (
    EMPTY,
    check_raw_files,
    copies_folder,
    keep_copies,
    read_ledger,
    remove_forgotten,
)
from customer360.lock import build_lock
from customer360.operations import DbtWarehouse
from customer360.paths import Project, ensure_home, ensure_profile
from customer360.progress import shown_progress
from customer360.publish import (
    Outcome,
    Release,
    publish,
)
from customer360.published import read_publication, remove_drafts
from customer360.rawfiles import RawTable
from customer360.runner import RunReport, run_dbt
from customer360.sources_yml import resolved_variables, write_sources
from customer360.state import begin_from_published
from customer360.summary import load_summary, show_summary, show_warehouse
from customer360.targets import Target, check_ready, find_target
from customer360.warehouse import (
    Origin,
    begun,
    describe,
    holder_of,
    publish_on_warehouse,
    refuse_files,
    refuse_sample_over_own,
)
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
    take_over: bool = False


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
    # What a file of this machine remembers is nothing to a build that reads tables alone.
    reads_files = any(instance.file is not None for instance in config.instances)
    ledger = read_ledger(project) if reads_files else EMPTY
    tables = check_raw_files(config, env, Path.cwd(), ledger, copies_folder(project))
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
    ensure_profile(project)
    target = find_target(project, options.target)
    if target.is_warehouse:
        return build_on_warehouse(project, target, options, console)
    return build_file(project, options, console)


def build_on_warehouse(
    project: Project, target: Target, options: BuildOptions, console: Console
) -> Outcome:
    """Build beside what is published on a warehouse, and publish it there when all is well."""
    check_ready(target, os.environ)
    refuse_files(load_config(project, options.vars_file), target)
    inputs = prepare_inputs(project, options.vars_file, os.environ)
    config = inputs.config
    tell_inputs(console, inputs)
    variables = resolved_variables(config, inputs.tables)
    warehouse = DbtWarehouse(project, target.name, variables)
    holder = holder_of(project)
    with begun(warehouse, target, holder, options.take_over) as step:
        refuse_sample_over_own(step.publication, config.is_sample, target.name)
        with shown_progress(console) as listener:
            report = warehouse.build(
                step.working_schema, step.schema_ending, listener, options.full_refresh
            )
        tell_warnings(console, report)
        origin = Origin(
            config.as_of, config.is_sample, config.vars_hash, code_version(project.root)
        )
        published = publish_on_warehouse(warehouse, holder, step, report, origin)
    outcome = Outcome(is_new=True, generation=step.generation)
    tell_outcome(console, outcome, report.node_count)
    show_warehouse(console, target, published)
    return outcome


def build_file(project: Project, options: BuildOptions, console: Console) -> Outcome:
    """Build in the private working file, and publish it as a file when all is well."""
    remove_drafts(project)
    inputs = prepare_inputs(project, options.vars_file, os.environ)
    config = inputs.config
    refuse_mixture(project, config.is_sample)
    tell_inputs(console, inputs)
    note = prepare_work_file(project)
    if note:
        console.print(note)
    begin_from_published(project, config.is_sample)
    with shown_progress(console) as listener:
        report = run_dbt(
            project,
            resolved_variables(config, inputs.tables),
            listener,
            target=options.target,
            full_refresh=options.full_refresh,
        )
    tell_warnings(console, report)
    keep_copies(project, inputs.tables)
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
    remove_forgotten(project)
    tell_outcome(console, outcome, report.node_count)
    show_summary(console, project, load_summary(project))
    return outcome


def show_published(project: Project, target_name: str, console: Console) -> None:
    """Show what a target has published; raises ConfigError when there is nothing."""
    target = find_target(project, target_name)
    if not target.is_warehouse:
        show_summary(console, project, load_summary(project))
        return
    check_ready(target, os.environ)
    with private_files():
        published = describe(DbtWarehouse(project, target.name, {}), target)
    show_warehouse(console, target, published)


def tell_warnings(console: Console, report: RunReport) -> None:
    """Say which tests warn."""
    for warning in report.warnings:
        console.print(f"Warning: {warning}.", highlight=False, markup=False, soft_wrap=True)


def tell_inputs(console: Console, inputs: Inputs) -> None:
    """Say what is built from, what is new with its files, and which of their columns are unused."""
    if inputs.config.is_sample:
        console.print("Building from the sample data.", highlight=False)
        return
    instances = inputs.config.instances
    tables = "1 raw table" if len(instances) == 1 else f"{len(instances)} raw tables"
    console.print(f"Building from {tables}.", highlight=False)
    for table in inputs.tables:
        unused = table.unused_columns
        notes = [*table.notes, *([f"columns not used: {', '.join(unused)}"] if unused else [])]
        for note in notes:
            console.print(
                f"{table.instance.contract.name}, {table.instance.name}: {note}",
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
