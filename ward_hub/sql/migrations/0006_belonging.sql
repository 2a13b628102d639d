-- A row belongs to the stay that was on the device's bed at the row's time. The live path decides
-- that when a message arrives, by the picture it has. When the registry then says something new
-- about that time (a patient admitted with an earlier hour, a transfer a moment ago, an undo), the
-- stored rows of that time are decided again, here.

-- The stay whose row it is, or null.
CREATE FUNCTION belonging_of(p_device integer, p_at timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT stay_bed.stay_id
    FROM assignment
    JOIN stay_bed ON stay_bed.bed_id = assignment.bed_id
    WHERE assignment.device_key = p_device
      AND assignment.from_at <= p_at AND coalesce(assignment.to_at > p_at, true)
      AND stay_bed.from_at <= p_at AND coalesce(stay_bed.to_at > p_at, true)
$$;

-- What the registry said anew and not every row knows of yet: rows made by an older picture may
-- still be on their way to the database. The hub settles each once they have arrived.
CREATE TABLE unsettled (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_at    timestamptz NOT NULL,
    bed_id     text,
    device_key integer
);

CREATE FUNCTION unsettled_moment(
    p_from timestamptz, p_to timestamptz, p_new_from timestamptz, p_new_to timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_from IS DISTINCT FROM p_new_from THEN least(p_from, p_new_from)
                ELSE least(p_to, p_new_to) END
$$;

CREATE FUNCTION unsettle_bed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.bed_id <> NEW.bed_id) THEN
        INSERT INTO unsettled (from_at, bed_id) VALUES (OLD.from_at, OLD.bed_id);
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND OLD.bed_id <> NEW.bed_id) THEN
        INSERT INTO unsettled (from_at, bed_id) VALUES (NEW.from_at, NEW.bed_id);
    ELSIF TG_OP = 'UPDATE' AND (OLD.from_at, OLD.to_at) IS DISTINCT FROM (NEW.from_at, NEW.to_at)
    THEN
        INSERT INTO unsettled (from_at, bed_id)
        VALUES (unsettled_moment(OLD.from_at, OLD.to_at, NEW.from_at, NEW.to_at), NEW.bed_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER unsettle AFTER INSERT OR UPDATE OR DELETE ON stay_bed
    FOR EACH ROW EXECUTE FUNCTION unsettle_bed();

CREATE FUNCTION unsettle_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO unsettled (from_at, device_key) VALUES (NEW.from_at, NEW.device_key);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO unsettled (from_at, device_key) VALUES (OLD.from_at, OLD.device_key);
    ELSIF OLD.bed_id <> NEW.bed_id THEN
        INSERT INTO unsettled (from_at, device_key)
        VALUES (least(OLD.from_at, NEW.from_at), NEW.device_key);
    ELSIF (OLD.from_at, OLD.to_at) IS DISTINCT FROM (NEW.from_at, NEW.to_at) THEN
        INSERT INTO unsettled (from_at, device_key)
        VALUES (unsettled_moment(OLD.from_at, OLD.to_at, NEW.from_at, NEW.to_at), NEW.device_key);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER unsettle AFTER INSERT OR UPDATE OR DELETE ON assignment
    FOR EACH ROW EXECUTE FUNCTION unsettle_device();

-- The rows of one device in a window, while they all belong to one stay (or to nobody).
CREATE FUNCTION belonging_give(
    p_device integer, p_owner bigint, p_from timestamptz, p_to timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    -- One statement, so that both look at the same rows; a join to learn who had them before would
    -- take the square of a day's samples.
    WITH had AS MATERIALIZED (
        SELECT stay_id, date_trunc('minute', time) AS minute FROM vital
        WHERE device_key = p_device AND time >= p_from AND time < p_to
          AND stay_id IS DISTINCT FROM p_owner
        GROUP BY 1, 2
    ), given AS (
        UPDATE vital SET stay_id = p_owner
        WHERE device_key = p_device AND time >= p_from AND time < p_to
          AND stay_id IS DISTINCT FROM p_owner
        RETURNING 1
    ), minutes AS (
        SELECT stay_id, minute FROM had WHERE stay_id IS NOT NULL
        UNION
        SELECT p_owner, minute FROM had WHERE p_owner IS NOT NULL
    ), marked AS (
        -- A mark for a minute that is not closed yet would be harmless; it is spared.
        INSERT INTO vital_minute_due (stay_id, minute)
        SELECT stay_id, minute FROM minutes, vital_minute_progress
        WHERE minute < closed_until
    ), forgotten AS (
        DELETE FROM vital_minute USING minutes
        WHERE vital_minute.stay_id = minutes.stay_id AND vital_minute.minute = minutes.minute
          AND vital_minute.minute >= date_trunc('minute', p_from) AND vital_minute.minute < p_to
    )
    SELECT count(*) INTO moved FROM given;
    UPDATE wave_block SET stay_id = p_owner
    WHERE device_key = p_device AND time >= p_from AND time < p_to
      AND stay_id IS DISTINCT FROM p_owner;
    UPDATE gap SET stay_id = p_owner
    WHERE device_id = (SELECT id FROM device WHERE key = p_device)
      AND from_at >= p_from - interval '31 days' AND to_at >= p_from AND to_at < p_to
      AND stay_id IS DISTINCT FROM p_owner;
    RETURN moved;
END
$$;

-- Decide again whose rows these are: of one device from p_from until p_to, stretch by stretch.
CREATE FUNCTION belonging_settle_device(
    p_device integer, p_from timestamptz, p_to timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    stretch record;
    moved   bigint := 0;
BEGIN
    -- Whoever writes samples or rolls minutes up holds the same lock (ingest/writer.py).
    PERFORM pg_advisory_xact_lock_shared(x'57415245'::bigint);
    FOR stretch IN
        WITH there AS (
            SELECT bed_id, from_at, to_at FROM assignment
            WHERE device_key = p_device AND from_at < p_to AND coalesce(to_at > p_from, true)
        ), turn (at) AS (
            SELECT p_from UNION SELECT p_to
            UNION SELECT from_at FROM there UNION SELECT to_at FROM there
            UNION SELECT stay_bed.from_at FROM stay_bed JOIN there USING (bed_id)
            UNION SELECT stay_bed.to_at FROM stay_bed JOIN there USING (bed_id)
        )
        SELECT at AS from_at, lead(at) OVER (ORDER BY at) AS to_at
        FROM turn WHERE at >= p_from AND at <= p_to
        ORDER BY at
    LOOP
        EXIT WHEN stretch.to_at IS NULL;
        moved := moved + belonging_give(p_device, belonging_of(p_device, stretch.from_at),
                                        stretch.from_at, stretch.to_at);
    END LOOP;
    RETURN moved;
END
$$;

-- The same for a bed: every device that was there in the window, and the alarms that are over.
CREATE FUNCTION belonging_settle_bed(p_bed text, p_from timestamptz, p_to timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    SELECT coalesce(sum(belonging_settle_device(device_key, p_from, p_to)), 0) INTO moved
    FROM (SELECT DISTINCT device_key FROM assignment
          WHERE bed_id = p_bed AND from_at < p_to AND coalesce(to_at > p_from, true)
          ORDER BY device_key) AS there;
    WITH given AS (
        UPDATE alarm SET stay_id = (
            SELECT stay_id FROM stay_bed
            WHERE bed_id = p_bed AND from_at <= began_at AND coalesce(to_at > began_at, true))
        WHERE bed_id = p_bed AND began_at >= p_from AND began_at < p_to AND state = 'idle'
          AND stay_id IS DISTINCT FROM (
            SELECT stay_id FROM stay_bed
            WHERE bed_id = p_bed AND from_at <= began_at AND coalesce(to_at > began_at, true))
        RETURNING id, stay_id, began_at
    )
    UPDATE alarm_event SET stay_id = given.stay_id
    FROM given
    WHERE alarm_event.alarm_id = given.id AND alarm_event.at >= p_from;
    RETURN moved;
END
$$;
