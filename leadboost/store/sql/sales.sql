-- name: find_answers
-- Read the answers stored for pairs of principal ($1) and key ($2); one index probe per pair.
SELECT stored.*
FROM unnest($1::text[], $2::text[]) AS wanted (principal, key),
    LATERAL (
        SELECT principal, key, request_hash, status, body
        FROM idempotency
        WHERE idempotency.principal = wanted.principal AND idempotency.key = wanted.key
        LIMIT 1
    ) AS stored;

-- name: write_sales
-- Store the answers in key order, the lines sold at today's price, the day's sum and the new levels.
-- A key stored meanwhile is a conflict.
WITH answered AS (
    INSERT INTO idempotency (principal, key, request_hash, status, body, created_at)
    SELECT principal, key, request_hash, status, body, $1::timestamptz
    FROM unnest($2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::bytea[])
        AS answer (principal, key, request_hash, status, body)
    ORDER BY principal COLLATE "C", key COLLATE "C"
), sale AS MATERIALIZED (
    SELECT sale.*, price_micros, unit_cost_micros, currency
    FROM unnest($7::uuid[], $8::smallint[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::text[],
        $14::uuid[]) AS sale (id, line, sku, quantity, remaining, principal, key, trace)
    JOIN products USING (sku)
), sold AS (
    INSERT INTO sales (id, line, sku, quantity, remaining, principal, idempotency_key, sold_at, trace,
        unit_price_micros, unit_cost_micros, currency)
    SELECT id, line, sku, quantity, remaining, principal, key, $1, trace, price_micros, unit_cost_micros,
        currency
    FROM sale
), summed AS (
    INSERT INTO sales_days (sku, day, units, revenue_micros)
    SELECT sku, ($1::timestamptz AT TIME ZONE 'UTC')::date, sum(quantity), coalesce(sum(quantity * price_micros), 0)
    FROM sale
    GROUP BY sku
    ON CONFLICT (sku, day) DO UPDATE
    SET units = sales_days.units + excluded.units,
        revenue_micros = sales_days.revenue_micros + excluded.revenue_micros
)
UPDATE stock
SET on_hand = level.on_hand,
    reserved = level.reserved,
    short = least(short, greatest(level.reserved - level.on_hand, 0)),
    out_since = CASE WHEN level.on_hand <= level.reserved THEN coalesce(out_since, $1::timestamptz) END
FROM unnest($15::text[], $16::bigint[], $17::bigint[]) AS level (sku, on_hand, reserved)
WHERE stock.sku = level.sku;

-- name: add_unknown_products
-- Create products ($1) that were sold elsewhere and are unknown here, with nothing on hand, now ($2).
WITH known AS (
    INSERT INTO products (sku, currency, updated_at)
    SELECT sku, $3, $2 FROM unnest($1::text[]) AS sku ORDER BY sku COLLATE "C"
    ON CONFLICT DO NOTHING
    RETURNING sku
)
INSERT INTO stock (sku, stocked_at, out_since) SELECT sku, $2, $2 FROM known ON CONFLICT DO NOTHING;

-- name: write_outside
-- Store lines sold elsewhere, the day's sum, and how far the new levels ($12) go beyond what there was.
WITH sold AS (
    INSERT INTO sales (sold_at, channel, id, line, sku, quantity, remaining, principal, idempotency_key, trace,
        unit_price_micros, currency)
    SELECT $1::timestamptz, principal, id, line, sku, quantity, remaining, principal, key, trace, price, currency
    FROM unnest($2::uuid[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
        $9::uuid[], $10::bigint[], $11::text[])
        AS sale (id, line, sku, quantity, remaining, principal, key, trace, price, currency)
    RETURNING sku, quantity, unit_price_micros
), summed AS (
    INSERT INTO sales_days (sku, day, units, revenue_micros)
    SELECT sku, ($1::timestamptz AT TIME ZONE 'UTC')::date, sum(quantity),
        coalesce(sum(quantity * unit_price_micros), 0)
    FROM sold
    GROUP BY sku
    ON CONFLICT (sku, day) DO UPDATE
    SET units = sales_days.units + excluded.units,
        revenue_micros = sales_days.revenue_micros + excluded.revenue_micros
)
UPDATE stock SET short = greatest(level.reserved - level.on_hand, 0)
FROM unnest($12::text[], $13::bigint[], $14::bigint[]) AS level (sku, on_hand, reserved)
WHERE stock.sku = level.sku;

-- name: write_levels
-- Write new levels of SKUs whose rows we hold, now ($1).
UPDATE stock
SET on_hand = level.on_hand,
    reserved = level.reserved,
    short = least(short, greatest(level.reserved - level.on_hand, 0)),
    out_since = CASE WHEN level.on_hand <= level.reserved THEN coalesce(out_since, $1::timestamptz) END
FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS level (sku, on_hand, reserved)
WHERE stock.sku = level.sku;

-- name: purge_answers
-- Delete at most $2 answers stored before $1.
DELETE FROM idempotency
WHERE (principal, key) IN (SELECT principal, key FROM idempotency WHERE created_at < $1 LIMIT $2)
RETURNING 1;
