"""What is written about the project agrees with the project: macros, links, settings, marts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ENGINES = ("default", "duckdb", "snowflake", "bigquery")

# Written in pieces, so that this file does not hold what it looks for.
REGISTRY_HOSTS = (
    "pypi" + ".org",
    "files." + "pythonhosted" + ".org",
    "registry." + "npmjs" + ".org",
    "deb." + "debian" + ".org",
)
# A folder at the root of a machine: not behind a name, a dot or a closing brace, as in
# warehouse/work.duckdb, which is inside the project.
MACHINE_PATH = re.compile(r"(?<![\w.}*/-])/(?:(?:work|root)(?![\w.-])|(?:tmp|home|Users)/\w)")

FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE_LINK = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
LINK_TEXT = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# Another scheme, or a page inside dbt's docs site.
ELSEWHERE = re.compile(r"^([a-z][a-z0-9+.-]*:|#!/)", re.IGNORECASE)


@cache
def project_files() -> tuple[str, ...]:
    """Every file of the project, as git sees it: committed, or new and not ignored."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout
    names = filter(None, listed.decode().split("\0"))
    return tuple(name for name in names if (ROOT / name).is_file())


def read(name: str) -> str:
    """A file of the project as text."""
    return (ROOT / name).read_text(encoding="utf-8")


# --- macros ------------------------------------------------------------------------------------


def defined_macros(sql: str) -> dict[str, list[str]]:
    """Macros of a file that are meant to be called: name -> names of arguments."""
    tree = jinja2.Environment(extensions=["jinja2.ext.do"]).parse(sql)
    macros = {
        macro.name: [argument.name for argument in macro.args]
        for macro in tree.find_all(jinja2.nodes.Macro)
    }
    spellings = tuple(f"{engine}__" for engine in ENGINES)
    return {name: found for name, found in macros.items() if not name.startswith(spellings)}


def described_macros(text: str) -> dict[str, list[str]]:
    """Macros of a yml: name -> names of arguments. Raises AssertionError for a name twice."""
    entries = yaml.safe_load(text)["macros"]
    described = {
        entry["name"]: [argument["name"] for argument in entry.get("arguments") or []]
        for entry in entries
    }
    assert len(described) == len(entries), "a macro is described twice"
    return described


def macro_folders() -> list[str]:
    """The folders of macros, such as macros/cleaning."""
    files = (PurePosixPath(name) for name in project_files() if name.startswith("macros/"))
    return sorted({str(path.parent) for path in files if path.suffix in (".sql", ".yml")})


def folder_macros(folder: str) -> dict[str, list[str]]:
    """Macros of all files of a folder."""
    found: dict[str, list[str]] = {}
    for name in project_files():
        if name.endswith(".sql") and str(PurePosixPath(name).parent) == folder:
            found.update(defined_macros(read(name)))
    return found


def macro_entries() -> list[Any]:
    """Every entry of every _macros.yml, as pytest parameters."""
    return [
        pytest.param(entry, id=entry["name"])
        for name in project_files()
        if re.fullmatch(r"macros/.+\.yml", name)
        for entry in yaml.safe_load(read(name))["macros"]
    ]


def test_macros_are_read_with_their_arguments() -> None:
    sql = (
        "{% macro one(a, b=none, c=['x', 'y']) -%} {%- do a.append(b) -%} {%- endmacro %}"
        "{% macro default__one(a) %}{% endmacro %}"
    )
    assert defined_macros(sql) == {"one": ["a", "b", "c"]}


@pytest.mark.parametrize("folder", macro_folders())
def test_macros_and_their_descriptions_agree(folder: str) -> None:
    assert described_macros(read(f"{folder}/_macros.yml")) == folder_macros(folder)


@pytest.mark.parametrize("entry", macro_entries())
def test_a_macro_is_described_with_every_argument(entry: dict[str, Any]) -> None:
    assert len(entry.get("description", "").split()) >= 4
    arguments = entry.get("arguments") or []
    assert all(argument.get("description") and argument.get("type") for argument in arguments)
    takes_values = any(each["description"].startswith("SQL expression") for each in arguments)
    if takes_values:
        assert re.search(r"\bnull\b", entry["description"], re.IGNORECASE), "what of null?"


