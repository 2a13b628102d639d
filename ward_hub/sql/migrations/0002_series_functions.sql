-- One way to speak of tables that grow with time, with TimescaleDB or without.
--
-- series_make(table, column, days) turns a plain table into a hypertable, or into a table
-- partitioned by range of that column; series_ensure(from, to) makes the partitions of those days;
-- series_drop_before(table, moment) drops whole chunks or partitions that end at or before it.
-- Without TimescaleDB every series has a default partition, so that a row for a day nobody prepared
-- is stored all the same; series_ensure moves such strays to their own day.

CREATE TABLE series (
    name        text PRIMARY KEY,
    time_column text NOT NULL,
    days        integer NOT NULL CHECK (days > 0),
    hypertable  boolean NOT NULL
);

DO $$
BEGIN
    -- The loader defines this setting only where the library is preloaded; without that CREATE
    -- EXTENSION would end the session.
    IF current_setting('timescaledb.disable_load', true) IS NOT NULL THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
    END IF;
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE 'timescaledb is there but may not be used: %', SQLERRM;
END
$$;

CREATE FUNCTION series_start(moment timestamptz, days integer) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(floor(extract(epoch FROM moment) / (days * 86400)) * (days * 86400))
$$;

CREATE FUNCTION series_make(p_table text, p_column text, p_days integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    has_timescale boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb');
BEGIN
    IF has_timescale THEN
        PERFORM create_hypertable(
            p_table::regclass, p_column::name,
            chunk_time_interval => make_interval(days => p_days),
            create_default_indexes => false);
    ELSE
        EXECUTE format('ALTER TABLE %I RENAME TO %I', p_table, p_table || '_shape');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) PARTITION BY RANGE (%I)',
                       p_table, p_table || '_shape', p_column);
        EXECUTE format('DROP TABLE %I', p_table || '_shape');
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', p_table || '_default', p_table);
    END IF;
    INSERT INTO series (name, time_column, days, hypertable)
    VALUES (p_table, p_column, p_days, has_timescale);
END
$$;

CREATE FUNCTION series_add_partition(
    p_table text, p_column text, p_from timestamptz, p_to timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    part text := p_table || to_char(p_from AT TIME ZONE 'UTC', '"_p"YYYYMMDD');
BEGIN
    IF to_regclass(quote_ident(part)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                   part, p_table);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', p_table || '_default');
    EXECUTE format(
        'WITH stray AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *) '
        'INSERT INTO %I SELECT * FROM stray', p_table || '_default', p_column, p_column, part)
        USING p_from, p_to;
    -- ATTACH, unlike CREATE ... PARTITION OF, lets readers of the parent go on.
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   p_table, part, p_from, p_to);
    RETURN true;
END
$$;

CREATE FUNCTION series_ensure(p_from timestamptz, p_to timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    one   series;
    first timestamptz;
    made  integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ward_hub series'));
    FOR one IN SELECT * FROM series WHERE NOT hypertable ORDER BY name LOOP
        first := series_start(p_from, one.days);
        WHILE first <= p_to LOOP
            IF series_add_partition(one.name, one.time_column, first,
                                    first + make_interval(hours => 24 * one.days)) THEN
                made := made + 1;
            END IF;
            first := first + make_interval(hours => 24 * one.days);
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

CREATE FUNCTION series_drop_before(p_table text, p_moment timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    one     series;
    part    record;
    strays  timestamptz;
    dropped integer := 0;
BEGIN
    SELECT * INTO STRICT one FROM series WHERE name = p_table;
    IF one.hypertable THEN
        EXECUTE 'SELECT count(*) FROM drop_chunks($1::regclass, older_than => $2)'
            INTO dropped USING p_table, p_moment;
        RETURN dropped;
    END IF;
    FOR part IN
        SELECT child.relname,
               substring(pg_get_expr(child.relpartbound, child.oid)
                         FROM $re$TO \('([^']+)'\)$re$)::timestamptz AS ends_at
        FROM pg_inherits
        JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = p_table::regclass
    LOOP
        IF part.ends_at <= p_moment THEN
            EXECUTE format('DROP TABLE %I', part.relname);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    EXECUTE format('SELECT max(%I) FROM %I', one.time_column, p_table || '_default') INTO strays;
    IF strays < p_moment THEN
        EXECUTE format('TRUNCATE %I', p_table || '_default');
        dropped := dropped + 1;
    END IF;
    RETURN dropped;
END
$$;
