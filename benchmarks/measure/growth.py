"""The part about growth: what size and shape of the links do to the cost.

Sizes: the size's own links, and so many copies of them side by side, whose values have nothing in
common. Shapes: made-up links, each beside random ones of the same number.
"""

from __future__ import annotations

import math
import shutil
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from measure.answers import open_answer, signature
from measure.contest import OursFailed
from measure.contestants import ALL, Contestant
from measure.given import DERIVED, SCHEMA, Given, Tell, prepare
from measure.job import FINISHED, Outcome, run_job, work_file_in
from measure.markdown import number, seconds, table
from measure.settings import Settings

Figures = dict[str, Any]

CONTESTANTS = ("plain_components", "identity_step")

# A table of the identity models from queries; decisions are the size's own.
TABLES = f"""
create schema {SCHEMA};
create table {SCHEMA}.int_identity__decisions as
from source.{SCHEMA}.int_identity__decisions limit 0;
create table {SCHEMA}.int_identity__records as {{records}};
create table {SCHEMA}.int_identity__links as {{links}};
create table truth (record_no bigint, person varchar);
"""

COPIED_RECORDS = f"""
select
    (records.record_no - 1) * {{times}} + copies.copy + 1 as record_no,
    copies.copy || '/' || records.record_key as record_key,
    records.first_seen_at,
    records.last_seen_at
from source.{SCHEMA}.int_identity__records as records
cross join (select range as copy from range({{times}})) as copies
"""

COPIED_LINKS = f"""
select
    links.* replace (
        (links.record_no - 1) * {{times}} + copies.copy + 1 as record_no,
        copies.copy || '/' || links.identifier_value as identifier_value
    )
from source.{SCHEMA}.int_identity__links as links
cross join (select range as copy from range({{times}})) as copies
"""

# A record's number says nothing about its age, nor about its place in a shape.
MADE_RECORDS = """
select
    record_no,
    'made:' || record_no as record_key,
    timestamp '2026-01-01' + to_seconds(hash(record_no, 'time') % 10000000) as first_seen_at,
    first_seen_at as last_seen_at
from (select distinct record_no from pairs) as records
"""

MADE_LINKS = """
select
    record_no,
    identifier_type,
    'made ' || value_no as identifier_value,
    'strong' as role,
    case identifier_type when 'user_id' then 2 else 3 end as type_rank,
    cast(null as varchar) as dropped_reason
from pairs
"""


@dataclass(frozen=True)
class Shape:
    """Made-up links: a query of distinct (record_no, identifier_type, value_no).

    size: how many records it is made of; {size} in the query.
    """

    name: str
    size: int
    query: str

    def sql(self, scale: float) -> str:
        """The query at a scale: 1 is the real thing, less is for tests."""
        return self.query.format(size=max(20, int(self.size * scale)))


EMAIL = "'email' as identifier_type"

SHAPES = (
    Shape(
        "a chain of 100,000 records",
        100_000,
        # Neighbours in the chain are strangers by number.
        f"""
        with places as (
            select row_number() over (order by hash(range)) as record_no, range as place
            from range({{size}})
        )
        select record_no, {EMAIL}, place as value_no from places
        union all
        select record_no, {EMAIL}, place + 1 as value_no from places
        """,
    ),
    Shape(
        "a star of 1,000,000 records",
        1_000_000,
        f"select range + 1 as record_no, {EMAIL}, 0 as value_no from range({{size}})",
    ),
    Shape(
        "a blob: 100,000 records with 10 of 1,000 values each",
        100_000,
        f"""
        select distinct records.range + 1 as record_no, {EMAIL},
            hash(records.range, draws.range) % 1000 as value_no
        from range({{size}}) as records cross join range(10) as draws
        """,
    ),
    Shape(
        "households: 50,000 of 6 who share three values, each with a login",
        300_000,
        f"""
        select records.range + 1 as record_no, {EMAIL},
            records.range // 6 * 3 + draws.range as value_no
        from range({{size}}) as records cross join range(3) as draws
        union all
        select range + 1, 'user_id', range // 2 from range({{size}})
        """,
    ),
    Shape(
        "10,000,000 singletons",
        10_000_000,
        f"select range + 1 as record_no, {EMAIL}, range as value_no from range({{size}})",
    ),
)

