-- name: insert_signals
-- Store the signals whose content hash is new; returns the ids stored.
-- Places count in order of arrival, rows are locked in order of hash, so that writers never wait in a circle.
WITH heard AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('raw_signals', 'seq')) AS seq, rows.*
    FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
        AS rows (id, content_hash, source, external_id, body, published_at)
)
INSERT INTO raw_signals (seq, id, content_hash, source, external_id, body, published_at, heard_at)
SELECT seq, id, content_hash, source, external_id, body::jsonb, published_at, $1
FROM heard
ORDER BY content_hash
ON CONFLICT (content_hash) DO NOTHING
RETURNING id;

-- name: page_signals
-- Read signals newest first below seq $1, of source $2, in state $3, whose title or text is like $4.
SELECT id, seq, body, state, reason, heard_at
FROM raw_signals
WHERE ($1::bigint IS NULL OR seq < $1)
    AND ($2::text IS NULL OR source = $2)
    AND ($3::text IS NULL OR state = $3)
    AND ($4::text IS NULL OR body ->> 'text' ILIKE $4 OR body ->> 'title' ILIKE $4)
ORDER BY seq DESC
LIMIT $5;
