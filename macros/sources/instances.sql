{# The instances that fill a contract such as 'crm.contacts': of the sample, or the user's own. #}
{% macro instances(contract) -%}
    {%- set all_instances = setting('sample_sources' if var('include_sample_data') else 'sources') -%}
    {{ return(all_instances.get(contract) or []) }}
{%- endmacro %}

{# Every instance name of every contract, from the most to the least trusted. #}
{% macro trusted_systems() -%}
    {%- set all_instances = setting('sample_sources' if var('include_sample_data') else 'sources') -%}
    {%- set names = [] -%}
    {%- for contract_instances in all_instances.values() -%}
        {%- for instance in contract_instances -%}
            {%- if instance.name not in names -%}{%- do names.append(instance.name) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set trusted = [] -%}
    {%- for name in setting('source_trust') if name in names -%}{%- do trusted.append(name) -%}{%- endfor -%}
    {%- for name in names | sort if name not in trusted -%}{%- do trusted.append(name) -%}{%- endfor -%}
    {{ return(trusted) }}
{%- endmacro %}

{# 1 for the most trusted system. #}
{% macro trust_rank(system) -%}
    {%- set systems = trusted_systems() -%}
    case
        {%- for name in systems %}
        when {{ system }} = '{{ name }}' then {{ loop.index }}
        {%- endfor %}
        when {{ system }} is not null then {{ systems | length + 1 }}
    end
{%- endmacro %}
