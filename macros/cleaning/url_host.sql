{# The host of an address, with a scheme or without: lower case, without user, port and a leading www.
   A text that names no host, such as a path, gives null. #}
{% macro url_host(expression) -%}
    {%- set without_scheme = regexp_replace_all('lower(' ~ expression ~ ')', '^[a-z][a-z0-9+.-]*://', '') -%}
    {%- set authority = regexp_replace_all(without_scheme, '[/?#].*$', '') -%}
    {%- set with_www = regexp_replace_all(regexp_replace_all(authority, '^.*@', ''), ':[0-9]*$', '') -%}
    {%- set host = regexp_replace_all(with_www, '^www[.]', '') -%}
    {{ regexp_extract_group(host, '^([^.:() ]+[.][^:() ]*[^.:() ])$') }}
{%- endmacro %}
