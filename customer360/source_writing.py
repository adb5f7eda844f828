"""The files of a new source as text: contract, base_ and stg_ model, their yml, the instance."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from customer360.source_design import Design, StagedColumn

WIDTH = 96
# A model of more columns than this writes groups of columns as loops over their names.
WIDE = 80
LOOPED = 10
SECTIONS = ("identifiers", "attributes", "measures", "times")
# Cleaned at once, from the raw value: treatment -> SQL of Jinja.
CLEANED = {
    "email": "{{{{ clean_email('typed.{name}') }}}}",
    "name": "{{{{ clean_name('typed.{name}') }}}}",
    "text": "{{{{ clean_text('typed.{name}') }}}}",
    "lower": "lower({{{{ clean_text('typed.{name}') }}}})",
    "upper": "upper({{{{ clean_text('typed.{name}') }}}})",
    "code": "{{{{ lookup_code('typed.{name}') }}}}",
    "date": "{{{{ clean_date('typed.{name}') }}}}",
    "gender": "{{{{ clean_gender('typed.{name}') }}}}",
    "boolean": "{{{{ clean_boolean('typed.{name}') }}}}",
    "id": "{{{{ namespaced_id('typed', '{name}') }}}}",
}
# Worked out once, in `typed`: treatment -> (SQL of Jinja, ending of the name).
TYPED = {
    "phone": ("{{{{ dialled_digits('raw_rows.{name}') }}}}", "_dialled"),
    "time": ("{{{{ utc_timestamp('raw_rows.{name}') }}}}", "_utc"),
    "integer": ("{{{{ clean_integer('raw_rows.{name}') }}}}", "_number"),
    "amount": ("{{{{ clean_amount('raw_rows.{name}') }}}}", "_number"),
    "decimal": ("{{{{ clean_decimal('raw_rows.{name}') }}}}", "_number"),
}
NUMBERS = ("integer", "amount", "decimal")
LOOPABLE = ("text", "boolean", "time", *NUMBERS)


def quoted(text: str) -> str:
    """Return a YAML string in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def listed(names: Iterable[str], indent: int, mark: str = "'") -> str:
    """Return names in quotes, with commas, over lines of an indentation."""
    text = ", ".join(f"{mark}{name}{mark}" for name in names) + ","
    space = " " * indent
    return textwrap.fill(text, WIDTH, initial_indent=space, subsequent_indent=space)


# --- the base model -------------------------------------------------------------------------------


def loop_name(treatment: str) -> str:
    """Return the name of the list that a model loops over."""
    return f"{treatment}_columns"


def loops(design: Design) -> dict[str, list[str]]:
    """Return, for a wide source, the columns that its models loop over, by treatment."""
    if len(design.columns) <= WIDE:
        return {}
    found = {
        treatment: [
            column.name
            for column in design.having(treatment)
            if column.is_judged and column.name != "loaded_at" and column is not design.key
        ]
        for treatment in LOOPABLE
    }
    return {treatment: names for treatment, names in found.items() if len(names) > LOOPED}


def in_loop(design: Design, column: StagedColumn) -> bool:
    """Whether a loop writes a column."""
    return column.name in loops(design).get(column.treatment, ())


def loop_lines(treatment: str, body: str) -> list[str]:
    """Return the lines of a loop in a select."""
    return [
        f"        {{% for column in {loop_name(treatment)} %}}",
        f"        {body},",
        "        {% endfor %}",
    ]


def typed_lines(design: Design) -> list[str]:
    """Return what the CTE `typed` works out, with commas; the last line is a column's own."""
    lines: list[str] = []
    for treatment in loops(design):
        if treatment in TYPED:
            sql, ending = TYPED[treatment]
            call = sql.format(name="").replace("'raw_rows.'", "'raw_rows.' ~ column")
            lines += loop_lines(treatment, f"{call} as {{{{ column }}}}{ending}")
    for column in design.columns:
        if column.treatment == "country":
            lines.append(f"        {{{{ lookup_text('raw_rows.{column.name}') }}}} as country_key,")
        elif column.treatment == "region":
            lines.append(f"        {{{{ lookup_text('raw_rows.{column.name}') }}}} as region_key,")
        elif column.treatment in TYPED and not in_loop(design, column):
            sql, ending = TYPED[column.treatment]
            lines.append(f"        {sql.format(name=column.name)} as {column.name}{ending},")
    return lines


