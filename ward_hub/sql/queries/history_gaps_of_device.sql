-- Messages of a device that never arrived, on whatever bed it was.
SELECT device_id, kind, first_seq, last_seq, missing, from_at, to_at
FROM gap
WHERE device_id = %(device)s AND from_at >= %(from_at)s AND from_at < %(to_at)s AND missing > 0
ORDER BY from_at
