"""A rehearsal is worth something if it goes red: macros broken on purpose, one at a time.

A break is a change of a macro's file in a copy of the macros, the kind of slip that people make.
The cases of the named constructs must then fail on the engine. That they hold with the macro whole
is what test_macro_cases.py shows; a broken driver of the identity rounds is in test_rehearsal.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from engines.rehearsal import cases
from engines.rehearsal.engines import ENGINES, Target
from engines.rehearsal.pipes import Pipe

pytestmark = pytest.mark.long

ADAPTERS = "macros/adapters"
EVERYWHERE = tuple(ENGINES)


@dataclass(frozen=True)
class Break:
    """What is put in the place of what, in which file, on which engines; old None: at the end."""

    name: str
    engines: tuple[str, ...]
    file: str
    old: str | None
    new: str
    constructs: tuple[str, ...]


BREAKS = [
    # everywhere
    Break(
        "null first",
        EVERYWHERE,
        f"{ADAPTERS}/nulls_last.sql",
        "then 1 else 0",
        "then 0 else 1",
        ("nulls_last", "list_agg, null keys last"),
    ),
    Break(
        "phone loses its plus sign",
        EVERYWHERE,
        "macros/cleaning/clean_phone.sql",
        "'[^0-9+]'",
        "'[^0-9]'",
        ("clean_phone that names its country",),
    ),
    Break(
        "address without an end",
        EVERYWHERE,
        "macros/cleaning/clean_email.sql",
        '[^@,;:<>()". ]+$',
        '[^@,;:<>()". ]+',
        ("clean_email",),
    ),
    Break(
        "offset left as it is",
        EVERYWHERE,
        f"{ADAPTERS}/utc_timestamp.sql",
        "([+-][0-9]{2})([0-9]{2})$",
        "([+-][0-9]{2})(:?[0-9]{2})$",
        ("utc_timestamp",),
    ),
    Break(
        "later taken for earlier",
        EVERYWHERE,
        f"{ADAPTERS}/earliest_latest.sql",
        "<= {{ second }}",
        ">= {{ second }}",
        ("earliest",),
    ),
    # DuckDB
    Break(
        "first match only",
        ("duckdb",),
        f"{ADAPTERS}/regexp_replace_all.sql",
        ", 'g')",
        ")",
        ("regexp_replace_all",),
    ),
    Break(
        "empty text for no match",
        ("duckdb",),
        f"{ADAPTERS}/regexp_extract_group.sql",
        "nullif(regexp_extract({{ expression }}, '{{ pattern }}', 1), '')",
        "regexp_extract({{ expression }}, '{{ pattern }}', 1)",
        ("regexp_extract_group",),
    ),
    Break(
        "nulls in the list",
        ("duckdb",),
        f"{ADAPTERS}/list_agg.sql",
        " filter (where {{ expression }} is not null)",
        "",
        ("list_agg of text",),
    ),
    # Snowflake
    Break(
        "whole text instead of anywhere",
        ("snowflake",),
        f"{ADAPTERS}/regexp_contains.sql",
        "regexp_instr({{ expression }}, {{ snowflake__text_literal(pattern) }}) > 0",
        "regexp_like({{ expression }}, {{ snowflake__text_literal(pattern) }})",
        ("regexp_contains, anywhere",),
    ),
    Break(
        "match instead of group",
        ("snowflake",),
        f"{ADAPTERS}/regexp_extract_group.sql",
        ", 1, 1, 'e', 1)",
        ", 1, 1)",
        ("regexp_extract_group",),
    ),
    Break(
        "time of another zone",
        ("snowflake",),
        f"{ADAPTERS}/utc_timestamp.sql",
        "convert_timezone('UTC', ",
        "convert_timezone('America/New_York', ",
        ("offset_time_in_utc", "utc_timestamp"),
    ),
    Break(
        "nothing left of an object with a null",
        ("snowflake",),
        f"{ADAPTERS}/json_object.sql",
        "coalesce(to_json(to_variant({{ expression }})), 'null')",
        "to_json(to_variant({{ expression }}))",
        ("json_object",),
    ),
    Break(
        "accents of capitals forgotten",
        ("snowflake",),
        f"{ADAPTERS}/strip_accents.sql",
        "ÀÁÂÃÄÅĀĂĄÇĆČĎÈÉÊËĒĖĘĚĢÌÍÎÏĪĮĶĻÑŃŇŅÒÓÔÕÖŌŐŔŘŚŠŞȘŤȚÙÚÛÜŪŮŰŲÝŸŹŻŽ",
        "",
        ("strip_accents",),
    ),
    Break(
        "nulls carried on",
        ("snowflake",),
        f"{ADAPTERS}/carried_value.sql",
        ") ignore nulls over (",
        ") over (",
        ("carried_value back", "carried_value ahead"),
    ),
    Break(
        "weeks from Sunday",
        ("snowflake",),
        f"{ADAPTERS}/iso_week_start.sql",
        "1 - dayofweekiso",
        "0 - dayofweekiso",
        ("iso_week_start of dates",),
    ),
    Break(
        "DuckDB's any",
        ("snowflake",),
        f"{ADAPTERS}/true_for_any.sql",
        "boolor_agg",
        "bool_or",
        ("true_for_any",),
    ),
    # BigQuery
    Break(
        "bytes for a hash",
        ("bigquery",),
        f"{ADAPTERS}/hash_bucket.sql",
        None,
        "{% macro bigquery__hash(field) %}md5(cast({{ field }} as string)){% endmacro %}",
        ("hash of text",),
    ),
    Break(
        "anchored pattern",
        ("bigquery",),
        f"{ADAPTERS}/regexp_contains.sql",
        "regexp_contains({{ expression }}, r'{{ pattern }}')",
        "regexp_contains({{ expression }}, r'^(?:{{ pattern }})$')",
        ("regexp_contains, anywhere",),
    ),
    Break(
        "array with nulls",
        ("bigquery",),
        f"{ADAPTERS}/list_agg.sql",
        " ignore nulls",
        "",
        ("list_agg of text",),
    ),
    Break(
        "least with null",
        ("bigquery", "snowflake"),
        f"{ADAPTERS}/earliest_latest.sql",
        "{% macro earliest(first, second) -%}",
        "{% macro earliest(first, second) -%} least({{ first }}, {{ second }}) {%- endmacro %}"
        "{% macro earlier_still(first, second) -%}",
        ("earliest",),
    ),
    Break(
        "part counted from nought",
        ("bigquery",),
        f"{ADAPTERS}/nth_part.sql",
        "number - 1",
        "number",
        ("nth_part",),
    ),
    Break(
        "weeks from Sunday there",
        ("bigquery",),
        f"{ADAPTERS}/iso_week_start.sql",
        "isoweek",
        "week",
        ("iso_week_start of dates",),
    ),
    Break(
        "cast that stops the build",
        ("bigquery",),
        f"{ADAPTERS}/try_cast_as.sql",
        "safe_cast",
        "cast",
        ("try_cast_as date",),
    ),
    Break(
        "time without seconds",
        ("bigquery",),
        f"{ADAPTERS}/canonical_time.sql",
        r"r'\1:00\2'",
        r"r'\1\2'",
        ("utc_timestamp",),
    ),
    Break(
        "text null for no list",
        ("bigquery",),
        f"{ADAPTERS}/json_list_agg.sql",
        "nullif(to_json_string({{ list_agg(expression, order_by) }}), 'null')",
        "to_json_string({{ list_agg(expression, order_by) }})",
        ("json_list_agg",),
    ),
    Break(
        "words after blanks only",
        ("bigquery",),
        f"{ADAPTERS}/initcap.sql",
        '" -\'"',
        "' '",
        ("initcap",),
    ),
]
ALL = [(engine, one) for one in BREAKS for engine in one.engines]


def apply(project: Path, one: Break) -> None:
    """Break a macro in a copy; what is to be broken must still be written like that."""
    path = project / one.file
    text = path.read_text("utf-8")
    if one.old is None:
        path.write_text(text + "\n" + one.new, "utf-8")
        return
    assert one.old in text, f"{one.file} has another text now: bring the break up to date"
    path.write_text(text.replace(one.old, one.new), "utf-8")


@pytest.mark.parametrize(
    ("engine", "one"), ALL, ids=[f"{engine}: {one.name}" for engine, one in ALL]
)
def test_a_broken_macro_is_seen(
    target_of: Callable[[str], Target],
    renderer: Pipe,
    tmp_path: Path,
    seen: dict[str, int],
    engine: str,
    one: Break,
) -> None:
    target = target_of(engine)
    project = cases.macro_project(tmp_path / "project", target.profile("customer360"))
    apply(project, one)
    groups = [group for group in cases.read_table() if group.name in one.constructs]
    assert len(groups) == len(one.constructs)
    sql = cases.render(renderer, project, groups)
    faults = [fault for group in groups for fault in cases.ask(target, group, sql[group.name])]
    assert any(faults)
    seen[engine] = seen.get(engine, 0) + 1


@pytest.fixture(scope="module")
def seen(figures: list[str]):
    """How many breaks were seen, by engine."""
    counts: dict[str, int] = {}
    yield counts
    tried = {name: sum(engine == name for engine, _ in ALL) for name in ENGINES}
    told = ", ".join(f"{name} {counts.get(name, 0)} of {tried[name]}" for name in ENGINES)
    figures.append(f"macros broken on purpose and seen: {told}")