def cleaned_sql(column: StagedColumn) -> list[str]:
    """Return the lines that select a cleaned column, without the comma."""
    name, treatment = column.name, column.treatment
    if treatment == "plain":
        same = f"typed.{name}"
        return [same]
    if treatment == "phone":
        return [f"{{{{ clean_phone('typed.{name}_dialled', 'countries') }}}} as {column.staged}"]
    if treatment == "country":
        return ["country_names.country_code as country"]
    if treatment == "region":
        return ["region_names.region_code as region"]
    if treatment == "opt_in":
        return [
            f"case {{{{ clean_boolean('typed.{name}') }}}}",
            "    when true then 'opted_in'",
            "    when false then 'opted_out'",
            f"end as {column.staged}",
        ]
    if treatment in TYPED:
        return [f"typed.{name}{TYPED[treatment][1]} as {column.staged}"]
    return [f"{CLEANED[treatment].format(name=name)} as {column.staged}"]


def section_lines(design: Design, section: str) -> list[str]:
    """Return the lines of one group of columns in `cleaned`."""
    lines: list[str] = []
    columns = [column for column in design.columns if shown_in(design, column) == section]
    for treatment, names in loops(design).items():
        if any(column.name in names for column in columns):
            if treatment in TYPED:
                body = f"typed.{{{{ column }}}}{TYPED[treatment][1]} as {{{{ column }}}}"
            else:
                call = CLEANED[treatment].format(name="").replace("'typed.'", "'typed.' ~ column")
                body = f"{call} as {{{{ column }}}}"
            lines += loop_lines(treatment, body)
    for column in columns:
        if not in_loop(design, column):
            parts = cleaned_sql(column)
            lines += [f"        {part}" for part in parts[:-1]] + [f"        {parts[-1]},"]
    return ["", f"        -- {section}", *lines] if lines else []


def shown_in(design: Design, column: StagedColumn) -> str:
    """Return the group in which staging shows a column; the bare key stands with the keys."""
    if column is design.key and column.treatment != "id":
        return "keys"
    return column.section


def judgement(design: Design) -> list[str]:
    """Return the lines that judge a row."""
    looped = loops(design)
    key = [design.key.name] if design.key else []
    times = [
        column.name
        for column in design.having("time")
        if column.is_judged and not in_loop(design, column)
    ]
    numbers = [column.name for column in design.having(*NUMBERS) if not in_loop(design, column)]
    lines = [
        "        {{ quarantine_reason(",
        "            'typed',",
        *argument("keys", key, []),
        *argument("times", times, ["time"] if "time" in looped else []),
    ]
    number_loops = [treatment for treatment in NUMBERS if treatment in looped]
    if numbers or number_loops:
        lines += argument("numbers", numbers, number_loops)
    return [*lines, "        ) }} as quarantine_reason,", "        typed.raw_row"]


def argument(name: str, values: Sequence[str], lists: Sequence[str]) -> list[str]:
    """Return an argument that is a list, over several lines where it is long."""
    more = [loop_name(each) for each in lists]
    short = "[" + ", ".join(f"'{value}'" for value in values) + "]"
    parts = ([short] if values or not more else []) + more
    line = f"            {name}={' + '.join(parts)},"
    if len(line) <= WIDTH:
        return [line]
    end = "".join(f" + {each}" for each in more)
    return [f"            {name}=[", listed(values, 16), f"            ]{end},"]


def join_lines(design: Design) -> list[str]:
    """Return the joins of the reference seeds that staging needs."""
    lines = []
    if design.having("country"):
        lines += [
            "    left join country_names",
            "        on typed.country_key = country_names.country_name",
        ]
    if design.having("phone"):
        lines += [
            "    left join countries",
            "        on country_names.country_code = countries.country_code",
        ]
    if design.having("region"):
        lines += [
            "    left join region_names",
            "        on",
            "            country_names.country_code = region_names.country_code",
            "            and typed.region_key = region_names.region_name",
        ]
    return lines


def cte(name: str, body: Sequence[str], is_last: bool = False) -> list[str]:
    """Return a CTE."""
    return [f"{name} as (", "", *body, "", ")" if is_last else "),", ""]


def seeds_needed(design: Design) -> list[str]:
    """Return the reference seeds that staging joins."""
    found = []
    if design.having("country"):
        found.append("country_names")
    if design.having("phone"):
        found.append("countries")
    if design.having("region"):
        found.append("region_names")
    return found


def version_times(design: Design) -> list[str]:
    """Return the times that tell versions of a row apart, the most telling first."""
    names = [column.name for column in design.having("time") if column.is_judged]
    first = [name for name in ("updated_at", "loaded_at") if name in names]
    return first + [name for name in names if name not in first][:2]


