{# What a profile can take from a record, with its SQL type. #}
{% macro profile_attributes() -%}
    {%- set text = dbt.type_string() -%}
    {{ return({
        'first_name': text, 'last_name': text, 'full_name': text, 'company': text,
        'date_of_birth': 'date', 'gender': text, 'language': text,
        'country': text, 'region': text, 'city': text, 'postal_code': text, 'address_line': text,
        'lifecycle_status': text,
        'birth_year': dbt.type_bigint(), 'interests': text,
        'monthly_income': 'decimal(18, 2)', 'income_bracket': text,
        'credit_score': dbt.type_bigint(), 'credit_tier': text,
    }) }}
{%- endmacro %}

{# What the rows of an entry refer to: its parent first, then its references, each with the column here,
   the staging model there and the key by which that is known. #}
{% macro references_of(entry) -%}
    {%- set references = [] -%}
    {%- if entry.parent -%}
        {%- do references.append({'column': entry.parent.key, 'model': entry.parent.model, 'key': entry.parent.key}) -%}
    {%- endif -%}
    {%- for column, target in (entry.references or {}).items() -%}
        {%- do references.append({
            'column': column,
            'model': target if target is string else target.model,
            'key': column if target is string else target.key,
        }) -%}
    {%- endfor -%}
    {{ return(references) }}
{%- endmacro %}

{# Every reference of every entry: [(staging model, entry, reference), ...]. #}
{% macro all_references() -%}
    {%- set references = [] -%}
    {%- for model, entry in setting('source_entries').items() -%}
        {%- for reference in references_of(entry) -%}
            {%- do references.append((model, entry, reference)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(references) }}
{%- endmacro %}

{# What is referred to, each once: [(staging model, key), ...]. #}
{% macro referenced_keys() -%}
    {%- set found = [] -%}
    {%- for _, _, reference in all_references() if (reference.model, reference.key) not in found -%}
        {%- do found.append((reference.model, reference.key)) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The times by which a table's freshness is told: [(staging model, {kind: SQL expression}), ...]. When its
   rows last were seen, else when what they tell of happened, else nothing but the load. #}
{% macro timed_entries() -%}
    {%- set timed = [] -%}
    {%- for model, entry in setting('source_entries').items() -%}
        {%- set times = {} -%}
        {%- set contract = contracts().get(model[4:].replace('__', '.', 1), {}) -%}
        {%- if 'loaded_at' in contract.get('columns', []) -%}
            {%- do times.update({'loaded_at': 'loaded_at'}) -%}
        {%- endif -%}
        {%- set happened = entry.last_seen_at or (entry.events or {}).get('occurred_at') -%}
        {%- if happened -%}
            {%- do times.update({'occurred_at': happened}) -%}
        {%- endif -%}
        {%- if times -%}
            {%- do timed.append((model, times)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(timed) }}
{%- endmacro %}

{# What an event can say, with its SQL type. #}
{% macro event_columns() -%}
    {%- set text = dbt.type_string() -%}
    {{ return({
        'event_id': text, 'occurred_at': dbt.type_timestamp(),
        'event_name': text, 'source_event_name': text, 'event_category': text, 'channel': text,
        'source_record_id': text, 'session_id': text,
        'page_url': text, 'referrer': text, 'utm_source': text, 'utm_medium': text, 'utm_campaign': text,
        'product_id': text, 'order_id': text, 'amount': 'decimal(18, 2)', 'currency': text,
        'quantity': dbt.type_bigint(), 'properties': text, 'loaded_at': dbt.type_timestamp(),
    }) }}
{%- endmacro %}

{# Every metric of every entry: [(staging model, column), ...]. #}
{% macro entry_metrics() -%}
    {%- set found = [] -%}
    {%- for model, entry in entries_with('metrics') -%}
        {%- for metric in entry.metrics -%}
            {%- do found.append((model, metric)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
