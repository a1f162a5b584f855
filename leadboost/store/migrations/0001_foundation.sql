-- A term of leadership per name: a guarded write checks its epoch.
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Written by business transactions; the holder of the lease "journal" gives the offset.
CREATE TABLE events (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    data jsonb NOT NULL,
    "offset" bigint,
    CONSTRAINT events_kind_check CHECK (length(kind) BETWEEN 1 AND 100)
);
CREATE INDEX events_unnumbered_idx ON events (seq) WHERE "offset" IS NULL;
CREATE UNIQUE INDEX events_offset_key ON events ("offset") WHERE "offset" IS NOT NULL;

-- One row: the epoch names this journal, last_offset is the newest offset given.
CREATE TABLE journal (
    one boolean PRIMARY KEY DEFAULT true,
    epoch text NOT NULL,
    last_offset bigint NOT NULL DEFAULT 0,
    CONSTRAINT journal_one_check CHECK (one)
);
INSERT INTO journal (epoch) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- Messages given up on, for an operator to look at.
CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    lane text NOT NULL,
    actor text NOT NULL,
    msg_type text NOT NULL,
    payload_sha bytea NOT NULL,
    payload_redacted text NOT NULL,
    error text NOT NULL,
    tries integer NOT NULL,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    trace_id text,
    state text NOT NULL DEFAULT 'parked',
    CONSTRAINT dead_letters_state_check CHECK (state IN ('parked', 'replayed', 'discarded'))
);
CREATE INDEX dead_letters_state_idx ON dead_letters (state, last_at);

-- Who did what: append-only, each row's hash covers the one before it.
CREATE TABLE audit_log (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_log_id_key UNIQUE (id),
    CONSTRAINT audit_log_prev_hash_key UNIQUE (prev_hash)
);

-- SHA-256 over the previous hash and a JSON array of the row's fields, time in micros since 1970.
CREATE FUNCTION audit_hash(
    prev_hash bytea, id uuid, at timestamptz, actor text, action text, subject text, detail jsonb
) RETURNS bytea LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT sha256(prev_hash || convert_to(jsonb_build_array(
        id, (extract(epoch FROM at) * 1000000)::bigint, actor, action, subject, detail
    )::text, 'UTF8'))
$$;

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