# Records with two values each, of which a quarter more exist than links: groups of a few records.
RANDOM = f"""
select distinct records.range + 1 as record_no, {EMAIL},
    hash(records.range, draws.range) % ({{links}} * 5 // 4) as value_no
from range({{links}} // 2) as records cross join range(2) as draws
"""


def measure(settings: Settings, tell: Tell) -> Figures:
    """Measure sizes, then shapes."""
    given = prepare(settings, tell)
    runs = Runs(settings, given, tell)
    sizes = measure_sizes(runs)
    return {
        "sizes": sizes,
        "exponents": {
            name: exponent([(each["links"][name], each["cpu_seconds"][name]) for each in sizes])
            for name in CONTESTANTS
        },
        "shapes": measure_shapes(runs),
    }


@dataclass
class Runs:
    """Runs our contestants on made files, one file at a time."""

    settings: Settings
    given: Given
    tell: Tell

    @property
    def folder(self) -> Path:
        """Where the made file and the contestants' work stand for a while."""
        return self.settings.work / "growth"

    def measure(self, name: str, records: str, links: str, pairs: str = "") -> Figures:
        """Make the file of two queries and run everyone on it; `pairs` is a table for both."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        made = Given(self.folder / "links.duckdb", self.given.statements)
        make_links(made.links, self.given.links, self.settings, records, links, pairs)
        counts = made.counts()
        self.tell(f"{name}: {counts['usable_links']:,} links")
        outcomes = {each: self.run(ALL[each], made) for each in CONTESTANTS}
        shutil.rmtree(self.folder)
        return {
            "name": name,
            "links": {each: counts[ALL[each].reads] for each in CONTESTANTS},
            "components": {each: components for each, (_, components) in outcomes.items()},
            **{
                key: {
                    each: statistics.median(getattr(one, part) for one in repeats)
                    for each, (repeats, _) in outcomes.items()
                }
                for key, part in (("cpu_seconds", "cpu"), ("wall_seconds", "wall"))
            },
            "peak_mb": {
                each: max(one.peak_mb or 0 for one in repeats)
                for each, (repeats, _) in outcomes.items()
            },
        }

    def run(self, contestant: Contestant, made: Given) -> tuple[list[Outcome], int]:
        """Warm up and repeat; return the repeats and the number of components."""
        folder = self.folder / "contest"
        outcomes = []
        for number_ in range(self.settings.repeats + 1):
            outcome = run_job(contestant.name, made, self.settings, folder)
            if outcome.state != FINISHED:
                raise OursFailed(f"{contestant.label}: {outcome.note}")
            outcomes.append(outcome)
            which = "warm-up" if number_ == 0 else f"{number_} of {self.settings.repeats}"
            self.tell(f"  {contestant.label}, {which}: {outcome.cpu:.2f} s CPU")
        with open_answer(
            work_file_in(folder), made.links, self.settings.memory_limit
        ) as connection:
            return outcomes[1:], signature(connection).components


def make_links(
    file: Path, source: Path, settings: Settings, records: str, links: str, pairs: str
) -> None:
    """Write a file for contestants from queries of records and links."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"set threads = {settings.threads}")
        connection.execute(f"set memory_limit = '{settings.memory_limit}'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"attach '{source}' as source (read_only)")
        if pairs:
            connection.execute(f"create temp table pairs as {pairs}")
        connection.execute(TABLES.format(records=records, links=links))
        connection.execute(DERIVED)


def measure_sizes(runs: Runs) -> list[Figures]:
    """The size's links, once and several times."""
    return [
        runs.measure(
            f"{times} times the size",
            COPIED_RECORDS.format(times=times),
            COPIED_LINKS.format(times=times),
        )
        for times in runs.settings.times
    ]


def measure_shapes(runs: Runs) -> list[Figures]:
    """Each shape beside random links of the same number."""
    scale = runs.settings.shape_scale
    random: dict[int, Figures] = {}
    found = []
    for shape in SHAPES:
        figures = runs.measure(shape.name, MADE_RECORDS, MADE_LINKS, shape.sql(scale))
        links = figures["links"]["plain_components"]
        if links not in random:
            pairs = RANDOM.format(links=links)
            random[links] = runs.measure("random links", MADE_RECORDS, MADE_LINKS, pairs)
        found.append({**figures, "random": random[links], "times": times(figures, random[links])})
    return found


def times(figures: Figures, random: Figures) -> dict[str, float]:
    """CPU per link beside that of random links, by contestant."""
    return {
        name: per_link(figures, name) / per_link(random, name) for name in figures["cpu_seconds"]
    }


def per_link(figures: Figures, name: str) -> float:
    """CPU seconds per link."""
    return float(figures["cpu_seconds"][name] / figures["links"][name])


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """The slope of cost over size on logarithms, by least squares: 1 is proportional to size.

    None where there are not two sizes.
    """
    if len({size for size, _ in points}) < 2:
        return None
    xs = [math.log(size) for size, _ in points]
    ys = [math.log(cost) for _, cost in points]
    return statistics.linear_regression(xs, ys).slope


def lay_out(figures: Figures) -> list[str]:
    """The part as Markdown."""
    labels = {name: ALL[name].label for name in CONTESTANTS}
    exponents = [
        f"{labels[name]} {'not known' if value is None else f'{value:.2f}'}"
        for name, value in figures["exponents"].items()
    ]
    return [
        "Copies of the size's links side by side; CPU seconds are medians of the repeats.",
        "",
        *table(
            ["", "links", "CPU s", "wall s", "peak MB", ""],
            [size_row(each, name) for name in CONTESTANTS for each in figures["sizes"]],
        ),
        "",
        f"Exponent of CPU over links (1 is proportional): {'; '.join(exponents)}.",
        "",
        "Shapes, by CPU per link beside random links of the same number:",
        "",
        *table(
            ["", "links", "CPU s", "random's CPU s", "times per link", ""],
            [shape_row(each, name) for name in CONTESTANTS for each in figures["shapes"]],
        ),
    ]


def size_row(each: Figures, name: str) -> list[str]:
    """One contestant at one size."""
    return [
        ALL[name].label,
        number(each["links"][name]),
        seconds(each["cpu_seconds"][name]),
        seconds(each["wall_seconds"][name]),
        number(each["peak_mb"][name]),
        each["name"],
    ]


def shape_row(each: Figures, name: str) -> list[str]:
    """One contestant on one shape."""
    return [
        ALL[name].label,
        number(each["links"][name]),
        seconds(each["cpu_seconds"][name]),
        seconds(each["random"]["cpu_seconds"][name]),
        f"{each['times'][name]:.2f}",
        each["name"],
    ]


def draw(figure: Any, figures: Figures) -> None:
    """CPU over links, and what shapes cost beside random links."""
    left, right = figure.subplots(1, 2, width_ratios=[2, 3])
    colours: Mapping[str, str] = dict(zip(CONTESTANTS, ("#1f6f8b", "#c98a2b"), strict=True))
    for name, colour in colours.items():
        sizes = [each["links"][name] for each in figures["sizes"]]
        costs = [each["cpu_seconds"][name] for each in figures["sizes"]]
        slope = figures["exponents"][name]
        told = "" if slope is None else f" (exponent {slope:.2f})"
        left.plot(sizes, costs, marker="o", color=colour, label=ALL[name].label + told)
    left.set(xscale="log", yscale="log", xlabel="links", ylabel="CPU seconds")
    left.legend(frameon=False, fontsize=8)
    left.grid(alpha=0.3)
    shapes = list(reversed(figures["shapes"]))
    for place, (name, colour) in enumerate(reversed(list(colours.items()))):
        rows = [row + 0.36 * (place - 0.5) for row in range(len(shapes))]
        bars = right.barh(rows, [each["times"][name] for each in shapes], 0.34, color=colour)
        right.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    right.set_yticks(range(len(shapes)), [wrapped(each["name"]) for each in shapes], fontsize=8)
    right.axvline(1, color="#666666", linewidth=1)
    right.axvline(2, color="#aa3333", linewidth=1, linestyle="--")
    right.set_xlabel("CPU per link, times that of random links (dashed: twice)")
    right.margins(x=0.15)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Growth with size and shape")


def wrapped(text: str, width: int = 30) -> str:
    """A label in lines."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
