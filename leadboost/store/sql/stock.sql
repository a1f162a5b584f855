-- name: lock_stock
-- Lock the stock rows of $1 in SKU order, so that no two sales wait for each other in a circle.
SELECT sku, on_hand, reserved, floor
FROM stock
WHERE sku = ANY ($1::text[])
ORDER BY sku
FOR UPDATE;

-- name: find_held
-- Name those of $1 whose product or stock row someone else holds locked right now.
WITH free AS (
    SELECT sku
    FROM products JOIN stock USING (sku)
    WHERE sku = ANY ($1::text[])
    FOR UPDATE SKIP LOCKED
)
SELECT sku FROM stock WHERE sku = ANY ($1::text[])
EXCEPT
SELECT sku FROM free;

-- name: put_products
-- Create products in SKU order, or change what is given of them; returns the currency of each.
-- A product changes its currency ($6) only together with all the money that it has.
INSERT INTO products (sku, title, url, price_micros, unit_cost_micros, currency, updated_at)
SELECT sku, title, url, price_micros, unit_cost_micros, $6, $7
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
    AS put (sku, title, url, price_micros, unit_cost_micros)
ORDER BY sku COLLATE "C"
ON CONFLICT (sku) DO UPDATE SET
    title = coalesce(excluded.title, products.title),
    url = coalesce(excluded.url, products.url),
    price_micros = coalesce(excluded.price_micros, products.price_micros),
    unit_cost_micros = coalesce(excluded.unit_cost_micros, products.unit_cost_micros),
    currency = CASE
        WHEN (excluded.price_micros IS NOT NULL OR products.price_micros IS NULL)
            AND (excluded.unit_cost_micros IS NOT NULL OR products.unit_cost_micros IS NULL)
        THEN excluded.currency
        ELSE products.currency
    END,
    updated_at = excluded.updated_at
RETURNING sku, currency;

-- name: put_stock
-- Create the stock rows of products in SKU order, or set their levels, now ($1).
INSERT INTO stock (sku, on_hand, floor, stocked_at, out_since)
SELECT sku, on_hand, floor, $1::timestamptz, CASE WHEN on_hand <= 0 THEN $1::timestamptz END
FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS level (sku, on_hand, floor)
ORDER BY sku COLLATE "C"
ON CONFLICT (sku) DO UPDATE
SET on_hand = excluded.on_hand,
    floor = excluded.floor,
    short = greatest(stock.reserved - excluded.on_hand, 0),
    out_since = CASE WHEN excluded.on_hand <= stock.reserved THEN coalesce(stock.out_since, $1) END;

-- name: remove_campaigns
-- Forget the campaigns that advertise these products.
DELETE FROM product_campaigns WHERE sku = ANY ($1::text[]);

-- name: add_campaigns
-- Link products to the campaigns that advertise them.
INSERT INTO product_campaigns (sku, platform, campaign_id)
SELECT sku, platform, campaign_id
FROM unnest($1::text[], $2::text[], $3::text[]) AS link (sku, platform, campaign_id)
ON CONFLICT DO NOTHING;

-- name: list_products
-- Read products with their stock and campaigns in SKU order after $1, at most $2.
SELECT * FROM stocked_products WHERE sku > $1 ORDER BY sku LIMIT $2;

-- name: read_histories
-- What these SKUs ($1) sold by day since $2, and when there was nothing to sell: up to now ($3) if that lasts.
SELECT sku, stocked_at,
    ARRAY (SELECT day FROM sales_days d WHERE d.sku = s.sku AND day >= $2 ORDER BY day) AS days,
    ARRAY (SELECT units FROM sales_days d WHERE d.sku = s.sku AND day >= $2 ORDER BY day) AS units,
    ARRAY (SELECT since FROM stock_outs o WHERE o.sku = s.sku AND until >= $2 ORDER BY until, since)
        || CASE WHEN out_since IS NULL THEN '{}'::timestamptz[] ELSE ARRAY[out_since] END AS sinces,
    ARRAY (SELECT until FROM stock_outs o WHERE o.sku = s.sku AND until >= $2 ORDER BY until, since)
        || CASE WHEN out_since IS NULL THEN '{}'::timestamptz[] ELSE ARRAY[greatest($3, out_since)] END AS untils
FROM stock s
WHERE sku = ANY ($1::text[]);

-- name: read_products
-- Read these products with their stock and campaigns.
SELECT * FROM stocked_products WHERE sku = ANY ($1::text[]);