def base_sql(design: Design) -> str:
    """Return the base_ model: every raw row, cleaned and judged once."""
    source, entity = design.name.source, design.name.entity
    lines = ["{{ config(materialized='table') }}", ""]
    for treatment, names in loops(design).items():
        lines += [f"{{% set {loop_name(treatment)} = [", listed(names, 4), "] %}"]
    lines += [""] if loops(design) else []
    lines += ["with", ""]
    lines += cte("raw_rows", [f"    select * from {{{{ raw('{source}', '{entity}') }}}}"])
    for seed in seeds_needed(design):
        lines += cte(seed, [f"    select * from {{{{ ref('{seed}') }}}}"])
    typed = typed_lines(design)
    lines.append("-- What is used more than once below is worked out once here.")
    lines += cte(
        "typed", ["    select", "        raw_rows.*,", *without_comma(typed), "    from raw_rows"]
    )
    key = f"typed.{design.key.name}" if design.key else "{{ dbt.hash('typed.raw_row') }}"
    cleaned = ["    select", "        -- keys", "        typed.source_system,"]
    if design.key is None:
        lines.append("-- Nothing else tells the rows apart: a hash of all columns is the key.")
    cleaned.append(f"        {key} as source_record_id,")
    for section in SECTIONS:
        cleaned += section_lines(design, section)
    cleaned += [
        "",
        "        -- file",
        "        typed.source_file,",
        "        typed.file_loaded_at,",
        "        cast(typed.file_loaded_at as date) as file_loaded_on,",
        "",
        "        -- judgement",
        *judgement(design),
        "    from typed",
        *join_lines(design),
    ]
    lines += cte("cleaned", cleaned)
    last = "cleaned"
    if not design.row_is_person and design.identifiers:
        last = "tupled"
        lines.append("-- A row that says nothing of who it is about is a record of its own.")
        lines += cte("tupled", tupled_lines(design))
    lines += cte("judged", judged_lines(design, last), is_last=True)
    lines += ["select * from judged", ""]
    return "\n".join(lines)


def without_comma(lines: Sequence[str]) -> list[str]:
    """Return lines of a select list without the comma at the very end."""
    return [*lines[:-1], lines[-1].rstrip(",")]


def tupled_lines(design: Design) -> list[str]:
    """Return the CTE that names rows without any identifier."""
    names = ", ".join(design.identifiers)
    test = f"coalesce({names})" if len(design.identifiers) > 1 else names
    when = f"            when {test} is null then source_record_id"
    split = (
        [when]
        if len(when) <= WIDTH
        else [f"            when {test} is null", "                then source_record_id"]
    )
    return [
        "    select",
        "        *,",
        "        case",
        *split,
        "        end as anonymous_row_id",
        "    from cleaned",
    ]


def judged_lines(design: Design, last: str) -> list[str]:
    """Return the CTE that gives each row its key, its record and its status."""
    entity = design.name.entity
    row_key = f"{{{{ record_key('{entity}', 'source_record_id') }}}}"
    lines = ["    select", "        *,"]
    if design.row_is_person:
        lines.append(f"        {row_key} as record_key,")
    else:
        lines.append(f"        {row_key} as row_key,")
        lines += [
            "        {{ tuple_key(",
            f"            '{entity}',",
            "            [",
            listed([*design.identifiers, "anonymous_row_id"], 16),
            "            ],",
            "        ) }} as record_key,",
        ]
    times = ", ".join(f"'{name}'" for name in version_times(design))
    return [
        *lines,
        "        {{ row_status(",
        "            'source_system, source_record_id',",
        f"            version_times=[{times}],",
        "        ) }} as row_status",
        f"    from {last}",
    ]


# --- the stg_ model and the yml -------------------------------------------------------------------


def staged_columns(design: Design) -> dict[str, list[tuple[str, str, str | None]]]:
    """Return the columns of the stg_ model by group: name, description, how personal."""
    keys: list[tuple[str, str, str | None]] = []
    if not design.row_is_person:
        keys.append(("row_key", "Key of the row across systems.", None))
    keys += [
        ("record_key", "{{ doc('record_key') }}", None),
        ("source_system", "{{ doc('source_system') }}", None),
    ]
    own = (
        "Key of the row in its source." if design.key else "Hash of the raw row, in place of a key."
    )
    keys.append(("source_record_id", own, None))
    found = {"keys": keys}
    for section in SECTIONS:
        found[section] = [
            (column.staged, staged_title(column), column.pii)
            for column in design.columns
            if shown_in(design, column) == section
        ]
    if not design.row_is_person:
        title = "The row's own key where no identifier says who it is about; else null."
        found["identifiers"].append(("anonymous_row_id", title, "indirect"))
    return found


