-- Who did it: the names behind account numbers as records hold them.
SELECT id::text, full_name FROM staff WHERE id::text = ANY(%(numbers)s);
