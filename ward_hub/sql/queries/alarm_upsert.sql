-- The alarm as it now is; records come in order, so the newest given is the truth.
INSERT INTO alarm (
    id, bed_id, stay_id, device_id, rule, kind, state, priority, message, value, threshold,
    began_at, raised_at, ended_at, past, by_whom, until, detail, engine, changed_at, event)
VALUES (
    %(alarm)s, %(bed)s, %(stay)s, %(device)s, %(rule)s, %(kind)s, %(state)s, %(priority)s,
    %(message)s, %(value)s, %(limit)s, %(began_at)s, %(raised_at)s, %(ended_at)s, %(past)s,
    %(by)s, %(until)s, %(detail)s, %(engine)s, %(at)s, %(event)s)
ON CONFLICT (id) DO UPDATE SET
    bed_id = excluded.bed_id, stay_id = excluded.stay_id, device_id = excluded.device_id,
    rule = excluded.rule, kind = excluded.kind, state = excluded.state,
    priority = excluded.priority, message = excluded.message, value = excluded.value,
    threshold = excluded.threshold, began_at = excluded.began_at,
    raised_at = excluded.raised_at, ended_at = excluded.ended_at, past = excluded.past,
    by_whom = excluded.by_whom, until = excluded.until, detail = excluded.detail,
    engine = excluded.engine, changed_at = excluded.changed_at, event = excluded.event
