-- The device as it now is; a change of state without a status document keeps the last document.
INSERT INTO device_state AS known (
    device_id, state, state_at, last_link_at, status, clock_offset_s)
VALUES (%(device)s, %(state)s, %(at)s, %(at)s, %(status)s, %(clock_offset_s)s)
ON CONFLICT (device_id) DO UPDATE SET
    state = excluded.state,
    state_at = CASE WHEN known.state = excluded.state THEN known.state_at
                    ELSE excluded.state_at END,
    last_link_at = excluded.last_link_at,
    status = CASE WHEN excluded.status = '{}' THEN known.status ELSE excluded.status END,
    clock_offset_s = coalesce(excluded.clock_offset_s, known.clock_offset_s)
