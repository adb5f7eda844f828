"""Ids over sequences of builds, held against the oracle after each; broken copies are caught.

Compared are the partition, roles and rejections, the id of every record, the lookup of every id
ever published, the whole history and every change of an id, and that a replay makes no generation.
STATE_SEQUENCES=5000 in the environment tries so many in the test marked `long`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from properties.identity_oracle import Record
from properties.state_kernel import (
    USED_POLICIES,
    Code,
    Data,
    Resolved,
    Warehouse,
    compiled_code,
)
from properties.state_machine import KINDS, Difference, Run, explain, random_run

pytestmark = pytest.mark.sequence

# Everything worked out anew each time, or what changed where the last build came to its end.
MODES = ("full", "changes")
SEQUENCES = int(os.environ.get("STATE_SEQUENCES", "1000"))
BATCH = 60
LENGTH = 10
# What every run of the tests tries: plans with everything in them.
SEEDS = {"full": (28,), "changes": (38,)}

each_mode = pytest.mark.parametrize("mode", MODES)
Broken = Callable[[Code], Code]


def checked(run: Run) -> Run:
    """The run, gone through; the test fails with a smallest sequence where it goes wrong."""
    try:
        run.check()
    except Difference as difference:
        pytest.fail(explain(run, difference))
    return run


def drawn(mode: str, seed: int, count: int = BATCH) -> Run:
    """A run in a mode."""
    changing = compiled_code(works_on_changes=True) if mode == "changes" else None
    return random_run(compiled_code(), seed, count, LENGTH, changing=changing)


@cache
def few_runs(mode: str) -> list[Run]:
    """The runs that every test run tries."""
    return [checked(drawn(mode, seed)) for seed in SEEDS[mode]]


def changes_seen(runs: list[Run]) -> Counter[str]:
    """How often each change of an id came up."""
    return Counter(
        change[2] for run in runs for memory in run.memories.values() for change in memory.changes
    )


@each_mode
def test_sequences_of_builds_agree_with_the_oracle(mode: str) -> None:
    assert len(few_runs(mode)) == len(SEEDS[mode])


@each_mode
def test_a_sequence_alone_agrees_with_the_oracle(mode: str) -> None:
    """Alone, because a build in which nothing is minted, lost or dropped takes other paths."""
    checked(drawn(mode, 100, 1))


def test_the_sequences_meet_everything() -> None:
    """Without this, the comparison above might be of sequences in which nothing happens."""
    runs = [run for mode in MODES for run in few_runs(mode)]
    changes = changes_seen(runs)
    assert set(changes) == {"merged", "attached", "retired", "split", "restored", "moved"}
    assert min(changes.values()) >= 3, changes
    seen = sum((run.seen for run in runs), Counter[str]())
    assert min(seen[kind] for kind in KINDS) >= 10, seen
    assert min(seen[how] for how in ("good", "failed", "cut")) >= BATCH, seen
    policies = {build.policy for run in runs for build in run.plan}
    assert len(policies) > 1, "the policy never changed"
    passed = [
        name
        for run in runs
        for memory in run.memories.values()
        for name, minted in memory.state.ids.items()
        if minted.anchor != minted.minted[-1]
    ]
    assert len(passed) > 10, "no anchor ever passed"
    assert run_salted(runs) > 3, "no record ever gave a second name"
    assert sum(run.warehouse.worked_on_changes for run in few_runs("changes")) > LENGTH / 2


def run_salted(runs: list[Run]) -> int:
    """How many records have given their name more than once."""
    minted = Counter(
        minted.minted[-1]
        for run in runs
        for memory in run.memories.values()
        for minted in memory.state.ids.values()
    )
    return sum(count > 1 for count in minted.values())


@pytest.mark.long
@each_mode
def test_many_sequences_of_builds_agree_with_the_oracle(mode: str) -> None:
    """Says with -s how many builds it looked at."""
    runs = [
        checked(drawn(mode, 1000 + start, min(BATCH, SEQUENCES - start)))
        for start in range(0, SEQUENCES, BATCH)
    ]
    seen = sum((run.seen for run in runs), Counter[str]())
    builds = sum(seen[how] for how in ("good", "failed", "cut"))
    on_changes = sum(run.warehouse.worked_on_changes for run in runs)
    print(f"{mode}: {SEQUENCES} sequences, {builds} builds, {on_changes} rounds on changes alone")
    print(dict(changes_seen(runs)), dict(seen))
    assert builds == SEQUENCES * LENGTH


# --- broken copies --------------------------------------------------------------------------------


def broken_model(model: str, old: str, new: str) -> Broken:
    """A copy of the project with other SQL in one model."""
    return lambda code: code.replaced(model, old, new)


def broken_statements(old: str, new: str) -> Broken:
    """A copy with other statements around a run."""

    def broken(code: Code) -> Code:
        additions = tuple(each.replace(old, new) for each in code.additions)
        roll_back = tuple(each.replace(old, new) for each in code.roll_back)
        assert (additions, roll_back) != (code.additions, code.roll_back), f"nowhere: {old}"
        return replace(code, additions=additions, roll_back=roll_back)

    return broken


def generation_written_first(code: Code) -> Code:
    """A copy in which the row that makes a generation count is not the last one."""
    return replace(code, additions=(code.additions[-1], *code.additions[:-1]))


# The broken copies all resolve the same data, in the same way.
known: Resolved = {}

BROKEN: dict[str, Broken] = {
    "the id is the largest value": broken_model(
        "int_identity__named",
        "case when anchors.was_identified_at_minting then 0 else 1 end,",
        "anchors.customer360_id desc,",
    ),
    "minted by time alone": broken_model(
        "int_identity__named",
        "case when anchors.was_identified_at_minting then 0 else 1 end,\n"
        "                anchors.minted_generation_no,",
        "",
    ),
    "anonymous ids are as good as identified ones": broken_model(
        "int_identity__named",
        "case when anchors.was_identified_at_minting then 0 else 1 end,",
        "",
    ),
    "an attached anchor names the customer": broken_model(
        "int_identity__named", "where resolved.record_role <> 'attached'", ""
    ),
    "salt forgotten": broken_model(
        "int_identity__named", "coalesce('|' || cast(used_names.used_count as TEXT), '')", "''"
    ),
    "anchor not passed": broken_model("int_state__anchors", "where age_rank = 1", "where false"),
    "anchor passed to attached before own": broken_model(
        "int_state__anchors", "'attached' then 1 else 0 end", "'attached' then 0 else 1 end"
    ),
    "anchor passed to the youngest": broken_model(
        "int_state__anchors", "records.first_seen_at asc", "records.first_seen_at desc"
    ),
    "passing forgotten by the next build": broken_model(
        "int_state__ids", "where was_passed", "where false"
    ),
    "a deleted record's id given away": broken_model(
        "int_state__anchors",
        "coalesce(heirs.record_key, ids.anchor_record_key)",
        "coalesce(heirs.record_key, case when ids.anchor_record_key in "
        "(select records.record_key from records) then ids.anchor_record_key "
        "else (select min(records.record_key) from records) end)",
    ),
    "retirement forgotten": broken_model(
        "int_state__id_changes_found", "where shown_now.customer360_id is null", "where false"
    ),
    "deleted records stay in the ledger": broken_model(
        "int_state__ledger", "left join customers", "inner join customers"
    ),
    "a change of role forgotten": broken_model(
        "int_state__ledger",
        "or coalesce(record_role, '') <> coalesce(record_role_before, '')",
        "",
    ),
    "old versions stay valid": broken_statements(
        "set valid_to_generation = @no where",
        "set valid_to_generation = null where",
    ),
    "rollback forgotten": broken_statements("delete from", "select 1 from"),
    "rollback forgets what was ended": broken_statements(
        "where valid_to_generation > @no", "where false"
    ),
    "generation written first": generation_written_first,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_copy_is_caught(name: str) -> None:
    """Within a few runs, by a difference that the comparison above would show."""
    code = BROKEN[name](compiled_code())
    for seed in range(6):
        run = random_run(code, seed, BATCH, LENGTH, policies=("plain",))
        run.warehouse.known = known
        try:
            run.check()
        except Difference:
            return
    pytest.fail(f"not noticed: {name}")


# --- copies that forget something where only what changed is worked out ---------------------------


def broken_hook(model: str, old: str, new: str) -> Broken:
    """A copy in which other rows of a table are taken out before what changed is added."""

    def broken(code: Code) -> Code:
        assert old in code.hooks[model], f"nowhere in the hook of {model}: {old}"
        return replace(code, hooks={**code.hooks, model: code.hooks[model].replace(old, new)})

    return broken


def broken_rounds(old: str, new: str) -> Broken:
    """A copy with other statements in the rounds."""

    def broken(code: Code) -> Code:
        policies = {
            name: replace(
                policy,
                steps=tuple(
                    (kind, step, text.replace(old, new)) for kind, step, text in policy.steps
                ),
            )
            for name, policy in code.policies.items()
        }
        assert policies != dict(code.policies), f"nowhere: {old}"
        return replace(code, policies=policies)

    return broken


def names_kept(code: Code) -> Code:
    """A copy in which only records that changed themselves get the name of their customer."""
    forgets = code.hooks["int_identity__records"].replace(
        code.relations["int_identity__records"], code.relations["int_identity__customers"]
    )
    hooks = {**code.hooks, "int_identity__customers": forgets}
    kept = replace(code, hooks=hooks)
    return kept.replaced("int_identity__customers", "where not is_neighbour", "where false")


TOUCHED = "int_identity__touched"
FORGETFUL: dict[str, Broken] = {
    "earlier carriers": broken_model(
        TOUCHED,
        "select record_no from earlier_carriers\n    where role in ('strong', 'fallback')",
        "select record_no from earlier_carriers\n    where false",
    ),
    "earlier devices": broken_model(
        TOUCHED,
        "select record_no from earlier_carriers\n    where role = 'weak'",
        "select record_no from earlier_carriers\n    where false",
    ),
    "devices of touched customers": broken_model(
        TOUCHED,
        "on links.record_no = known_side.record_no\n    where links.role = 'weak'",
        "on links.record_no = known_side.record_no\n    where false",
    ),
    "neighbours": broken_model(
        TOUCHED, "where links.role = 'weak' and standing.record_role = 'known'", "where false"
    ),
    "heirs of deleted records": broken_model(
        TOUCHED, "select record_no from heirs", "select record_no from heirs where false"
    ),
    "withdrawn decisions": broken_model(
        TOUCHED,
        "select record_no from standing_decisions",
        "select record_no from standing_decisions where false",
    ),
    "values that are no longer carried": broken_model(
        "int_identity__touched_values",
        "on standing.record_no = changes.record_no",
        "on standing.record_no = changes.record_no and false",
    ),
    "blocked values": broken_model(
        "int_identity__changes", "or rejudged.record_no is not null then", "then"
    ),
    "removed records": broken_hook("int_identity__customers", "'removed', ", ""),
    "names of customers": names_kept,
    "touched records in the ledger": broken_model(
        "int_state__ledger", "where not is_neighbour", "where false"
    ),
}


# A scenario shows this one in one build; here it takes many to meet it.
RARE = ("heirs of deleted records",)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name in RARE)) for name in FORGETFUL],
)
def test_forgetting_something_is_caught(name: str) -> None:
    """Within a few runs; SQL that does not run would prove nothing, so its error is let through."""
    changing = FORGETFUL[name](compiled_code(works_on_changes=True))
    policies = ("few on a device",) if name == "earlier devices" else USED_POLICIES
    for seed in range(12):
        run = random_run(
            compiled_code(), 300 + seed, BATCH, LENGTH, policies=policies, changing=changing
        )
        run.warehouse.known = known if policies == USED_POLICIES else {}
        if is_noticed(run):
            return
    pytest.fail(f"not noticed: {name}")


def is_noticed(run: Run) -> bool:
    """Whether a run goes wrong."""
    try:
        run.check()
    except Difference:
        return True
    return False


def test_devices_that_pass_their_limit_agree_with_the_oracle() -> None:
    checked(
        random_run(
            compiled_code(), 41, BATCH, LENGTH, policies=("few on a device",),
            changing=compiled_code(works_on_changes=True),
        )
    )  # fmt: skip


def customers_after_a_deletion(code: Code, changing: Code) -> set[str]:
    """Two logins, joined by a phone if the first one's login goes, which is two links away."""
    records = [
        Record("0/login", 1, None, frozenset({("user_id", "1"), ("email", "0")})),
        Record("0/between", 2, None, frozenset({("email", "0"), ("phone", "0")})),
        Record("0/other", 3, None, frozenset({("user_id", "2"), ("phone", "0")})),
    ]
    warehouse = Warehouse(code, changing)
    for left_out in range(2):
        warehouse.begin()
        warehouse.build([Data(0, tuple(records[left_out:]))], "one login")
        warehouse.commit("one login")
    assert warehouse.worked_on_changes == 1
    return {
        str(name)
        for (name,) in warehouse.rows("select customer360_id from {customer360_identity_map}")
    }


def test_a_component_reaches_beyond_refused_links() -> None:
    code, changing = compiled_code(), compiled_code(works_on_changes=True)
    assert len(customers_after_a_deletion(code, changing)) == 1
    ends_there = broken_rounds(
        "coalesce(labels.parent, strong.parent, found.same_no) as component_no",
        "found.customer_no as component_no",
    )
    assert len(customers_after_a_deletion(ends_there(code), ends_there(changing))) == 2
