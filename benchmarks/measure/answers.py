"""Whether contestants agree, and how near the truth their answers are. All of it in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb


class Disagreement(RuntimeError):
    """Contestants that compute the same thing came to different partitions."""


@dataclass(frozen=True)
class Signature:
    """What two equal partitions have in common, whatever their components are called.

    mark: a hash of each record with the least record of its component.
    """

    records: int
    components: int
    mark: int


@dataclass(frozen=True)
class Score:
    """Shares between 0 and 1; pairwise, and B-cubed as in Bagga and Baldwin (1998)."""

    precision: float
    recall: float
    bcubed_precision: float
    bcubed_recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of pairwise precision and recall."""
        return harmonic_mean(self.precision, self.recall)

    @property
    def bcubed_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        return harmonic_mean(self.bcubed_precision, self.bcubed_recall)


def harmonic_mean(one: float, other: float) -> float:
    """Return the harmonic mean of two shares; 0 where both are 0."""
    return 2 * one * other / (one + other) if one + other else 0.0


SIGNATURE = """
with

firsts as (

    select
        component,
        min(record_no) as first_record
    from {answer}
    group by component

)

select
    count(*),
    count(distinct firsts.first_record),
    coalesce(sum(hash(answer.record_no, firsts.first_record) % 9223372036854775807), 0)
from {answer} as answer
inner join firsts
    on answer.component = firsts.component
"""

# Everything follows from how many records each component shares with each person. A record that was
# not answered is a component of its own, so that to leave records out raises no score.
CELLS = """
create or replace temp table cells as
select
    answer.component,
    case when answer.component is null then truth.record_no end as missing,
    truth.person,
    count(*) as records
from {truth} as truth
left join {answer} as answer
    on truth.record_no = answer.record_no
group by all
"""

SCORE = """
with

-- A pair is two records; so many there are in a group of that size.
components as (

    select
        component,
        missing,
        sum(records) as size
    from cells
    group by component, missing

),

people as (

    select
        person,
        sum(records) as size
    from cells
    group by person

),

pairs as (

    select
        (select coalesce(sum(records::double * (records - 1) / 2), 0) from cells) as right_pairs,
        (select coalesce(sum(size::double * (size - 1) / 2), 0) from components) as found_pairs,
        (select coalesce(sum(size::double * (size - 1) / 2), 0) from people) as true_pairs

),

weighed as (

    select
        sum(cells.records::double * cells.records / components.size)
            / sum(cells.records) as bcubed_precision,
        sum(cells.records::double * cells.records / people.size)
            / sum(cells.records) as bcubed_recall
    from cells
    inner join components
        on
            cells.component is not distinct from components.component
            and cells.missing is not distinct from components.missing
    inner join people
        on cells.person = people.person

)

-- Who claims no pair claims no wrong one.
select
    case when found_pairs = 0 then 1 else right_pairs / found_pairs end,
    case when true_pairs = 0 then 1 else right_pairs / true_pairs end,
    coalesce(bcubed_precision, 1),
    coalesce(bcubed_recall, 1)
from pairs
cross join weighed
"""


def signature(connection: duckdb.DuckDBPyConnection, answer: str = "answer") -> Signature:
    """Take the signature of a table (record_no, component)."""
    (row,) = connection.execute(SIGNATURE.format(answer=answer)).fetchall()
    return Signature(*(int(part) for part in row))


def score(connection: duckdb.DuckDBPyConnection, answer: str, truth: str) -> Score:
    """Score a table (record_no, component) against one of (record_no, person)."""
    connection.execute(CELLS.format(answer=answer, truth=truth))
    (row,) = connection.execute(SCORE).fetchall()
    return Score(*(float(part) for part in row))


def open_answer(work_file: Path, links: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    """Open what a contestant left, read-only, with the given file attached as `given`."""
    connection = duckdb.connect(
        str(work_file),
        read_only=True,
        config={
            "memory_limit": memory_limit,
            "temp_directory": str(work_file.parent / "spilled"),
            "preserve_insertion_order": False,
        },
    )
    connection.execute(f"attach '{links}' as given (read_only)")
    return connection


def check_agreement(found: Mapping[str, Signature]) -> None:
    """Raise Disagreement unless all partitions are one and the same."""
    if len(set(found.values())) > 1:
        told = "; ".join(
            f"{name}: {each.components:,} components of {each.records:,} records (mark {each.mark})"
            for name, each in sorted(found.items())
        )
        raise Disagreement(f"The contestants do not agree. {told}")
