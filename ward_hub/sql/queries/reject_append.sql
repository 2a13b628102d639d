-- A report of refused messages; only one that was not stored before is added to the count.
WITH fresh AS (
    INSERT INTO reject (at, device_id, reason, count, topic, detail, first_bytes)
    VALUES (%(at)s, %(device)s, %(reason)s, %(count)s, %(topic)s, %(detail)s, %(first_bytes)s)
    ON CONFLICT (device_id, reason, at) DO NOTHING
    RETURNING *
)
INSERT INTO reject_count AS known (
    device_id, reason, count, first_at, last_at, topic, detail, first_bytes)
SELECT device_id, reason, count, at, at, topic, detail, first_bytes FROM fresh
ON CONFLICT (device_id, reason) DO UPDATE SET
    count = known.count + excluded.count, last_at = excluded.last_at, topic = excluded.topic,
    detail = excluded.detail, first_bytes = excluded.first_bytes
