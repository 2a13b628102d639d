-- Where devices are now or were recently, newest first.
SELECT device.id, assignment.bed_id, assignment.from_at, assignment.to_at
FROM assignment
JOIN device ON device.key = assignment.device_key
WHERE assignment.to_at IS NULL OR assignment.to_at > %(since)s
ORDER BY assignment.from_at DESC, assignment.id DESC;
