"""Scenarios of who is who on every engine, step by step: the same ids and reasons as on DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from engines.conftest import BUILDERS
from engines.rehearsal.compare import differences
from engines.rehearsal.engines import ENGINES, STAND_INS
from engines.rehearsal.stories import COMPARED, Told, stories, tell

pytestmark = pytest.mark.long

TRUTH = "duckdb"
ToldBy = Callable[[str], Told]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToldBy]:
    """Give a function that gives what an engine told; the engines build beside each other."""
    with ThreadPoolExecutor(BUILDERS) as builders:
        telling: dict[str, Future[Told]] = {
            name: builders.submit(tell, name, tmp_path_factory.mktemp(name))
            for name in reversed(list(ENGINES))
        }
        yield lambda name: telling[name].result()


def test_the_stories_have_refusals_merges_and_splits(told: ToldBy) -> None:
    assert len(stories()) >= 10
    truth = told(TRUTH)
    assert len(truth.steps) >= 3
    reasons = {
        reason
        for step in truth.steps
        for reason in step["customer360_identity_rejections"].values("reason")
    }
    assert reasons >= {"customer_over_limit", "record_over_limit", "never_decided", "contradictory"}
    changes = truth.steps[-1]["customer360_id_changes"]
    assert set(changes.values("change")) >= {"merged", "split", "restored", "retired"}
    assert set(changes.values("cause")) >= {"decision", "record_removed", "identifier_changed"}


@pytest.mark.parametrize("engine", [TRUTH, *STAND_INS])
def test_later_steps_work_out_only_what_changed(told: ToldBy, engine: str) -> None:
    first, *later = told(engine).modes
    assert first == "all"
    assert set(later) == {"changes"}


@pytest.mark.parametrize("engine", STAND_INS)
def test_every_step_is_told_as_on_duckdb(told: ToldBy, figures: list[str], engine: str) -> None:
    truth, other = told(TRUTH), told(engine)
    faults = [
        f"step {place}: {fault}"
        for place, (expected, actual) in enumerate(zip(truth.steps, other.steps, strict=True), 1)
        for name, key in COMPARED.items()
        for fault in differences(name, key, expected[name], actual[name])
    ]
    rows = sum(len(step[name].rows) for step in truth.steps for name in COMPARED)
    figures.append(
        f"{engine}: {len(stories())} scenarios in {len(truth.steps)} steps, {rows} rows compared,"
        f" {len(faults)} differences; {other.seconds:.0f} s (DuckDB {truth.seconds:.0f} s)"
    )
    assert not faults, "\n".join(faults)
    assert other.account.refused == 0
