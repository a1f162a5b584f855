-- name: find_by_author
-- Lock what author $1 said, in source $2 unless that is null.
SELECT id, external_id, source FROM raw_signals
WHERE author = $1 AND ($2::text IS NULL OR source = $2)
ORDER BY id
FOR UPDATE;

-- name: find_item
-- Lock every version of item $2 of source $1.
SELECT id, external_id, source FROM raw_signals
WHERE source = $1 AND external_id = $2
ORDER BY id
FOR UPDATE;

-- name: drop_signals
-- Forget signals $1; returns their clusters, and of those that taught the spam score what they said.
DELETE FROM raw_signals WHERE id = ANY ($1::uuid[])
RETURNING seq, cluster, taught_spam, taught_error,
    CASE WHEN taught_spam IS NOT NULL THEN body ->> 'title' END AS title,
    CASE WHEN taught_spam IS NOT NULL THEN body ->> 'text' END AS text;

-- name: drop_voices
-- Forget how much of the statistics the voices $1 have made up.
DELETE FROM hearing_voices WHERE voice = ANY ($1::text[]);

-- name: blank_events
-- Forget what events from id $2 on hold of the signals $1.
UPDATE events SET data = data - '{text,title,url,external_id}'::text[]
WHERE kind = 'signal.accepted' AND id >= $2 AND data ->> 'id' = ANY ($1::text[]);

-- name: blank_dead_letters
-- Forget what undelivered messages held in which one of $1 occurs, in small letters.
UPDATE dead_letters SET payload_redacted = '', error = ''
WHERE payload_redacted <> '' AND EXISTS (
    SELECT FROM unnest($1::text[]) AS told (word) WHERE strpos(lower(payload_redacted || error), told.word) > 0
);

-- name: remember_erased
-- Note at $3 that the marks $1 in the sources $2 must not be heard again.
INSERT INTO erased (mark, source, erased_at)
SELECT DISTINCT mark, source, $3::timestamptz FROM unnest($1::text[], $2::text[]) AS told (mark, source)
ON CONFLICT DO NOTHING;

-- name: count_left_over
-- Count what still stands of signals $1, and events that still say what they said.
SELECT (SELECT count(*) FROM raw_signals WHERE id = ANY ($1::uuid[]))
    + (SELECT count(*) FROM events
        WHERE kind = 'signal.accepted' AND id >= $2 AND data ->> 'id' = ANY ($1::uuid[]::text[]) AND data ? 'text');
