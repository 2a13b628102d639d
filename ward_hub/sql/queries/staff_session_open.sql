-- A session for somebody whose password was right; the failures are forgotten, and so is the session
-- this browser had before.
WITH forgiven AS (
    UPDATE staff SET failed_logins = 0, locked_until = NULL WHERE id = %(staff)s
), replaced AS (
    DELETE FROM session WHERE token_hash = %(replaces)s OR expires_at <= %(now)s
)
INSERT INTO session (token_hash, staff_id, csrf, created_at, last_seen_at, expires_at)
VALUES (%(token_hash)s, %(staff)s, %(csrf)s, %(now)s, %(now)s, %(expires_at)s);
