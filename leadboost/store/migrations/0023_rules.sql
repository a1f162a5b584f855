-- Rules of the safety engine, what they did, and what the ledger of outcomes said at the time.

-- As they are written; a rule of the file of the same name gives way.
CREATE TABLE rules (
    name text NOT NULL,
    body jsonb NOT NULL,
    place integer NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT rules_pkey PRIMARY KEY (name)
);

CREATE TABLE rule_firings (
    id uuid NOT NULL,
    rule text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    action text NOT NULL,
    shadow boolean NOT NULL,
    fired_at timestamptz NOT NULL,
    said text NOT NULL,
    observed double precision NOT NULL,
    threshold double precision NOT NULL,
    delta double precision NOT NULL,
    campaigns jsonb NOT NULL,
    CONSTRAINT rule_firings_pkey PRIMARY KEY (id),
    CONSTRAINT rule_firings_action_check CHECK (action IN ('halt', 'reduce'))
);
CREATE INDEX rule_firings_fired_at_idx ON rule_firings (fired_at);

-- What became of a rule's looks at one subject: a row stands for all equal looks in a row.
CREATE TABLE rule_looks (
    id uuid NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    outcome text NOT NULL,
    skip text,
    detail text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    times bigint NOT NULL,
    CONSTRAINT rule_looks_pkey PRIMARY KEY (id),
    CONSTRAINT rule_looks_outcome_check CHECK (outcome IN ('fired', 'skipped', 'clear', 'errored')),
    CONSTRAINT rule_looks_skip_check CHECK ((outcome = 'skipped') = (skip IS NOT NULL))
);
CREATE INDEX rule_looks_until_idx ON rule_looks (until);

-- An outcome as it stood before it was corrected, from ``known_at`` on.
CREATE TABLE outcome_revisions (
    external_id text COLLATE "C" NOT NULL,
    revision integer NOT NULL,
    platform text NOT NULL,
    campaign_id text,
    day date NOT NULL,
    spend_micros bigint NOT NULL,
    revenue_micros bigint NOT NULL,
    currency text NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT outcome_revisions_pkey PRIMARY KEY (external_id, revision)
);
CREATE INDEX outcome_revisions_day_idx ON outcome_revisions (day);

-- Outcomes mostly arrive day by day: a block range index finds the last ones at next to no cost per row.
CREATE INDEX outcomes_day_idx ON outcomes USING brin (day) WITH (pages_per_range = 32);

CREATE FUNCTION keep_outcome_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outcome_revisions (external_id, revision, platform, campaign_id, day, spend_micros,
        revenue_micros, currency, known_at)
    VALUES (OLD.external_id, OLD.revision, OLD.platform, OLD.attributes ->> 'campaign_id', OLD.day,
        OLD.spend_micros, OLD.revenue_micros, OLD.currency, OLD.recorded_at);
    RETURN NULL;
END
$$;

-- A trigger: the statement that records outcomes would have to look every row up to find the few corrected.
CREATE TRIGGER outcomes_revision_trigger
AFTER UPDATE OF spend_micros, revenue_micros, day ON outcomes
FOR EACH ROW
WHEN ((OLD.spend_micros, OLD.revenue_micros, OLD.day) IS DISTINCT FROM
    (NEW.spend_micros, NEW.revenue_micros, NEW.day))
EXECUTE FUNCTION keep_outcome_revision();
