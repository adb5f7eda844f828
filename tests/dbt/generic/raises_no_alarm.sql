{# Fails for figures of identity health that are above their limit now. #}
{% test raises_no_alarm(model, aspect) %}

select * from {{ model }}
where
    aspect = '{{ aspect }}'
    and is_current
    and is_alarm

{% endtest %}
