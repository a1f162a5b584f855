-- name: read_rules
-- Read the rules that were set through the API, in their order.
SELECT name, body FROM rules ORDER BY place;

-- name: lock_rules
-- Let one change of the rules at a time pass.
LOCK TABLE rules IN SHARE ROW EXCLUSIVE MODE;

-- name: drop_rules
-- Forget all of them.
DELETE FROM rules;

-- name: insert_rules
-- Write the rules anew.
INSERT INTO rules (name, body, place, changed_by, changed_at)
SELECT name, body::jsonb, place, $1, $2
FROM unnest($3::text[], $4::text[], $5::integer[]) AS rule (name, body, place);

-- name: read_firings
-- Read at most $2 firings since $1, newest first.
SELECT id, rule, kind, subject, action, shadow, fired_at, said, observed, threshold, delta, campaigns
FROM rule_firings
WHERE fired_at >= $1
ORDER BY fired_at DESC, id DESC
LIMIT $2;

-- name: insert_firings
-- Write firings; one that stands already stays.
INSERT INTO rule_firings (id, rule, kind, subject, action, shadow, fired_at, said, observed, threshold, delta,
    campaigns)
SELECT id, rule, kind, subject, action, shadow, fired_at, said, observed, threshold, delta, campaigns::jsonb
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[], $8::text[],
    $9::double precision[], $10::double precision[], $11::double precision[], $12::text[]
) AS firing (id, rule, kind, subject, action, shadow, fired_at, said, observed, threshold, delta, campaigns)
ON CONFLICT (id) DO NOTHING;

-- name: save_looks
-- Write what became of looks, or how long it has been so.
INSERT INTO rule_looks (id, rule, subject, outcome, skip, detail, since, until, times)
SELECT *
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
    $8::timestamptz[], $9::bigint[])
ON CONFLICT (id) DO UPDATE SET until = excluded.until, times = excluded.times, detail = excluded.detail;

-- name: purge_looks
-- Forget looks that ended before $1.
DELETE FROM rule_looks WHERE until < $1;

-- name: find_stock
-- Products with linked campaigns that are at or below their floor, among the SKUs of $1, of all when that is
-- null; and those of $2 whatever they have.
SELECT sku, on_hand - reserved AS available, floor, platforms, campaign_ids
FROM stocked_products
WHERE ((on_hand - reserved <= floor AND ($1::text[] IS NULL OR sku = ANY ($1::text[]))) OR sku = ANY ($2::text[]))
    AND EXISTS (SELECT 1 FROM product_campaigns link WHERE link.sku = stocked_products.sku)
ORDER BY sku;

-- name: find_sell_rates
-- Units of each advertised SKU sold since the day $1 (UTC), and how many came back.
SELECT sku, sum(units)::bigint AS sold, coalesce((
    SELECT sum(quantity) FROM stock_moves
    WHERE stock_moves.sku = sales_days.sku AND kind = 'return' AND at >= $1::date::timestamp AT TIME ZONE 'UTC'
), 0)::bigint AS returned
FROM sales_days
WHERE day >= $1 AND EXISTS (SELECT 1 FROM product_campaigns link WHERE link.sku = sales_days.sku)
GROUP BY sku;

-- name: read_ledger
-- What each campaign spent and earned on each day since $1, in the currency $2.
SELECT platform, attributes ->> 'campaign_id' AS campaign_id, day, sum(spend_micros)::bigint AS spend_micros,
    sum(revenue_micros)::bigint AS revenue_micros
FROM outcomes
WHERE day >= $1 AND currency = $2
GROUP BY 1, 2, 3;

-- name: find_open_actions
-- Campaigns with an action under way; ``unknown``: nobody knows what became of it.
SELECT DISTINCT platform, campaign_id, state = 'unknown' AS unknown
FROM actions
WHERE state IN ('intended', 'sent', 'unknown');

-- name: read_sources
-- When each source was last read without an error, as far as that is known, and whether it is muted.
SELECT name, muted, CASE WHEN errors = 0 THEN last_polled_at ELSE last_item_at END AS read_at
FROM sources;

-- name: read_past_outcomes
-- Every version of every row of the ledger from $1 to $2 in the currency $3, at most $4.
SELECT external_id, platform, attributes ->> 'campaign_id' AS campaign_id, day, spend_micros, revenue_micros,
    recorded_at AS known_at
FROM outcomes
WHERE day BETWEEN $1 AND $2 AND currency = $3
UNION ALL
SELECT external_id, platform, campaign_id, day, spend_micros, revenue_micros, known_at
FROM outcome_revisions
WHERE day BETWEEN $1 AND $2 AND currency = $3
ORDER BY external_id, known_at
LIMIT $4;

-- name: read_past_stock
-- What was left of each advertised SKU at the end of each day (UTC) on which it moved, from $1 to before $2;
-- units sold on that day, and units that came back.
SELECT last.sku, last.day, last.remaining, coalesce(sales_days.units, 0)::bigint AS sold, coalesce((
    SELECT sum(quantity) FROM stock_moves
    WHERE stock_moves.sku = last.sku AND kind = 'return' AND (at AT TIME ZONE 'UTC')::date = last.day
), 0)::bigint AS returned
FROM (
    SELECT DISTINCT ON (sku, (at AT TIME ZONE 'UTC')::date) sku, (at AT TIME ZONE 'UTC')::date AS day, remaining
    FROM stock_ledger
    WHERE at >= $1 AND at < $2
        AND EXISTS (SELECT 1 FROM product_campaigns link WHERE link.sku = stock_ledger.sku)
    ORDER BY sku, (at AT TIME ZONE 'UTC')::date, at DESC, id DESC, line DESC
) AS last
LEFT JOIN sales_days USING (sku, day);

-- name: read_places
-- Every product with linked campaigns.
SELECT sku, floor, platforms, campaign_ids
FROM stocked_products
WHERE EXISTS (SELECT 1 FROM product_campaigns link WHERE link.sku = stocked_products.sku);
