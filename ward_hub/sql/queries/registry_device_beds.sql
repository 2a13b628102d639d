-- The beds a device was on, newest first.
SELECT bed_id AS bed, from_at, to_at
FROM assignment
WHERE device_key = %(key)s
ORDER BY from_at DESC, id DESC
