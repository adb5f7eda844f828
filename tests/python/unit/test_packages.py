"""dbt packages: the stand-ins equal the tests in use, count as documented, and are put in place."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = ROOT / "compat" / "dbt_expectations"
PREFIX = "dbt_expectations."
# Keys of a test in a yml file that are dbt's own, and so no argument of the test.
DBT_KEYS = {"name", "description", "test_name", "config", "arguments", "column_name", "tags"}


# --- the list ---------------------------------------------------------------------------------


def provided_tests() -> dict[str, set[str]]:
    """Return the stand-in's tests with the arguments each accepts."""
    found = {}
    for path in STAND_IN.glob("macros/**/*.sql"):
        for name, signature in re.findall(
            r"\{%-?\s*test\s+(\w+)\s*\((.*?)\)\s*-?%\}", path.read_text("utf-8"), re.DOTALL
        ):
            arguments = {part.split("=")[0].strip() for part in signature.split(",")}
            found[name] = arguments - {"model", "column_name"}
    return found


def uses_in(node: Any) -> Iterator[tuple[str, set[str]]]:
    """Yield (test, argument names) for every dbt_expectations test in a parsed yml file."""
    if isinstance(node, list):
        for item in node:
            yield from uses_in(item)
    elif isinstance(node, dict):
        for key in ("data_tests", "tests"):
            for test in node.get(key) or []:
                yield from one_test(test)
        for value in node.values():
            yield from uses_in(value)


