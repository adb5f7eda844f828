"""Turns what dbt and DuckDB say into one sentence without data values."""

from __future__ import annotations

import re

# Errors of DuckDB whose text names only our own objects; all others may quote a value.
NAMING_ERRORS = ("Binder Error", "Catalog Error", "Parser Error")
ERROR_KIND = re.compile(r"\b((?:[A-Z][a-z]+ )+Error|Out of Memory Error)\b")
HEADLINE = re.compile(
    r"^\s*(?:Encountered an error:?|Runtime Error|Compilation Error|Database Error|"
    r"Parsing Error|Validation Error|Dbt[A-Za-z]*Error)"
    r"(?: in [a-z_ ]+ \S+ \([^)]*\))?:?\s*$"
)
NOISE = re.compile(r"^\s*(?:> |called by |in macro |compiled code at |\^|LINE \d+:)")


def paragraph(text: str) -> str:
    """Join the telling lines of dbt's message, without headlines, call stacks and SQL excerpts."""
    kept: list[str] = []
    for line in text.splitlines():
        if HEADLINE.match(line):
            continue
        if NOISE.match(line):
            break
        if line.strip():
            kept.append(line.strip())
        elif kept:
            break
    return " ".join(kept)


def is_own_message(text: str) -> bool:
    """Tell a message raised by a macro of the project, which holds no data."""
    return "Compilation Error" in text or "Parsing Error" in text or "Validation Error" in text


def safe_reason(text: str | None) -> str:
    """Give the reason of a failure, as long as it cannot quote a value."""
    text = text or ""
    if is_own_message(text):
        return paragraph(text)
    if "Out of Memory Error" in text:
        return "out of memory"
    if "No space left" in text:
        return "the disk is full"
    body = paragraph(text)
    if body.startswith(NAMING_ERRORS):
        return body
    kinds = [kind for kind in ERROR_KIND.findall(text) if kind not in ("Runtime Error",)]
    kinds = [kind for kind in kinds if kind != "Database Error"] or kinds
    return kinds[0] if kinds else "an error"


def sentence(text: str) -> str:
    """End a text as a sentence does."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."
