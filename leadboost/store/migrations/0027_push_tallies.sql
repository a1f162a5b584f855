-- What became of all that each sender pushed, counted with the answer to each message, once.
CREATE TABLE push_tallies (
    sender text NOT NULL,
    accepted bigint NOT NULL,
    duplicates bigint NOT NULL,
    rejected bigint NOT NULL,
    CONSTRAINT push_tallies_pkey PRIMARY KEY (sender)
);
