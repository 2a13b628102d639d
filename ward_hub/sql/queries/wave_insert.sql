-- Waveform blocks: their identity is device, time, channel and number. A block of a device whose
-- clock is off was placed at hub time and is placed elsewhere when it is delivered again: there it
-- is device, channel, number, device time and content.
INSERT INTO wave_block
SELECT * FROM wave_in staged
WHERE staged.device_at IS NULL OR NOT EXISTS (
    SELECT FROM wave_block stored
    WHERE stored.device_key = staged.device_key AND stored.seq = staged.seq
      AND stored.device_at = staged.device_at AND stored.channel = staged.channel
      AND stored.time BETWEEN staged.time - interval '7 days' AND staged.time + interval '7 days'
      AND stored.data = staged.data)
ON CONFLICT (device_key, time, channel, seq) DO NOTHING
