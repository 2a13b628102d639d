-- One entry at the end of the chain.
INSERT INTO audit (id, at, who, what, "on", why, outcome, detail, prev, hash)
VALUES (%(id)s, %(at)s, %(who)s, %(what)s, %(on)s, %(why)s, %(outcome)s, %(detail)s, %(prev)s,
        %(hash)s)
