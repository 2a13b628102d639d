-- The newest cuff pressure and temperature of every open stay, which may be hours old.
SELECT device.id, found.*
FROM stay
CROSS JOIN LATERAL (
    (SELECT * FROM vital WHERE stay_id = stay.id AND nibp_sys IS NOT NULL
        AND time >= %(now)s::timestamptz - interval '1 hour' AND time < %(since)s
     ORDER BY time DESC LIMIT 1)
    UNION
    (SELECT * FROM vital WHERE stay_id = stay.id AND temp IS NOT NULL
        AND time >= %(now)s::timestamptz - interval '4 hours' AND time < %(since)s
     ORDER BY time DESC LIMIT 1)
) AS found
JOIN device ON device.key = found.device_key
WHERE stay.discharged_at IS NULL
ORDER BY found.time, found.seq
