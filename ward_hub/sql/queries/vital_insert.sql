-- Samples whose identity is device, time and number.
INSERT INTO vital SELECT * FROM vital_in ON CONFLICT (device_key, time, seq) DO NOTHING
