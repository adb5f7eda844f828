"""`make verify` against the stand-ins: it holds both builds against DuckDB and cleans up."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from engines.rehearsal import environments
from engines.rehearsal.engines import STAND_INS, Refused, Target
from engines.verify import plain

pytestmark = pytest.mark.long

ROOT = environments.PROJECT
VERIFY_SECONDS = 1800.0


def verify(target: Target, folder: Path, profile: dict[str, object]) -> tuple[int, str, str]:
    """Verify with a profile; return the exit code, what was said, and the page."""
    name = target.engine.name
    profiles = {"customer360": {"target": name, "outputs": {name: profile}}}
    (folder / "profiles.yml").write_text(json.dumps(profiles), "utf-8")
    ours = ("CUSTOMER360_", "DBT_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    line = [str(environments.python_of("dbt")), "-m", "engines.verify", name]
    line += ["--profiles", str(folder / "profiles.yml"), "--out", str(folder / "out")]
    done = subprocess.run(
        line,
        cwd=ROOT,
        env={**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "python")])},
        capture_output=True,
        text=True,
        timeout=VERIFY_SECONDS,
        check=False,
    )
    pages = [page.read_text("utf-8") for page in (folder / "out").glob(f"*-{name}.md")]
    return done.returncode, done.stdout + done.stderr, "".join(pages)


def stands(target: Target, schema: str) -> bool:
    """Tell whether the profiles of a schema can be read."""
    is_bigquery = target.engine.name == "bigquery"
    name = f"`fake-project`.`{schema}`" if is_bigquery else f"REHEARSAL.{schema}"
    try:
        target.rows(f"select customer360_id from {name}.customer360_profiles")
    except Refused:
        return False
    return True


@pytest.mark.parametrize("engine", STAND_INS)
def test_both_builds_are_equal_and_nothing_is_left(
    engine: str, target_of: Callable[[str], Target], tmp_path: Path
) -> None:
    target = target_of(engine)
    code, said, page = verify(target, tmp_path, target.profile("of_no_account"))
    assert code == 0, said + page
    assert "every mart equal to DuckDB in both builds" in page
    assert f"# Rehearsal on {engine}" in page, "a stand-in is not told from a warehouse"
    assert page.count("| customer360_profiles |") == 2
    (schema,) = set(re.findall("customer360_verify_[0-9]+", page))
    assert not any(stands(target, schema + ending) for ending in ("", "_next", "_odd", "_even"))


def test_a_warehouse_that_does_not_answer_is_a_failure(
    target_of: Callable[[str], Target], tmp_path: Path
) -> None:
    target = target_of("bigquery")
    profile = {**target.profile("of_no_account"), "method": "no such method"}
    code, said, page = verify(target, tmp_path, profile)
    assert code != 0
    assert "every mart equal" not in said + page


def test_values_are_brought_to_one_form() -> None:
    assert plain("[]") is None
    assert plain('["a"]') == ["a"]
    assert plain("[no json") == "[no json"
    assert plain(True) is True
