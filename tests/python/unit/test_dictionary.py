"""The pages that list fields and sources say what the project's yml says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from customer360.dictionary import FIELDS_PAGE, SOURCES_PAGE, pages, write_pages


@pytest.mark.parametrize("page", [FIELDS_PAGE, SOURCES_PAGE], ids=str)
def test_a_page_is_what_the_yml_says(project_dir: Path, page: Path) -> None:
    written = (project_dir / page).read_text(encoding="utf-8")
    assert written == pages(project_dir)[page], "run `customer360 dictionary`"


@pytest.fixture
def copied(project_dir: Path, tmp_path: Path) -> Path:
    """The yml and docs of the project, to be changed."""
    for folder in ("models", "docs"):
        shutil.copytree(project_dir / folder, tmp_path / folder)
    return tmp_path


def changed(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_change_of_the_yml_is_a_change_of_the_pages(copied: Path) -> None:
    assert list(write_pages(copied)) == []
    marts = "models/marts/customer/_customer__models.yml"
    changed(copied, marts, "The most trusted system that knows the customer.", "Somebody | else.")
    changed(
        copied, "models/_shared__docs.md", "ISO 4217 code of the amounts", "The code of amounts"
    )
    sources = "models/staging/pos/_pos__sources.yml"
    changed(copied, sources, "aliases: [id, ", "aliases: [bill_no, id, ")
    assert list(write_pages(copied)) == [FIELDS_PAGE, SOURCES_PAGE]
    fields = (copied / FIELDS_PAGE).read_text(encoding="utf-8")
    assert "| `primary_source` | text |  |  | Somebody \\| else. |" in fields
    assert "The code of amounts in the row." in fields
    assert "doc(" not in fields
    assert "`bill_no`, `id`" in (copied / SOURCES_PAGE).read_text(encoding="utf-8")


def test_every_contract_says_what_it_adds(project_dir: Path) -> None:
    page = pages(project_dir)[SOURCES_PAGE]
    sections = page.split("\n## ")[1:]
    assert len(sections) >= 25
    assert [each.split("\n")[0] for each in sections if "**Adds** " not in each] == []
