{# A var, judged where it is first read: models cannot loop over what is no list, and dbt's own words
   for that name neither the setting nor the cure. #}
{% macro setting(name) -%}
    {%- set value = var(name) -%}
    {%- if name == 'identity_policy' -%}
        {%- if value is string or value is not iterable -%}
            {%- do stop_build(
                "`identity_policy` must be a list of {type: email, role: strong} entries, the strongest first, or {join_key: email}."
            ) -%}
        {%- endif -%}
    {%- elif name == 'source_trust' -%}
        {%- if value is string or value is mapping or value is not iterable -%}
            {%- do stop_build("`source_trust` must be a list of source names, the most trusted first.") -%}
        {%- endif -%}
    {%- elif name in ('sources', 'sample_sources') -%}
        {%- if value is not mapping -%}
            {%- do stop_build(
                "`" ~ name ~ "` must map contracts to lists of instances, as in crm.contacts: [{name: mycrm, ...}]."
            ) -%}
        {%- endif -%}
        {%- for contract, contract_instances in value.items() -%}
            {%- if contract_instances is string or contract_instances is mapping or contract_instances is not iterable -%}
                {%- do stop_build("`" ~ name ~ "` must give a list of instances for " ~ contract ~ ".") -%}
            {%- endif -%}
        {%- endfor -%}
    {%- elif name == 'source_entries' -%}
        {%- do check_entry_kinds(value) -%}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}

{% macro check_entry_kinds(entries) -%}
    {%- if entries is not mapping or not entries -%}
        {%- do stop_build("`source_entries` must map staging models to what they contribute.") -%}
    {%- endif -%}
    {%- for model, entry in entries.items() -%}
        {%- if entry is not mapping -%}
            {%- do stop_build("`source_entries` entry " ~ model ~ " must be a mapping with at least source_key.") -%}
        {%- endif -%}
        {%- for part in ('identifiers', 'many_valued', 'attributes') if part in entry -%}
            {%- if entry[part] is string or entry[part] is mapping or entry[part] is not iterable -%}
                {%- do stop_build("`source_entries` entry " ~ model ~ " must give a list of columns for " ~ part ~ ".") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if 'events' in entry and entry.events is not mapping -%}
            {%- do stop_build("`source_entries` entry " ~ model ~ " must map event columns to its own for events.") -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro stop_build(sentence) -%}
    {{ exceptions.raise_compiler_error("Configuration: " ~ sentence) }}
{%- endmacro %}
