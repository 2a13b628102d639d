-- A gap in the sequence numbers; late messages make it smaller.
INSERT INTO gap (from_at, to_at, stay_id, first_seq, last_seq, missing, device_id, kind)
VALUES (
    %(from_at)s, %(to_at)s, %(stay)s, %(first_seq)s, %(last_seq)s, %(missing)s, %(device)s,
    %(kind)s)
ON CONFLICT (device_id, kind, first_seq, from_at) DO UPDATE SET
    to_at = excluded.to_at, stay_id = excluded.stay_id, last_seq = excluded.last_seq,
    missing = excluded.missing
