"""The measuring command: contestants on small graphs, the order of runs, what is written."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from unit.macro_runner import ROOT, render, shared_project

sys.path.insert(0, str(ROOT / "benchmarks"))

from measure import contest, growth, markdown, parts, peers, results
from measure import given as given_files
from measure.answers import Disagreement, Signature, open_answer, signature
from measure.child import open_work
from measure.contestants import ALL, BOUND, COMPONENTS, OURS, PEER, Contestant
from measure.given import Given
from measure.job import FAILED, FINISHED, STOPPED, UNFINISHED, Job, Outcome, run_job
from measure.project import IDENTITY, PLAIN_STEPS, Statements, fingerprint, steps_of
from measure.settings import SIZES, Settings, Size

# One rendering of the project's statements for all of this file.
pytestmark = pytest.mark.xdist_group("measure")

HERE = ("plain_components", "networkx", "label_propagation")


# --- contestants ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's statements, rendered as a run renders them."""
    models = ROOT / "models/intermediate/identity"
    templates = {name: (models / f"{name}.sql").read_text("utf-8") for name in IDENTITY}
    templates["plain"] = PLAIN_STEPS.read_text("utf-8")
    sql = render(shared_project(), templates)
    # The names of the test's warehouse and of the benchmark's are the same.
    assert '"work"."customer360_intermediate"."int_identity__touched"' in sql[IDENTITY[2]]
    file = tmp_path_factory.mktemp("statements") / "statements.json"
    touched, touched_links, steps = (sql[name] for name in IDENTITY)
    Statements(touched, touched_links, steps_of(steps), steps_of(sql["plain"])).save(file)
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(SIZES["small"], tmp_path / "work", tmp_path / "results", repeats=1)


def made_given(folder: Path, statements: Path, settings: Settings, pairs: str) -> Given:
    """A given file of made-up links: a query of (record_no, identifier_type, value_no)."""
    folder.mkdir(parents=True)
    source = folder / "source.duckdb"
    with duckdb.connect(str(source)) as connection:
        connection.execute("create schema customer360_intermediate")
        connection.execute(
            "create table customer360_intermediate.int_identity__decisions"
            " (decision_key varchar, record_no_one bigint, record_no_other bigint, is_same boolean)"
        )
    made = Given(folder / "links.duckdb", statements)
    growth.make_links(made.links, source, settings, growth.MADE_RECORDS, growth.MADE_LINKS, pairs)
    return made


def answered(name: str, given: Given, folder: Path) -> Signature:
    """Run a contestant in this process and take its answer's signature."""
    folder.mkdir()
    job = Job(name, str(given.links), str(given.statements), str(folder), 1, "1GB")
    connection = open_work(job)
    assert ALL[name].load()(connection, given.statements) is None
    connection.close()
    with open_answer(job.work_file, given.links, "1GB") as opened:
        return signature(opened)


GRAPHS = {
    "sparse": growth.RANDOM.format(links=600),
    # Some of the records hang together in one large component.
    "dense": growth.RANDOM.format(links=600).replace("* 5 // 4", "// 2"),
    **{shape.name: shape.sql(1 / 5000) for shape in growth.SHAPES},
}


@pytest.mark.parametrize("graph", GRAPHS)
def test_contestants_agree(
    graph: str, statements: Path, settings: Settings, tmp_path: Path
) -> None:
    given = made_given(tmp_path / "given", statements, settings, GRAPHS[graph])
    found = {name: answered(name, given, tmp_path / name) for name in HERE}
    assert len(set(found.values())) == 1, found
    # Every link here is strong, and only households have a limit.
    if "households" not in graph:
        assert answered("identity_step", given, tmp_path / "step") == found["networkx"]


def test_households_are_parted_by_their_logins(
    statements: Path, settings: Settings, tmp_path: Path
) -> None:
    (shape,) = (each for each in growth.SHAPES if "households" in each.name)
    given = made_given(tmp_path / "given", statements, settings, shape.sql(1 / 5000))
    assert answered("plain_components", given, tmp_path / "plain").components == 10
    assert answered("identity_step", given, tmp_path / "step").components == 30


def test_label_propagation_says_when_it_does_not_end(
    statements: Path, settings: Settings, tmp_path: Path
) -> None:
    chain = (
        "select range + 1 as record_no, 'email' as identifier_type, range as value_no"
        " from range(99) union all select range + 2, 'email', range from range(99)"
    )
    given = made_given(tmp_path / "given", statements, settings, chain)
    job = Job("", str(given.links), str(given.statements), str(tmp_path), 1, "1GB")
    note = ALL["label_propagation"].load()(open_work(job), given.statements)
    assert note == "not ended after 60 rounds"


