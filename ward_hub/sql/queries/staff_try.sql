-- One try to sign in. It is counted as failed before the password is looked at, so that many tries at
-- once cannot slip through; a good password takes the count back. No row: unknown, disabled or locked.
UPDATE staff
SET failed_logins = failed_logins + 1,
    locked_until = CASE
        WHEN failed_logins + 1 >= %(most)s
        THEN %(now)s + least(
            %(lock)s::interval * power(2, least(failed_logins + 1 - %(most)s, 16)),
            %(longest_lock)s::interval
        )
    END
WHERE login = %(login)s
  AND disabled_at IS NULL
  AND (locked_until IS NULL OR locked_until <= %(now)s)
RETURNING id, password_hash;
