-- What signals say, as numbers: kept with each signal, so that learning and forecasting read the same.

ALTER TABLE raw_signals
    ADD COLUMN features jsonb,
    ADD COLUMN feature_version text,
    ADD COLUMN processed_at timestamptz;

-- What still has to be counted: pending ones, and rejected ones, which tell of their source alone.
CREATE INDEX raw_signals_uncounted_idx ON raw_signals (seq)
    WHERE state = 'pending' OR (state = 'rejected' AND processed_at IS NULL);

-- Running statistics of a source or a topic; their form is that of domain/hearing.
CREATE TABLE hearing_statistics (
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    statistics jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT hearing_statistics_pkey PRIMARY KEY (kind, name),
    CONSTRAINT hearing_statistics_kind_check CHECK (kind IN ('source', 'topic'))
);

-- How much of a statistic one voice (an author's digest, or a source in a topic) has made up lately.
CREATE TABLE hearing_voices (
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    voice text COLLATE "C" NOT NULL,
    weight double precision NOT NULL,
    weighed_at timestamptz NOT NULL,
    CONSTRAINT hearing_voices_pkey PRIMARY KEY (kind, name, voice),
    CONSTRAINT hearing_voices_weight_check CHECK (weight >= 0)
);

CREATE INDEX hearing_voices_weighed_at_idx ON hearing_voices (weighed_at);
