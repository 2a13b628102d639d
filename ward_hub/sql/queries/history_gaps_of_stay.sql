-- Messages of a stay that never arrived; a gap belongs to the window in which it begins.
SELECT device_id, kind, first_seq, last_seq, missing, from_at, to_at
FROM gap
WHERE stay_id = %(stay)s AND from_at >= %(from_at)s AND from_at < %(to_at)s AND missing > 0
ORDER BY from_at
