"""The results of a size: JSON that holds everything, a page and a chart made from it.

Each part is a section with a header of its own, because parts are run at different times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measure.machine import describe_machine, describe_versions
from measure.markdown import number
from measure.parts import PARTS, Figures, Part
from measure.settings import Settings


def header(settings: Settings, date: str) -> Figures:
    """When, where, with what and how a part was run."""
    return {
        "date": date,
        "machine": describe_machine(),
        "versions": describe_versions(),
        "arguments": settings.shown(),
    }


def store(folder: Path, size: str, part: Part, run: Figures, figures: Figures) -> Figures:
    """Put a part into the results of a size, beside the others; return them all."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{size}.json"
    results: Figures = json.loads(file.read_text("utf-8")) if file.exists() else {"size": size}
    results.setdefault("parts", {})[part.name] = {"run": run, "figures": figures}
    file.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", "utf-8")
    (folder / f"{size}.md").write_text(page(results), "utf-8")
    return results


def page(results: Mapping[str, Any]) -> str:
    """Lay out all parts as one page."""
    size = results["size"]
    lines = [f"# Benchmark: {size}", "", f"Written by `make benchmark SIZE={size}`.",
             f"All figures are in {size}.json."]  # fmt: skip
    drawn = [name for name in results["parts"] if PARTS[name].draw]
    if drawn:
        lines += ["", f"![The figures below as a chart]({size}.png)"]
    for name, part in PARTS.items():
        if name in results["parts"]:
            found = results["parts"][name]
            lines += ["", f"## {part.title}", "", *header_lines(found["run"]), ""]
            lines += part.lay_out(found["figures"])
    return "\n".join(lines) + "\n"


def header_lines(run: Mapping[str, Any]) -> list[str]:
    """The header of a part in a few sentences."""
    machine, arguments = run["machine"], run["arguments"]
    people = "A population that was given"
    if "people" in arguments:
        people = f"{arguments['people']:,} people (seed {arguments['seed']})"
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    return [
        f"Run on {run['date']}: {machine['cores']} cores, {machine['memory_gb']} GB of memory,"
        f" {machine['system']}; a load of {machine['load_at_start']} from other work at the start.",
        f"{versions}.",
        f"{people}, {arguments['threads']} threads, memory limit {arguments['memory_limit']}"
        f" for DuckDB; a warm-up and then {number(arguments['repeats'])}"
        f" {'repeat' if arguments['repeats'] == 1 else 'repeats'},"
        f" {arguments['time_limit_seconds']:.0f} s for each run at most.",
    ]
