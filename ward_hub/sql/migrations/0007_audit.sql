-- Who did what to whom, when, why and with what outcome, refusals too. Rows are only ever added.
-- Each carries the SHA-256 of the one before it, so that a row changed, taken out or moved is found
-- by whoever computes the chain again (`ward-hub audit verify`). Identifiers only, never names.

CREATE TABLE audit (
    id      bigint PRIMARY KEY CHECK (id > 0),  -- without gaps: written by one at a time
    at      timestamptz NOT NULL,
    who     text NOT NULL,                      -- staff:4, or the program
    what    text NOT NULL,                      -- stay.transfer
    "on"    text NOT NULL,                      -- stay:12
    why     text NOT NULL,
    outcome text NOT NULL,                      -- done, or refused: reason
    detail  jsonb NOT NULL,
    prev    bytea NOT NULL UNIQUE CHECK (length(prev) = 32),
    hash    bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX audit_on ON audit ("on", id DESC);
CREATE INDEX audit_who ON audit (who, id DESC);

-- The end of the chain, so that rows cut off at the end are missed.
CREATE TABLE audit_head (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    id         bigint NOT NULL,
    hash       bytea NOT NULL
);
INSERT INTO audit_head (id, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_not_emptied BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
