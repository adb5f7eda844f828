-- Functions of Snowflake's that neither DuckDB has nor fakesnow translates; made in every session.
create or replace temp macro try_to_timestamp_tz(value) as try_cast(value as timestamptz);
create or replace temp macro kind_of_variant(value) as
    case json_type(to_json(value))
        when 'UBIGINT' then 'INTEGER' when 'BIGINT' then 'INTEGER' when 'DOUBLE' then 'DECIMAL'
        when 'NULL' then 'NULL_VALUE' else json_type(to_json(value))
    end;
create or replace temp macro is_object(value) as json_type(value) = 'OBJECT';
create or replace temp macro as_array(value) as case when json_type(value) = 'ARRAY' then value end;
create or replace temp macro tried_time(value) as try_cast(value as timestamp);
