-- name: note_key
-- Note the fingerprint $1 of the key of authors where there is none yet, or where $2 says to; return what stands.
UPDATE radar SET author_key = CASE WHEN $2 THEN $1 ELSE coalesce(author_key, $1) END
RETURNING author_key;

-- name: claim_named
-- Lock the first $1 signals that still hold an author's name, or a place for one; whoever has one is waited for.
SELECT id, source, body ->> 'author' AS author
FROM raw_signals
WHERE body ? 'author'
ORDER BY seq
LIMIT $1
FOR UPDATE;

-- name: key_signals
-- Put the pseudonyms $2 in the place of the authors' names of signals $1.
UPDATE raw_signals
SET author = keyed.author, body = body - 'author'
FROM unnest($1::uuid[], $2::text[]) AS keyed (id, author)
WHERE raw_signals.id = keyed.id;

-- name: rename_voices
-- Let voices $1 go by $2; where one has spoken under both, the newer name stands.
WITH former AS (
    DELETE FROM hearing_voices
    USING unnest($1::text[], $2::text[]) AS renamed (former, voice)
    WHERE hearing_voices.voice = renamed.former
    RETURNING kind, name, renamed.voice, weight, weighed_at
)
INSERT INTO hearing_voices (kind, name, voice, weight, weighed_at)
SELECT kind, name, voice, weight, weighed_at FROM former
ON CONFLICT DO NOTHING;
