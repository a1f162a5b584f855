-- name: read_features
-- Read the ids that exist of $1, with their features where they are of version $2.
SELECT id, CASE WHEN feature_version = $2 THEN features END AS features
FROM raw_signals
WHERE id = ANY ($1::uuid[]);

-- name: read_waiting
-- Read the titles and texts of the first $1 signals that wait for their features, locking nothing.
SELECT left(body ->> 'title', 500) AS title, left(body ->> 'text', 2000) AS text
FROM raw_signals
WHERE state = 'pending'
ORDER BY seq
LIMIT $1;

-- name: claim_signals
-- Lock the first $1 signals that nobody counts yet or has counted, in order of arrival.
SELECT id, source, state = 'rejected' AS is_rejected, cluster_name(cluster) AS cluster, topics, published_at, heard_at,
    left(body ->> 'title', 500) AS title, left(body ->> 'text', 2000) AS text, author,
    body -> 'engagement' AS engagement
FROM raw_signals
WHERE state = 'pending' OR (state = 'rejected' AND processed_at IS NULL)
ORDER BY seq
LIMIT $1
FOR UPDATE SKIP LOCKED;

-- name: read_echoes
-- Count the distinct voices and sources of each cluster of $1, among its $2 richest signals.
SELECT wanted.cluster, count(DISTINCT voice) AS voices, count(DISTINCT source) AS sources,
    min(heard_at) AS first_heard_at
FROM unnest($1::uuid[]) AS wanted (cluster)
CROSS JOIN LATERAL (
    SELECT source, source || E'\n' || coalesce(author, '') AS voice, heard_at
    FROM cluster_parts(wanted.cluster) AS part
    CROSS JOIN LATERAL part_richest(part, $2)
    ORDER BY (state = 'rejected'), richness DESC, content_hash
    LIMIT $2
) AS said
GROUP BY wanted.cluster;

-- name: read_decisions
-- Count what operators decided on the signals of each source of $1 that were heard since $2.
SELECT source, count(*) FILTER (WHERE state <> 'rejected') AS accepted,
    count(*) FILTER (WHERE state = 'rejected') AS rejected
FROM raw_signals
WHERE decided_by IS NOT NULL AND source = ANY ($1::text[]) AND heard_at >= $2
GROUP BY source;

-- name: lock_statistics
-- Lock the statistics of the subjects ($1, $2), made as of $3 where there are none, in sorted order.
INSERT INTO hearing_statistics (kind, name, statistics, updated_at)
SELECT kind, name, '{}', $3
FROM unnest($1::text[], $2::text[]) AS wanted (kind, name)
ORDER BY kind COLLATE "C", name COLLATE "C"
ON CONFLICT (kind, name) DO UPDATE SET updated_at = hearing_statistics.updated_at
RETURNING kind, name, statistics, updated_at;

-- name: read_voices
-- Read what the voices $3 of the subjects ($1, $2) have added lately.
SELECT kind, name, voice, weight, weighed_at
FROM hearing_voices
JOIN unnest($1::text[], $2::text[], $3::text[]) AS wanted (kind, name, voice) USING (kind, name, voice);

-- name: mark_signals
-- Mark signals $1 as counted at $4, the pending ones as processed with features $2 of version $3.
UPDATE raw_signals
SET state = CASE state WHEN 'pending' THEN 'processed' ELSE state END,
    features = counted.features::jsonb,
    feature_version = CASE WHEN counted.features IS NOT NULL THEN $3 END,
    processed_at = $4
FROM unnest($1::uuid[], $2::text[]) AS counted (id, features)
WHERE raw_signals.id = counted.id;

-- name: park_signals
-- Reject signals $1 for the reasons $2 at $3; one that was rejected keeps its reason.
UPDATE raw_signals
SET state = 'rejected', reason = coalesce(raw_signals.reason, parked.reason), processed_at = $3
FROM unnest($1::uuid[], $2::text[]) AS parked (id, reason)
WHERE raw_signals.id = parked.id;

-- name: write_statistics
-- Write the statistics $3 of the subjects ($1, $2), as of $4.
UPDATE hearing_statistics
SET statistics = moved.statistics::jsonb, updated_at = moved.updated_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS moved (kind, name, statistics, updated_at)
WHERE (hearing_statistics.kind, hearing_statistics.name) = (moved.kind, moved.name);

-- name: write_voices
-- Write what voices $3 of the subjects ($1, $2) have added, $4 as of $5. Whoever writes has locked the subjects.
INSERT INTO hearing_voices (kind, name, voice, weight, weighed_at)
SELECT kind, name, voice, weight, weighed_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::timestamptz[])
    AS moved (kind, name, voice, weight, weighed_at)
ORDER BY kind COLLATE "C", name COLLATE "C", voice COLLATE "C"
ON CONFLICT (kind, name, voice) DO UPDATE SET weight = excluded.weight, weighed_at = excluded.weighed_at;

-- name: forget_voices
-- Delete at most $2 voices that have said nothing since $1.
DELETE FROM hearing_voices
WHERE ctid IN (SELECT ctid FROM hearing_voices WHERE weighed_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED);
