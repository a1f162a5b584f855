-- name: load_progress
-- Read how far the journal was looked through.
SELECT epoch, "offset" FROM alert_progress;

-- name: save_progress
-- Store how far the journal was looked through: epoch $1, offset $2.
INSERT INTO alert_progress (epoch, "offset") VALUES ($1, $2)
ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, "offset" = excluded."offset";

-- name: lock_keys
-- Let one change of alerts at a time pass: two hosts may raise the same at once.
SELECT pg_advisory_xact_lock(7461903);

-- name: lock_alerts
-- Read and lock the alerts of these keys $1, and of the keys that begin with one of $2, that are not over.
SELECT * FROM alerts
WHERE state <> 'resolved' AND (key = ANY ($1::text[]) OR key ^@ ANY ($2::text[]))
ORDER BY id
FOR UPDATE;

-- name: lock_alert
-- Read and lock one alert.
SELECT * FROM alerts WHERE id = $1 FOR UPDATE;

-- name: lock_due
-- Read and lock at most $2 alerts that nobody acknowledged in time by $1.
SELECT * FROM alerts WHERE next_round_at <= $1 ORDER BY next_round_at LIMIT $2 FOR UPDATE;

-- name: save_alert
-- Upsert one alert.
INSERT INTO alerts (
    id, key, severity, title, detail, subjects, momentary, state, count, rounds, raised_at, last_at,
    notified_at, next_round_at, acknowledged_at, acknowledged_by, note, resolved_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (id) DO UPDATE SET
    severity = excluded.severity,
    title = excluded.title,
    detail = excluded.detail,
    subjects = excluded.subjects,
    state = excluded.state,
    count = excluded.count,
    rounds = excluded.rounds,
    last_at = excluded.last_at,
    notified_at = excluded.notified_at,
    next_round_at = excluded.next_round_at,
    acknowledged_at = excluded.acknowledged_at,
    acknowledged_by = excluded.acknowledged_by,
    note = excluded.note,
    resolved_at = excluded.resolved_at;

-- name: add_deliveries
-- Have channels told: ids $1, alerts $2, channels $3 and notices $4, which of them were told already $5, at $6.
INSERT INTO alert_deliveries (
    id, alert_id, channel, notice, state, attempts, created_at, next_try_at, settled_at
)
SELECT id, alert_id, channel, notice,
    CASE WHEN told THEN 'delivered' ELSE 'pending' END, told::integer, $6::timestamptz,
    $6::timestamptz, CASE WHEN told THEN $6::timestamptz END
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[])
    AS new (id, alert_id, channel, notice, told);

-- name: drop_excess
-- Give up the oldest of what waits for a channel beyond the newest $1, at $2.
UPDATE alert_deliveries SET state = 'dropped', settled_at = $2, error = 'too much waited for this channel'
WHERE id IN (
    SELECT id
    FROM (
        SELECT id, row_number() OVER (PARTITION BY channel ORDER BY id DESC) AS place
        FROM alert_deliveries
        WHERE state = 'pending'
    ) AS waiting
    WHERE place > $1
);

-- name: told_channels
-- The channels that were told of an alert, or are about to be.
SELECT DISTINCT channel FROM alert_deliveries WHERE alert_id = $1;

-- name: next_deliveries
-- The delivery that goes out next at $2 for each of these channels $1, with its alert: what weighs most first, of
-- one alert in order.
SELECT first.*, alerts.key, alerts.severity, alerts.title, alerts.detail, alerts.subjects, alerts.momentary,
    alerts.state AS alert_state, alerts.count, alerts.rounds, alerts.raised_at, alerts.last_at,
    alerts.notified_at, alerts.next_round_at, alerts.acknowledged_at, alerts.acknowledged_by, alerts.note,
    alerts.resolved_at
FROM unnest($1::text[]) AS wanted (channel)
CROSS JOIN LATERAL (
    SELECT due.id AS delivery_id, due.alert_id, due.channel, due.notice, due.attempts, due.created_at
    FROM alert_deliveries AS due
    JOIN alerts AS weighed ON weighed.id = due.alert_id
    WHERE due.state = 'pending' AND due.channel = wanted.channel AND due.next_try_at <= $2
        AND NOT EXISTS (
            SELECT FROM alert_deliveries AS earlier
            WHERE earlier.alert_id = due.alert_id AND earlier.channel = due.channel
                AND earlier.state = 'pending' AND earlier.id < due.id
        )
    ORDER BY array_position(ARRAY['critical', 'warning', 'info'], weighed.severity), due.next_try_at, due.id
    LIMIT 1
) AS first
JOIN alerts ON alerts.id = first.alert_id;

-- name: settle_delivery
-- Note what became of a try: state $2, error $3, next try at $4, settled at $5.
UPDATE alert_deliveries
SET state = $2, error = $3, next_try_at = coalesce($4, next_try_at), settled_at = $5, attempts = attempts + 1
WHERE id = $1 AND state = 'pending';

-- name: hasten_round
-- Pass an alert that nobody acknowledged on by $2.
UPDATE alerts SET next_round_at = $2 WHERE id = $1 AND next_round_at > $2;

-- name: page_alerts
-- The alerts that are not over, and the last $1 that are, newest first, each with what channels were told.
SELECT alerts.*, coalesce(told.deliveries, '[]'::jsonb) AS deliveries
FROM (
    SELECT * FROM alerts WHERE state <> 'resolved'
    UNION ALL
    (SELECT * FROM alerts WHERE state = 'resolved' ORDER BY resolved_at DESC LIMIT $1)
) AS alerts
LEFT JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object(
            'channel', channel, 'notice', notice, 'state', state, 'attempts', attempts,
            'created_at', created_at, 'settled_at', settled_at, 'error', error
        )
        ORDER BY id
    ) AS deliveries
    FROM (
        SELECT * FROM alert_deliveries WHERE alert_id = alerts.id ORDER BY id DESC LIMIT 50
    ) AS newest
) AS told ON true
ORDER BY raised_at DESC, alerts.id DESC
LIMIT $2;

-- name: count_alerts
-- How many alerts nobody sees to, by weight, and how many deliveries wait or failed for alerts that are not over.
SELECT
    count(*) FILTER (WHERE state = 'open') AS open,
    count(*) FILTER (WHERE state = 'open' AND severity = 'critical') AS critical,
    count(*) FILTER (WHERE state = 'acknowledged') AS acknowledged,
    (
        SELECT count(DISTINCT alert_id)
        FROM alert_deliveries
        JOIN alerts ON alerts.id = alert_id AND alerts.state <> 'resolved'
        WHERE alert_deliveries.error IS NOT NULL AND alert_deliveries.state <> 'delivered'
    ) AS undelivered
FROM alerts
WHERE state <> 'resolved';

-- name: count_pending
-- How much waits for each channel.
SELECT channel, count(*) AS pending FROM alert_deliveries WHERE state = 'pending' GROUP BY channel;

-- name: delete_old
-- Forget at most $2 alerts that were over before $1.
DELETE FROM alerts
WHERE id IN (SELECT id FROM alerts WHERE state = 'resolved' AND resolved_at < $1 ORDER BY resolved_at LIMIT $2);
