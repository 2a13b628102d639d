-- Every device that is registered or has been heard of, how it is, and what it has done wrong.
WITH heard AS (
    SELECT id FROM device
    UNION
    SELECT device_id FROM device_state
    UNION
    SELECT device_id FROM reject_count
), rejected AS (
    SELECT device_id, jsonb_object_agg(reason, count) AS by_reason
    FROM reject_count
    GROUP BY device_id
), missing AS (
    SELECT device_id, count(*) AS gaps, sum(missing)::bigint AS messages
    FROM gap
    WHERE from_at >= %(since)s AND missing > 0
    GROUP BY device_id
)
SELECT heard.id,
       device.id IS NOT NULL AS is_registered,
       device.kind,
       device.model,
       device.serial,
       device.suspended_at IS NOT NULL AS is_suspended,
       assignment.bed_id AS bed,
       device_state.state,
       device_state.state_at,
       device_state.status,
       device_state.clock_offset_s,
       coalesce(rejected.by_reason, '{}'::jsonb) AS rejects,
       coalesce(missing.gaps, 0) AS gaps,
       coalesce(missing.messages, 0) AS missing
FROM heard
LEFT JOIN device ON device.id = heard.id
LEFT JOIN assignment ON assignment.device_key = device.key AND assignment.to_at IS NULL
LEFT JOIN device_state ON device_state.device_id = heard.id
LEFT JOIN rejected ON rejected.device_id = heard.id
LEFT JOIN missing ON missing.device_id = heard.id
ORDER BY heard.id;
