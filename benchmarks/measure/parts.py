"""The parts of a benchmark. Each measures something, and lays out and draws what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measure import growth, peers
from measure.given import Tell
from measure.settings import Settings

Figures = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One section of the results.

    measure: does the work and returns what can be written as JSON. lay_out: lines of Markdown.
    draw: fills a part of the chart (a matplotlib SubFigure), `height` inches high.
    """

    name: str
    title: str
    measure: Callable[[Settings, Tell], Figures]
    lay_out: Callable[[Figures], list[str]]
    draw: Callable[[Any, Figures], None] | None = None
    height: float = 5.0


PARTS = {
    part.name: part
    for part in (
        Part("peers", "Identity, beside peers and lower bounds", peers.measure, peers.lay_out,
             peers.draw, 6.0),
        Part("growth", "Growth", growth.measure, growth.lay_out, growth.draw),
    )
}  # fmt: skip
