-- What was computed before for minutes that are done again: all their samples may be another stay's
-- by now, or nobody's.
DELETE FROM vital_minute
USING unnest(%(stays)s::bigint[], %(minutes)s::timestamptz[]) AS due (stay_id, minute)
WHERE vital_minute.stay_id = due.stay_id AND vital_minute.minute = due.minute
  AND vital_minute.minute >= %(from_at)s AND vital_minute.minute < %(to_at)s
