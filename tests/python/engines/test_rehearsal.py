"""The whole project on every engine, built twice with changed input: the same rows as on DuckDB.

The second build works out only what changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from engines.rehearsal.builds import DRIVER, RESOLVED, Build, Rehearsed
from engines.rehearsal.compare import differences
from engines.rehearsal.engines import STAND_INS, Rows

TRUTH = "duckdb"
BUILDS = [0, 1]
REASONS = {"value_over_records", "value_over_distinct", "value_over_customers",
           "customer_over_limit", "never_decided", "contradictory", "blocked_value"}  # fmt: skip
CHANGES = {"merged", "attached", "split", "retired"}
# What is there only where a Python model looks for bridges.
BRIDGES = (
    "int_identity__bridges_by_python",
    "int_identity__bridges_prepared",
    "confidence_is_what_the_worst_bridge_leaves",
)
ROW = ("record_no", "identifier_type", "identifier_value")
RehearsedOf = Callable[[str], Rehearsed]

each_engine = pytest.mark.parametrize("engine", STAND_INS)
each_build = pytest.mark.parametrize("number", BUILDS, ids=["first build", "second build"])


def customers(build: Build) -> dict[str, str]:
    """Planted record -> customer360_id."""
    rows = build.tables["customer360_identity_map"]
    found = dict(zip(rows.values("record_key"), rows.values("customer360_id"), strict=True))
    ours = "crm:contacts:"
    return {key.removeprefix(ours): value for key, value in found.items() if f"{ours}R-" in key}


def nodes_but_drivers(build: Build) -> dict[str, str]:
    """Status of every node, without the models, and their tests, that differ by design."""
    return {
        name: status
        for name, status in build.nodes.items()
        if DRIVER not in name and not any(part in name for part in BRIDGES)
    }


# --- the input is worth building twice ------------------------------------------------------------


def test_each_change_of_the_input_has_its_effect(rehearsed: RehearsedOf) -> None:
    before, after = map(customers, rehearsed(TRUTH).builds)
    assert before["R-A1"] == before["R-A2"] == before["R-BRIDGE"]
    assert after["R-A1"] != after["R-A2"] and "R-BRIDGE" not in after
    assert before["R-B1"] != before["R-B2"] and after["R-B1"] == after["R-B2"]
    assert after["R-C0"] == after["R-C1"] == before["R-C1"]
    assert "R-F1" in before and "R-F1" not in after
    assert "R-E1" in after and "R-E1" not in before
    assert before["R-G1"] == before["R-G2"] and after["R-G1"] != after["R-G2"]
    assert before["R-H1"] != before["R-H2"] and after["R-H1"] != after["R-H2"]
    assert before["R-I1"] != before["R-I2"] and after["R-I1"] == after["R-I2"]
    assert before["R-J1"] != before["R-J3"] and after["R-J1"] == after["R-J3"]
    assert before["R-K1"] == before["R-K2"] and after["R-K1"] != after["R-K2"]
    assert before["R-N1"] == before["R-N2"] and after["R-N1"] != after["R-N2"]
    assert len({before[f"R-M-{name}"] for name in ("Mia", "Max", "Moe")}) == 3
    assert len({before[f"R-L{place}"] for place in "123"}) == 3
    assert len({after[f"R-L{place}"] for place in "123"}) == 1
    chain = {value for key, value in after.items() if key.startswith("R-CHAIN")}
    assert len(chain) == 1
    names = rehearsed(TRUTH).builds[1].tables["customer360_profiles"]
    named = dict(zip(names.values("customer360_id"), names.values("first_name"), strict=True))
    assert named[after["R-D1"]] == "Dorothea"


# Of raw files, which these builds of seeds do not read.
UNCHANGED = {"int_state__files_read", "int_state__raw_files", "state.raw_files"}


def test_the_second_build_differs_from_the_first(rehearsed: RehearsedOf) -> None:
    """Else comparing it would say nothing that the first has not said."""
    truth = rehearsed(TRUTH)
    first, second = (build.tables for build in truth.builds)
    same = {
        name
        for name, rows in first.items()
        if not differences(name, truth.keys.get(name, ()), rows, second[name])
    }
    assert same == UNCHANGED


def test_identity_refuses_for_many_reasons(rehearsed: RehearsedOf) -> None:
    """Else the engines would agree on rules that nothing ever met."""
    reasons = {
        reason
        for build in rehearsed(TRUTH).builds
        for table, column in ((RESOLVED, "reason"), ("int_identity__links", "dropped_reason"))
        for reason in build.tables[table].values(column)
    }
    assert reasons >= REASONS


def test_ids_meet_many_fates(rehearsed: RehearsedOf) -> None:
    changes = rehearsed(TRUTH).builds[1].tables["customer360_id_changes"]
    assert set(changes.values("change")) >= CHANGES
    statuses = rehearsed(TRUTH).builds[1].tables["customer360_id_lookup"].values("id_status")
    assert set(statuses) == {"current", "attached", "merged", "retired"}


# --- the same on every engine ---------------------------------------------------------------------


@pytest.mark.parametrize("engine", [TRUTH, *STAND_INS])
def test_the_second_build_works_out_only_what_changed(rehearsed: RehearsedOf, engine: str) -> None:
    first, second = rehearsed(engine).builds
    assert (first.mode, first.generation) == ("all", 1)
    assert (second.mode, second.generation) == ("changes", 2)
    touched, records = (
        len(second.tables[f"int_identity__{name}"].rows) for name in ("touched", "records")
    )
    assert 0 < touched < records


def test_a_full_second_build_gives_the_same(rehearsed: RehearsedOf, figures: list[str]) -> None:
    """The same state, the same marts; only the numbers of records are another run's."""
    truth = rehearsed(TRUTH)
    assert truth.in_full is not None
    assert truth.in_full.mode == "all"
    compared = {
        name: rows
        for name, rows in truth.builds[1].tables.items()
        if not name.startswith("int_identity__")
    }
    faults = [
        fault
        for name, rows in compared.items()
        for fault in differences(name, truth.keys.get(name, ()), rows, truth.in_full.tables[name])
    ]
    figures.append(
        f"duckdb, second build in full: {len(compared)} relations, {len(faults)} differences"
    )
    assert not faults, "\n".join(faults)


