{# The kinds of values, judged where the policy is first read: models loop over it and call its macros
   while dbt still reads the project. #}
{% macro check_policy_kinds(entries) -%}
    {%- for item in entries -%}
        {%- if item is not mapping or item.type is not string or 'role' not in item -%}
            {%- do stop_build(
                "entry " ~ loop.index ~ " of `identity_policy` must have a type and a role, as in {type: email, role: strong}."
            ) -%}
        {%- endif -%}
        {%- for name, example in {
            'when_missing': 'when_missing: [email]', 'fields': 'fields: [first_name, last_name, date_of_birth]'
        }.items() if name in item -%}
            {%- if item[name] is string or item[name] is mapping or item[name] is not iterable or not item[name] -%}
                {%- do stop_at_entry(item, "must give a list for " ~ name ~ ", as in " ~ example ~ ".") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do check_limit_kinds(item) -%}
        {%- do check_field_kinds(item) -%}
        {%- if 'normalise' in item -%}
            {%- do check_cleaning_macro(item, 'normalise', item.normalise) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro check_limit_kinds(item) -%}
    {%- for name in ('max_records_per_value', 'max_customers_per_value', 'max_values_per_customer', 'within_days')
        if name in item -%}
        {%- do check_limit(item, name, item[name]) -%}
    {%- endfor -%}
    {%- if 'max_distinct' in item -%}
        {%- if item.max_distinct is not mapping or not item.max_distinct -%}
            {%- do stop_at_entry(item, "must map fields to limits, as in max_distinct: {first_name: 20}.") -%}
        {%- endif -%}
        {%- for field, most in item.max_distinct.items() -%}
            {%- do check_limit(item, 'max_distinct > ' ~ field, most) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro check_limit(item, name, value) -%}
    {%- if value is not integer or value is boolean or value < 1 -%}
        {%- do stop_at_entry(item, "has " ~ name ~ ": '" ~ value ~ "'; use a whole number, 1 or more.") -%}
    {%- endif -%}
{%- endmacro %}

{% macro check_field_kinds(item) -%}
    {%- for part in item.fields or [] -%}
        {%- if not (part is string or (part is mapping and part.field is string)) -%}
            {%- do stop_at_entry(item,
                "has the field '" ~ part ~ "'; write a name, or {field: postal_code, transform: postal_prefix}."
            ) -%}
        {%- endif -%}
        {%- if part is mapping -%}
            {%- for key in part if key not in ('field', 'transform') -%}
                {%- do stop_at_entry(item, "gives the field '" ~ part.field ~ "' the unknown setting '" ~ key ~ "'; use transform.") -%}
            {%- endfor -%}
            {%- if 'transform' in part -%}
                {%- do check_cleaning_macro(item, 'transform', part.transform) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# Stops the build with a sentence about one entry. #}
{% macro stop_at_entry(item, fault) -%}
    {%- do stop_build("`identity_policy` entry '" ~ item.type ~ "' " ~ fault) -%}
{%- endmacro %}

{# A macro that cleans takes one SQL expression and gives one; further arguments have defaults. Those of
   dbt itself do not clean: some of them run statements. #}
{% macro check_cleaning_macro(item, setting_name, name) -%}
    {%- set found = context.get(name) if name is string else none -%}
    {%- if not found or found.macro is not defined or found.macro.package_name.startswith('dbt') -%}
        {%- do stop_at_entry(item,
            "names the macro '" ~ name ~ "' in " ~ setting_name ~ ", which does not exist; correct it or add the macro."
        ) -%}
    {%- endif -%}
    {%- set head = modules.re.search('macro +' ~ name ~ ' *[(]([^)]*)[)]', found.macro.macro_sql) -%}
    {%- set arguments = (head.group(1) if head else '').split(',') | map('trim') | reject('equalto', '') | list -%}
    {%- set required = [] -%}
    {%- for argument in arguments if '=' not in argument -%}
        {%- do required.append(argument) -%}
    {%- endfor -%}
    {%- if not arguments or required | length > 1 -%}
        {%- do stop_at_entry(item,
            "names the macro '" ~ name ~ "' in " ~ setting_name ~ ", which does not take just one expression; name one that does."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# The short form: {join_key: email, secondary_join_keys: [phone]}. #}
{% macro validate_short_form(policy) -%}
    {%- for key in policy if key not in ('join_key', 'secondary_join_keys') -%}
        {%- do stop_build(
            "`identity_policy` must be a list of {type: email, role: strong} entries, or {join_key: ..., secondary_join_keys: [...]}; remove '"
            ~ key ~ "'."
        ) -%}
    {%- endfor -%}
    {%- if policy.join_key is not string -%}
        {%- do stop_build("`identity_policy` lacks the join_key; name the type that joins records, as in join_key: email.") -%}
    {%- endif -%}
    {%- set secondary = policy.secondary_join_keys if 'secondary_join_keys' in policy else [] -%}
    {%- if secondary is string or secondary is mapping or secondary is not iterable -%}
        {%- do stop_build("`identity_policy > secondary_join_keys` must be a list of types, as in [phone].") -%}
    {%- endif -%}
    {%- set seen = [] -%}
    {%- for key in [policy.join_key] + (secondary | list) -%}
        {%- if key not in identifier_types() -%}
            {%- do stop_build(
                "`identity_policy` names the join key '" ~ key ~ "', which no source carries; use one of "
                ~ (identifier_types() | sort | join(', ')) ~ "."
            ) -%}
        {%- elif key in seen -%}
            {%- do stop_build("`identity_policy` names the join key '" ~ key ~ "' twice; remove one.") -%}
        {%- endif -%}
        {%- do seen.append(key) -%}
    {%- endfor -%}
{%- endmacro %}
