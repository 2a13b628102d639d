-- What happened to these alarms, in order; none of them began before from_at.
SELECT alarm_id, at, event, state, priority, value, by_whom, until
FROM alarm_event
WHERE alarm_id = ANY (%(alarms)s) AND at >= %(from_at)s
ORDER BY at, id
