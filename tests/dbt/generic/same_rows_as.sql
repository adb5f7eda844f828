{# Fails when a model that only adds columns gained or lost rows. #}
{% test same_rows_as(model, other) %}

with

counts as (

    select
        (select count(*) from {{ model }}) as model_count,
        (select count(*) from {{ other }}) as other_count

)

select * from counts
where model_count <> other_count

{% endtest %}
