-- name: insert_events
-- Write events (ids, kinds, times, JSON texts) in the order given; one that stands already stays.
INSERT INTO events (id, kind, at, data)
SELECT id, kind, at, data::jsonb
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[])
    WITH ORDINALITY AS event (id, kind, at, data, place)
ORDER BY place
ON CONFLICT (id) DO NOTHING;

-- name: lock_journal
-- Lock the journal under this very term of a lease ($1 name, $2 holder, $3 epoch); no row if it is over.
SELECT journal.epoch
FROM journal, leases
WHERE leases.name = $1 AND leases.holder = $2 AND leases.epoch = $3
FOR UPDATE OF journal FOR SHARE OF leases;

-- name: number_events
-- Give the next offsets to at most $1 events that have none, oldest first.
WITH batch AS (
    SELECT id, row_number() OVER (ORDER BY seq) AS place
    FROM (SELECT id, seq FROM events WHERE "offset" IS NULL ORDER BY seq LIMIT $1) AS waiting
), counter AS (
    UPDATE journal SET last_offset = last_offset + size
    FROM (SELECT count(*) AS size FROM batch) AS counted
    WHERE size > 0
    RETURNING last_offset - size AS start
), numbered AS (
    UPDATE events SET "offset" = counter.start + batch.place
    FROM batch, counter
    WHERE events.id = batch.id
    RETURNING events."offset", events.kind, events.at, events.data
)
SELECT "offset", kind, at, data FROM numbered ORDER BY "offset";

-- name: read_page
-- The journal's state and at most $2 events after offset $1; one row without event if there are none.
SELECT journal.epoch, journal.last_offset, page."offset", page.kind, page.at, page.data
FROM journal
LEFT JOIN LATERAL (
    SELECT "offset", kind, at, data FROM events WHERE "offset" > $1 ORDER BY "offset" LIMIT $2
) AS page ON true
ORDER BY page."offset";

-- name: latest_steps
-- The newest event of each pipeline step, ours or other software's, among the newest $1 events.
SELECT DISTINCT ON (events.kind, step)
    journal.epoch, events."offset", events.kind, events.at, events.data,
    coalesce(events.data ->> 'step', events.data #>> '{message,step}') AS step
FROM journal
JOIN events ON events."offset" > journal.last_offset - $1 AND events.kind IN ('pipeline.step', 'external')
WHERE coalesce(events.data ->> 'step', events.data #>> '{message,step}') IS NOT NULL
ORDER BY events.kind, step, events."offset" DESC;

-- name: list_digests
-- The digests of what other software said, among events with ids from $1 on, oldest first.
SELECT data ->> 'digest' AS digest FROM events
WHERE id >= $1 AND kind = 'external' AND data ->> 'digest' IS NOT NULL
ORDER BY id;

-- name: read_mirror_key
-- The key that only hosts of this database know.
SELECT mirror_key FROM journal;
