"""How well customers that were found agree with the people behind the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """Pairwise and B-cubed precision and recall, each between 0 and 1."""

    precision: float
    recall: float
    bcubed_precision: float
    bcubed_recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of pairwise precision and recall."""
        return harmonic_mean(self.precision, self.recall)

    @property
    def bcubed_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        return harmonic_mean(self.bcubed_precision, self.bcubed_recall)


def harmonic_mean(one: float, other: float) -> float:
    """Return the harmonic mean of two shares; 0 where both are 0."""
    return 2 * one * other / (one + other) if one + other else 0.0


def share(part: int, whole: int) -> float:
    """Return a part of a whole; of nothing, all: who claims no pair claims no wrong one."""
    return part / whole if whole else 1.0


def pairs(counts: Counter[object]) -> int:
    """Number of unordered pairs inside groups of these sizes."""
    return sum(n * (n - 1) // 2 for n in counts.values())


def score(found: Mapping[str, str], truth: Mapping[str, str]) -> Score:
    """Compare two partitions, each row -> group, over the rows of the truth.

    B-cubed as in Bagga and Baldwin (1998). A row that was not found is a group of its own.
    """
    rows = [(found.get(row, f"missing {row}"), person) for row, person in truth.items()]
    cells: Counter[object] = Counter(rows)
    groups: Counter[object] = Counter(group for group, _ in rows)
    people: Counter[object] = Counter(person for _, person in rows)
    both = pairs(cells)
    return Score(
        precision=share(both, pairs(groups)),
        recall=share(both, pairs(people)),
        bcubed_precision=sum(cells[row] / groups[row[0]] for row in rows) / len(rows),
        bcubed_recall=sum(cells[row] / people[row[1]] for row in rows) / len(rows),
    )
