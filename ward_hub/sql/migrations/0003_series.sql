-- What devices measured, and what the hub made of it. No foreign keys: a row once received is kept
-- whatever becomes of the registry, and a check for every row would cost more than the row.

CREATE TABLE vital (
    time        timestamptz NOT NULL,   -- the time the sample is filed under
    received_at timestamptz NOT NULL,
    device_at   timestamptz,            -- what the device said, where it is not `time`
    stay_id     bigint,                 -- null: nobody was on the bed
    seq         bigint NOT NULL,
    device_key  integer NOT NULL,
    flags       smallint NOT NULL,      -- 1: clock off, 2: late
    hr          real,
    pr          real,
    spo2        real,
    rr          real,
    temp        real,
    nibp_sys    real,
    nibp_dia    real,
    nibp_map    real,
    ibp_sys     real,
    ibp_dia     real,
    ibp_map     real,
    etco2       real,
    fio2        real,
    pi          real,
    pvc         real,
    st_ii       real,
    temp2       real,
    extra       jsonb                   -- q: quality, at: measured at, u: unknown, null: names
);
-- Identity of a message; also «the newest of a device».
CREATE UNIQUE INDEX vital_device ON vital (device_key, time, seq);
CREATE INDEX vital_stay ON vital (stay_id, time) WHERE stay_id IS NOT NULL;
-- Identity of a message placed at hub time: redelivered, it is placed elsewhere.
CREATE INDEX vital_clock_off ON vital (device_key, seq, device_at) WHERE device_at IS NOT NULL;
SELECT series_make('vital', 'time', 1);

CREATE TABLE wave_block (
    time       timestamptz NOT NULL,    -- of the first sample
    device_at  timestamptz,             -- what the device said, where it is not believed
    stay_id    bigint,
    seq        bigint NOT NULL,
    rate_hz    double precision NOT NULL,
    scale      double precision NOT NULL,
    device_key integer NOT NULL,
    samples    integer NOT NULL,
    codec      smallint NOT NULL,       -- ingest/blocks.py names them
    channel    text NOT NULL,
    unit       text NOT NULL,
    data       bytea NOT NULL
);
-- Already packed: trying to compress it again costs time and gains nothing.
ALTER TABLE wave_block ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX wave_block_device ON wave_block (device_key, time, channel, seq);
-- Identity of a block placed at hub time: redelivered, it is placed elsewhere.
CREATE INDEX wave_block_clock_off ON wave_block (device_key, seq, device_at)
    WHERE device_at IS NOT NULL;
CREATE INDEX wave_block_stay ON wave_block (stay_id, channel, time) WHERE stay_id IS NOT NULL;
SELECT series_make('wave_block', 'time', 1);

CREATE TABLE vital_minute (
    minute  timestamptz NOT NULL,
    stay_id bigint NOT NULL,
    min     real NOT NULL,
    mean    real NOT NULL,
    max     real NOT NULL,
    last    real NOT NULL,
    count   integer NOT NULL,
    name    text NOT NULL,
    PRIMARY KEY (stay_id, minute, name)
);
SELECT series_make('vital_minute', 'minute', 1);

-- Minutes before closed_until are rolled up; a row that arrives for one of them leaves a mark.
-- The two moments differ only while a roll-up is under way.
CREATE TABLE vital_minute_progress (
    is_the_one   boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    closed_until timestamptz NOT NULL,
    done_until   timestamptz NOT NULL
);
INSERT INTO vital_minute_progress (closed_until, done_until) VALUES ('epoch', 'epoch');

CREATE TABLE vital_minute_due (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stay_id bigint NOT NULL,
    minute  timestamptz NOT NULL
);
