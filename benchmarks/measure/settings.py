"""What a run is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"


@dataclass(frozen=True)
class Size:
    """A population's size by name."""

    name: str
    people: int


SIZES = {
    size.name: size
    for size in (Size("small", 20_000), Size("medium", 150_000), Size("large", 1_500_000))
}


@dataclass(frozen=True)
class Settings:
    """The arguments of a run.

    population: a folder that generate.py has written; None: one is made in `work` and kept there.
    only: names of contestants; empty: all. times: multiples of the size that `growth` measures.
    """

    size: Size
    work: Path
    results: Path
    population: Path | None = None
    seed: int = 360
    threads: int = 2
    memory_limit: str = "6GB"
    repeats: int = 3
    time_limit: float = 600.0
    only: Sequence[str] = ()
    times: Sequence[int] = (1, 2, 5, 10)
    shape_scale: float = 1.0

    def shown(self) -> dict[str, str | int | float | list[str] | list[int]]:
        """What a reader of the results needs to know of it; no folders of this machine."""
        return {
            "size": self.size.name,
            # Of a population that was given nothing of this is known.
            **({} if self.population else {"people": self.size.people, "seed": self.seed}),
            "threads": self.threads,
            "memory_limit": self.memory_limit,
            "repeats": self.repeats,
            "time_limit_seconds": self.time_limit,
            "only": list(self.only),
        }
