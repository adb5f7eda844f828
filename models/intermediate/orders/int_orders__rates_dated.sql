with

exchange_rates as (

    select * from {{ ref('exchange_rates') }}
    where to_currency = '{{ var("reporting_currency") }}'

),

-- A rate holds until the next one; the last one for ever.
dated as (

    select
        currency,
        cast(rate as decimal(18, 6)) as rate,
        cast(valid_from_date as {{ dbt.type_timestamp() }}) as valid_from_at,
        coalesce(
            cast(
                lead(valid_from_date) over (partition by currency order by valid_from_date)
                as {{ dbt.type_timestamp() }}
            ),
            cast('9999-12-31' as {{ dbt.type_timestamp() }})
        ) as valid_to_at
    from exchange_rates

)

select * from dated
