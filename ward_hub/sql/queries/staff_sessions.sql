-- Those of the given sessions that are good now, with the person as they are now.
SELECT encode(session.token_hash, 'hex') AS key,
       session.csrf,
       session.created_at,
       session.expires_at,
       staff.id,
       staff.full_name,
       staff.role,
       staff.language,
       ARRAY(SELECT unit_id FROM staff_unit WHERE staff_id = staff.id) AS units
FROM session
JOIN staff ON staff.id = session.staff_id
WHERE session.token_hash = ANY(%(token_hashes)s)
  AND session.expires_at > %(now)s
  AND session.last_seen_at > %(idle_since)s
  AND staff.disabled_at IS NULL;
