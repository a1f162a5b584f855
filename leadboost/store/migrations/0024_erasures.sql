-- Erasure on request, beside deletion for age: the same proof, and what must not be heard again.
ALTER TABLE deletions
    ADD COLUMN cause text NOT NULL DEFAULT 'age',
    ALTER COLUMN texts_before DROP NOT NULL,
    ALTER COLUMN rows_before DROP NOT NULL,
    ADD CONSTRAINT deletions_cause_check CHECK (cause IN ('age', 'request'));

-- Digests (domain/pseudonym) of authors and of single items that were erased; source '' stands for every one.
CREATE TABLE erased (
    mark text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    erased_at timestamptz NOT NULL,
    CONSTRAINT erased_pkey PRIMARY KEY (mark, source)
);
