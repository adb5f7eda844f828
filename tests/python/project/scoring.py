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
        return 2 * self.precision * self.recall / (self.precision + self.recall)


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
        precision=both / pairs(groups),
        recall=both / pairs(people),
        bcubed_precision=sum(cells[row] / groups[row[0]] for row in rows) / len(rows),
        bcubed_recall=sum(cells[row] / people[row[1]] for row in rows) / len(rows),
    )
