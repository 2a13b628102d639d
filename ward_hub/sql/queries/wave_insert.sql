-- Waveform blocks: their identity is device, time, channel and number.
INSERT INTO wave_block SELECT * FROM wave_in
ON CONFLICT (device_key, time, channel, seq) DO NOTHING
