-- What was answered to each pushed message: the same id gets the same answer, and is taken in once.
CREATE TABLE push_receipts (
    sender text NOT NULL,
    id text NOT NULL,
    body_sha256 bytea NOT NULL,
    answer text NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT push_receipts_pkey PRIMARY KEY (sender, id),
    CONSTRAINT push_receipts_body_sha256_check CHECK (octet_length(body_sha256) = 32)
);
CREATE INDEX push_receipts_received_at_idx ON push_receipts (received_at);