def staged_title(column: StagedColumn) -> str:
    """Return the description of a staged column."""
    if column.name == "loaded_at":
        return "{{ doc('loaded_at') }}"
    plain = {
        "opt_in": "opted_in, opted_out or null where nothing was said.",
        "country": "Country, ISO 3166-1 alpha-2.",
        "region": "Region, ISO 3166-2 where known.",
    }
    if column.treatment in plain:
        return plain[column.treatment]
    ending = {"time": " UTC.", "phone": " E.164.", "id": " With its namespace."}
    return column.title + ending.get(column.treatment, "")


def stg_sql(design: Design) -> str:
    """Return the stg_ model: the rows that are kept."""
    looped = loops(design)
    lines: list[str] = []
    for treatment, names in looped.items():
        lines += [f"{{% set {loop_name(treatment)} = [", listed(names, 4), "] %}"]
    lines += ["", "with", ""] if looped else ["with", ""]
    lines += cte("judged", [f"    select * from {{{{ ref('base_{design.name.model}') }}}}"])
    select: list[str] = []
    in_loops = {name: treatment for treatment, names in looped.items() for name in names}
    for section, columns in staged_columns(design).items():
        if not columns:
            continue
        select += ([""] if select else []) + [f"        -- {section}"]
        treatments = dict.fromkeys(in_loops[name] for name, *_ in columns if name in in_loops)
        for treatment in treatments:
            select += loop_lines(treatment, "{{ column }}")
        select += [f"        {name}," for name, *_ in columns if name not in in_loops]
    body = [
        "    select",
        *without_comma(select),
        "    from judged",
        "    where row_status = 'kept'",
    ]
    lines += cte("kept", body, is_last=True)
    return "\n".join([*lines, "select * from kept", ""])


def described(name: str, title: str, pii: str | None, tests: Sequence[str] = ()) -> list[str]:
    """Return the lines of a column in a yml."""
    lines = [f"      - name: {name}", f"        description: {quoted(title)}"]
    if pii:
        lines.append(f"        config: {{meta: {{pii: {pii}}}}}")
    if tests:
        lines.append(f"        data_tests: [{', '.join(tests)}]")
    return lines


ROW_STATUS = """\
      # file
      - name: source_file
        description: "{{ doc('source_file') }}"
      - name: file_loaded_at
        description: "{{ doc('file_loaded_at') }}"
      - name: file_loaded_on
        description: "{{ doc('file_loaded_on') }}"
      - name: row_status
        description: "What became of the raw row: kept, duplicate or quarantined."
        data_tests:
          - not_null
          - accepted_values:
                arguments:
                  values: ["kept", "duplicate", "quarantined"]
      - name: quarantine_reason
        description: "{{ doc('quarantine_reason') }}"
      - name: raw_row
        description: "The raw row as JSON text."
        config: {meta: {pii: direct}}"""


def base_yml(design: Design) -> str:
    """Return the entry of the base_ model in the yml."""
    source, entity = design.name.source, design.name.entity
    lines = [
        f"  - name: base_{design.name.model}",
        "    description: >-",
        f"      Every raw row of {design.name.contract}, cleaned and judged once: kept, duplicate",
        "      or quarantined. Nothing but the stg_ model and the quality models reads it.",
        "    config:",
        '      meta: {grain: "raw row"}',
        "    data_tests:",
        "      - accounts_for_every_raw_row:",
        "            arguments:",
        f"              source_name: {source}",
        f"              table_name: {entity}",
        "    columns:",
    ]
    for section, columns in staged_columns(design).items():
        lines += [f"      # {section}"] if columns else []
        for name, title, pii in columns:
            lines += described(name, title, pii)
    return "\n".join([*lines, ROW_STATUS, ""])


def stg_yml(design: Design) -> str:
    """Return the entry of the stg_ model in the yml."""
    lines = [
        f"  - name: stg_{design.name.model}",
        "    description: >-",
        f"      Rows of {design.name.contract}: the usable ones, the latest of each key.",
        "    config:",
        '      meta: {grain: "source_system, own key"}',
        "    columns:",
    ]
    unique = "record_key" if design.row_is_person else "row_key"
    filled = ("record_key", "source_system", "source_record_id")
    for section, columns in staged_columns(design).items():
        lines += [f"      # {section}"] if columns else []
        for name, title, pii in columns:
            tests = ["unique", "not_null"] if name == unique else []
            lines += described(name, title, pii, tests or (["not_null"] if name in filled else []))
    return "\n".join([*lines, ""])


