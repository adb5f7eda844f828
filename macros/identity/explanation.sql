{# A human decision in words: what, by whom, when, why. `decisions` names the relation that has it. #}
{% macro decision_text(decisions) -%}
    {{ joined_text([
        "'identity_decisions: ' || " ~ decisions ~ ".decision",
        "'decided by ' || " ~ decisions ~ ".decided_by",
        "'on ' || cast(cast(" ~ decisions ~ ".decided_at as date) as " ~ dbt.type_string() ~ ")",
        "'because: ' || " ~ decisions ~ ".reason",
    ], ', ') }}
{%- endmacro %}

{# The setting that a link ran against, in words that can be looked up in identity_policy. #}
{% macro rejection_rule(reason, identifier_type, identifier_value) -%}
    {%- set caps = [] -%}
    case
        when {{ reason }} = 'invalid_format' then 'format of ' || {{ identifier_type }}
        when {{ reason }} = 'blocked_value' and {{ is_junk_value(without_namespace(identifier_value)) }}
            then {{ identifier_type }} || ': a value that stands for nobody'
        when {{ reason }} = 'blocked_value' then 'seed blocked_identifiers'
        when {{ reason }} = 'group_never_links' then {{ identifier_type }} || ': role group, which is only shown'
        when {{ reason }} = 'never_decided' then 'identity_decisions: never'
        when {{ reason }} = 'fallback_taken'
            then {{ identifier_type }} || ': role fallback, its record has joined another holder'
        {%- for item in identity_policy() %}
        {%- set window = ' in ' ~ item.within_days ~ ' days' if item.within_days else '' -%}
        {%- set distinct = [] -%}
        {%- for field, most in item.max_distinct.items() -%}
            {%- do distinct.append(field ~ ' ' ~ most) -%}
        {%- endfor -%}
        {%- if item.max_values_per_customer -%}
            {%- do caps.append(item.type ~ ' ' ~ item.max_values_per_customer) -%}
        {%- endif -%}
        {%- for limit, broken, most in [
            ('max_records_per_value', 'value_over_records', item.max_records_per_value),
            ('max_distinct', 'value_over_distinct', distinct | join(', ')),
            ('max_customers_per_value', 'value_over_customers', item.max_customers_per_value),
            ('max_values_per_customer', 'record_over_limit', item.max_values_per_customer),
        ] if most %}
        when {{ identifier_type }} = '{{ item.type }}' and {{ reason }} = '{{ broken }}'
            then '{{ item.type }}: {{ limit }} {{ most }}{{ window if broken != 'record_over_limit' }}'
        {%- endfor %}
        {%- endfor %}
        when {{ reason }} = 'customer_over_limit' then 'max_values_per_customer: {{ caps | join(', ') }}'
        else {{ reason }}
    end
{%- endmacro %}
