-- A stay's vital signs in steps of step_s seconds from from_at until to_at: one row a vital sign,
-- with the numbers of the steps that have values. Done minutes come from vital_minute, what is not
-- rolled up yet from the samples themselves, so that the trend always reaches the present.
WITH minutes AS (
    SELECT minute, name, min, mean, max, count
    FROM vital_minute
    WHERE stay_id = %(stay)s AND minute >= %(from_at)s AND minute < %(to_at)s
      AND minute < (SELECT done_until FROM vital_minute_progress)
    UNION ALL
    SELECT date_trunc('minute', time), sign.name,
           min(sign.value), avg(sign.value)::real, max(sign.value), count(*)
    FROM vital
    CROSS JOIN LATERAL (VALUES
        ('hr', hr), ('pr', pr), ('spo2', spo2), ('rr', rr), ('temp', temp),
        ('nibp_sys', nibp_sys), ('nibp_dia', nibp_dia), ('nibp_map', nibp_map),
        ('ibp_sys', ibp_sys), ('ibp_dia', ibp_dia), ('ibp_map', ibp_map), ('etco2', etco2),
        ('fio2', fio2), ('pi', pi), ('pvc', pvc), ('st_ii', st_ii), ('temp2', temp2)
    ) AS sign (name, value)
    WHERE stay_id = %(stay)s AND time >= %(from_at)s AND time < %(to_at)s
      AND time >= (SELECT done_until FROM vital_minute_progress)
      AND sign.value IS NOT NULL
    GROUP BY 1, 2
), steps AS (
    SELECT name,
           floor(extract(epoch FROM minute - %(from_at)s::timestamptz) / %(step_s)s)::integer AS step,
           min(min) AS low,
           (sum(mean::double precision * count) / sum(count))::real AS mean,
           max(max) AS high
    FROM minutes
    GROUP BY 1, 2
    ORDER BY 1, 2
)
SELECT name, array_agg(step ORDER BY step), array_agg(low ORDER BY step),
       array_agg(mean ORDER BY step), array_agg(high ORDER BY step)
FROM steps
GROUP BY name
