-- These sessions are in use; one that has been idle for too long stays over.
UPDATE session SET last_seen_at = %(now)s
WHERE token_hash = ANY(%(token_hashes)s)
  AND last_seen_at > %(idle_since)s
  AND last_seen_at < %(now)s;
