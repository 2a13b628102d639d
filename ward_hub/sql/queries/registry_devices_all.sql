-- Every device in use, with the bed it is on.
SELECT device.id, device.kind, device.model, device.serial, device.udi, device.owner,
       device.calibrated_on, device.calibration_due, device.maintained_on,
       device.maintenance_due, assignment.bed_id AS bed, device.notes
FROM device
LEFT JOIN assignment ON assignment.device_key = device.key AND assignment.to_at IS NULL
WHERE device.retired_at IS NULL
ORDER BY device.id
