-- Alarms, refused messages, gaps and the life of devices. Devices are named by their id here: these
-- rows must be stored even when the registry knows nothing of the device.

CREATE TABLE alarm (
    id         text PRIMARY KEY,
    bed_id     text NOT NULL,
    stay_id    bigint,
    device_id  text,
    rule       text NOT NULL,
    kind       text NOT NULL,
    state      text NOT NULL,
    priority   text NOT NULL,
    message    text NOT NULL,
    value      double precision,
    threshold  double precision,        -- the limit that was crossed
    began_at   timestamptz NOT NULL,
    raised_at  timestamptz,
    ended_at   timestamptz,
    past       boolean NOT NULL,
    by_whom    text,
    until      timestamptz,
    detail     jsonb NOT NULL,
    engine     bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    event      text NOT NULL
);
CREATE INDEX alarm_open ON alarm (bed_id) WHERE state <> 'idle';
CREATE INDEX alarm_stay ON alarm (stay_id, began_at DESC);
CREATE INDEX alarm_bed ON alarm (bed_id, began_at DESC);

CREATE TABLE alarm_event (
    at        timestamptz NOT NULL,
    id        bigint GENERATED ALWAYS AS IDENTITY,  -- order of events of one moment
    alarm_id  text NOT NULL,
    event     text NOT NULL,
    state     text NOT NULL,
    priority  text NOT NULL,
    bed_id    text NOT NULL,
    stay_id   bigint,
    message   text NOT NULL,
    value     double precision,
    threshold double precision,
    by_whom   text NOT NULL DEFAULT '',
    until     timestamptz,
    detail    jsonb NOT NULL
);
CREATE UNIQUE INDEX alarm_event_once ON alarm_event (alarm_id, at, event, state, by_whom);
CREATE INDEX alarm_event_bed ON alarm_event (bed_id, at);
SELECT series_make('alarm_event', 'at', 30);

CREATE TABLE reject (
    at          timestamptz NOT NULL,
    device_id   text NOT NULL,
    reason      text NOT NULL,
    count       bigint NOT NULL,
    topic       text NOT NULL,
    detail      text NOT NULL,
    first_bytes bytea NOT NULL
);
CREATE UNIQUE INDEX reject_once ON reject (device_id, reason, at);
SELECT series_make('reject', 'at', 1);

-- How many in all; the row with the newest bytes. Survives the retention of `reject`.
CREATE TABLE reject_count (
    device_id   text NOT NULL,
    reason      text NOT NULL,
    count       bigint NOT NULL,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    topic       text NOT NULL,
    detail      text NOT NULL,
    first_bytes bytea NOT NULL,
    PRIMARY KEY (device_id, reason)
);

CREATE TABLE gap (
    from_at   timestamptz NOT NULL,
    to_at     timestamptz NOT NULL,
    stay_id   bigint,
    first_seq bigint NOT NULL,
    last_seq  bigint NOT NULL,
    missing   bigint NOT NULL,
    device_id text NOT NULL,
    kind      text NOT NULL
);
CREATE UNIQUE INDEX gap_once ON gap (device_id, kind, first_seq, from_at);
CREATE INDEX gap_stay ON gap (stay_id, from_at) WHERE stay_id IS NOT NULL;
CREATE INDEX gap_device ON gap (device_id, from_at);
SELECT series_make('gap', 'from_at', 30);

CREATE TABLE device_link (
    at             timestamptz NOT NULL,
    device_id      text NOT NULL,
    state          text NOT NULL,
    status         jsonb NOT NULL,
    clock_offset_s double precision
);
CREATE UNIQUE INDEX device_link_once ON device_link (device_id, at, state);
SELECT series_make('device_link', 'at', 30);

CREATE TABLE device_state (
    device_id      text PRIMARY KEY,
    state          text NOT NULL,
    state_at       timestamptz NOT NULL,    -- since when it has been in this state
    last_link_at   timestamptz NOT NULL,    -- of the newest link record
    status         jsonb NOT NULL,          -- the newest status document that said anything
    clock_offset_s double precision
);

-- Records no transaction could hold, whole, with the reason: put aside so that nothing waits on them.
CREATE TABLE poisoned (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    kind    text NOT NULL,
    reason  text NOT NULL,
    record  bytea NOT NULL
);