def one_test(test: str | dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield the test of one entry, written as a name, as {name: settings} or with test_name."""
    if isinstance(test, str):
        name, settings = test, {}
    elif "test_name" in test:
        name, settings = test["test_name"], test
    else:
        name, settings = next(iter(test.items()))
    if name.startswith(PREFIX):
        settings = settings or {}
        arguments = set(settings.get("arguments") or {}) | (set(settings) - DBT_KEYS)
        yield name.removeprefix(PREFIX), arguments


def used_tests() -> list[tuple[Path, str, set[str]]]:
    """Return every use of a dbt_expectations test in the project's yml files."""
    files = [
        path
        for folder in ("models", "python_models", "seeds", "tests", "macros", "analyses")
        for path in sorted((ROOT / folder).rglob("*.y*ml"))
    ]
    return [
        (path.relative_to(ROOT), name, arguments)
        for path in files
        for name, arguments in uses_in(yaml.safe_load(path.read_text("utf-8")))
    ]


def test_every_form_of_a_test_is_found():
    document = yaml.safe_load(
        """
        models:
          - name: m
            data_tests:
              - dbt_expectations.a: {arguments: {min_value: 1}, config: {severity: warn}}
              - {name: shown, test_name: dbt_expectations.b, arguments: {regex: x}}
              - unique_combination: {arguments: {columns: [c]}}
            columns:
              - name: c
                data_tests: [not_null, dbt_expectations.c]
                tests: [{dbt_expectations.d: {max_value: 2}}]
        """
    )
    assert sorted(uses_in(document)) == [
        ("a", {"min_value"}),
        ("b", {"regex"}),
        ("c", set()),
        ("d", {"max_value"}),
    ]


def test_the_stand_in_has_exactly_the_tests_in_use():
    assert {name for _, name, _ in used_tests()} == set(provided_tests())


def test_the_stand_in_accepts_every_argument_in_use():
    provided = provided_tests()
    refused = [
        f"{path}: {name}({argument})"
        for path, name, arguments in used_tests()
        for argument in arguments - provided.get(name, set())
    ]
    assert refused == []


def test_the_stand_in_is_of_the_version_that_packages_yml_names():
    (package,) = yaml.safe_load((ROOT / "packages.yml").read_text("utf-8"))["packages"]
    project = yaml.safe_load((STAND_IN / "dbt_project.yml").read_text("utf-8"))
    assert package == {
        "package": f"metaplane/{project['name']}",
        "version": project["version"],
    }


# --- the counts -------------------------------------------------------------------------------

# amount and other have faults on both sides of a bound and at it; code has an empty text and a
# null; (k1, k2) repeats a full pair, a half-empty one, an empty one and one outside `scope` 'in'.
FAULTY_ROWS = """
select * from (values
    (1, 0, -1, 'ab1', 1, 1, 'in'),
    (2, 10, 10, 'AB2', 1, 1, 'in'),
    (3, -1, 0, 'abcdef', 1, 1, 'in'),
    (4, 11, 5, '', 2, null, 'in'),
    (5, null, 1, null, 2, null, 'in'),
    (6, 5, null, 'zz', null, null, 'out'),
    (7, 12, 20, 'x9y', null, null, 'out'),
    (8, 20, 1, 'a1', 3, 3, 'out'),
    (9, 6, 6, 'q', 3, 3, 'out')
) as faulty (id, amount, other, code, k1, k2, scope)
"""
INSIDE = "scope = 'in'"
BETWEEN = "expect_column_values_to_be_between"
LENGTHS = "expect_column_value_lengths_to_be_between"
MATCH = "expect_column_values_to_match_regex"
GREATER = "expect_column_pair_values_A_to_be_greater_than_B"
UNIQUE = "expect_compound_columns_to_be_unique"

# (test, column it stands at or None, arguments, failing rows counted by hand)
CASES: list[tuple[str, str | None, dict[str, Any], int]] = [
    (BETWEEN, "amount", {"min_value": 0, "max_value": 10}, 4),
    (BETWEEN, "amount", {"min_value": 0, "max_value": 10, "strictly": True}, 6),
    (BETWEEN, "amount", {"min_value": 0}, 1),
    (BETWEEN, "amount", {"max_value": 10}, 3),
    (BETWEEN, "amount", {"min_value": 0, "max_value": 10, "row_condition": INSIDE}, 2),
    (BETWEEN, "amount", {"min_value": "other"}, 2),
    (LENGTHS, "code", {"min_value": 2, "max_value": 3}, 3),
    (LENGTHS, "code", {"min_value": 1}, 1),
    (LENGTHS, "code", {"min_value": 1, "max_value": 6, "strictly": True}, 3),
    (LENGTHS, "code", {"min_value": 2, "max_value": 3, "row_condition": INSIDE}, 2),
    (MATCH, "code", {"regex": "[0-9]"}, 4),
    (MATCH, "code", {"regex": "^ab"}, 6),
    (MATCH, "code", {"regex": "^ab", "flags": "i"}, 5),
    (MATCH, "code", {"regex": "^ab", "row_condition": INSIDE}, 2),
    (MATCH, "code", {"regex": r"\d", "is_raw": True}, 4),
    (GREATER, None, {"column_A": "amount", "column_B": "other"}, 4),
    (GREATER, None, {"column_A": "amount", "column_B": "other", "or_equal": True}, 2),
    (GREATER, None, {"column_A": "amount", "column_B": "other", "row_condition": INSIDE}, 2),
    (UNIQUE, None, {"column_list": ["k1", "k2"]}, 3),
    (UNIQUE, None, {"column_list": ["k1", "k2"], "ignore_row_if": "any_value_is_missing"}, 2),
    (UNIQUE, None, {"column_list": ["k1", "k2"], "row_condition": INSIDE}, 2),
    (UNIQUE, None, {"column_list": ["k1", "k2"], "row_condition": "k1 = 3 or k1 = 9"}, 1),
    (UNIQUE, None, {"column_list": ["k1", "k2", "id"], "quote_columns": True}, 0),
]


def case_id(case: tuple[str, str | None, dict[str, Any], int]) -> str:
    name, _, arguments, _ = case
    return f"{name}-{'-'.join(f'{key}={value}' for key, value in arguments.items())}"


@pytest.fixture(scope="module")
def failing_rows(tmp_path_factory: pytest.TempPathFactory) -> list[int | None]:
    """The failing rows dbt counts for each case, in order, on the faulty table in DuckDB."""
    project = tmp_path_factory.mktemp("counts")
    (project / "models").mkdir()
    (project / "dbt_packages").mkdir()
    (project / "dbt_packages" / "dbt_expectations").symlink_to(STAND_IN)
    (project / "models" / "faulty.sql").write_text(FAULTY_ROWS)
    (project / "dbt_project.yml").write_text(
        "{name: counts, version: '1.0', config-version: 2, profile: counts}"
    )
    output = {"type": "duckdb", "path": str(project / "counts.duckdb"), "threads": 2}
    profile = {"counts": {"target": "dev", "outputs": {"dev": output}}}
    (project / "profiles.yml").write_text(yaml.safe_dump(profile))
    at_model: list[dict[str, Any]] = []
    columns: dict[str, list[dict[str, Any]]] = {}
    for number, (name, column, arguments, _) in enumerate(CASES):
        entry = {PREFIX + name: {"name": f"case_{number}", "arguments": arguments}}
        (columns.setdefault(column, []) if column else at_model).append(entry)
    model = {
        "name": "faulty",
        "data_tests": at_model,
        "columns": [{"name": name, "data_tests": tests} for name, tests in columns.items()],
    }
    (project / "models" / "faulty.yml").write_text(yaml.safe_dump({"models": [model]}))
    done = run_dbt(project, "build")
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    counts = {
        result["unique_id"].split(".")[2]: result["failures"]
        for result in results
        if result["unique_id"].startswith("test.")
    }
    assert len(counts) == len(CASES), done.stdout
    return [counts[f"case_{number}"] for number in range(len(CASES))]


@pytest.mark.xdist_group("stand_in_counts")
@pytest.mark.parametrize("number", range(len(CASES)), ids=[case_id(case) for case in CASES])
def test_the_stand_in_counts_the_failing_rows(failing_rows: list[int | None], number: int):
    assert failing_rows[number] == CASES[number][3]


@pytest.mark.xdist_group("stand_in_counts")
def test_every_test_of_the_stand_in_is_counted():
    assert {name for name, *_ in CASES} >= set(provided_tests())


def run_dbt(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt in a project folder that holds its own profile."""
    command = [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", *arguments]
    here = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return subprocess.run(
        [*command, *here], cwd=project, capture_output=True, text=True, check=False
    )


# --- setting up: online -------------------------------------------------------------------------

PACKAGES = "packages: [{package: metaplane/dbt_expectations, version: 0.10.9}]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with packages.yml and a stand-in, and nothing set up yet."""
    folder = tmp_path / "a project"
    macros = folder / "compat" / "dbt_expectations" / "macros"
    macros.mkdir(parents=True)
    (folder / "packages.yml").write_text(PACKAGES)
    (macros / "one.sql").write_text("{% test one(model) %}select 1 where false{% endtest %}")
    (macros.parent / "dbt_project.yml").write_text(
        "{name: dbt_expectations, version: 0.10.9, config-version: 2}"
    )
    return folder


def set_up(project: Path, hub: str) -> subprocess.CompletedProcess[str]:
    """Run the set-up step against a hub."""
    environment = os.environ | {"DBT_PACKAGE_HUB_URL": hub, "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, str(ROOT / "setup" / "packages.py"), "--project-dir", str(project)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def folder_in_place(project: Path) -> Path:
    return project / "dbt_packages" / "dbt_expectations"


def leftovers(project: Path) -> list[str]:
    """Names in the project folder that set-up should not have left there."""
    expected = {"compat", "packages.yml", "dbt_packages"}
    return sorted(path.name for path in project.iterdir() if path.name not in expected)


class Hub:
    """A package hub on the loopback address, offering one small package."""

    def __init__(self, tarball: bytes | None) -> None:
        """Serve `tarball` as the package, or not found for it when None."""
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked.append(self.path)
                body = hub.page(self.path, tarball)
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: Any) -> None:
                """Keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def page(self, path: str, tarball: bytes | None) -> bytes | None:
        """Return what stands at a path, None when nothing does."""
        if path == "/api/v1/index.json":
            return b'["metaplane/dbt_expectations"]'
        if path == "/api/v1/metaplane/dbt_expectations.json":
            version = {
                "name": "dbt_expectations",
                "packages": [],
                "downloads": {"tarball": f"{self.url}package.tar.gz"},
            }
            return json.dumps(
                {"name": "dbt_expectations", "versions": {"0.10.9": version}}
            ).encode()
        return tarball if path == "/package.tar.gz" else None


def small_package() -> bytes:
    """Return a packed dbt package that cannot be mistaken for the stand-in."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in {
            "dbt_project.yml": "{name: dbt_expectations, version: 0.10.9, config-version: 2}",
            "macros/real.sql": "{% macro real() %}yes{% endmacro %}",
        }.items():
            entry = tarfile.TarInfo(f"dbt-expectations-0.10.9/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def start_hub() -> Iterator[Any]:
    """Return a function that starts a hub, stopped again when the test ends."""
    hubs: list[Hub] = []

    def start(tarball: bytes | None) -> Hub:
        hub = Hub(tarball)
        threading.Thread(target=hub.server.serve_forever, daemon=True).start()
        hubs.append(hub)
        return hub

    yield start
    for hub in hubs:
        hub.server.shutdown()
        hub.server.server_close()


def test_the_real_package_is_installed_when_the_hub_answers(project: Path, start_hub: Any):
    hub = start_hub(small_package())
    done = set_up(project, hub.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "dbt packages: dbt_expectations 0.10.9 installed from the package hub."
    ]
    assert (folder_in_place(project) / "macros" / "real.sql").is_file()
    assert not folder_in_place(project).is_symlink()
    assert leftovers(project) == []

    asked = len(hub.asked)
    again = set_up(project, hub.url)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert len(hub.asked) == asked, "a second call has no reason to ask"


def test_the_stand_in_serves_when_the_installation_fails(project: Path, start_hub: Any):
    done = set_up(project, start_hub(tarball=None).url)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "`dbt deps` failed" in line
    assert folder_in_place(project).resolve() == project / "compat" / "dbt_expectations"
    assert leftovers(project) == []


# --- setting up: offline ------------------------------------------------------------------------


@pytest.fixture
def nobody() -> str:
    """A loopback address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_the_stand_in_is_linked_in_one_line_when_the_hub_does_not_answer(
    project: Path, nobody: str
):
    done = set_up(project, nobody)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith("dbt packages: 127.0.0.1 does not answer, so the stand-in")
    assert (folder_in_place(project) / "macros" / "one.sql").is_file()
    assert folder_in_place(project).readlink() == Path("../compat/dbt_expectations")
    assert leftovers(project) == []

    again = set_up(project, nobody)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_hub_that_accepts_and_keeps_silent_costs_only_seconds(project: Path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        done = set_up(project, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    assert folder_in_place(project).is_symlink()
    assert seconds < 10


def test_a_changed_packages_yml_is_set_up_again(project: Path, start_hub: Any, nobody: str):
    set_up(project, start_hub(small_package()).url)
    assert not folder_in_place(project).is_symlink()
    (project / "packages.yml").write_text(PACKAGES.replace("0.10.9", "0.10.10"))
    done = set_up(project, nobody)
    assert len(done.stdout.splitlines()) == 1
    assert folder_in_place(project).is_symlink()
    assert leftovers(project) == []


def test_what_a_killed_set_up_left_is_cleared_and_finished(project: Path, nobody: str):
    folder_in_place(project).mkdir(parents=True)
    (project / ".dbt_packages_cut").mkdir()
    (project / ".dbt_packages_cut" / "dbt_project.yml").touch()
    assert set_up(project, nobody).returncode == 0
    assert (folder_in_place(project) / "dbt_project.yml").is_file()
    assert leftovers(project) == []


def test_a_package_without_stand_in_is_refused_in_one_sentence(project: Path, nobody: str):
    (project / "packages.yml").write_text("packages: [{package: some/other, version: 1.0.0}]\n")
    done = set_up(project, nobody)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "some/other" in line
    assert leftovers(project) == []
    assert not (project / "dbt_packages").exists()
