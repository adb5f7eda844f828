"""The pages that list fields, made from the project's yml: docs/fields.md and docs/source_guide.md.

A test holds the pages equal to what this makes, so that they say what the contracts say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from customer360.contracts import Column, Contract, load_contracts, meta_of

FIELDS_PAGE = Path("docs/fields.md")
SOURCES_PAGE = Path("docs/source_guide.md")
DOCS_BLOCK = re.compile(r"{%\s*docs (\w+)\s*%}(.*?){%\s*enddocs\s*%}", re.DOTALL)
DOC_CALL = re.compile(r"{{\s*doc\(['\"](\w+)['\"]\)\s*}}")
ROOMS = {"customer": "Customers", "identity": "Identity", "quality": "Quality"}

FIELDS_HEAD = """# Fields of the marts

Every column of every public table, from the contracts that the build enforces. Written by
`customer360 dictionary`; do not edit. Times are UTC. **PII** says whether a column alone tells who
somebody is (`direct`) or helps to (`indirect`); [privacy.md](privacy.md) tells what follows.
"""
SOURCES_HEAD = """# What each source needs, and what it adds

One section per contract: a kind of raw table that the project knows. Written by
`customer360 dictionary`; do not edit. [sources.md](sources.md) tells how a table of yours fills a
contract, and [new_source.md](new_source.md) what to do with a kind of table that is not here.

No source is needed: what a missing one would fill is null, and counts are 0. A column in bold is
required; the rest is null where a table lacks it. Where an instance lists no columns, they are
found by their name or by one of the other names, whatever the case, blanks and underscores. Ids
marked † are told apart by system until a
[namespace](sources.md#namespaces-when-equal-numbers-mean-the-same-person) says that two systems
mean the same.
"""


def doc_blocks(root: Path) -> dict[str, str]:
    """Return the texts that descriptions share, by name."""
    found: dict[str, str] = {}
    for path in sorted((root / "models").rglob("*.md")):
        for name, text in DOCS_BLOCK.findall(path.read_text(encoding="utf-8")):
            found[name] = " ".join(text.split())
    return found


def described(entry: Mapping[str, Any], blocks: Mapping[str, str]) -> str:
    """Return the description of a yml entry as one line of a table."""
    text = " ".join(str(entry.get("description") or "").split())
    return DOC_CALL.sub(lambda call: blocks[call.group(1)], text).replace("|", "\\|")


def type_name(column: Mapping[str, Any]) -> str:
    """Return the type of a mart's column in words that hold on every engine."""
    given = str(column.get("data_type") or "")
    return "list of text" if "{{" in given else {"string": "text"}.get(given, given)


def field_row(column: Mapping[str, Any], blocks: Mapping[str, str]) -> str:
    """Return one column as a line of a table."""
    meta = meta_of(column)
    cells = [
        f"`{column['name']}`",
        type_name(column),
        str(meta.get("unit") or ""),
        str(meta.get("pii") or ""),
        described(column, blocks),
    ]
    return f"| {' | '.join(cells)} |"


def mart_section(model: Mapping[str, Any], blocks: Mapping[str, str]) -> list[str]:
    """Return the section of a mart."""
    return [
        f"### {model['name']}",
        "",
        described(model, blocks),
        "",
        f"One row per: `{meta_of(model).get('grain', '')}`.",
        "",
        "| field | type | unit | PII | meaning |",
        "|---|---|---|---|---|",
        *(field_row(column, blocks) for column in model["columns"]),
        "",
    ]


def marts(root: Path, room: str) -> Iterator[Mapping[str, Any]]:
    """Yield the models of a room of the marts by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in (root / "models" / "marts" / room).glob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for model in content.get("models") or []:
            found[str(model["name"])] = model
    yield from (found[name] for name in sorted(found))


def fields_page(root: Path) -> str:
    """Return docs/fields.md."""
    blocks = doc_blocks(root)
    lines = [FIELDS_HEAD]
    for room in sorted(
        path.name for path in (root / "models" / "marts").iterdir() if path.is_dir()
    ):
        lines += [f"## {ROOMS.get(room, room.capitalize())}", ""]
        for model in marts(root, room):
            lines += mart_section(model, blocks)
    return "\n".join(lines)


def source_row(column: Column) -> str:
    """Return one column of a contract as a line of a table."""
    name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
    cells = [
        name + (" †" if column.namespaced else ""),
        ", ".join(f"`{alias}`" for alias in column.aliases),
        column.description.replace("|", "\\|"),
    ]
    return f"| {' | '.join(cells)} |"


def contract_section(contract: Contract) -> list[str]:
    """Return the section of a contract."""
    needs = ", ".join(f"`{name}`" for name in contract.required)
    lines = [
        f"## {contract.name}",
        "",
        contract.description,
        "",
        f"**Needs at least** {needs}." if needs else "**Needs** no column.",
        "",
    ]
    if contract.adds:
        lines += [f"**Adds** {contract.adds}", ""]
    if contract.nested_columns:
        names = ", ".join(f"`{name}`" for name in contract.nested_columns)
        lines += [f"With `layout: nested` it is read from the columns {names} instead.", ""]
    return [
        *lines,
        "| column | other names | meaning |",
        "|---|---|---|",
        *(source_row(column) for column in contract.columns.values()),
        "",
    ]


def sources_page(root: Path) -> str:
    """Return docs/source_guide.md."""
    lines = [SOURCES_HEAD]
    for contract in sorted(load_contracts(root).values(), key=lambda each: each.name):
        if contract.has_sample:
            lines += contract_section(contract)
    return "\n".join(lines)


def pages(root: Path) -> dict[Path, str]:
    """Return every page by its path within the project."""
    return {FIELDS_PAGE: fields_page(root), SOURCES_PAGE: sources_page(root)}


def write_pages(root: Path) -> Iterable[Path]:
    """Write the pages; returns the paths of those that changed."""
    changed = []
    for path, text in pages(root).items():
        file = root / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
