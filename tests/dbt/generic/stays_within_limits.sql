{# Fails for checks of the data quality whose share is above a limit: warn or stop. What is above both
   is told by the worse one alone. #}
{% test stays_within_limits(model, alarm) %}

select * from {{ model }}
where alarm = '{{ alarm }}'

{% endtest %}
