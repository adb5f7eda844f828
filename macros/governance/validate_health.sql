{# What tells how healthy the whole of the customers is: figure -> what it speaks of and its unit. Each
   may have a limit in the var identity_health. #}
{% macro health_figures() -%}
    {%- set figures = {} -%}
    {%- for figure in [
        'customers_with_1_record', 'customers_with_2_records', 'customers_with_3_to_5_records',
        'customers_with_6_to_10_records', 'customers_with_11_to_50_records', 'customers_over_50_records'
    ] -%}
        {%- do figures.update({figure: {'aspect': 'size', 'unit': 'customers'}}) -%}
    {%- endfor -%}
    {%- for figure in ['median_records_per_customer', 'p99_records_per_customer', 'most_records_per_customer'] -%}
        {%- do figures.update({figure: {'aspect': 'size', 'unit': 'records'}}) -%}
    {%- endfor -%}
    {%- do figures.update({'largest_customer_share': {'aspect': 'size', 'unit': 'share of records'}}) -%}
    {%- for figure in [
        'customers_over_3_first_names', 'customers_over_3_last_names', 'customers_over_5_postal_codes',
        'customers_with_suspect_bridge'
    ] -%}
        {%- do figures.update({figure: {'aspect': 'mixture', 'unit': 'customers'}}) -%}
    {%- endfor -%}
    {%- do figures.update({'people_in_several_customers': {'aspect': 'duplication', 'unit': 'names with email'}}) -%}
    {%- for change in ['merged', 'attached', 'retired', 'split', 'restored'] -%}
        {%- do figures.update({'ids_' ~ change: {'aspect': 'change', 'unit': 'ids'}}) -%}
    {%- endfor -%}
    {%- do figures.update({
        'ids_changed_share': {'aspect': 'change', 'unit': 'share of customers'},
        'identified_records_share': {'aspect': 'coverage', 'unit': 'share of records'},
        'anonymous_records_share': {'aspect': 'coverage', 'unit': 'share of records'},
    }) -%}
    {%- for reason in link_rejection_reasons() -%}
        {%- do figures.update({'links_' ~ reason: {'aspect': 'rejection', 'unit': 'links'}}) -%}
    {%- endfor -%}
    {%- do figures.update({
        'rejected_links_share': {'aspect': 'rejection', 'unit': 'share of links'},
        'decisions_not_in_force': {'aspect': 'rejection', 'unit': 'decisions'},
    }) -%}
    {{ return(figures) }}
{%- endmacro %}

{# Why a link is dropped or refused. #}
{% macro link_rejection_reasons() -%}
    {{ return([
        'invalid_format', 'blocked_value', 'value_over_records', 'value_over_distinct', 'value_over_customers',
        'record_over_limit', 'customer_over_limit', 'never_decided', 'fallback_taken', 'group_never_links'
    ]) }}
{%- endmacro %}

{# Figure -> the value above which it alarms. Judged where it is read, because models loop over it. #}
{% macro health_limits() -%}
    {%- set limits = var('identity_health') or {} -%}
    {%- if limits is not mapping -%}
        {%- do stop_build("`identity_health` must map figures to limits, as in {largest_customer_share: 0.05}.") -%}
    {%- endif -%}
    {%- for figure, limit in limits.items() -%}
        {%- if figure not in health_figures() -%}
            {%- do stop_build(
                "`identity_health` names the figure '" ~ figure ~ "', which does not exist; use one of "
                ~ (health_figures().keys() | join(', ')) ~ "."
            ) -%}
        {%- elif limit is not none and (limit is not number or limit is boolean or limit < 0) -%}
            {%- do stop_build(
                "`identity_health` gives " ~ figure ~ " the limit '" ~ limit ~ "'; use a number, 0 or more, or null."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(limits) }}
{%- endmacro %}
