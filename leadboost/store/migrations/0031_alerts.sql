-- What somebody has to hear of, what each channel is told of it, and how far the journal was looked through.
CREATE TABLE alerts (
    id uuid NOT NULL,
    key text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    detail text NOT NULL,
    subjects text[] NOT NULL,
    momentary boolean NOT NULL,
    state text NOT NULL,
    count integer NOT NULL,
    rounds integer NOT NULL,
    raised_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    notified_at timestamptz NOT NULL,
    next_round_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text,
    resolved_at timestamptz,
    CONSTRAINT alerts_pkey PRIMARY KEY (id),
    CONSTRAINT alerts_severity_check CHECK (severity IN ('info', 'warning', 'critical')),
    CONSTRAINT alerts_state_check CHECK (state IN ('open', 'acknowledged', 'resolved'))
);
-- One alert for a key until it is over: raising it again finds it here, on whichever host.
CREATE UNIQUE INDEX alerts_unresolved_key ON alerts (key) WHERE state <> 'resolved';
CREATE INDEX alerts_next_round_idx ON alerts (next_round_at) WHERE next_round_at IS NOT NULL;
CREATE INDEX alerts_resolved_at_idx ON alerts (resolved_at) WHERE state = 'resolved';

CREATE TABLE alert_deliveries (
    id uuid NOT NULL,
    alert_id uuid NOT NULL,
    channel text NOT NULL,
    notice text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    created_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    settled_at timestamptz,
    error text,
    CONSTRAINT alert_deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT alert_deliveries_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alerts (id) ON DELETE CASCADE,
    CONSTRAINT alert_deliveries_notice_check
        CHECK (notice IN ('raised', 'reminded', 'acknowledged', 'resolved')),
    CONSTRAINT alert_deliveries_state_check CHECK (state IN ('pending', 'delivered', 'failed', 'dropped'))
);
CREATE INDEX alert_deliveries_alert_idx ON alert_deliveries (alert_id);
CREATE INDEX alert_deliveries_pending_idx ON alert_deliveries (channel, next_try_at, id) WHERE state = 'pending';

CREATE TABLE alert_progress (
    one boolean PRIMARY KEY DEFAULT true,
    epoch text NOT NULL,
    "offset" bigint NOT NULL,
    CONSTRAINT alert_progress_one_check CHECK (one)
);