@each_engine
@each_build
def test_every_row_and_value_is_duckdbs(
    rehearsed: RehearsedOf, figures: list[str], engine: str, number: int
) -> None:
    truth, other = rehearsed(TRUTH), rehearsed(engine)
    expected, actual = truth.builds[number], other.builds[number]
    assert actual.tables.keys() == expected.tables.keys()
    faults = [
        fault
        for name, rows in expected.tables.items()
        for fault in differences(
            name,
            truth.keys.get(name, ()),
            *(other.said_by_all(name, each) for each in (rows, actual.tables[name])),
        )
    ]
    figures.append(
        f"{engine}, build {number + 1}: {expected.row_count} rows of {len(expected.tables)}"
        f" relations compared, {len(faults)} differences; {len(actual.nodes)} nodes in"
        f" {actual.seconds:.0f} s (DuckDB {expected.seconds:.0f} s)"
    )
    assert not faults, "\n".join(faults)


@each_engine
def test_without_python_nothing_is_said_of_bridges(rehearsed: RehearsedOf, engine: str) -> None:
    if rehearsed(engine).has_python:
        return
    for build in rehearsed(engine).builds:
        assert set(build.tables["customer360_profiles"].values("identity_confidence")) == {None}
        suspects = set(build.tables["customer360_identity_audit"].values("suspect_reason"))
        assert "bridge_between_groups" not in suspects


@each_engine
@each_build
def test_every_node_runs_that_runs_on_duckdb(
    rehearsed: RehearsedOf, engine: str, number: int
) -> None:
    expected, actual = (rehearsed(name).builds[number] for name in (TRUTH, engine))
    assert nodes_but_drivers(actual) == nodes_but_drivers(expected)


@each_engine
@each_build
def test_ids_are_the_same(rehearsed: RehearsedOf, engine: str, number: int) -> None:
    """Said apart, because everything else hangs on it."""
    expected, actual = (rehearsed(name).builds[number] for name in (TRUTH, engine))
    assert customers(actual) == customers(expected)
    ids = [
        sorted(build.tables["customer360_profiles"].values("customer360_id"))
        for build in (expected, actual)
    ]
    assert ids[0] == ids[1]


@each_engine
def test_every_query_was_judged(rehearsed: RehearsedOf, figures: list[str], engine: str) -> None:
    """What only names things, such as `create schema`, has nothing for an analyzer to judge."""
    account = rehearsed(engine).account
    missed = {
        reason: times
        for reason, times in account.unjudged.items()
        if not reason.startswith("no expressions: ")
    }
    figures.append(
        f"{engine}: {account.judged} statements judged by the analyzer, {account.refused} refused,"
        f" {sum(missed.values())} queries unjudged"
    )
    assert account.judged > 400
    assert account.refused == 0
    assert not missed


# --- who drives the rounds ------------------------------------------------------------------------


@pytest.mark.parametrize("engine", [TRUTH, *STAND_INS])
def test_both_drivers_find_the_same_customers(
    rehearsed: RehearsedOf, figures: list[str], engine: str
) -> None:
    said = rehearsed(engine).by_driver
    whole = {name: rows for name, rows in said.items() if name != "broken"}
    truth = rehearsed(TRUTH).by_driver["python"]
    for name, rows in whole.items():
        faults = differences(f"{DRIVER}{name}", ROW, truth, rows)
        assert not faults, "\n".join(faults)
    figures.append(f"{engine}: identity driven by {' and '.join(sorted(whole))}, equal")


@pytest.mark.parametrize("engine", [TRUTH, *STAND_INS])
def test_a_broken_driver_is_seen(rehearsed: RehearsedOf, figures: list[str], engine: str) -> None:
    """Not with the other breaks, because it costs a moment when all is built."""
    said = rehearsed(engine).by_driver
    assert differences("broken", ROW, said["macro"], said["broken"])
    figures.append(f"{engine}: identity rounds broken on purpose, seen")


# --- the comparison itself ------------------------------------------------------------------------


def test_the_comparison_sees_a_changed_cell_a_lost_row_and_another_class(
    rehearsed: RehearsedOf,
) -> None:
    truth = rehearsed(TRUTH)
    name, key = "customer360_profiles", truth.keys["customer360_profiles"]
    rows = truth.builds[0].tables[name]
    at = [column for column, _ in rows.columns].index("total_revenue")
    last = rows.rows[-1]
    cell = (*last[:at], (last[at] or 0) + 1, *last[at + 1 :])
    classes = tuple((column, "text" if kind == "date" else kind) for column, kind in rows.columns)
    copies: dict[str, Rows] = {
        "changed": replace(rows, rows=[*rows.rows[:-1], cell]),
        "lost": replace(rows, rows=rows.rows[:-1]),
        "doubled": replace(rows, rows=[*rows.rows, last]),
        "class": replace(rows, columns=classes),
    }
    assert not differences(name, key, rows, replace(rows, rows=rows.rows[::-1]))
    for changed in copies.values():
        assert differences(name, key, rows, changed)
