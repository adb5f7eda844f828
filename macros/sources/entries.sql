{# What a profile can take from a record, with its SQL type. #}
{% macro profile_attributes() -%}
    {%- set text = dbt.type_string() -%}
    {{ return({
        'first_name': text, 'last_name': text, 'full_name': text, 'company': text,
        'date_of_birth': 'date', 'gender': text, 'language': text,
        'country': text, 'region': text, 'city': text, 'postal_code': text, 'address_line': text,
        'lifecycle_status': text, 'opt_in_status': text,
    }) }}
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
