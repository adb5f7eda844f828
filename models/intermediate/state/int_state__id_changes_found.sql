with

flows as (

    select * from {{ ref('int_state__flows') }}

),

anchors as (

    select * from {{ ref('int_state__anchors') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

shown_before as (

    select distinct customer360_id_before as customer360_id
    from flows
    where customer360_id_before is not null

),

shown_now as (

    select distinct customer360_id_now as customer360_id
    from flows
    where customer360_id_now is not null

),

-- Where the anchor of an id is now.
resolved_ids as (

    select
        anchors.customer360_id,
        customers.customer360_id as current_customer360_id,
        customers.record_role as anchor_role
    from anchors
    left join customers
        on anchors.anchor_record_key = customers.record_key

),

ended as (

    select
        shown_before.customer360_id,
        case
            when resolved_ids.current_customer360_id is null then 'retired'
            when resolved_ids.anchor_role = 'attached' then 'attached'
            else 'merged'
        end as change,
        resolved_ids.current_customer360_id as other_customer360_id
    from shown_before
    left join shown_now
        on shown_before.customer360_id = shown_now.customer360_id
    inner join resolved_ids
        on shown_before.customer360_id = resolved_ids.customer360_id
    where shown_now.customer360_id is null

),

begun as (

    select
        shown_now.customer360_id,
        anchors.customer360_id is not null as is_known_id
    from shown_now
    left join shown_before
        on shown_now.customer360_id = shown_before.customer360_id
    left join anchors
        on shown_now.customer360_id = anchors.customer360_id
    where shown_before.customer360_id is null

),

-- An id that appears with records of another one was parted from it, unless that one ended in it;
-- one that appears alone has come back with its record, or is new, which is no change of anything.
parted as (

    select
        begun.customer360_id,
        case when begun.is_known_id then 'restored' else 'split' end as change,
        flows.customer360_id_before as other_customer360_id,
        flows.record_count
    from begun
    inner join flows
        on begun.customer360_id = flows.customer360_id_now
    left join ended
        on
            flows.customer360_id_before = ended.customer360_id
            and begun.customer360_id = ended.other_customer360_id
    where
        ended.customer360_id is null
        and (flows.customer360_id_before is not null or begun.is_known_id)

),

-- Records can also go to an id that was there before, other than the one that theirs ended in.
moved as (

    select
        flows.customer360_id_before as customer360_id,
        'moved' as change,
        flows.customer360_id_now as other_customer360_id,
        flows.record_count
    from flows
    inner join shown_before as receiving
        on flows.customer360_id_now = receiving.customer360_id
    left join ended
        on
            flows.customer360_id_before = ended.customer360_id
            and flows.customer360_id_now = ended.other_customer360_id
    where
        flows.customer360_id_before <> flows.customer360_id_now
        and ended.customer360_id is null

),

changes as (

    select
        ended.customer360_id,
        ended.change,
        ended.other_customer360_id,
        coalesce(flows.record_count, 0) as record_count
    from ended
    left join flows
        on
            ended.customer360_id = flows.customer360_id_before
            and ended.other_customer360_id = flows.customer360_id_now
    union all
    select
        customer360_id,
        change,
        other_customer360_id,
        record_count
    from parted
    where other_customer360_id is null or customer360_id <> other_customer360_id
    union all
    select
        customer360_id,
        change,
        other_customer360_id,
        record_count
    from moved

)

select * from changes