def test_every_contestant_has_its_function() -> None:
    """Where its package is missing here, the file is there at least, with that function."""
    for name, contestant in ALL.items():
        assert name == contestant.name
        module, _, function = contestant.place.partition(":")
        file = ROOT / "benchmarks/measure/contestants" / f"{module}.py"
        assert f"\ndef {function}(" in file.read_text("utf-8")
        assert (contestant.answers is None) == (contestant.kind == BOUND)


# --- what is kept ---------------------------------------------------------------------------------


def test_a_population_is_made_once_for_its_size_and_seed(tmp_path: Path) -> None:
    told: list[str] = []
    tiny = Settings(Size("tiny", 40), tmp_path, tmp_path)
    folder = given_files.made_population(tiny, told.append)
    assert (folder / "base" / "truth").is_dir()
    assert given_files.made_population(tiny, told.append) == folder
    assert told == ["generating 40 people"]
    given_files.made_population(replace(tiny, seed=7), told.append)
    given_files.made_population(replace(tiny, size=Size("tiny", 41)), told.append)
    assert told[1:] == ["generating 40 people", "generating 41 people"]


def test_other_code_gives_another_fingerprint() -> None:
    assert fingerprint(["a", "bc"]) == fingerprint(["a", "bc"])
    assert len({fingerprint(["a", "bc"]), fingerprint(["ab", "c"]), fingerprint(["bc", "a"])}) == 3


# --- processes ------------------------------------------------------------------------------------


def test_a_process_of_its_own_is_measured(
    statements: Path, settings: Settings, tmp_path: Path
) -> None:
    given = made_given(tmp_path / "given", statements, settings, GRAPHS["sparse"])
    outcome = run_job("write_distinct", given, settings, tmp_path / "job")
    assert (outcome.state, outcome.note) == (FINISHED, None)
    assert 0 < outcome.cpu < outcome.process_cpu
    assert outcome.peak_mb is not None and 10 < outcome.peak_mb < 1000
    assert (tmp_path / "job" / "work.duckdb").exists()


def test_what_takes_too_long_is_stopped_and_what_fails_says_why(
    statements: Path, settings: Settings, tmp_path: Path
) -> None:
    given = made_given(tmp_path / "given", statements, settings, GRAPHS["sparse"])
    hasty = Settings(settings.size, settings.work, settings.results, time_limit=0.01)
    stopped = run_job("networkx", given, hasty, tmp_path / "job")
    assert (stopped.state, stopped.peak_mb) == (STOPPED, None)
    absent = Given(tmp_path / "nothing.duckdb", statements)
    failed = run_job("scan", absent, settings, tmp_path / "job")
    assert failed.state == FAILED
    assert failed.note is not None and "nothing.duckdb" in failed.note


# --- the order of runs ----------------------------------------------------------------------------


def entry(name: str, kind: str = PEER) -> contest.Entry:
    answers = None if kind == BOUND else COMPONENTS
    return contest.Entry(Contestant(name, name, kind, "strong_links", "", answers))


def outcome(cpu: float = 1.0, state: str = FINISHED, note: str | None = None) -> Outcome:
    return Outcome(state, 2 * cpu, cpu, cpu + 1, 100 * cpu, note)


def agree(entry: contest.Entry) -> None:
    entry.signature = Signature(10, 4, 1)


def test_each_round_begins_with_another_contestant() -> None:
    entries = [entry("a"), entry("b"), entry("c")]
    order: list[str] = []

    def run(contestant: Contestant) -> Outcome:
        order.append(contestant.name)
        return outcome()

    contest.play(entries, run, agree, 2, lambda line: None)
    assert "".join(order) == "abcbcacab"
    assert all(len(each.repeats) == 2 and each.warm_up for each in entries)


def test_what_did_not_finish_is_not_run_again() -> None:
    entries = [entry("quick"), entry("slow")]
    ran: Counter[str] = Counter()

    def run(contestant: Contestant) -> Outcome:
        ran[contestant.name] += 1
        is_slow = contestant.name == "slow"
        return outcome(9, UNFINISHED, "60 rounds") if is_slow else outcome()

    contest.play(entries, run, agree, 3, lambda line: None)
    assert ran == {"quick": 4, "slow": 1}
    figures = entries[1].figures(100)
    assert (figures["state"], figures["cpu_seconds"]) == (UNFINISHED, 9)
    assert figures["components"] is None and figures["rows_per_second"] is None


def test_a_disagreement_ends_the_run() -> None:
    entries = [entry("ours", OURS), entry("peer")]

    def judge(entry: contest.Entry) -> None:
        entry.signature = Signature(10, 4 if entry.contestant.name == "ours" else 5, 1)

    with pytest.raises(Disagreement, match="peer: 5 components"):
        contest.play(entries, lambda _: outcome(), judge, 1, lambda line: None)


