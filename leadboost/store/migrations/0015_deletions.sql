-- Proof of what was deleted for its age, and that nothing older was left.
CREATE TABLE deletions (
    id uuid NOT NULL,
    ran_at timestamptz NOT NULL,
    texts_before timestamptz NOT NULL,
    rows_before timestamptz NOT NULL,
    texts bigint NOT NULL,
    rows bigint NOT NULL,
    events bigint NOT NULL,
    dead_letters bigint NOT NULL,
    left_over bigint NOT NULL,
    CONSTRAINT deletions_pkey PRIMARY KEY (id)
);

CREATE INDEX deletions_ran_at_idx ON deletions (ran_at);
