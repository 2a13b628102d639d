-- What was refused of one device, by reason, with the newest example.
SELECT reason, count, first_at, last_at, topic, detail, first_bytes
FROM reject_count
WHERE device_id = %(device)s
ORDER BY last_at DESC;
