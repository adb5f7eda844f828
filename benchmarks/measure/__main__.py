"""Measure, and write what came out into benchmarks/results.

    make benchmark SIZE=small|medium|large
    make benchmark-growth SIZE=small|medium|large

or, with more to choose, `python -m measure --help` in the environment that `make` makes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from measure.answers import Disagreement
from measure.contest import OursFailed
from measure.contestants import ALL
from measure.given import Tell
from measure.parts import PARTS
from measure.project import ProjectFailed
from measure.results import header, store
from measure.settings import BENCHMARKS, ROOT, SIZES, Settings


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="measure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--size", choices=SIZES, default="small")
    made.add_argument("--part", choices=PARTS, action="append", help="default: peers")
    made.add_argument("--work", type=Path, help="keeps data (default build/benchmark/SIZE)")
    made.add_argument("--results", type=Path, default=BENCHMARKS / "results")
    made.add_argument(
        "--population", type=Path, help="a folder of generate.py --parquet; default: made in WORK"
    )
    made.add_argument("--seed", type=int, default=360)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--memory-limit", default="6GB", help="for DuckDB (default 6GB)")
    made.add_argument("--repeats", type=int, default=3, help="after a warm-up (default 3)")
    made.add_argument("--time-limit", type=float, default=600.0, help="seconds for each run")
    made.add_argument("--only", choices=ALL, nargs="+", default=[], metavar="NAME",
                      help=f"of {', '.join(ALL)}")  # fmt: skip
    made.add_argument("--times", type=int, nargs="+", default=[1, 2, 5, 10],
                      help="multiples of the size, for the part growth")  # fmt: skip
    return made


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the arguments ask for."""
    return Settings(
        size=SIZES[options.size],
        work=(options.work or ROOT / "build" / "benchmark" / options.size).resolve(),
        results=options.results,
        population=options.population,
        seed=options.seed,
        threads=options.threads,
        memory_limit=options.memory_limit,
        repeats=options.repeats,
        time_limit=options.time_limit,
        only=options.only,
        times=options.times,
    )


def progress(console: Console) -> Tell:
    """A function that writes lines with the time since now."""
    began = time.monotonic()

    def tell(line: str) -> None:
        passed = dt.timedelta(seconds=round(time.monotonic() - began))
        console.print(f"[dim]{passed}[/] {line}", highlight=False, soft_wrap=True)

    return tell


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts that were asked for."""
    options = parser().parse_args(arguments)
    if options.repeats < 1:
        parser().error("--repeats: at least one run must count")
    settings = settings_of(options)
    console = Console()
    for name in options.part or ["peers"]:
        part = PARTS[name]
        run = header(settings, dt.datetime.now(dt.UTC).date().isoformat())
        try:
            figures = part.measure(settings, progress(console))
        except (Disagreement, OursFailed, ProjectFailed) as error:
            print(error, file=sys.stderr)
            return 1
        results = store(settings.results, settings.size.name, part, run, figures)
        # Here, because only this command needs it.
        from measure.chart import write_chart

        write_chart(results, settings.results / f"{settings.size.name}.png")
        page = (settings.results / f"{settings.size.name}.md").read_text("utf-8")
        console.print(page, markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
