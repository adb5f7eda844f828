"""What the next build would change, or other settings would: built aside and thrown away.

Two steps are built in a scratch home that begins from the published state: one with the settings in
force, which shows what new data, decisions and blocked values do, and one with the new settings on
top, which shows what they alone do. The published file, the working file and the state are only
read.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import yaml
from rich.console import Console

from customer360.build import Inputs, prepare_inputs, private_files
from customer360.config import BuildConfig, load_config
from customer360.errors import BuildError, ConfigError
from customer360.lock import build_lock
from customer360.paths import Project, ensure_home, ensure_profile
from customer360.progress import shown_progress
from customer360.published import (
    Publication,
    attach_readable,
    draft_path,
    fetch_publication,
    published_database,
    remove_drafts,
)
from customer360.rawfiles import sql_name, sql_text
from customer360.runner import (
    Listener,
    Progress,
    common_arguments,
    invoke_dbt,
    judge,
    read_manifest,
    read_results,
)
from customer360.sources_yml import resolved_variables, write_sources
from customer360.state import begin_from_published, last_generation
from customer360.summary import new_table, number
from customer360.targets import find_target

SHOWN_CUSTOMERS = 10
TESTS = ("test", "unit_test")
MAP_COLUMNS = "record_key, customer360_id, record_role"
PROFILE_COLUMNS = "customer360_id, orders_count, total_revenue"
NEEDED = ("customer360_identity_map", "customer360_profiles", "customer360_id_changes")
# In the words of customer360_id_changes.
CHANGES = {
    "merged": "merged into another customer",
    "attached": "known customers now counted as visits of another",
    "split": "split off from another customer",
    "restored": "ids that come back",
    "retired": "ids that end with their records",
    "moved": "records changed sides between two that stay",
}


@dataclass(frozen=True)
class ScratchProject(Project):
    """The project with another home, where dbt's artifacts go too."""

    @property
    def target_dir(self) -> Path:
        """Where dbt writes its artifacts: not over those of the last build."""
        return self.home / "target"


@dataclass(frozen=True)
class Counts:
    """How things stand before or after a step; revenue in the reporting currency."""

    customers: int
    identified: int
    records: int
    orders: int
    revenue: float


@dataclass(frozen=True)
class NewCustomer:
    """A customer whose records were of several before, and what joins most of those.

    `identifier` is type and value, or the text of a human decision; None where no single value is
    carried by records of two former customers.
    """

    customer360_id: str
    records: int
    former_customers: int
    identifier: str | None
    joined_by_it: int


@dataclass(frozen=True)
class Step:
    """What one step changed.

    `changes`: change -> ids that it befell, as in customer360_id_changes; of those that moved, the
    records. `causes`: cause -> changes. `records_moved`: records there before and after whose
    customer is another. `orders_moved` and `revenue_moved`: what some customers lost and others
    gained.
    """

    title: str
    before: Counts
    after: Counts
    changes: dict[str, int]
    causes: dict[str, int]
    records_moved: int
    orders_moved: int
    revenue_moved: float
    joining_types: dict[str, int]
    largest: list[NewCustomer]

    @property
    def is_quiet(self) -> bool:
        """Whether nobody's records, orders or revenue are counted differently."""
        return self.before == self.after and not (self.changes or self.records_moved)


@dataclass(frozen=True)
class Report:
    """All that a dry run found; `warning` is a sentence, or empty."""

    published_generation: int
    as_of: str
    warning: str
    steps: list[Step]


@dataclass(frozen=True)
class Request:
    """What the user asked for; `vars_file` None means the settings in force alone."""

    vars_file: Path | None
    base_vars: Path | None
    target: str = "dev"
    keep: bool = False


