"""Words that some engine, or the SQL lint, will not have as the name of a column.

A test holds them equal to what DuckDB and the lint's dialects list.
"""

from __future__ import annotations

WORDS = """
    abort absolute access account accounts action add admin after aggregate alias all
    allow_connections also alter always analyse analyze and anti any append apply approx array
    as asc asof assert_rows_modified assertion assignment asymmetric at atomic attach attribute
    audit authorization auto_increment avg_row_length backup backward bearer bearer_token before
    begin bernoulli between bigint bigserial binary binding bit bitvar bool boolean both box
    bpchar breadth break browse buffers bulk by bypassrls bytea cache call called cascade
    cascaded case cast catalog centuries century chain char character characteristics check
    checked checkpoint checksum cidr circle circularstring class clone close cluster clustered
    coalesce collate collation column columns comment comments commit committed commutator
    completion compoundcurve compress compression compression_level compute concurrently
    configuration conflict connect connection constraint constraints contains containstable
    content continue conversion copy correlation corresponding costs create createdb createrole
    createuser cross csv cube current current_catalog current_date current_role current_schema
    current_time current_timestamp current_user cursor curvepolygon cycle data database
    databases date daterange datetime day day_hour day_microsecond day_minute day_second
    dayofmonth dayofweek dayofyear days dbcc deallocate dec decade decades decimal declare
    default defaults deferrable deferred define definer delay_key_write delayed delete delimiter
    delimiters deny dependencies depends depth desc describe destroy destructor detach
    deterministic dictionary disable disable_page_skipping discard disconnect disk distance
    distinct distinctrow distributed div do document domain double drop dummy dump each else
    elseif empty enable enclosed encoding encrypted end enum errlvl error escape escaped event
    exact except exclude excluding exclusive execute existing exists exit explain export
    export_state expression extend extended extension extensions external extract false family
    fetch fields file fillfactor filter finalize first float float4 float8 flush following for
    force force_not_null force_null force_quote foreign format forward freetext freetexttable
    freeze from full fulltext function functions future generated geography geometry
    geometrycollection geometrycollectionm geometrycollectionz geometrycollectionzm glob global
    grant granted grants greatest group grouping grouping_id groups gscluster handler hash
    hashes having header heap high_priority hold holdlock host hosts hour hour_microsecond
    hour_minute hour_second hours hybrid icu identified identity identity_insert identitycol if
    ignore ilike immediate immutable implicit import imported in include including increment
    index index_cleanup indexes inet infile infix inherit inherits initialize initially inline
    inner inout input insensitive insert insert_id insert_only install instead int int1 int2
    int3 int4 int4range int8 int8range integer integration integrations intersect interval into
    invoker is is_superuser is_template isam isnull isolation iterate join json jsonb key keys
    kill label lambda lancompiler large last last_insert_id lateral lc_collate lc_ctype leading
    leakproof least leave left leftarg less level libc like limit line lineno lines linestring
    linestringm linestringz linestringzm list listen load local locale localtime localtimestamp
    location lock locked locks log_verbosity logged login logs long longblob longtext lookup
    loop low_priority lseg macaddr macaddr8 macro main manage map mapping masking match
    match_condition match_recognize matched materialized max_rows maxextents maxvalue mcv
    mediumblob mediumint mediumtext merge merges method microsecond microseconds middleint
    millennia millennium millisecond milliseconds min_rows minus minute minute_microsecond
    minute_second minutes minvalue ml mlslabel mode model modify modulus money monitor month
    monthname months move multicurve multilinestring multilinestringm multilinestringz
    multilinestringzm multipoint multipointm multipointz multipointzm multipolygon multipolygonm
    multipolygonz multipolygonzm multisurface myisam name names nan national natural nchar
    ndistinct nearest negator new next nfc nfd nfkc nfkd no no_write_to_binlog noaudit
    nobypassrls nocache nocheck nocompress nocreatedb nocreaterole nocreateuser nocycle
    noinherit nologin nonclustered none noorder noreplication normalize normalized nosuperuser
    not nothing notify notnull nowait null null_if nullif nulls numeric numrange object objects
    of off offline offset offsets oids old on on_error online only opendatasource openquery
    openrowset openxml operate operation operator optimize option optionally options or order
    ordinality others out outer outfile over overlaps overlay overriding overwrite
    overwrite_or_ignore owned owner ownership pack_keys parallel parameters parquet_version
    parser partial partition partition_by partitioned passing password path pctfree percent
    permissive persistent pg_lsn pipe pivot pivot_longer pivot_wider placing plain plans point
    pointm pointz pointzm policy polygon polygonm polygonz polygonzm polyhedralsurface position
    positional postfix pragma preceding precision prefix preorder prepare prepared preserve
    primary print prior privileges proc procedural procedure procedures process process_toast
    processlist program proto provider public publication purge qualify quarter quarters quote
    raid0 raise raiserror range raw read readtext real reassign recheck reconfigure recursive
    ref reference_usage references referencing refresh regexp register reindex reject_limit
    relative release reload remainder rename repeat repeatable replace replica replication
    require reservoir reset resignal resource resources respect restart restrict restricted
    restrictive retrieve return returning returns revoke right rightarg rlike roles rollback
    rollup routine routines row row_group_size row_group_size_bytes rowcount rowguidcol rowid
    rownum rows safe sample save savepoint scalar schema schemas scope scroll search second
    second_microsecond seconds secret secure security select semi separator sequence sequences
    serial serial2 serial4 serial8 serializable server server_encoding server_version session
    session_user set setof sets settings setuser shares show shutdown signal silent similar
    similarity simple skip skip_locked smallint smallserial snapshot some soname sorted spatial
    sql sql_big_result sql_big_selects sql_big_tables sql_calc_found_rows sql_log_off
    sql_log_update sql_low_priority_updates sql_select_limit sql_small_result sql_warnings sqlca
    ssl stable stage stages standalone start starting starts statement statistics stdin stdout
    stop storage stored straight_join stream streams strict strip struct sublist subscription
    substring successful summarize summary superuser support symmetric synonym sysdate sysid
    system table tables tablesample tablespace target task tasks temp template temporary
    terminate terminated text textsize than then ties time timestamp timestamptz timetz timing
    tin tinyblob tinyint tinytext to toast top trailing tran transaction transactions transform
    transient treat triangle trigger trim true truncate trusted try_cast tsequal tsquery tsrange
    tstzrange tsvector tuple type types uescape uid unbounded uncommitted undo unencrypted union
    unique unknown unlisten unlock unlogged unnest unpack unpivot unsafe unsigned until update
    updatetext usage use use_any_role user users using utc_date utc_time utc_timestamp uuid
    vacuum valid validate validator value values varchar varchar2 varcharacter variable
    variables variadic varying vector verbose version view views virtual volatile waitfor wal
    warehouse warehouses week weekday weeks when whenever where while whitespace window with
    within without work wrapper write write_partition_columns writetext x509 xml xmlattributes
    xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
    xmltable xor yaml year year_month years yes zerofill zone
"""
KEYWORDS = frozenset(WORDS.split())
