-- name: lock_clusters
-- Let one writer at a time join copies, in this schema, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('leadboost.clusters.' || current_schema(), 0));

-- name: save_raw_signals
-- Store the signals whose content hash is new, and their bands; returns the ids stored, and each again with
-- every earlier signal that shares one of its bands.
-- Places count in order of arrival, rows are locked in order of hash, so that writers never wait in a circle.
WITH heard AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('raw_signals', 'seq')) AS seq, rows.*
    FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
        $9::text[], $10::text[], $11::real[], $12::bytea[], $13::integer[])
        AS rows (id, content_hash, source, external_id, body, published_at, reason, language, topics, spam,
        signature, richness)
), stored AS (
    INSERT INTO raw_signals (seq, id, content_hash, source, external_id, body, published_at, heard_at, state,
        reason, language, topics, spam, signature, richness)
    SELECT seq, id, content_hash, source, external_id, body::jsonb, published_at, $1,
        CASE WHEN reason IS NULL THEN 'pending' ELSE 'rejected' END, reason, language,
        string_to_array(topics, chr(31)), spam, signature, richness
    FROM heard
    ORDER BY content_hash, seq
    ON CONFLICT (content_hash) DO NOTHING
    RETURNING id, seq
), keys AS MATERIALIZED (
    SELECT stored.id, stored.seq, told.band
    FROM unnest($14::uuid[], $15::bigint[]) AS told (id, band)
    JOIN stored USING (id)
), banded AS (
    INSERT INTO signal_bands (band, seq) SELECT band, seq FROM keys ON CONFLICT DO NOTHING
)
SELECT id, NULL::uuid AS known, NULL::bytea AS content_hash, NULL::bytea AS signature, NULL::uuid AS cluster
FROM stored
UNION ALL
SELECT near.id, known.id, known.content_hash, known.signature, known.cluster
FROM (
    SELECT DISTINCT keys.id, earlier.seq
    FROM keys
    CROSS JOIN LATERAL (
        SELECT seq FROM signal_bands WHERE signal_bands.band = keys.band ORDER BY seq LIMIT $16
    ) AS earlier
) AS near
JOIN raw_signals AS known ON known.seq = near.seq
WHERE known.signature IS NOT NULL;

-- name: rename_clusters
-- Give each of the clusters $1 the name in $2.
UPDATE raw_signals SET cluster = renamed.new
FROM unnest($1::uuid[], $2::uuid[]) AS renamed (old, new)
WHERE raw_signals.cluster = renamed.old;

-- name: join_clusters
-- Put each of the signals $1 into the cluster in $2.
UPDATE raw_signals SET cluster = joined.cluster
FROM unnest($1::uuid[], $2::uuid[]) AS joined (id, cluster)
WHERE raw_signals.id = joined.id;

-- name: choose_leads
-- Make the richest copy of each of the clusters $1 its lead: one that is not rejected, if there is any.
WITH leads AS (
    SELECT lead.id, lead.cluster
    FROM unnest($1::uuid[]) AS changed (cluster)
    CROSS JOIN LATERAL (
        SELECT id, cluster
        FROM raw_signals
        WHERE raw_signals.cluster = changed.cluster
        ORDER BY (state = 'rejected'), richness DESC, content_hash
        LIMIT 1
    ) AS lead
)
UPDATE raw_signals SET is_lead = (raw_signals.id = leads.id)
FROM leads
WHERE raw_signals.cluster = leads.cluster AND raw_signals.is_lead <> (raw_signals.id = leads.id);

-- name: page_signals
-- Read signals newest first below seq $1, of source $2, in state $3, whose title or text is like $4,
-- on topic $5, of cluster $6, each with the size of its cluster and the number of its sources.
WITH page AS (
    SELECT id, seq, body, state, reason, heard_at, language, topics, spam, cluster, is_lead, decided_by
    FROM raw_signals
    WHERE ($1::bigint IS NULL OR seq < $1)
        AND ($2::text IS NULL OR source = $2)
        AND ($3::text IS NULL OR state = $3)
        AND ($4::text IS NULL OR body ->> 'text' ILIKE $4 OR body ->> 'title' ILIKE $4)
        AND ($5::text IS NULL OR $5 = ANY (topics))
        AND ($6::uuid IS NULL OR cluster = $6)
    ORDER BY seq DESC
    LIMIT $7
), echo AS (
    SELECT cluster, count(*) AS size, count(DISTINCT source) AS sources
    FROM raw_signals
    WHERE cluster = ANY (SELECT cluster FROM page)
    GROUP BY cluster
)
SELECT page.*, echo.size, echo.sources
FROM page
LEFT JOIN echo USING (cluster)
ORDER BY seq DESC;

-- name: read_signals
-- Read the signals of these ids, each with the size of its cluster and the number of its sources.
WITH asked AS (
    SELECT id, seq, body, state, reason, heard_at, language, topics, spam, cluster, is_lead, decided_by
    FROM raw_signals
    WHERE id = ANY ($1::uuid[])
), echo AS (
    SELECT cluster, count(*) AS size, count(DISTINCT source) AS sources
    FROM raw_signals
    WHERE cluster = ANY (SELECT cluster FROM asked)
    GROUP BY cluster
)
SELECT asked.*, echo.size, echo.sources
FROM asked
LEFT JOIN echo USING (cluster);
