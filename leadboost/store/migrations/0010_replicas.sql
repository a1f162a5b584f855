-- How far each copy of the journal elsewhere is: a row for each destination, so that a new one begins anew.
CREATE TABLE replicas (
    destination text NOT NULL,
    epoch text NOT NULL,
    "offset" bigint NOT NULL,
    documents bigint NOT NULL,
    left_out jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT replicas_pkey PRIMARY KEY (destination),
    CONSTRAINT replicas_offset_check CHECK ("offset" >= 0),
    CONSTRAINT replicas_documents_check CHECK (documents >= 0)
);
