"""The command `customer360`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from customer360 import __version__
from customer360.build import BuildOptions, prepare_inputs, show_published
from customer360.build import build as run_build
from customer360.config import utc_now
from customer360.dictionary import write_pages
from customer360.doctor import run_checks
from customer360.dry_run import Request
from customer360.dry_run import dry_run as run_dry
from customer360.errors import (
    EXIT_BUILD_FAILED,
    EXIT_UNEXPECTED,
    ConfigError,
    Customer360Error,
)
from customer360.messages import sentence
from customer360.new_source import Request as SourceRequest
from customer360.new_source import new_source as make_source
from customer360.paths import ensure_profile, find_project
from customer360.review import add_decision, case_lines, decision_of, find_case, review_lines
from customer360.review import review as run_review
from customer360.state_files import export_state, restore_state
from customer360.targets import check_ready, find_target
from customer360.why import why as explain_why

EXIT_CODES = (
    "Exit codes: 0 all is well; 1 a model or test failed, or the build was stopped, and nothing "
    "was published; 2 the configuration or a raw file is not usable; 3 another build is running; "
    "4 something unexpected."
)

app = typer.Typer(
    name="customer360",
    help="Build, publish and look at the customer 360.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
state_app = typer.Typer(
    help="Carry the state, which holds the ids, as files.", no_args_is_help=True
)
app.add_typer(state_app, name="state")
VarsFile = Annotated[
    Path | None,
    typer.Option(
        "--vars",
        "--vars-file",
        metavar="FILE.yml",
        help="YAML file of dbt vars: your sources and settings. Without it the sample is built. "
        "An {expression: ...} in it is SQL that runs as it is: use only files you trust.",
    ),
]

TargetName = Annotated[str, typer.Option("--target", help="Target in profiles.yml.")]


class State:
    """What holds for every command."""

    debug = False


def console() -> Console:
    """Make the console anew, for whatever standard output is now."""
    return Console(soft_wrap=False)


def show_version(value: bool) -> None:
    """Print the version and leave."""
    if value:
        typer.echo(f"customer360 {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the Python traceback of an error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Build, publish and look at the customer 360."""
    State.debug = debug


def fail(message: str, code: int) -> NoReturn:
    """Print one line to standard error and leave."""
    typer.echo(sentence(" ".join(message.split())), err=True)
    raise typer.Exit(code)


