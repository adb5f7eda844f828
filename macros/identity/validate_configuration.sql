{# Runs before the first table is touched: a wrong setting stops the build with one sentence. #}
{% macro validate_configuration() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'seed', 'test', 'snapshot') -%}
        {%- do validate_sources() -%}
        {%- do validate_policy() -%}
        {%- do validate_entries() -%}
    {%- endif -%}
{%- endmacro %}

{% macro stop_build(sentence) -%}
    {{ exceptions.raise_compiler_error("Configuration: " ~ sentence) }}
{%- endmacro %}

{% macro validate_sources() -%}
    {%- if var('include_sample_data') and var('sources') -%}
        {%- do stop_build(
            "`include_sample_data` is true while `sources` lists " ~ (var('sources').keys() | join(', '))
            ~ "; sample and own data never mix, so set include_sample_data: false or remove `sources`."
        ) -%}
    {%- endif -%}
    {%- for contract in var('sources') or {} if contract not in contracts() -%}
        {%- do stop_build(
            "`sources` names the contract '" ~ contract ~ "', which does not exist; use one of "
            ~ (contracts().keys() | sort | join(', ')) ~ "."
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro validate_policy() -%}
    {%- set policy = var('identity_policy') -%}
    {%- if policy is string or policy is mapping or policy is not iterable -%}
        {%- do stop_build("`identity_policy` must be a list of {type, role} entries, the strongest first.") -%}
    {%- endif -%}
    {%- set known = identifier_types() -%}
    {%- set seen = [] -%}
    {%- for item in policy -%}
        {%- if item is not mapping or 'type' not in item or 'role' not in item -%}
            {%- do stop_build(
                "entry " ~ loop.index ~ " of `identity_policy` must have a type and a role, as in {type: email, role: strong}."
            ) -%}
        {%- endif -%}
        {%- for key in item if key not in ('type', 'role') -%}
            {%- do stop_build(
                "`identity_policy` entry '" ~ item.type ~ "' has the unknown setting '" ~ key ~ "'; remove it (known: type, role)."
            ) -%}
        {%- endfor -%}
        {%- if item.type not in known -%}
            {%- do stop_build(
                "`identity_policy` names the type '" ~ item.type ~ "', which no source carries; use one of "
                ~ (known | sort | join(', ')) ~ "."
            ) -%}
        {%- endif -%}
        {%- if item.role not in ('strong', 'weak') -%}
            {%- do stop_build(
                "`identity_policy` gives '" ~ item.type ~ "' the role '" ~ item.role ~ "'; use strong or weak."
            ) -%}
        {%- endif -%}
        {%- if item.type in seen -%}
            {%- do stop_build("`identity_policy` names the type '" ~ item.type ~ "' twice; remove one entry.") -%}
        {%- endif -%}
        {%- do seen.append(item.type) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro validate_entries() -%}
    {%- for model, entry in var('source_entries').items() -%}
        {%- if 'source_key' not in entry -%}
            {%- do stop_build("`source_entries` entry " ~ model ~ " lacks source_key: name the column of the source's own key.") -%}
        {%- endif -%}
        {%- if entry.identifiers and entry.record not in ('row', 'tuple') -%}
            {%- do stop_build(
                "`source_entries` entry " ~ model ~ " must say record: row (every row is a record) or record: tuple (every distinct set of identifiers is one)."
            ) -%}
        {%- endif -%}
        {%- for key in ('first_seen_at', 'last_seen_at', 'shown_id') if entry.identifiers and key not in entry -%}
            {%- do stop_build("`source_entries` entry " ~ model ~ " lacks " ~ key ~ ": name the column that holds it.") -%}
        {%- endfor -%}
        {%- for attribute in entry.attributes or [] if attribute not in profile_attributes() -%}
            {%- do stop_build(
                "`source_entries` entry " ~ model ~ " names the attribute '" ~ attribute ~ "', which profiles do not have; use one of "
                ~ (profile_attributes().keys() | join(', ')) ~ "."
            ) -%}
        {%- endfor -%}
        {%- for column in (entry.events or {}).keys() if column not in event_columns() -%}
            {%- do stop_build(
                "`source_entries` entry " ~ model ~ " fills the event column '" ~ column ~ "', which does not exist; use one of "
                ~ (event_columns().keys() | join(', ')) ~ "."
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
