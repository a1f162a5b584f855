-- name: try_turn
-- Be the one host that deletes, until the transaction ends; false if another does, or one did since $1.
SELECT pg_try_advisory_xact_lock(hashtextextended('leadboost.retention.' || current_schema(), 0))
    AND NOT EXISTS (SELECT FROM deletions WHERE ran_at > $1 AND cause = 'age');

-- name: find_rows
-- Find signals heard before $1, counted ones alone: what learning still waits for is kept.
SELECT id FROM raw_signals WHERE heard_at < $1 AND (state <> 'pending' OR processed_at IS NOT NULL)
ORDER BY seq;

-- name: drop_rows
-- Forget those of signals $1 that find_rows found for $2, and still would; returns the cluster each has left.
DELETE FROM raw_signals
WHERE id = ANY ($1::uuid[]) AND heard_at < $2 AND (state <> 'pending' OR processed_at IS NOT NULL)
RETURNING id, seq, cluster AS left_cluster;

-- name: find_texts
-- Find signals heard before $1 that still say something.
SELECT id FROM raw_signals WHERE heard_at < $1 AND body ->> 'text' <> '' ORDER BY seq;

-- name: blank_texts
-- Forget what signals $1, heard before $2, said and who said it; their numbers stay, and so do their clusters.
UPDATE raw_signals
SET body = (body || '{"text": "", "title": null, "url": null, "extra": {}}') - 'author', author = NULL,
    signature = NULL
WHERE id = ANY ($1::uuid[]) AND heard_at < $2 AND body ->> 'text' <> ''
RETURNING id, seq, NULL::uuid AS left_cluster;

-- name: drop_bands
-- Forget the bands of the signals at places $1, which have no text any more.
-- The bounds are what the index goes by.
DELETE FROM signal_bands
WHERE seq = ANY ($1::bigint[])
    AND seq BETWEEN (SELECT min(seq) FROM unnest($1::bigint[]) AS told (seq))
        AND (SELECT max(seq) FROM unnest($1::bigint[]) AS told (seq));

-- name: drop_joined
-- Forget the names of clusters' ids that no signal carries any more.
DELETE FROM joined_clusters WHERE NOT EXISTS (SELECT FROM raw_signals WHERE raw_signals.cluster = joined_clusters.id);

-- name: blank_events
-- Forget the excerpts that events before $1 hold. What somebody else is changing is what is being erased.
UPDATE events SET data = data - '{text,title,url}'::text[]
WHERE id = ANY (ARRAY(
    SELECT id FROM events WHERE kind = 'signal.accepted' AND at < $1 AND data ? 'text' FOR UPDATE SKIP LOCKED
));

-- name: blank_dead_letters
-- Forget what undelivered messages before $1 held, but for those that somebody else is changing.
UPDATE dead_letters SET payload_redacted = ''
WHERE id = ANY (ARRAY(
    SELECT id FROM dead_letters WHERE last_at < $1 AND payload_redacted <> '' FOR UPDATE SKIP LOCKED
));

-- name: count_left_over
-- Count what is older than $1 and still says something, and rows older than $2 that could be gone.
SELECT
    (SELECT count(*) FROM raw_signals WHERE heard_at < $1 AND body ->> 'text' <> '')
    + (SELECT count(*) FROM events WHERE kind = 'signal.accepted' AND at < $1 AND data ? 'text')
    + (SELECT count(*) FROM dead_letters WHERE last_at < $1 AND payload_redacted <> '')
    + (SELECT count(*) FROM raw_signals
        WHERE heard_at < $2 AND (state <> 'pending' OR processed_at IS NOT NULL));

-- name: write_proof
-- Write down what was deleted, and for which cause ($10).
INSERT INTO deletions (id, ran_at, texts_before, rows_before, texts, rows, events, dead_letters, left_over,
    cause)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
