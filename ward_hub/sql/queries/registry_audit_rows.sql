-- The whole chain in order.
SELECT id, at, who, what, "on", why, outcome, detail, prev, hash FROM audit ORDER BY id
