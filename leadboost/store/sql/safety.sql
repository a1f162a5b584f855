-- name: load_halts
-- Read open halts and the last $1 resumed ones, newest first, each with who approved since its last stop.
SELECT halts.id, scope, halts.reason, tripped_by, tripped_at, stopped_at, state,
    ARRAY (
        SELECT approver FROM halt_approvals a WHERE a.halt_id = halts.id AND a.at > stopped_at ORDER BY at
    ) AS approvals
FROM halts
WHERE state <> 'resumed'
    OR id IN (SELECT id FROM halts WHERE state = 'resumed' ORDER BY resumed_at DESC LIMIT $1)
ORDER BY tripped_at DESC, id;

-- name: load_items
-- Read the items of these halts.
SELECT halt_id, platform, campaign_id, status, attempts, name, was_active, daily_budget_micros, currency,
    error, confirmed_at
FROM halt_items
WHERE halt_id = ANY ($1::uuid[])
ORDER BY halt_id, platform, campaign_id;

-- name: lock_latch
-- Let one change of halts at a time pass; an action about to be sent is waited for.
SELECT state FROM safety FOR UPDATE;

-- name: save_halts
-- Upsert halts; one that is resumed stays so.
INSERT INTO halts (id, scope, reason, tripped_by, tripped_at, stopped_at, state)
SELECT *
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[]
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, stopped_at = greatest(halts.stopped_at, excluded.stopped_at)
WHERE halts.state <> 'resumed';

-- name: save_items
-- Upsert items.
INSERT INTO halt_items (
    halt_id, platform, campaign_id, status, attempts, name, was_active, daily_budget_micros, currency, error,
    confirmed_at
)
SELECT *
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::boolean[], $8::bigint[],
    $9::text[], $10::text[], $11::timestamptz[]
)
ON CONFLICT (halt_id, platform, campaign_id) DO UPDATE SET
    status = excluded.status,
    attempts = excluded.attempts,
    name = coalesce(excluded.name, halt_items.name),
    was_active = excluded.was_active,
    daily_budget_micros = coalesce(excluded.daily_budget_micros, halt_items.daily_budget_micros),
    currency = coalesce(excluded.currency, halt_items.currency),
    error = excluded.error,
    confirmed_at = excluded.confirmed_at;

-- name: set_latch
-- Let the latch say what the open halts say: HALTED while a global one is among them; other hosts look again.
UPDATE safety SET
    version = version + 1,
    state = CASE WHEN widest.id IS NULL THEN 'ACTIVE' ELSE 'HALTED' END,
    since = CASE WHEN widest.id IS NULL THEN CASE WHEN state = 'ACTIVE' THEN since ELSE $1 END
        ELSE widest.tripped_at END,
    reason = widest.reason
FROM (SELECT 1) AS one
LEFT JOIN LATERAL (
    SELECT id, tripped_at, reason FROM halts
    WHERE state <> 'resumed' AND scope = 'global'
    ORDER BY tripped_at LIMIT 1
) AS widest ON true;

-- name: read_version
-- A number that every change of halts raises.
SELECT version FROM safety;

-- name: list_links
-- The campaigns linked to these SKUs.
SELECT sku, platform, campaign_id FROM product_campaigns WHERE sku = ANY ($1::text[])
ORDER BY sku, platform, campaign_id;

-- name: add_approval
-- Note one approval, once per person.
INSERT INTO halt_approvals (halt_id, approver, reason, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (halt_id, approver) DO UPDATE SET reason = excluded.reason, at = excluded.at;

-- name: list_approvals
-- Who approved since the last stop, in order.
SELECT approver
FROM halt_approvals JOIN halts ON halts.id = halt_approvals.halt_id
WHERE halts.id = $1 AND at > stopped_at
ORDER BY at, approver;

-- name: end_halt
-- Mark it resumed; no row when it is already, is not there, or was asked for again after $3.
UPDATE halts SET state = 'resumed', resumed_at = $2
WHERE id = $1 AND state <> 'resumed' AND stopped_at <= $3
RETURNING id;

-- name: is_at_floor
-- Whether a SKU still has no more than its floor.
SELECT on_hand - reserved <= floor FROM stock WHERE sku = $1;

-- name: intend_actions
-- Write intents; a logical action that stands already stays as it is.
INSERT INTO actions (id, origin, kind, platform, campaign_id, arguments_hash, halt_id, intended_at)
SELECT id, $5, $6, platform, campaign_id, $7, $4, $8
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS action (id, platform, campaign_id)
ON CONFLICT ON CONSTRAINT actions_logical_key DO NOTHING;

-- name: list_unfinished
-- Actions of halts that are neither confirmed nor failed, oldest first.
SELECT id, halt_id, platform, campaign_id, state, intended_at FROM actions
WHERE state IN ('intended', 'sent', 'unknown') AND halt_id IS NOT NULL
ORDER BY seq;

-- name: share_latch
-- Hold off trips until this transaction ends; its state.
SELECT state FROM safety FOR SHARE;

-- name: send_action
-- Note that an action is about to be sent, at most $3 times in all; no row while an open halt holds its campaign.
UPDATE actions SET state = 'sent', sent_at = $2, sends = sends + 1
WHERE id = $1 AND state IN ('intended', 'sent', 'unknown') AND sends < $3 AND NOT EXISTS (
    SELECT 1 FROM halts LEFT JOIN halt_items ON halt_items.halt_id = halts.id
    WHERE halts.state <> 'resumed' AND (
        (halt_items.platform = actions.platform AND halt_items.campaign_id = actions.campaign_id)
        OR starts_with(halts.scope, 'account:' || actions.platform || ':')
        OR halts.scope = 'campaign:' || actions.platform || ':' || actions.campaign_id
    )
)
RETURNING id;

-- name: settle_action
-- Note what became of an action.
UPDATE actions SET state = $2, error = $3, settled_at = $4
WHERE id = $1 AND state IN ('intended', 'sent', 'unknown')
RETURNING platform, campaign_id, kind;
