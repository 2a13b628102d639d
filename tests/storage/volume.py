"""Three days of twenty patients, made inside the database, to see how reads find their way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

STAYS: Final = 20
DAYS: Final = 3
END: Final = datetime(2026, 11, 22, tzinfo=UTC)
START: Final = END - timedelta(days=DAYS)

_FILL: Final = """
INSERT INTO unit VALUES ('noi-3', 'Nội 3', 0), ('icu', 'ICU', 1);
INSERT INTO bed SELECT 'bed-' || n, CASE WHEN n <= 10 THEN 'noi-3' ELSE 'icu' END, n::text, n
FROM generate_series(1, 20) n;
INSERT INTO patient (full_name, record_number) SELECT 'P', n FROM generate_series(1, 20) n;
INSERT INTO stay (patient_id, bed_id, admitted_at)
SELECT id, 'bed-' || id, '2026-11-19Z' FROM patient ORDER BY id;
INSERT INTO device (id, kind) SELECT 'mon-' || n, 'monitor' FROM generate_series(1, 20) n;
SELECT series_ensure('2026-11-19Z', '2026-11-25Z');
INSERT INTO vital (time, received_at, stay_id, seq, device_key, flags, hr, spo2, temp, nibp_sys)
SELECT t, t, n, extract(epoch FROM t)::bigint, n, 0, 60 + n, 97, NULL,
       CASE WHEN extract(epoch FROM t)::bigint % 900 = 0 THEN 120 END
FROM generate_series('2026-11-19Z'::timestamptz, '2026-11-21T23:59:59Z', '20 s') t,
     generate_series(1, 20) n;
INSERT INTO vital_minute (minute, stay_id, name, min, mean, max, last, count)
SELECT t, n, name, 60 + n, 60 + n, 60 + n, 60 + n, 3
FROM generate_series('2026-11-19Z'::timestamptz, '2026-11-21T23:55Z', '1 min') t,
     generate_series(1, 20) n, (VALUES ('hr'), ('spo2')) AS names (name);
INSERT INTO vital_minute (minute, stay_id, name, min, mean, max, last, count)
SELECT t, n, 'nibp_sys', 120, 120, 120, 120, 1
FROM generate_series('2026-11-19Z'::timestamptz, '2026-11-21T23:55Z', '15 min') t,
     generate_series(1, 20) n;
UPDATE vital_minute_progress
SET done_until = '2026-11-21T23:56Z', closed_until = '2026-11-21T23:56Z';
INSERT INTO wave_block (time, stay_id, seq, rate_hz, scale, device_key, samples, codec, channel,
                        unit, data)
SELECT t, n, extract(epoch FROM t)::bigint, 250, 0.005, n, 250, 0, channel, 'mV', '\\x0100'
FROM generate_series('2026-11-19Z'::timestamptz, '2026-11-21T23:59Z', '1 min') t,
     generate_series(1, 20) n, (VALUES ('ecg_ii'), ('pleth')) AS channels (channel);
INSERT INTO alarm
SELECT n || '-' || extract(epoch FROM t)::bigint, 'bed-' || n, n, 'mon-' || n, 'hr-high',
       'physiological', 'idle', 'medium', '', NULL, NULL, t, t, t + interval '1 min', false, NULL,
       NULL, '{}', '', t, 'ended'
FROM generate_series('2026-11-19Z'::timestamptz, '2026-11-21T23:59Z', '10 min') t,
     generate_series(1, 20) n;
INSERT INTO alarm_event (at, alarm_id, event, state, priority, bed_id, stay_id, message, detail)
SELECT began_at, id, 'raised', 'active', 'medium', bed_id, stay_id, '', '{}' FROM alarm;
INSERT INTO gap (from_at, to_at, stay_id, first_seq, last_seq, missing, device_id, kind)
SELECT began_at, began_at, stay_id, extract(epoch FROM began_at)::bigint, 0, 1, device_id, 'vitals'
FROM alarm;
INSERT INTO device_link (at, device_id, state, status)
SELECT began_at, device_id, 'online', '{}' FROM alarm;
"""


def fill(dsn: str) -> None:
    """Give a migrated database some days of a ward, and the planner what it must know of them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_FILL.encode())
        connection.execute("VACUUM ANALYZE")
