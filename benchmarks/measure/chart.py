"""The chart of a size: one strip for each part that draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from measure.parts import PARTS

WIDTH = 13.0


def write_chart(results: Mapping[str, Any], file: Path) -> None:
    """Draw what the results hold into a PNG."""
    found = [part for name, part in PARTS.items() if name in results["parts"] and part.draw]
    if not found:
        return
    heights = [part.height for part in found]
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    strips = figure.subfigures(len(found), 1, height_ratios=heights, squeeze=False)[:, 0]
    for strip, part in zip(strips, found, strict=True):
        assert part.draw is not None
        part.draw(strip, results["parts"][part.name]["figures"])
    # Without the metadata that says which software wrote it when.
    figure.savefig(file, dpi=110, metadata={"Software": None})
