-- One device with everything an engineer keeps of it, never its password.
SELECT key, id, kind, model, serial, udi, owner, calibrated_on, calibration_due, maintained_on,
       maintenance_due, notes, registered_at, credentials_at, suspended_at, retired_at
FROM device
WHERE id = %(device)s
