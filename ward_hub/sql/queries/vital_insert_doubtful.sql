-- Samples of devices whose clock is or was off: not stored again under another time, whether the
-- sample was at hub time then and is now, or at device time then or now.
INSERT INTO vital
SELECT DISTINCT ON (device_key, seq, coalesce(device_at, time)) *
FROM vital_doubtful_in staged
WHERE NOT EXISTS (
    SELECT FROM vital stored
    WHERE stored.device_key = staged.device_key AND stored.seq = staged.seq
      AND stored.device_at = coalesce(staged.device_at, staged.time)
      AND stored.time BETWEEN staged.time - interval '7 days' AND staged.time + interval '7 days'
      AND (stored.hr, stored.pr, stored.spo2, stored.rr, stored.temp, stored.nibp_sys,
           stored.nibp_dia, stored.nibp_map, stored.ibp_sys, stored.ibp_dia, stored.ibp_map,
           stored.etco2, stored.fio2, stored.pi, stored.pvc, stored.st_ii, stored.temp2,
           stored.extra)
          IS NOT DISTINCT FROM
          (staged.hr, staged.pr, staged.spo2, staged.rr, staged.temp, staged.nibp_sys,
           staged.nibp_dia, staged.nibp_map, staged.ibp_sys, staged.ibp_dia, staged.ibp_map,
           staged.etco2, staged.fio2, staged.pi, staged.pvc, staged.st_ii, staged.temp2,
           staged.extra))
  AND NOT EXISTS (
    SELECT FROM vital stored
    WHERE stored.device_key = staged.device_key AND stored.seq = staged.seq
      AND stored.time = staged.device_at AND stored.device_at IS NULL)
ORDER BY device_key, seq, coalesce(device_at, time), time
ON CONFLICT (device_key, time, seq) DO NOTHING
