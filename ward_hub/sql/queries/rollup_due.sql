-- Single minutes of single stays of one day, again, because something late was filed under them.
-- from_at and to_at bound all of them: so the other days need not even be looked for.
INSERT INTO vital_minute (stay_id, minute, name, min, mean, max, last, count)
SELECT due.stay_id, due.minute, sign.name,
       min(sign.value), avg(sign.value), max(sign.value),
       (array_agg(sign.value ORDER BY measured.time DESC, measured.seq DESC))[1], count(*)
FROM unnest(%(stays)s::bigint[], %(minutes)s::timestamptz[]) AS due (stay_id, minute)
CROSS JOIN LATERAL (
    SELECT * FROM vital
    WHERE vital.stay_id = due.stay_id
      AND time >= due.minute AND time < due.minute + interval '1 minute'
      AND time >= %(from_at)s AND time < %(to_at)s
) AS measured
CROSS JOIN LATERAL (VALUES
    ('hr', hr), ('pr', pr), ('spo2', spo2), ('rr', rr), ('temp', temp), ('nibp_sys', nibp_sys),
    ('nibp_dia', nibp_dia), ('nibp_map', nibp_map), ('ibp_sys', ibp_sys), ('ibp_dia', ibp_dia),
    ('ibp_map', ibp_map), ('etco2', etco2), ('fio2', fio2), ('pi', pi), ('pvc', pvc),
    ('st_ii', st_ii), ('temp2', temp2)
) AS sign (name, value)
WHERE sign.value IS NOT NULL
GROUP BY 1, 2, 3
ON CONFLICT (stay_id, minute, name) DO UPDATE SET
    min = excluded.min, mean = excluded.mean, max = excluded.max, last = excluded.last,
    count = excluded.count
