{# A file whose rows in staging are not as many as the file holds was read twice, or not to its end. #}
{% test reads_every_row_of_a_file_once(model) %}

select
    file_key,
    rows_in_file,
    rows_read
from {{ model }}
where rows_in_file <> rows_read

{% endtest %}