# --- links -------------------------------------------------------------------------------------


def prose(markdown: str) -> str:
    """Markdown without its code, in which brackets mean something else."""
    return INLINE_CODE.sub("", FENCE.sub("", markdown))


def links(markdown: str) -> list[str]:
    """Targets of links and images that stay inside the project."""
    text = prose(markdown)
    targets = LINK.findall(text) + REFERENCE_LINK.findall(text)
    return [target for target in targets if not ELSEWHERE.match(target)]


def anchors(markdown: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    found: list[str] = []
    for heading in HEADING.findall(FENCE.sub("", markdown)):
        words = LINK_TEXT.sub(r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        again = found.count(slug)
        found.append(slug)
        if again:
            found.append(f"{slug}-{again}")
    return set(found)


def broken_links(page: str) -> Iterator[str]:
    """Links of a page that lead nowhere, or to what git does not keep."""
    files = set(project_files())
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    for link in links(read(page)):
        path, _, anchor = link.partition("#")
        target = Path(ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
        name = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ".."
        is_page = name in files and name.endswith(".md")
        if name not in files | folders or (
            anchor and not (is_page and anchor in anchors(read(name)))
        ):
            yield link


def test_links_and_anchors_are_found() -> None:
    page = (
        "# One `b`, two!\n## Same\n[a](x.md#c) ![i](i.svg) [o](https://example.com) `[n](n.md)`\n"
        "```sh\n# no heading\n[f](f.md)\n```\n## Same\n"
    )
    assert links(page) == ["x.md#c", "i.svg"]
    assert anchors(page) == {"one-b-two", "same", "same-1"}


@pytest.mark.parametrize("page", [name for name in project_files() if name.endswith(".md")])
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    assert list(broken_links(page)) == []


# --- what must not be in any file --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_machine_path"),
    [
        ("'/" + "work/main'", True),
        ("cd /" + "work", True),
        ("/" + "root/.ssh", True),
        ('"/' + 'tmp/x"', True),
        ("/" + "home/ann", True),
        ("warehouse/work.duckdb", False),
        ("{{ home }}/work.duckdb", False),
        ("/workshop", False),
        ("a/root", False),
        ("/path/to/the/files", False),
    ],
)
def test_a_machine_path_is_told_from_others(text: str, is_machine_path: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) == is_machine_path


def test_no_file_names_a_place_on_a_machine_or_a_registry() -> None:
    found = []
    for name in project_files():
        # errors: a picture would be no text; none of the patterns needs more than ASCII.
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        place = MACHINE_PATH.search(text)
        if place:
            found.append((name, place.group()))
        found.extend((name, host) for host in REGISTRY_HOSTS if host in text)
    assert found == []


# --- settings and marts --------------------------------------------------------------------------


@pytest.mark.parametrize("setting", yaml.safe_load(read("dbt_project.yml"))["vars"])
def test_every_setting_is_documented(setting: str) -> None:
    pages = [name for name in project_files() if re.fullmatch(r"README\.md|docs/.+\.md", name)]
    assert any(re.search(rf"\b{setting}\b", read(page)) for page in pages)


def mart_columns() -> list[Any]:
    """Every column of every public mart, as pytest parameters."""
    return [
        pytest.param(column, id=f"{model['name']}.{column['name']}")
        for name in project_files()
        if re.fullmatch(r"models/marts/.+\.yml", name)
        for model in yaml.safe_load(read(name)).get("models") or []
        if model.get("access") == "public"
        for column in model["columns"]
    ]


def test_every_mart_is_public_and_has_its_columns_stated() -> None:
    marts = {PurePosixPath(name).stem for name in project_files() if is_mart(name)}
    stated = {parameter.id.partition(".")[0] for parameter in mart_columns()}
    assert stated == marts


def is_mart(name: str) -> bool:
    """Whether a file is the SQL of a mart."""
    return bool(re.fullmatch(r"models/marts/.+\.sql", name))


@pytest.mark.parametrize("column", mart_columns())
def test_a_column_of_a_mart_is_described_and_typed(column: dict[str, Any]) -> None:
    assert column.get("description", "").strip()
    assert column.get("data_type", "").strip()
