{# How the columns of a contract are read from a table in the nested layout that its source exports:
   contract column -> SQL expression over a raw row, one row for one row. The contract's yml lists the raw
   columns it needs (`nested_columns`). #}
{% macro nested_columns(contract) -%}
    {%- if contract == 'ga4.events' -%}
        {{ return(nested_ga4_columns()) }}
    {%- endif -%}
    {{ return({}) }}
{%- endmacro %}

{# As Google documents the BigQuery export of GA4. #}
{% macro nested_ga4_columns() -%}
    {%- set fields = ['string_value', 'int_value', 'double_value', 'float_value'] -%}
    {%- set columns = {
        'event_timestamp': 'event_timestamp',
        'event_name': 'event_name',
        'user_pseudo_id': 'user_pseudo_id',
        'user_id': 'user_id',
        'transaction_id': nested_text('ecommerce', ['transaction_id']),
        'event_bundle_sequence_id': 'event_bundle_sequence_id',
        'platform': 'platform',
        'device_category': nested_text('device', ['category']),
        'country': nested_text('geo', ['country']),
        'language': nested_text('device', ['language']),
        'item_id': nested_first_text('items', 'item_id'),
        'event_params': nested_json('event_params'),
    } -%}
    {%- for column in ('ga_session_id', 'page_location', 'page_referrer', 'currency') -%}
        {%- do columns.update({column: nested_value_text('event_params', column, fields)}) -%}
    {%- endfor -%}
    {#- What the event says of its campaign comes before what the export collected. -#}
    {%- for column, collected in (('source', 'manual_source'), ('medium', 'manual_medium'), ('campaign', 'manual_campaign_name')) -%}
        {%- do columns.update({
            column: 'coalesce(' ~ nested_value_text('event_params', column, fields) ~ ', '
            ~ nested_text('collected_traffic_source', [collected]) ~ ')'
        }) -%}
    {%- endfor -%}
    {%- do columns.update({
        'value': 'coalesce(' ~ nested_value_text('event_params', 'value', fields) ~ ', '
        ~ nested_text('ecommerce', ['purchase_revenue']) ~ ')'
    }) -%}
    {{ return(columns) }}
{%- endmacro %}
