-- The newest entries of the audit log.
SELECT id, at, who, what, "on", why, outcome, detail FROM audit ORDER BY id DESC LIMIT %(most)s
