-- Authors are kept by keyed digest (domain/pseudonym), never by name.
ALTER TABLE raw_signals
    ADD COLUMN author text,
    ADD CONSTRAINT raw_signals_author_check CHECK (author ~ '^~[0-9a-f]{24}$');

CREATE INDEX raw_signals_author_idx ON raw_signals (author) WHERE author IS NOT NULL;

-- Signals stored before: their authors' names are keyed in the background, since the database has no key.
CREATE INDEX raw_signals_named_idx ON raw_signals (seq) WHERE body ? 'author';

-- The fingerprint of the key, so that every host uses the same one.
ALTER TABLE radar ADD COLUMN author_key text;