def contract_yml(design: Design) -> str:
    """Return the table of the contract in the yml of the source."""
    entity = design.name.entity
    title = f"Rows of {design.name.contract}, as customer360 new-source found them in a raw table."
    lines = [
        f"      - name: {entity}",
        f"        description: {quoted(title)}",
        "        # The sample has no rows of it.",
        "        config: {meta: {sample: false}}",
        "        columns:",
    ]
    for column in design.columns:
        lines += [
            f"          - name: {column.name}",
            f"            data_type: {quoted(column.data_type)}",
            f"            description: {quoted(column.title)}",
        ]
        meta = []
        if column is design.key:
            meta.append("required: true")
        if column.is_namespaced:
            meta.append("namespaced: true")
        if column.pii:
            meta.append(f"pii: {column.pii}")
        if meta:
            lines.append(f"            config: {{meta: {{{', '.join(meta)}}}}}")
    return "\n".join([*lines, ""])


def sources_head(design: Design) -> str:
    """Return what a new `_<source>__sources.yml` begins with."""
    source = design.name.source
    return (
        "version: 2\n\nsources:\n"
        f"  - name: {source}\n"
        "    description: >-\n"
        f"      Raw contracts. The tables here say what a {source} source must look like; each "
        "instance that fills one is a source\n"
        "      table of its own, named <contract>__<instance>. docs/sources.md tells how to "
        "declare instances.\n"
        "    tables:\n"
    )


MODELS_HEAD = "version: 2\n\nmodels:\n"


# --- entries of dbt_project.yml and contracts.sql -------------------------------------------------


def macro_entry(design: Design) -> str:
    """Return the contract in macros/sources/contracts.sql."""
    names = [column.name for column in design.columns]
    spaced = [column.name for column in design.columns if column.is_namespaced]
    lines = [
        f"        '{design.name.contract}': {{",
        "            'columns': [",
        listed(names, 16),
        "            ],",
    ]
    if spaced:
        lines += ["            'namespaced': [", listed(spaced, 16), "            ],"]
    else:
        lines.append("            'namespaced': [],")
    return "\n".join([*lines, "        },", ""])


def flow_list(key: str, values: Sequence[str]) -> list[str]:
    """Return a list under a key of a source entry, over several lines where it is long."""
    line = f"      {key}: [{', '.join(values)}]"
    if len(line) <= WIDTH + 4:
        return [line]
    return [f"      {key}:", *(f"        - {value}" for value in values)]


def project_entry(design: Design) -> str:
    """Return the entry under source_entries of dbt_project.yml."""
    lines = [f"    stg_{design.name.model}:", "      source_key: source_record_id"]
    if design.identifiers:
        lines += [
            f"      shown_id: {design.shown_id}",
            f"      first_seen_at: {design.first_seen_at}",
            f"      last_seen_at: {design.last_seen_at}",
            *flow_list("identifiers", design.identifiers),
        ]
        for key, values in (
            ("many_valued", design.many_valued),
            ("attributes", design.attributes),
            ("metrics", design.metrics),
        ):
            lines += flow_list(key, values) if values else []
        if design.opt_in:
            lines.append(f"      opt_in: {design.opt_in}")
    return "\n".join([*lines, ""])


POLICY_WHY = {
    "group": "# Shown, joins nobody: strong, once you know that one value is one person.",
    "strong": "# One value is one person.",
}


def policy_entry(kind: str, role: str) -> str:
    """Return the entry of a new identifier type in identity_policy."""
    return f"    {POLICY_WHY[role]}\n    - {{type: {kind}, role: {role}}}\n"


# --- the instance ---------------------------------------------------------------------------------


def instance_entry(design: Design, place: dict[str, Any]) -> dict[str, Any]:
    """Return the instance; `place` is its file with delimiter, or its relation."""
    entry: dict[str, Any] = {"name": design.name.source, **place}
    entry["columns"] = {column.name: column.mapping for column in design.columns}
    if design.namespaces:
        entry["namespaces"] = dict(design.namespaces)
    return entry


def vars_text(design: Design, place: dict[str, Any]) -> str:
    """Return the user's file of vars: this source alone."""
    sources = {design.name.contract: [instance_entry(design, place)]}
    body = yaml.safe_dump({"sources": sources}, sort_keys=False, allow_unicode=True, width=10_000)
    return (
        f"# {design.name.contract}, as customer360 new-source guessed it. To build it with sources "
        "you have already, copy\n# what stands under `sources` into your file of vars.\n"
        "include_sample_data: false\n" + body
    )