def stop(signum: int, frame: FrameType | None) -> NoReturn:
    """Treat a request to end like Ctrl-C, so that the drafts are cleared away."""
    raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a request to end reach the block as KeyboardInterrupt."""
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def explained_errors() -> Iterator[None]:
    """Turn every error into one sentence and an exit code; --debug shows the traceback, too."""
    try:
        yield
    except typer.Exit:
        raise
    except Customer360Error as error:
        if State.debug:
            raise
        fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        fail("Stopped; nothing was published.", EXIT_BUILD_FAILED)
    except Exception as error:
        if State.debug:
            raise
        fail(
            f"Something unexpected happened ({type(error).__name__}); nothing was published; "
            "run the command again as `customer360 --debug ...` and look into logs/dbt.log.",
            EXIT_UNEXPECTED,
        )


@app.command(epilog=EXIT_CODES)
def build(
    vars_file: VarsFile = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build incremental models from nothing.")
    ] = False,
    target: TargetName = "dev",
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="On a warehouse: build although another machine's build seems to run, "
            "because it is known to be dead.",
        ),
    ] = False,
) -> None:
    """Check the input, build and test everything, and publish if all of it succeeded."""
    with explained_errors(), stoppable():
        chosen = vars_file.resolve() if vars_file else None
        run_build(find_project(), BuildOptions(chosen, target, full_refresh, take_over), console())


@app.command(epilog=EXIT_CODES)
def prepare(vars_file: VarsFile = None) -> None:
    """Only check the input and declare it to dbt, for a plain `dbt build --vars` afterwards."""
    with explained_errors():
        project = find_project()
        ensure_profile(project)
        chosen = vars_file.resolve() if vars_file else None
        inputs = prepare_inputs(project, chosen, os.environ)
        if inputs.sources_file is None:
            typer.echo("The sample needs no declaration; run `dbt build`.")
            return
        written = inputs.sources_file.relative_to(project.root)
        count = len(inputs.config.instances)
        typer.echo(
            f"{count} raw {'table is' if count == 1 else 'tables are'} fine and declared in "
            f"{written}; "
            f'run `dbt build --vars "$(cat {vars_file})"`.'
        )


@app.command(epilog=EXIT_CODES)
def summary(target: TargetName = "dev") -> None:
    """Show what was published: rows, customers, quarantined rows, where it is."""
    with explained_errors():
        show_published(find_project(), target, console())


@app.command(epilog=EXIT_CODES)
def why(
    one: Annotated[str, typer.Argument(help="A customer360_id, record_key, value or type:value.")],
    other: Annotated[str, typer.Argument(help="The other one, named in the same way.")],
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every step of a long chain.")
    ] = False,
) -> None:
    """Explain why two records, identifiers or customers are one customer, or are not.

    Reads the published file. The answer shows personal values, on the screen alone.
    """
    with explained_errors():
        for line in explain_why(find_project(), one, other, show_all):
            typer.echo(line)


@app.command("dry-run", epilog=EXIT_CODES)
def dry_run(
    vars_file: Annotated[
        Path | None,
        typer.Option(
            "--vars",
            "--vars-file",
            metavar="FILE.yml",
            help="The whole file of vars you would build with. Without it: what the next build "
            "with the settings in force would change.",
        ),
    ] = None,
    base_vars: Annotated[
        Path | None,
        typer.Option(
            "--base-vars",
            metavar="FILE.yml",
            help="The file that what is published was built with; none where there was none.",
        ),
    ] = None,
    target: TargetName = "dev",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the tables that were built for it.")
    ] = False,
) -> None:
    """Show what other settings, or new data and decisions, would change; publish nothing.

    Customers that merge or part, records and revenue that change sides, and what joins the largest
    new customers. The report shows personal values and is stored as dry_run.json in the home.
    """
    with explained_errors(), stoppable():
        chosen = vars_file.resolve() if vars_file else None
        base = base_vars.resolve() if base_vars else None
        run_dry(find_project(), Request(chosen, base, target, keep), console())


@app.command("new-source", epilog=EXIT_CODES)
def new_source(
    name: Annotated[
        str, typer.Argument(help="The new contract: source, or source.entity such as hotel.stays.")
    ],
    file: Annotated[
        str | None,
        typer.Option("--file", help="A CSV or Parquet file, a folder of them or a pattern."),
    ] = None,
    relation: Annotated[
        str | None,
        typer.Option("--relation", metavar="SCHEMA.TABLE", help="A table of the target instead."),
    ] = None,
    target: TargetName = "dev",
    delimiter: Annotated[
        str | None,
        typer.Option("--delimiter", help="What parts the columns of a CSV; found by itself."),
    ] = None,
    vars_file: Annotated[
        Path | None,
        typer.Option(
            "--vars",
            "--vars-file",
            metavar="FILE.yml",
            help="Where to write the instance; NAME.yml beside the file where left out.",
        ),
    ] = None,
    only_show: Annotated[
        bool, typer.Option("--only-show", help="Say what would be written, and write nothing.")
    ] = False,
) -> None:
    """Look at a raw table of a new kind and write contract, staging and entry for it.

    Says what it guessed of each column, how sure it is and what to check. Overwrites nothing.
    """
    with explained_errors():
        project = find_project()
        if relation is not None:
            ensure_profile(project)
            chosen = find_target(project, target)
            if chosen.is_warehouse:
                check_ready(chosen, os.environ)
        mark = "\t" if delimiter == "\\t" else delimiter
        request = SourceRequest(name, file, relation, target, mark, vars_file, only_show)
        make_source(project, request, typer.echo)


@app.command(epilog=EXIT_CODES)
def review(
    case: Annotated[
        str | None, typer.Option("--case", metavar="KEY", help="Only this case of the list.")
    ] = None,
    decision: Annotated[
        str | None,
        typer.Option("--decision", metavar="same|never", help="What you decide about it."),
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Add the decision to the seed identity_decisions.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Cases shown at most.")] = 20,
) -> None:
    """List customers that may be two people, and pairs that may be one; write decisions.

    Reads the published file. Shows personal values, on the screen alone.
    """
    with explained_errors():
        project = find_project()
        found, now = run_review(project), utc_now()
        if case is None:
            if write or decision or by or reason:
                raise ConfigError("Name the case that you decide, as in --case 1a2b3c4d.")
            for line in review_lines(found, limit, now):
                typer.echo(line)
            return
        chosen = find_case(found, case)
        if not (write or decision):
            for line in case_lines(chosen, now):
                typer.echo(line)
            return
        if write and not (decision and by.strip()):
            raise ConfigError(
                "A decision that is written down needs --decision same or never, and --by NAME."
            )
        decided = decision_of(chosen, decision, by, reason, now)
        if write:
            add_decision(project, decided)
        typer.echo(decided.line)


@state_app.command("export", epilog=EXIT_CODES)
def state_export(
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
) -> None:
    """Write the published state, with every id ever given, as Parquet files."""
    with explained_errors():
        tell_state(export_state(find_project(), folder.resolve()), "written")


@state_app.command("restore", epilog=EXIT_CODES)
def state_restore(
    folder: Annotated[Path, typer.Argument(help="The folder of an exported state.")],
    target: TargetName = "dev",
) -> None:
    """Put an exported state where there is none yet; the next build goes on from it."""
    with explained_errors(), stoppable():
        project = find_project()
        ensure_profile(project)
        chosen = find_target(project, target)
        if chosen.is_warehouse:
            check_ready(chosen, os.environ)
        tell_state(restore_state(project, chosen, folder.resolve()), "restored")
        typer.echo("Build now: the ids go on from there.")


def tell_state(counts: dict[str, int], done: str) -> None:
    """Say how many rows of the state there were."""
    told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    typer.echo(f"The state is {done}, rows per table: {told}.")


@app.command(epilog=EXIT_CODES)
def doctor(target: TargetName = "dev") -> None:
    """Check everything a build needs; exit code 1 if there is a problem."""
    with explained_errors():
        problems = 0
        for check in run_checks(find_project(), os.environ, target):
            typer.echo(f"{'ok     ' if check.is_good else 'PROBLEM'}  {check.name}: {check.found}")
            if not check.is_good:
                problems += 1
                typer.echo(f"         fix: {check.fix}")
        if problems:
            fail(f"{problems} problem{'s' if problems > 1 else ''} found.", EXIT_BUILD_FAILED)


@app.command(epilog=EXIT_CODES)
def dictionary() -> None:
    """Write docs/fields.md and docs/source_guide.md anew from the project's yml."""
    with explained_errors():
        changed = [str(path) for path in write_pages(find_project().root)]
        typer.echo(f"Written: {', '.join(changed)}." if changed else "Both pages are up to date.")


def main() -> None:
    """Run the command; the entry point of the script."""
    # Where standard output cannot show a character, a question mark is better than an error.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    main()
