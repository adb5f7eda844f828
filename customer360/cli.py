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
from customer360.doctor import run_checks
from customer360.errors import (
    EXIT_BUILD_FAILED,
    EXIT_UNEXPECTED,
    Customer360Error,
)
from customer360.messages import sentence
from customer360.paths import ensure_profile, find_project

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


def main() -> None:
    """Run the command; the entry point of the script."""
    # Where standard output cannot show a character, a question mark is better than an error.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    main()
