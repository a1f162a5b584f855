-- name: lock_schema
-- One host migrates a schema at a time; the lock goes with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0));

-- name: find_record
-- Tell whether the record of applied files exists in the current schema.
SELECT to_regclass(quote_ident(current_schema()) || '.schema_migrations') IS NOT NULL;

-- name: current_schema
-- The schema of the search path, NULL while it does not exist.
SELECT current_schema();

-- name: create_record
-- Keep which files were applied, and their digests.
CREATE TABLE schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: list_applied
-- Every applied file, oldest first.
SELECT number, name, sha256 FROM schema_migrations ORDER BY number;

-- name: insert_applied
-- Record a file in the transaction that applied it.
INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3);
