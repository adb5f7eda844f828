{# The policy's identifier types with every setting and their rank (1 is the strongest), of one role or
   of all. #}
{% macro identity_policy(role=none) -%}
    {%- set types = [] -%}
    {%- for item in policy_entries() -%}
        {%- if role is none or item.role == role -%}
            {%- do types.append({
                'type': item.type,
                'role': item.role,
                'rank': loop.index,
                'when_missing': item.when_missing or [],
                'fields': item.fields or [],
                'normalise': item.normalise,
                'format': item.format,
                'max_records_per_value': item.max_records_per_value,
                'max_distinct': item.max_distinct or {},
                'max_customers_per_value': item.max_customers_per_value,
                'within_days': item.within_days,
                'max_values_per_customer': item.max_values_per_customer,
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{# The policy as a list: the short form {join_key, secondary_join_keys} written out. Each
   secondary key is for the records that lack the keys before it. #}
{% macro policy_entries() -%}
    {%- set policy = setting('identity_policy') -%}
    {%- set entries = short_form_entries(policy) if policy is mapping else policy -%}
    {%- do check_policy_kinds(entries) -%}
    {{ return(entries) }}
{%- endmacro %}

{% macro short_form_entries(policy) -%}
    {%- do validate_short_form(policy) -%}
    {%- set entries = [{'type': policy.join_key, 'role': 'strong'}] -%}
    {%- for key in policy.secondary_join_keys or [] -%}
        {%- do entries.append({
            'type': key, 'role': 'fallback', 'when_missing': entries | map(attribute='type') | list
        }) -%}
    {%- endfor -%}
    {%- set keys = entries | map(attribute='type') | list -%}
    {%- for type in ('device_id', 'cookie_id') if type in identifier_types() and type not in keys -%}
        {%- do entries.append({'type': type, 'role': 'weak'}) -%}
    {%- endfor -%}
    {{ return(entries) }}
{%- endmacro %}

{# Every identifier type that some source carries, each once, in the order of the entries. #}
{% macro identifier_types() -%}
    {%- set types = [] -%}
    {%- for entry in setting('source_entries').values() -%}
        {%- for type in (entry.identifiers or []) + (entry.many_valued or []) if type not in types -%}
            {%- do types.append(type) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{# Fields of records that the policy counts: those of max_distinct. #}
{% macro counted_fields() -%}
    {%- set fields = [] -%}
    {%- for item in identity_policy() -%}
        {%- for field in item.max_distinct if field not in fields -%}
            {%- do fields.append(field) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}

{# The value of a composite identifier, of columns of the alias `parts`: each transformed by its macro if
   it has one; null where one is null or empty. #}
{% macro composite_value(fields) -%}
    {%- set parts = [] -%}
    {%- for part in fields -%}
        {%- set field = part.field if part is mapping else part -%}
        {%- set text = 'cast(parts.' ~ field ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- set value = context[part.transform](text) if part is mapping and part.transform else 'lower(' ~ text ~ ')' -%}
        {%- do parts.append("nullif(" ~ value ~ ", '')") -%}
    {%- endfor -%}
    {{ return(parts | join(" || '|' || ")) }}
{%- endmacro %}

{# The fields of a composite identifier by name. #}
{% macro composite_fields(fields) -%}
    {%- set names = [] -%}
    {%- for part in fields -%}
        {%- do names.append(part.field if part is mapping else part) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# The entries that contribute something: [(staging model, entry), ...]. #}
{% macro entries_with(part) -%}
    {%- set chosen = [] -%}
    {%- for model, entry in setting('source_entries').items() if entry.get(part) -%}
        {%- do chosen.append((model, entry)) -%}
    {%- endfor -%}
    {{ return(chosen) }}
{%- endmacro %}
