{# What customer360_profiles_history remembers: the setting `profile_history_fields`, judged where it is
   read, because models loop over it. Gives {column of customer360_profiles: its type}; what types they have
   is known only once dbt executes. #}
{% macro profile_history_fields() -%}
    {%- set given = var('profile_history_fields') -%}
    {%- if given is string or given is mapping or given is not iterable -%}
        {%- do stop_build("`profile_history_fields` must be a list of columns of customer360_profiles, or [] for no history.") -%}
    {%- endif -%}
    {%- set found, columns = {}, profile_columns() -%}
    {%- for name in given -%}
        {%- if name is not string -%}
            {%- do stop_build("`profile_history_fields` holds '" ~ name ~ "'; write names of columns, as in [country, total_revenue].") -%}
        {%- elif name in found -%}
            {%- do stop_build("`profile_history_fields` names '" ~ name ~ "' twice; remove one.") -%}
        {%- endif -%}
        {%- if columns -%}
            {%- do check_history_field(name, columns) -%}
        {%- endif -%}
        {%- do found.update({name: columns[name].data_type if columns else dbt.type_string()}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Columns of customer360_profiles as its yml has them; none while dbt reads the project. #}
{% macro profile_columns() -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == 'customer360_profiles' -%}
            {{ return(node.columns) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return({}) }}
{%- endmacro %}

{% macro check_history_field(name, columns) -%}
    {%- set own = ('customer360_id', 'created_at', 'updated_at') -%}
    {%- if name not in columns or name in own -%}
        {%- set known = columns.keys() | reject('in', own) | list -%}
        {%- do stop_build(
            "`profile_history_fields` names '" ~ name ~ "', which is no column of customer360_profiles to remember; use some of "
            ~ (known | join(', ')) ~ "."
        ) -%}
    {%- elif columns[name].config.get('meta', {}).get('moves_with_time') -%}
        {%- do stop_build(
            "`profile_history_fields` names '" ~ name ~ "', which moves with time alone and would change every day; remove it."
        ) -%}
    {%- elif not is_plain_type(columns[name].data_type) -%}
        {%- do stop_build("`profile_history_fields` names '" ~ name ~ "', which is a list; name columns of one value.") -%}
    {%- endif -%}
{%- endmacro %}

{# Types that value_text can write. #}
{% macro is_plain_type(type) -%}
    {{ return(modules.re.match('^(string|integer|bigint|boolean|date|timestamp|decimal *[(].*[)])$', type) is not none) }}
{%- endmacro %}
