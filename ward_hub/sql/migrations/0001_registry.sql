-- Who is where, and who may act: units, beds, patients, stays, devices, assignments, staff.
--
-- Nothing here may rest on an extension: the embedded PostgreSQL of the demo has none. Overlaps are
-- therefore excluded with built-in range types (a one-value int4range in place of btree_gist).

CREATE TABLE unit (
    id       text PRIMARY KEY CHECK (id <> ''),
    name     text NOT NULL,
    position integer NOT NULL DEFAULT 0
);

CREATE TABLE bed (
    id       text PRIMARY KEY CHECK (id <> ''),
    unit_id  text NOT NULL REFERENCES unit,
    label    text NOT NULL,
    position integer NOT NULL DEFAULT 0
);
CREATE INDEX bed_unit ON bed (unit_id, position);

CREATE TABLE patient (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    full_name     text NOT NULL,
    birth_date    date,
    sex           text NOT NULL DEFAULT '',
    record_number text NOT NULL UNIQUE
);

CREATE TABLE stay (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id    bigint NOT NULL REFERENCES patient,
    bed_id        text NOT NULL REFERENCES bed,
    admitted_at   timestamptz NOT NULL,
    discharged_at timestamptz,
    CHECK (discharged_at >= admitted_at)
);
-- One patient in a bed, and one bed for a patient, at a time.
CREATE UNIQUE INDEX stay_open_bed ON stay (bed_id) WHERE discharged_at IS NULL;
CREATE UNIQUE INDEX stay_open_patient ON stay (patient_id) WHERE discharged_at IS NULL;
CREATE INDEX stay_bed ON stay (bed_id, admitted_at DESC);
CREATE INDEX stay_patient ON stay (patient_id, admitted_at DESC);

CREATE TABLE device (
    key           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            text NOT NULL UNIQUE CHECK (id ~ '^[a-z0-9][a-z0-9-]{2,31}$'),
    kind          text NOT NULL CHECK (kind IN ('monitor', 'camera', 'screen', 'gateway')),
    model         text NOT NULL DEFAULT '',
    serial        text NOT NULL DEFAULT '',
    password_hash text,
    registered_at timestamptz NOT NULL DEFAULT now(),
    suspended_at  timestamptz,
    UNIQUE (key, kind)
);

CREATE TABLE assignment (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_key  integer NOT NULL,
    device_kind text NOT NULL,
    bed_id      text NOT NULL REFERENCES bed,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz,
    CHECK (to_at >= from_at),
    FOREIGN KEY (device_key, device_kind) REFERENCES device (key, kind) ON UPDATE CASCADE,
    -- A device is on one bed at a time.
    EXCLUDE USING gist (
        int4range(device_key, device_key, '[]') WITH &&,
        tstzrange(from_at, to_at) WITH &&
    )
);
-- A bed has at most one monitor now.
CREATE UNIQUE INDEX assignment_bed_monitor ON assignment (bed_id)
    WHERE to_at IS NULL AND device_kind = 'monitor';
CREATE INDEX assignment_bed ON assignment (bed_id, from_at DESC);

CREATE TABLE staff (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL UNIQUE CHECK (login <> ''),
    full_name     text NOT NULL,
    role          text NOT NULL,
    password_hash text NOT NULL,
    language      text NOT NULL DEFAULT 'vi',
    failed_logins integer NOT NULL DEFAULT 0,
    locked_until  timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);

CREATE TABLE staff_unit (
    staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
    unit_id  text NOT NULL REFERENCES unit ON DELETE CASCADE,
    PRIMARY KEY (staff_id, unit_id)
);

CREATE TABLE session (
    token_hash   bytea PRIMARY KEY,
    staff_id     bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
    csrf         text NOT NULL,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX session_staff ON session (staff_id);
CREATE INDEX session_expiry ON session (expires_at);
