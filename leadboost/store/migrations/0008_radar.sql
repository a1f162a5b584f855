-- Clean signals: what each is, which ones are copies of one another, and what people taught.

ALTER TABLE raw_signals
    ADD COLUMN language text,
    ADD COLUMN topics text[] NOT NULL DEFAULT '{}',
    ADD COLUMN spam real,
    ADD COLUMN signature bytea,
    ADD COLUMN richness integer NOT NULL DEFAULT 0,
    ADD COLUMN is_lead boolean NOT NULL DEFAULT true,
    ADD COLUMN decided_by text,
    ADD COLUMN taught_spam boolean,
    ADD CONSTRAINT raw_signals_signature_check CHECK (octet_length(signature) = 128);

-- The members of a cluster, its lead first.
CREATE INDEX raw_signals_cluster_idx ON raw_signals (cluster, (state = 'rejected'), richness DESC, content_hash)
    WHERE cluster IS NOT NULL;

-- Where copies are looked for. No foreign key: its check would cost more than the row.
CREATE TABLE signal_bands (
    band bigint NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT signal_bands_pkey PRIMARY KEY (band, seq)
);

CREATE TABLE topics (
    name text COLLATE "C" NOT NULL,
    terms text[] NOT NULL,
    examples text[] NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT topics_pkey PRIMARY KEY (name)
);

-- What people taught, in one row. A version rises with every change, so that each host sees that it is behind.
CREATE TABLE radar (
    only_row boolean NOT NULL DEFAULT true,
    topics_version bigint NOT NULL DEFAULT 0,
    spam_version bigint NOT NULL DEFAULT 0,
    spam_model bytea,
    spam_seen bigint NOT NULL DEFAULT 0,
    wanted_seen bigint NOT NULL DEFAULT 0,
    tally jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT radar_pkey PRIMARY KEY (only_row),
    CONSTRAINT radar_only_row_check CHECK (only_row)
);

INSERT INTO radar DEFAULT VALUES;
