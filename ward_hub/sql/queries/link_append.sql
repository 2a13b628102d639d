-- The device's timeline.
INSERT INTO device_link (at, device_id, state, status, clock_offset_s)
VALUES (%(at)s, %(device)s, %(state)s, %(status)s, %(clock_offset_s)s)
ON CONFLICT (device_id, at, state) DO NOTHING