def test_a_run_without_ours_is_worth_nothing() -> None:
    with pytest.raises(contest.OursFailed, match="out of memory"):
        contest.play(
            [entry("ours", OURS)],
            lambda _: outcome(1, FAILED, "out of memory"),
            agree,
            1,
            lambda line: None,
        )


def test_figures_are_medians_without_the_warm_up() -> None:
    (each,) = entries = [entry("a")]
    costs = iter([50.0, 3.0, 1.0, 2.0])
    contest.play(entries, lambda _: outcome(next(costs)), agree, 3, lambda line: None)
    figures = each.figures(400)
    assert (figures["cpu_seconds"], figures["wall_seconds"], figures["peak_mb"]) == (2, 4, 300)
    assert figures["rows_per_second"] == 100
    assert figures["warm_up"]["cpu"] == 50


# --- what is written ------------------------------------------------------------------------------


def test_exponents() -> None:
    assert growth.exponent([(10, 3), (20, 6), (100, 30)]) == pytest.approx(1)
    assert growth.exponent([(10, 1), (100, 100)]) == pytest.approx(2)
    assert growth.exponent([(10, 1), (10, 2)]) is None


def test_ratios_leave_out_what_did_not_finish() -> None:
    figures = {
        "plain_components": {"kind": OURS, "state": FINISHED, "cpu_seconds": 2.0},
        "scipy": {"kind": PEER, "state": FINISHED, "cpu_seconds": 4.0},
        "splink": {"kind": PEER, "state": STOPPED, "cpu_seconds": 600.0},
        "count_distinct_strong": {"kind": BOUND, "state": FINISHED, "cpu_seconds": 0.5},
        "write_distinct_strong": {"kind": BOUND, "state": FINISHED, "cpu_seconds": 1.5},
    }
    found = {tuple(each["against"]): each["share"] for each in peers.ratios(figures)}
    assert found == {("count_distinct_strong", "write_distinct_strong"): 1.0, ("scipy",): 0.5}


def test_who_does_not_fit_is_said() -> None:
    few, many = ({"strong_links": n, "usable_links": n} for n in (1_000_000, 10_000_000))
    assert peers.chosen([], few)[1] == []
    assert [each["label"] for each in peers.chosen([], many)[1]] == [ALL["networkx"].label]
    assert [each.name for each in peers.chosen(["scipy"], many)[0]] == ["scipy"]


def test_a_table_aligns_numbers_to_the_right() -> None:
    lines = markdown.table(["", "CPU s", "note"], [["a", "1,234.5", ""], ["b", "", "stopped"]])
    assert lines[1:] == ["| --- | ---: | --- |", "| a | 1,234.5 |  |", "| b |  | stopped |"]


def some_figures() -> dict[str, Any]:
    found = contest.Entry(ALL["scipy"], outcome(3), [outcome(1)], Signature(10, 4, 1))
    shares = dict.fromkeys(
        ("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1"), 0.5
    )
    return {
        "given": {"usable_links": 20, "strong_links": 12, "records": 8, "truth": 10},
        "contestants": [found.figures(12)],
        "left_out": [{"label": "NetworkX", "why": "too many"}],
        "scores": [{"answers": COMPONENTS, "scope": "all records", **shares}],
        "ratios": [],
    }


def test_parts_stand_side_by_side_on_a_page_without_places_of_this_machine(
    settings: Settings,
) -> None:
    header = results.header(settings, "2026-01-02")
    costs = {"plain_components": 1.0, "identity_step": 2.0}
    size = {
        "name": "1 times the size",
        "links": dict.fromkeys(costs, 5),
        **dict.fromkeys(("cpu_seconds", "wall_seconds", "peak_mb"), costs),
    }
    shape = {**size, "name": "a chain", "random": size, "times": costs}
    grown = {"sizes": [size], "exponents": {**costs, "identity_step": None}, "shapes": [shape]}
    results.store(settings.results, "small", parts.PARTS["growth"], header, grown)
    results.store(settings.results, "small", parts.PARTS["peers"], header, some_figures())
    page = (settings.results / "small.md").read_text("utf-8")
    text = (settings.results / "small.json").read_text("utf-8")
    assert page.index("beside peers") < page.index("## Growth")
    assert "| SciPy, records and identifiers | peer | 1.00 | 2.00 | 100 | 6 | 4 |  |" in page
    assert "Not run: NetworkX (too many)." in page
    chain = "| ours: connected components alone | 5 | 1.00 | 1.00 | 1.00 | a chain |"
    assert chain in page
    assert set(json.loads(text)["parts"]) == {"growth", "peers"}
    for place in (str(settings.work), str(Path.home()), str(ROOT)):
        assert place not in page + text
