-- The messages of the last moments of every device, oldest first: %(since)s is their bound. Device
-- by device, because samples have no index by time alone.
SELECT device.id, recent.*
FROM device
CROSS JOIN LATERAL (
    SELECT * FROM vital
    WHERE vital.device_key = device.key AND vital.time >= %(since)s AND vital.flags & 2 = 0
) AS recent
ORDER BY recent.time, recent.seq
