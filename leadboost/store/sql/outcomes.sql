-- name: record_outcomes
-- Store new and changed outcomes; returns for each of these whether it was known with other content.
-- Places count in order of arrival, rows are locked in order of id, so that writers never wait in a circle.
WITH told AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('outcomes', 'seq')) AS seq, rows.*
    FROM unnest($2::text[], $3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[],
        $9::bigint[], $10::bigint[], $11::text[], $12::text[])
        AS rows (external_id, platform, day, spend_micros, revenue_micros, currency, clicks, impressions,
        conversions, attributes, signal_ids)
)
INSERT INTO outcomes (seq, external_id, platform, day, spend_micros, revenue_micros, currency, clicks,
    impressions, conversions, attributes, signal_ids, recorded_at)
SELECT seq, external_id, platform, day, spend_micros, revenue_micros, currency, clicks, impressions,
    conversions, attributes::jsonb, string_to_array(signal_ids, ',')::uuid[], $1
FROM told
ORDER BY external_id COLLATE "C"
ON CONFLICT (external_id) DO UPDATE SET
    platform = excluded.platform,
    day = excluded.day,
    spend_micros = excluded.spend_micros,
    revenue_micros = excluded.revenue_micros,
    currency = excluded.currency,
    clicks = excluded.clicks,
    impressions = excluded.impressions,
    conversions = excluded.conversions,
    attributes = excluded.attributes,
    signal_ids = excluded.signal_ids,
    recorded_at = excluded.recorded_at,
    state = CASE outcomes.state WHEN 'pending' THEN 'pending' ELSE 'corrected' END,
    revision = outcomes.revision + 1
WHERE (outcomes.platform, outcomes.day, outcomes.spend_micros, outcomes.revenue_micros, outcomes.currency,
    outcomes.clicks, outcomes.impressions, outcomes.conversions, outcomes.attributes, outcomes.signal_ids)
    IS DISTINCT FROM (excluded.platform, excluded.day, excluded.spend_micros, excluded.revenue_micros,
    excluded.currency, excluded.clicks, excluded.impressions, excluded.conversions, excluded.attributes,
    excluded.signal_ids)
RETURNING revision > 1;

-- name: read_pending
-- Read at most $1 outcomes that were never learned, by day, then in order of arrival; each with the
-- features of version $2 of its signals. One recorded since $3 waits for its signals that are still pending.
SELECT seq, revision, external_id, platform, day, spend_micros, revenue_micros, currency, clicks,
    impressions, conversions, attributes, signal_ids, (
        SELECT jsonb_agg(features)
        FROM raw_signals
        WHERE raw_signals.id = ANY (outcomes.signal_ids) AND feature_version = $2
    ) AS heard
FROM outcomes
WHERE state = 'pending' AND (
    recorded_at < $3
    OR NOT EXISTS (
        SELECT FROM raw_signals WHERE raw_signals.id = ANY (outcomes.signal_ids) AND raw_signals.state = 'pending'
    )
)
ORDER BY day, seq
LIMIT $1;

-- name: read_corrected
-- Read places and revisions of at most $1 outcomes that changed after they were learned.
SELECT seq, revision FROM outcomes WHERE state = 'corrected' ORDER BY seq LIMIT $1;

-- name: read_learned_places
-- Read the places of the last $1 learned outcomes, by day, then in order of arrival.
SELECT seq
FROM (
    SELECT day, seq FROM outcomes WHERE state IN ('processed', 'corrected') ORDER BY day DESC, seq DESC LIMIT $1
) AS last
ORDER BY day, seq;

-- name: read_outcomes
-- Read the outcomes of places $1, by day, then in order of arrival; each with the features of version $2
-- of its signals.
SELECT external_id, platform, day, spend_micros, revenue_micros, currency, clicks, impressions, conversions,
    attributes, signal_ids, (
        SELECT jsonb_agg(features)
        FROM raw_signals
        WHERE raw_signals.id = ANY (outcomes.signal_ids) AND feature_version = $2
    ) AS heard
FROM outcomes
WHERE seq = ANY ($1::bigint[])
ORDER BY day, seq;

-- name: count_pending
-- Count the outcomes that wait to be learned, for the first time or again.
SELECT (SELECT count(*) FROM outcomes WHERE state = 'pending')
    + (SELECT count(*) FROM outcomes WHERE state = 'corrected');

-- name: lock_learned
-- Lock the outcomes of places $1 in the order in which recorders lock them.
SELECT 1 FROM outcomes WHERE seq = ANY ($1::bigint[]) ORDER BY external_id FOR UPDATE;

-- name: mark_learned
-- Mark outcomes (places $1) as learned by version $3, unless an earlier one did; one whose revision is no
-- longer the learned one ($2) is corrected.
UPDATE outcomes
SET state = CASE WHEN outcomes.revision = learned.revision THEN 'processed' ELSE 'corrected' END,
    learned_in = coalesce(learned_in, $3)
FROM unnest($1::bigint[], $2::integer[]) AS learned (seq, revision)
WHERE outcomes.seq = learned.seq;

-- name: set_aside
-- Set aside what versions after $1 learned, up to $2, as far as it has not changed since. No version has
-- learned these rows then: the one that learns them corrected counts, for a later call.
WITH bad AS MATERIALIZED (
    SELECT seq FROM outcomes
    WHERE learned_in > $1 AND learned_in <= $2
    ORDER BY external_id
    FOR UPDATE
)
UPDATE outcomes
SET state = CASE state WHEN 'processed' THEN 'set_aside' ELSE state END, learned_in = NULL
WHERE seq IN (SELECT seq FROM bad);
