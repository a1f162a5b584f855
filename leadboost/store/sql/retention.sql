-- name: try_turn
-- Be the one host that deletes, until the transaction ends; false if another does, or one did since $1.
SELECT pg_try_advisory_xact_lock(hashtextextended('leadboost.retention.' || current_schema(), 0))
    AND NOT EXISTS (SELECT FROM deletions WHERE ran_at > $1 AND cause = 'age');

-- name: drop_rows
-- Forget signals heard before $1, counted ones alone: what learning still waits for is kept.
DELETE FROM raw_signals WHERE heard_at < $1 AND (state <> 'pending' OR processed_at IS NOT NULL)
RETURNING id, cluster;

-- name: blank_texts
-- Forget what signals heard before $1 said and who said it; their numbers stay.
UPDATE raw_signals
SET body = (body || '{"text": "", "title": null, "url": null, "extra": {}}') - 'author', author = NULL,
    signature = NULL
WHERE heard_at < $1 AND body ->> 'text' <> ''
RETURNING id;

-- name: drop_bands
-- Forget the bands of signals that have no text any more.
DELETE FROM signal_bands
WHERE NOT EXISTS (
    SELECT FROM raw_signals WHERE raw_signals.seq = signal_bands.seq AND raw_signals.signature IS NOT NULL
);

-- name: drop_joined
-- Forget the names of clusters' ids that no signal carries any more.
DELETE FROM joined_clusters WHERE NOT EXISTS (SELECT FROM raw_signals WHERE raw_signals.cluster = joined_clusters.id);

-- name: blank_events
-- Forget the excerpts that events before $1 hold.
UPDATE events SET data = data - '{text,title,url}'::text[]
WHERE kind = 'signal.accepted' AND at < $1 AND data ? 'text';

-- name: blank_dead_letters
-- Forget what undelivered messages before $1 held.
UPDATE dead_letters SET payload_redacted = '' WHERE last_at < $1 AND payload_redacted <> '';

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
