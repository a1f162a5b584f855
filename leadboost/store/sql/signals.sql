-- name: lock_clusters
-- Let one writer at a time join copies, in this schema, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('leadboost.clusters.' || current_schema(), 0));

-- name: find_known
-- Of contents with the hashes $1, of authors $9, sources $10 and items $11, return the numbers (from 1) of those
-- known already or erased on request, and for every other each earlier signal that shares one of its six bands
-- ($2 to $7, as text), at most $8 signals for each band, with the name of its cluster.
-- Bands come as text because the driver looks at every number of a list.
-- A LIMIT keeps the planner at one look into an index for each, however large the tables are.
WITH known AS MATERIALIZED (
    SELECT told.number::integer AS number
    FROM unnest($1::bytea[]) WITH ORDINALITY AS told (content_hash, number)
    CROSS JOIN LATERAL (
        SELECT FROM raw_signals WHERE raw_signals.content_hash = told.content_hash LIMIT 1
    ) AS standing
    UNION
    SELECT told.number::integer
    FROM unnest($9::text[], $10::text[], $11::text[]) WITH ORDINALITY AS told (author, source, item, number)
    CROSS JOIN LATERAL (
        SELECT FROM erased
        WHERE erased.mark IN (told.author, told.item) AND erased.source IN ('', told.source)
        LIMIT 1
    ) AS erased_before
    WHERE EXISTS (SELECT FROM erased)  -- looked at once: most shops never erase
)
SELECT number, NULL::uuid AS id, NULL::bytea AS content_hash, NULL::bytea AS signature, NULL::uuid AS cluster
FROM known
UNION ALL
SELECT near.number, earlier.id, earlier.content_hash, earlier.signature, coalesce(joined.name, earlier.cluster)
FROM (
    SELECT DISTINCT told.number::integer AS number, shared.seq
    FROM unnest($2::text::bigint[], $3::text::bigint[], $4::text::bigint[], $5::text::bigint[],
        $6::text::bigint[], $7::text::bigint[]) WITH ORDINALITY AS told (b1, b2, b3, b4, b5, b6, number)
    CROSS JOIN LATERAL (
        (SELECT seq FROM signal_bands AS held WHERE held.b1 = told.b1 ORDER BY seq LIMIT $8)
        UNION ALL (SELECT seq FROM signal_bands AS held WHERE held.b2 = told.b2 ORDER BY seq LIMIT $8)
        UNION ALL (SELECT seq FROM signal_bands AS held WHERE held.b3 = told.b3 ORDER BY seq LIMIT $8)
        UNION ALL (SELECT seq FROM signal_bands AS held WHERE held.b4 = told.b4 ORDER BY seq LIMIT $8)
        UNION ALL (SELECT seq FROM signal_bands AS held WHERE held.b5 = told.b5 ORDER BY seq LIMIT $8)
        UNION ALL (SELECT seq FROM signal_bands AS held WHERE held.b6 = told.b6 ORDER BY seq LIMIT $8)
    ) AS shared
    WHERE told.number NOT IN (SELECT number FROM known)
) AS near
CROSS JOIN LATERAL (
    SELECT id, content_hash, signature, cluster FROM raw_signals WHERE raw_signals.seq = near.seq LIMIT 1
) AS earlier
LEFT JOIN LATERAL (SELECT name FROM joined_clusters WHERE joined_clusters.id = earlier.cluster LIMIT 1) AS joined
    ON true
WHERE earlier.signature IS NOT NULL;

-- name: save_raw_signals
-- Store new signals in the order given, with the six bands of each ($16 to $21, as text) and the journal events.
WITH told AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('raw_signals', 'seq')) AS seq, rows.*
    FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
        $9::text[], $10::text[], $11::text[], $12::real[], $13::bytea[], $14::integer[], $15::uuid[],
        $16::text::bigint[], $17::text::bigint[], $18::text::bigint[], $19::text::bigint[], $20::text::bigint[],
        $21::text::bigint[])
        AS rows (id, content_hash, source, external_id, author, body, published_at, reason, language, topics, spam,
        signature, richness, cluster, b1, b2, b3, b4, b5, b6)
), stored AS (
    INSERT INTO raw_signals (seq, id, content_hash, source, external_id, author, body, published_at, heard_at, state,
        reason, language, topics, spam, signature, richness, cluster, is_lead)
    SELECT seq, id, content_hash, source, external_id, author, body::jsonb, published_at, $1,
        CASE WHEN reason IS NULL THEN 'pending' ELSE 'rejected' END, reason, language,
        string_to_array(topics, chr(31)), spam, signature, richness, cluster, cluster IS NULL
    FROM told
), banded AS (
    INSERT INTO signal_bands (seq, b1, b2, b3, b4, b5, b6)
    SELECT seq, b1, b2, b3, b4, b5, b6 FROM told WHERE signature IS NOT NULL
)
INSERT INTO events (id, kind, at, data)
SELECT id, kind, $1, data::jsonb FROM unnest($22::uuid[], $23::text[], $24::text[]) AS event (id, kind, data);

