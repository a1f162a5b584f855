-- The latch, the halts behind it, and the ledger of actions that raise spend.

-- One row. A trip updates it, an action that raises spend locks it FOR SHARE: one sees the other.
CREATE TABLE safety (
    one boolean PRIMARY KEY DEFAULT true,
    state text NOT NULL DEFAULT 'ACTIVE',
    since timestamptz,
    reason text,
    CONSTRAINT safety_one_check CHECK (one),
    CONSTRAINT safety_state_check CHECK (state IN ('ACTIVE', 'REDUCING', 'HALTED'))
);
INSERT INTO safety DEFAULT VALUES;

CREATE TABLE halts (
    id uuid NOT NULL,
    scope text NOT NULL,
    reason text NOT NULL,
    tripped_by text NOT NULL,
    tripped_at timestamptz NOT NULL,
    stopped_at timestamptz NOT NULL,
    state text NOT NULL,
    resumed_at timestamptz,
    CONSTRAINT halts_pkey PRIMARY KEY (id),
    CONSTRAINT halts_state_check CHECK (state IN ('pausing', 'confirmed', 'unconfirmed', 'resumed'))
);
CREATE INDEX halts_open_idx ON halts (tripped_at) WHERE state <> 'resumed';
CREATE INDEX halts_resumed_at_idx ON halts (resumed_at) WHERE state = 'resumed';

CREATE TABLE halt_items (
    halt_id uuid NOT NULL,
    platform text NOT NULL,
    campaign_id text NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    name text,
    was_active boolean,
    daily_budget_micros bigint,
    currency text,
    error text,
    confirmed_at timestamptz,
    CONSTRAINT halt_items_pkey PRIMARY KEY (halt_id, platform, campaign_id),
    CONSTRAINT halt_items_halt_id_fkey FOREIGN KEY (halt_id) REFERENCES halts (id),
    CONSTRAINT halt_items_status_check
        CHECK (status IN ('requested', 'accepted', 'confirmed', 'unconfirmed'))
);

CREATE TABLE halt_approvals (
    halt_id uuid NOT NULL,
    approver text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT halt_approvals_pkey PRIMARY KEY (halt_id, approver),
    CONSTRAINT halt_approvals_halt_id_fkey FOREIGN KEY (halt_id) REFERENCES halts (id)
);

-- Committed before it is sent; one row for each logical action, whatever is retried.
CREATE TABLE actions (
    id uuid NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    origin text NOT NULL,
    kind text NOT NULL,
    platform text NOT NULL,
    campaign_id text NOT NULL,
    arguments_hash bytea NOT NULL,
    halt_id uuid,
    state text NOT NULL DEFAULT 'intended',
    sends integer NOT NULL DEFAULT 0,
    error text,
    intended_at timestamptz NOT NULL,
    sent_at timestamptz,
    settled_at timestamptz,
    CONSTRAINT actions_pkey PRIMARY KEY (id),
    CONSTRAINT actions_logical_key UNIQUE (origin, kind, platform, campaign_id, arguments_hash),
    CONSTRAINT actions_halt_id_fkey FOREIGN KEY (halt_id) REFERENCES halts (id),
    CONSTRAINT actions_state_check CHECK (state IN ('intended', 'sent', 'confirmed', 'failed', 'unknown'))
);
CREATE INDEX actions_unfinished_idx ON actions (seq) WHERE state IN ('intended', 'sent', 'unknown');
