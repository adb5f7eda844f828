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
        {%- for part in ('identifiers', 'many_valued', 'attributes', 'metrics') if part in entry -%}
            {%- if entry[part] is string or entry[part] is mapping or entry[part] is not iterable -%}
                {%- do stop_build("`source_entries` entry " ~ model ~ " must give a list of columns for " ~ part ~ ".") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if 'parent' in entry -%}
            {%- do check_parent(entries, model, entry) -%}
        {%- endif -%}
        {%- if 'references' in entry -%}
            {%- do check_references(entries, model, entry) -%}
        {%- endif -%}
        {%- if 'events' in entry and entry.events is not mapping -%}
            {%- do stop_build("`source_entries` entry " ~ model ~ " must map event columns to its own for events.") -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# Whose record the rows are, where they carry no identifier themselves. #}
{% macro check_parent(entries, model, entry) -%}
    {%- set parent = entry.parent -%}
    {%- set where = "`source_entries` entry " ~ model -%}
    {%- if parent is not mapping or parent.model is not string or parent.key is not string or parent | length != 2 -%}
        {%- do stop_build(where ~ " must name its parent as in parent: {model: stg_shop__orders, key: order_id}.") -%}
    {%- elif parent.model not in entries -%}
        {%- do stop_build(where ~ " names the parent '" ~ parent.model ~ "', which is no entry itself; correct the name.") -%}
    {%- elif not entries[parent.model].identifiers -%}
        {%- do stop_build(
            where ~ " names the parent '" ~ parent.model ~ "', which has no identifiers and so no records; name the model whose records the rows belong to."
        ) -%}
    {%- elif entry.identifiers -%}
        {%- do stop_build(where ~ " has both identifiers and a parent; keep one of them, because a row belongs to one record.") -%}
    {%- endif -%}
{%- endmacro %}

{# Which columns name a row of another model. #}
{% macro check_references(entries, model, entry) -%}
    {%- set where = "`source_entries` entry " ~ model -%}
    {%- if entry.references is not mapping -%}
        {%- do stop_build(where ~ " must map columns to staging models for references, as in {order_id: stg_shop__orders}.") -%}
    {%- endif -%}
    {%- for column, target in entry.references.items() -%}
        {%- if target is not string and not (
            target is mapping and target.model is string and target.key is string and target | length == 2
        ) -%}
            {%- do stop_build(
                where ~ " must give the reference of " ~ column ~ " as a staging model, or as {model: stg_catalog__products, key: source_product_id}."
            ) -%}
        {%- endif -%}
        {%- set named = target if target is string else target.model -%}
        {%- set contract = named[4:].replace('__', '.', 1) if named.startswith('stg_') else none -%}
        {%- if named not in entries and contract not in contracts() -%}
            {%- do stop_build(
                where ~ " refers by " ~ column ~ " to '" ~ named ~ "', which is no staging model; correct the name."
            ) -%}
        {%- elif entry.parent and column == entry.parent.key -%}
            {%- do stop_build(where ~ " gives " ~ column ~ " a reference, but its parent is looked up by it already; remove the reference.") -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro stop_build(sentence) -%}
    {{ exceptions.raise_compiler_error("Configuration: " ~ sentence) }}
{%- endmacro %}
