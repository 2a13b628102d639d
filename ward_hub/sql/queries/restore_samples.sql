-- The messages of the last moments of every device, oldest first: %(since)s is their bound.
SELECT device.id, vital.* FROM vital JOIN device ON device.key = vital.device_key
WHERE vital.time >= %(since)s AND vital.flags & 2 = 0
ORDER BY vital.time, vital.seq
