-- When a device was online, offline or silent, and what it said of itself.
SELECT at, state, status, clock_offset_s
FROM device_link
WHERE device_id = %(device)s AND at >= %(from_at)s AND at < %(to_at)s
ORDER BY at