-- name: name_clusters
-- Give each of the clusters $1 the name in $2. What signals carry stays, so this costs the same at any size.
WITH named AS MATERIALIZED (
    SELECT former, cluster_name(name) AS name FROM unnest($1::uuid[], $2::uuid[]) AS told (former, name)
), renamed AS (
    UPDATE joined_clusters SET name = named.name FROM named WHERE joined_clusters.name = named.former
)
INSERT INTO joined_clusters (id, name)
SELECT former, name FROM named WHERE former <> name
ON CONFLICT (id) DO UPDATE SET name = excluded.name;

-- name: join_clusters
-- Put each of the signals $1 into the cluster in $2. ANY keeps the planner at the index.
UPDATE raw_signals SET cluster = ($2::uuid[])[array_position($1::uuid[], id)]
WHERE id = ANY ($1::uuid[]);

-- name: choose_leads
-- Make the richest copy of each of the clusters $1 its lead: one that is not rejected, if there is any.
-- Two looks into indexes for each id that a cluster has, and at most two rows changed.
WITH parts AS MATERIALIZED (
    SELECT DISTINCT names.name, part
    FROM (SELECT DISTINCT cluster_name(changed) AS name FROM unnest($1::uuid[]) AS changed) AS names
    CROSS JOIN LATERAL cluster_parts(names.name) AS part
), richest AS MATERIALIZED (
    SELECT DISTINCT ON (name) best.id
    FROM parts
    CROSS JOIN LATERAL part_richest(part, 1) AS best
    ORDER BY name, (state = 'rejected'), richness DESC, content_hash
), former AS MATERIALIZED (
    SELECT lead.id
    FROM parts
    CROSS JOIN LATERAL (
        SELECT id FROM raw_signals WHERE raw_signals.cluster = part AND raw_signals.is_lead OFFSET 0
    ) AS lead
)
UPDATE raw_signals SET is_lead = NOT is_lead
WHERE id = ANY (ARRAY(
    (SELECT id FROM richest EXCEPT SELECT id FROM former)
    UNION ALL
    (SELECT id FROM former EXCEPT SELECT id FROM richest)
));

-- name: page_signals
-- Find signals newest first below seq $1, of source $2, in state $3, on topic $4, whose title or text is like $5:
-- at most $6, among the newest $7 that the rest lets through. The last of those is found in any case.
SELECT id, seq, is_like, place = $7 AS is_end
FROM (
    SELECT id, seq, $5::text IS NULL OR body ->> 'text' ILIKE $5 OR body ->> 'title' ILIKE $5 AS is_like,
        row_number() OVER (ORDER BY seq DESC) AS place
    FROM raw_signals
    WHERE ($1::bigint IS NULL OR seq < $1)
        AND ($2::text IS NULL OR source = $2)
        AND ($3::text IS NULL OR state = $3)
        AND ($4::text IS NULL OR topics @> ARRAY[$4] AND topics <> '{}')
    ORDER BY seq DESC
    LIMIT $7
) AS seen
WHERE is_like OR place = $7
ORDER BY seq DESC
LIMIT $6;

-- name: page_cluster
-- Find signals of cluster $8 as page_signals does, among the newest $7 of the cluster.
SELECT id, seq, is_like, place = $7 AS is_end
FROM (
    SELECT id, seq, ($2::text IS NULL OR source = $2)
            AND ($3::text IS NULL OR state = $3)
            AND ($4::text IS NULL OR topics @> ARRAY[$4])
            AND ($5::text IS NULL OR body ->> 'text' ILIKE $5 OR body ->> 'title' ILIKE $5) AS is_like,
        row_number() OVER (ORDER BY seq DESC) AS place
    FROM cluster_parts(cluster_name($8)) AS part
    CROSS JOIN LATERAL part_newest(part, coalesce($1, 9223372036854775807), $7)
    ORDER BY seq DESC
    LIMIT $7
) AS seen
WHERE is_like OR place = $7
ORDER BY seq DESC
LIMIT $6;

-- name: read_signals
-- Read the signals of these ids, newest first, each with its cluster's name, size and number of sources,
-- counted among at most $2 members.
WITH asked AS MATERIALIZED (
    SELECT id, seq, body, author, state, reason, heard_at, language, topics, spam, cluster_name(cluster) AS cluster,
        is_lead, decided_by
    FROM raw_signals
    WHERE id = ANY ($1::uuid[])
), echo AS MATERIALIZED (
    SELECT told.cluster, count(*) AS size, count(DISTINCT source) AS sources
    FROM (SELECT DISTINCT cluster FROM asked WHERE cluster IS NOT NULL) AS told
    CROSS JOIN LATERAL (
        SELECT source
        FROM cluster_parts(told.cluster) AS part
        CROSS JOIN LATERAL part_sources(part, $2) AS source
        LIMIT $2
    ) AS member
    GROUP BY told.cluster
)
SELECT asked.*, echo.size, echo.sources
FROM asked
LEFT JOIN echo USING (cluster)
ORDER BY asked.seq DESC;
