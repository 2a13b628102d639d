-- What an engineer keeps of a device, and its end: a retired device is suspended for good.

ALTER TABLE device
    ADD COLUMN udi             text NOT NULL DEFAULT '',
    ADD COLUMN owner           text NOT NULL DEFAULT '',
    ADD COLUMN calibrated_on   date,
    ADD COLUMN calibration_due date,
    ADD COLUMN maintained_on   date,
    ADD COLUMN maintenance_due date,
    ADD COLUMN notes           text NOT NULL DEFAULT '',
    ADD COLUMN credentials_at  timestamptz,
    ADD COLUMN retired_at      timestamptz,
    ADD CONSTRAINT device_retired_is_suspended
        CHECK (retired_at IS NULL OR (suspended_at IS NOT NULL AND password_hash IS NULL));
-- The same apparatus is not registered twice.
CREATE UNIQUE INDEX device_udi ON device (udi) WHERE udi <> '' AND retired_at IS NULL;
