-- The alarms of a stay that began in a window, newest first.
SELECT id, bed_id, stay_id, device_id, rule, kind, state, priority, message, value, threshold,
       began_at, raised_at, ended_at, past
FROM alarm
WHERE stay_id = %(stay)s AND began_at >= %(from_at)s AND began_at < %(to_at)s
  AND (raised_at IS NOT NULL OR past)
ORDER BY began_at DESC
LIMIT %(most)s
