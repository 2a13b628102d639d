-- The newest cuff pressure and temperature of every open stay, which may be hours old. The minute
-- table says in which minute to look; walking back through hours of samples without a temperature
-- would take as long as there are samples. What is not rolled up yet is looked through.
SELECT DISTINCT device.id, found.*
FROM stay
CROSS JOIN (VALUES ('nibp_sys', interval '1 hour'), ('temp', interval '4 hours'))
    AS kind (name, fresh_for)
CROSS JOIN vital_minute_progress AS progress
CROSS JOIN LATERAL (
    SELECT max(minute) AS minute FROM vital_minute
    WHERE vital_minute.stay_id = stay.id AND vital_minute.name = kind.name
      AND minute >= %(now)s::timestamptz - kind.fresh_for - interval '1 minute'
      AND minute >= %(now)s::timestamptz - interval '5 hours'
) AS newest
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT * FROM vital
        WHERE vital.stay_id = stay.id
          AND time >= newest.minute AND time < newest.minute + interval '1 minute'
        UNION ALL
        SELECT * FROM vital
        WHERE vital.stay_id = stay.id AND time >= progress.done_until
    ) AS candidate
    WHERE time >= %(now)s::timestamptz - interval '5 hours'
      AND time >= %(now)s::timestamptz - kind.fresh_for AND time < %(since)s
      AND CASE kind.name WHEN 'temp' THEN temp ELSE nibp_sys END IS NOT NULL
    ORDER BY time DESC
    LIMIT 1
) AS found
JOIN device ON device.key = found.device_key
WHERE stay.discharged_at IS NULL
ORDER BY found.time, found.seq
