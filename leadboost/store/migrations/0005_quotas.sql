-- What was used of limits that services set, or that the settings set for them: calls, or micros of a currency.
-- A row per period stays as the record of what was spent.
CREATE TABLE quotas (
    name text NOT NULL,
    period_at timestamptz NOT NULL,
    used bigint NOT NULL,
    CONSTRAINT quotas_pkey PRIMARY KEY (name, period_at),
    CONSTRAINT quotas_used_check CHECK (used >= 0)
);
