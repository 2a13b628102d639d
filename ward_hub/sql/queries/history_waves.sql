-- The blocks of one waveform of a stay that begin in a window, in order.
SELECT time, rate_hz, scale, unit, codec, data
FROM wave_block
WHERE stay_id = %(stay)s AND channel = %(channel)s AND time >= %(from_at)s AND time < %(to_at)s
ORDER BY time, seq