def dry_run(project: Project, request: Request, console: Console) -> Report:
    """Build aside, show and store what would change; raises an error with one sentence."""
    with private_files():
        ensure_home(project)
        with build_lock(project), instances_kept(project):
            ensure_profile(project)
            refuse_place(project, request.target)
            remove_drafts(project)
            scratch = ScratchProject(project.root, draft_path(project, "dry_run"))
            scratch.home.mkdir(mode=0o700)
            try:
                report = run_steps(project, scratch, request, console)
                store(project, report)
                if request.keep:
                    keep_scratch(project, scratch)
            finally:
                shutil.rmtree(scratch.home, ignore_errors=True)
    show(console, project, report, request.keep)
    return report


def refuse_place(project: Project, target_name: str) -> None:
    """Refuse a target that is not built in the home alone; raises ConfigError."""
    target = find_target(project, target_name)
    if target.is_warehouse:
        raise ConfigError(
            f"A dry run is made on DuckDB only, and the target '{target_name}' is on "
            f"{target.engine}; try the settings in another schema (CUSTOMER360_SCHEMA) there."
        )
    try:
        content = yaml.safe_load(project.profiles_file.read_text(encoding="utf-8"))
        path = str(content["customer360"]["outputs"][target_name]["path"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        raise ConfigError(
            f"profiles.yml has no target '{target_name}' with a path; copy it from "
            "profiles.yml.example."
        ) from None
    if "CUSTOMER360_HOME" not in path:
        raise ConfigError(
            f"The path of the target '{target_name}' in profiles.yml is fixed, so a dry run would "
            "write there; write it with CUSTOMER360_HOME as in profiles.yml.example."
        )


@contextmanager
def instances_kept(project: Project) -> Iterator[None]:
    """Put the declaration of raw tables back as it was, for plain dbt."""
    path = project.instances_file
    before = path.read_bytes() if path.exists() else None
    try:
        yield
    finally:
        if before is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != before:
            path.write_bytes(before)


def keep_scratch(project: Project, scratch: Project) -> None:
    """Keep what was built, in the place of what an earlier dry run kept."""
    kept = kept_folder(project)
    shutil.rmtree(kept, ignore_errors=True)
    scratch.home.replace(kept)


def kept_folder(project: Project) -> Path:
    """The folder in which the tables of a dry run are kept when asked for."""
    return project.home / "dry_run"


def stored_file(project: Project) -> Path:
    """The file that holds the last report."""
    return project.home / "dry_run.json"


def store(project: Project, report: Report) -> None:
    """Write the report as JSON; it holds personal values, for the owner alone."""
    draft = draft_path(project, "report")
    text = json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"
    draft.write_text(text, encoding="utf-8")
    draft.replace(stored_file(project))


# --- the two builds -------------------------------------------------------------------------------


def run_steps(
    project: Project, scratch: ScratchProject, request: Request, console: Console
) -> Report:
    """Build with the settings in force, then with the new ones."""
    published = check_published(project)
    base_config = load_config(project, request.base_vars)
    refuse_other_kind(base_config, published, "--base-vars")
    if request.vars_file is not None:
        refuse_other_kind(load_config(project, request.vars_file), published, "--vars")
    begin_from_published(project, base_config.is_sample, scratch.work_file)
    remember_published(project, scratch)
    base = prepare_inputs(project, request.base_vars, os.environ)
    as_of = base.config.as_of
    new = None
    if request.vars_file is not None:
        new = prepare_inputs(project, request.vars_file, os.environ)
        # Settings that stop a build are to be known before the first one, not after it.
        run(scratch, request.target, variables_of(new, as_of), lambda event: None, "seed")
    titles = "A build with the settings in force", "The new settings"
    steps = [build_step(scratch, base, as_of, titles[0], request.target, console)]
    if new is not None:
        remember_built(scratch)
        steps.append(build_step(scratch, new, as_of, titles[1], request.target, console))
    return Report(published.generation, as_of, settings_warning(base.config, published), steps)


def variables_of(inputs: Inputs, as_of: str) -> dict[str, Any]:
    """Return the vars of a step; all steps speak of the same moment."""
    return {**resolved_variables(inputs.config, inputs.tables), "as_of": as_of}


def check_published(project: Project) -> Publication:
    """Read what is published; raises ConfigError where there is nothing to compare with."""
    with published_database(project) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'published'"
        ).fetchall()
        missing = set(NEEDED) - {name for (name,) in names}
        if missing or not last_generation(connection, "published"):
            raise ConfigError(
                "The published file is of an earlier version; run `customer360 build` first."
            )
        return fetch_publication(connection)


def refuse_other_kind(config: BuildConfig, published: Publication, option: str) -> None:
    """Refuse to compare the sample with data of the user's own; raises ConfigError."""
    if config.is_sample == published.is_sample_data:
        return
    if published.is_sample_data:
        raise ConfigError(
            f"What is published is the sample, and '{config.vars_file}' builds data of your own; "
            "build that first, or name a file without 'sources'."
        )
    advice = (
        f"add 'sources' and 'include_sample_data: false' to '{config.vars_file}'"
        if config.vars_file
        else f"name the file of vars that it was built with as {option}"
    )
    raise ConfigError(f"What is published is data of your own; {advice}.")


def settings_warning(base: BuildConfig, published: Publication) -> str:
    """Say so where the settings in force are not those of the published build."""
    if base.vars_hash == published.vars_hash:
        return ""
    return (
        "The published data was built with other vars than these; name the file it was built with "
        "as --base-vars, or read the first step as what that difference does, too."
    )


def build_step(
    scratch: ScratchProject,
    inputs: Inputs,
    as_of: str,
    title: str,
    target: str,
    console: Console,
) -> Step:
    """Build one step in the scratch home, and compare it with what was remembered before."""
    before = generation_of(scratch)
    write_sources(scratch, inputs.config, inputs.tables)
    console.print(f"{title}:", highlight=False)
    with shown_progress(console) as listener:
        run(
            scratch,
            target,
            variables_of(inputs, as_of),
            lambda event: listener(replace(event, total=None)),
        )
    with opened(scratch) as connection:
        return compare(connection, title, before)


def run(
    project: Project,
    target: str,
    variables: Mapping[str, Any],
    listener: Listener,
    command: str = "build",
) -> None:
    """Build seeds and models (`build`), or load seeds alone (`seed`), without any test.

    Raises an error with one sentence where dbt could not start or not all of it succeeded.
    """
    arguments = [command, *common_arguments(project, variables, target, project.target_dir)]
    if command == "build":
        for kind in TESTS:
            arguments += ["--exclude-resource-type", kind]
    progress = Progress(listener, project.target_dir / "manifest.json")
    outcome = invoke_dbt(project, arguments, progress)
    manifest = read_manifest(project)
    kinds = ("seed",) if command == "seed" else ("seed", "model", "snapshot")
    nodes = manifest["nodes"].items()
    expected = {key: node for key, node in nodes if node["resource_type"] in kinds}
    judge({**manifest, "nodes": expected}, read_results(outcome.result))


# --- what is compared -----------------------------------------------------------------------------


@contextmanager
def opened(scratch: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the scratch file as the database `work`; raises BuildError."""
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach {sql_text(str(scratch.work_file))} as work")
            yield connection
    except duckdb.Error as error:
        raise BuildError(
            f"The dry run could not be compared ({type(error).__name__}); make room on the disk "
            "and try again."
        ) from error


def generation_of(scratch: Project) -> int:
    """Return the number of the generation that the scratch home stands at."""
    with opened(scratch) as connection:
        return last_generation(connection, "work") or 0


def remember_published(project: Project, scratch: Project) -> None:
    """Remember whose the published records are."""
    copy = draft_path(project, "compared")
    try:
        with opened(scratch) as connection:
            attach_readable(connection, project.published_file, "published", copy)
            remember(connection, "published.customer360")
    finally:
        copy.unlink(missing_ok=True)


def remember_built(scratch: Project) -> None:
    """Remember whose the records are that the scratch home holds."""
    with opened(scratch) as connection:
        remember(connection, "work.customer360")


def remember(connection: duckdb.DuckDBPyConnection, marts: str) -> None:
    """Copy what the next step is compared with."""
    connection.execute("create schema if not exists work.dry_run_before")
    for table, columns in (
        ("customer360_identity_map", MAP_COLUMNS),
        ("customer360_profiles", PROFILE_COLUMNS),
    ):
        connection.execute(
            f"create or replace table work.dry_run_before.{sql_name(table)} as "
            f"select {columns} from {marts}.{sql_name(table)}"
        )


def counts_of(connection: duckdb.DuckDBPyConnection, marts: str) -> Counts:
    """Count the customers of a schema."""
    row = connection.execute(
        f"""
        with customers as (
            select bool_or(record_role = 'known') as is_identified, count(*) as records
            from {marts}.customer360_identity_map
            group by customer360_id
        )
        select
            count(*), count(*) filter (where is_identified), coalesce(sum(records), 0),
            (select coalesce(sum(orders_count), 0) from {marts}.customer360_profiles),
            (select coalesce(sum(total_revenue), 0) from {marts}.customer360_profiles)
        from customers
        """
    ).fetchone() or (0, 0, 0, 0, 0)
    customers, identified, records, orders, revenue = row
    return Counts(int(customers), int(identified), int(records), int(orders), float(revenue))


def compare(connection: duckdb.DuckDBPyConnection, title: str, generation_before: int) -> Step:
    """Say what the tables in `work` changed of what was remembered."""
    connection.execute("use work.customer360")
    rows = connection.execute(
        """
        select
            change,
            case
                when change = 'moved' then sum(record_count)
                else count(distinct customer360_id)
            end
        from customer360_id_changes
        where generation_no > ?
        group by change
        """,
        [generation_before],
    ).fetchall()
    causes = connection.execute(
        "select cause, count(*) from customer360_id_changes where generation_no > ? "
        "group by cause order by cause",
        [generation_before],
    ).fetchall()
    moved = connection.execute(
        """
        select count(*)
        from customer360_identity_map as now
        inner join dry_run_before.customer360_identity_map as before using (record_key)
        where now.customer360_id <> before.customer360_id
        """
    ).fetchone() or (0,)
    amounts = connection.execute(MOVED_AMOUNTS).fetchone() or (0, 0)
    connection.execute(JOINED)
    found = {str(change): int(count) for change, count in rows}
    return Step(
        title=title,
        before=counts_of(connection, "dry_run_before"),
        after=counts_of(connection, "work.customer360"),
        changes={change: found[change] for change in CHANGES if change in found},
        causes={str(cause): int(count) for cause, count in causes},
        records_moved=int(moved[0]),
        orders_moved=int(amounts[0]),
        revenue_moved=float(amounts[1]),
        joining_types=joining_types(connection),
        largest=largest(connection),
    )


# What customers lost, and others gained: new orders and lost ones are on one side alone.
MOVED_AMOUNTS = """
    with moves as (
        select
            coalesce(now.orders_count, 0) - coalesce(before.orders_count, 0) as orders,
            coalesce(now.total_revenue, 0) - coalesce(before.total_revenue, 0) as revenue
        from customer360_profiles as now
        full join dry_run_before.customer360_profiles as before using (customer360_id)
    )
    select
        coalesce(least(sum(greatest(orders, 0)), sum(greatest(-orders, 0))), 0),
        coalesce(least(sum(greatest(revenue, 0)), sum(greatest(-revenue, 0))), 0)
    from moves
"""

# Customers whose records were of several, each with the value that most of those share now. A value
# that is only held on both sides joined neither.
JOINED = """
    create or replace temp table joined as
    with customers as (
        select
            now.customer360_id,
            count(*) as records,
            count(distinct before.customer360_id) as former_customers
        from customer360_identity_map as now
        left join dry_run_before.customer360_identity_map as before using (record_key)
        group by now.customer360_id
        having count(distinct before.customer360_id) > 1
    ),
    bridging as (
        select
            links.customer360_id,
            links.identifier_type,
            links.identifier_value,
            any_value(links.decision) as decision,
            count(distinct before.customer360_id) as joined_by_it,
            min(list_position(
                ['decision', 'strong', 'fallback', 'weak'], links.identifier_role
            )) as role_rank
        from customer360_identity_links as links
        inner join customers using (customer360_id)
        inner join dry_run_before.customer360_identity_map as before using (record_key)
        where links.link_effect <> 'none'
        group by links.customer360_id, links.identifier_type, links.identifier_value
        having count(distinct before.customer360_id) > 1 and bool_or(links.link_effect = 'joins')
    )
    select
        customers.*, bridging.identifier_type, bridging.identifier_value, bridging.decision,
        bridging.joined_by_it
    from customers
    left join bridging using (customer360_id)
    qualify row_number() over (
        partition by customers.customer360_id
        order by
            bridging.joined_by_it desc, bridging.role_rank, bridging.identifier_type,
            bridging.identifier_value
    ) = 1
"""


def joining_types(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the joined customers by the type of the value that joins most of each."""
    rows = connection.execute(
        "select coalesce(identifier_type, 'several'), count(*) from joined group by 1 "
        "order by 2 desc, 1"
    ).fetchall()
    return {str(kind): int(count) for kind, count in rows}


def largest(connection: duckdb.DuckDBPyConnection) -> list[NewCustomer]:
    """Read the largest of the joined customers."""
    rows = connection.execute(
        """
        select
            customer360_id, records, former_customers,
            coalesce(decision, identifier_type || ' ' || identifier_value),
            coalesce(joined_by_it, 0)
        from joined
        order by records desc, former_customers desc, customer360_id
        limit ?
        """,
        [SHOWN_CUSTOMERS],
    ).fetchall()
    return [NewCustomer(*row) for row in rows]


# --- what is shown --------------------------------------------------------------------------------


def show(console: Console, project: Project, report: Report, is_kept: bool) -> None:
    """Show the report and say where it is."""
    if report.warning:
        console.print(report.warning, highlight=False, markup=False)
    for step in report.steps:
        show_step(console, step)
    console.print("Nothing was published. The report, which holds personal values, is in")
    console.print(f"  {stored_file(project)}", highlight=False, markup=False, soft_wrap=True)
    if is_kept:
        console.print("and the tables are in")
        path = kept_folder(project) / "work.duckdb"
        console.print(f"  {path}", highlight=False, markup=False, soft_wrap=True)


def show_step(console: Console, step: Step) -> None:
    """Show what one step changes."""
    console.print()
    if step.is_quiet:
        console.print(f"{step.title}: changes nobody.\n", highlight=False, markup=False)
        return
    table = new_table(step.title, "", "before", "after")
    before, after = step.before, step.after
    for label, old, new in (
        ("customers", before.customers, after.customers),
        ("identified customers", before.identified, after.identified),
        ("records", before.records, after.records),
        ("orders", before.orders, after.orders),
    ):
        table.add_row(label, number(old), number(new))
    table.add_row("revenue", f"{before.revenue:,.2f}", f"{after.revenue:,.2f}")
    console.print(table)
    table = new_table("What changes", "", "count")
    for change, count in step.changes.items():
        table.add_row(CHANGES[change], number(count))
    table.add_row("records with another customer", number(step.records_moved))
    table.add_row("orders with another customer", number(step.orders_moved))
    table.add_row("revenue with another customer", f"{step.revenue_moved:,.2f}")
    console.print(table)
    if step.causes:
        told = ", ".join(f"{cause} {number(count)}" for cause, count in step.causes.items())
        console.print(f"Causes: {told}.\n", highlight=False, markup=False)
    if step.largest:
        show_largest(console, step)


def show_largest(console: Console, step: Step) -> None:
    """Show the largest customers that are new, and what made them."""
    told = ", ".join(f"{kind} {number(count)}" for kind, count in step.joining_types.items())
    console.print(f"Customers made of several, by what joins them: {told}.", highlight=False)
    console.print("The largest of them:", highlight=False)
    for each in step.largest:
        made = each.identifier or "several identifiers together"
        console.print(
            f"  {each.customer360_id}  {number(each.records)} records of "
            f"{number(each.former_customers)} customers, joined by {made}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    console.print()
