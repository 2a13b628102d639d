-- What happened to an alarm, once however often it is given.
INSERT INTO alarm_event (
    at, alarm_id, event, state, priority, bed_id, stay_id, message, value, threshold, by_whom,
    until, detail)
VALUES (
    %(at)s, %(alarm)s, %(event)s, %(state)s, %(priority)s, %(bed)s, %(stay)s, %(message)s,
    %(value)s, %(limit)s, coalesce(%(by)s, ''), %(until)s, %(detail)s)
ON CONFLICT (alarm_id, at, event, state, by_whom) DO NOTHING
