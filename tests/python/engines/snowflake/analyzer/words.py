"""Snowflake's words, as words.yml lists them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

LIST = Path(__file__).parent / "words.yml"


@cache
def lists() -> dict[str, str]:
    """Read words.yml."""
    content: dict[str, str] = yaml.safe_load(LIST.read_text("utf-8"))
    return content


def words(name: str) -> frozenset[str]:
    """Return a list of words by its name. Raises KeyError."""
    return frozenset(lists()[name].split())
