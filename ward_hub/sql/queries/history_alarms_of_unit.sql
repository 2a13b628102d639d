-- The alarms of a unit's beds, whoever lay there, that began in a window, newest first.
SELECT id, bed_id, stay_id, device_id, rule, kind, state, priority, message, value, threshold,
       began_at, raised_at, ended_at, past
FROM alarm
WHERE bed_id = ANY (ARRAY(SELECT bed.id FROM bed WHERE bed.unit_id = %(unit)s))
  AND began_at >= %(from_at)s AND began_at < %(to_at)s
  AND (raised_at IS NOT NULL OR past)
ORDER BY began_at DESC
LIMIT %(most)s
