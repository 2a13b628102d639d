-- The newest number of every device and kind of message that has numbers, however old or late.
SELECT device.id, 'vitals' AS kind, newest.seq, newest.at
FROM device
CROSS JOIN LATERAL (
    SELECT seq, coalesce(device_at, time) AS at FROM vital
    WHERE device_key = device.key AND time >= %(known_since)s
    ORDER BY time DESC, seq DESC LIMIT 1
) AS newest
UNION ALL
SELECT device.id, 'waves', newest.seq, newest.at
FROM device
CROSS JOIN LATERAL (
    SELECT seq, coalesce(device_at, time) AS at FROM wave_block
    WHERE device_key = device.key AND time >= %(known_since)s
    ORDER BY time DESC, seq DESC LIMIT 1
) AS newest
