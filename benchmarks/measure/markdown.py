"""Cells and tables of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay out a table; a column is aligned to the right where all its cells are numbers."""
    body = [list(row) for row in rows]
    columns = range(len(head))
    rule = ["---:" if is_numeric([row[n] for row in body]) else "---" for n in columns]
    return ["| " + " | ".join(row) + " |" for row in [list(head), rule, *body]]


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether cells hold numbers, or nothing, and at least one of them something."""
    bare = [cell.replace(",", "").replace(".", "").lstrip("-") for cell in cells if cell]
    return bool(bare) and all(cell.isdigit() for cell in bare)


def seconds(value: float | None) -> str:
    """Seconds with as many digits as mean something."""
    if value is None:
        return ""
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def number(value: float | None) -> str:
    """A whole number."""
    return "" if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """A share with four decimals."""
    return "" if value is None else f"{value:.4f}"
