-- name: lock_stock
-- Lock the stock rows of $1 in SKU order, so that no two sales wait for each other in a circle.
SELECT sku, on_hand, reserved, floor
FROM stock
WHERE sku = ANY ($1::text[])
ORDER BY sku
FOR UPDATE;

-- name: put_product
-- Create a product, or change what is given of it.
INSERT INTO products (sku, title, url, price_micros, unit_cost_micros, currency, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (sku) DO UPDATE SET
    title = coalesce(excluded.title, products.title),
    url = coalesce(excluded.url, products.url),
    price_micros = coalesce(excluded.price_micros, products.price_micros),
    unit_cost_micros = coalesce(excluded.unit_cost_micros, products.unit_cost_micros),
    updated_at = excluded.updated_at;

-- name: put_stock
-- Create the stock row of a product, or set its level.
INSERT INTO stock (sku, on_hand, floor)
VALUES ($1, $2, $3)
ON CONFLICT (sku) DO UPDATE SET on_hand = excluded.on_hand, floor = excluded.floor;

-- name: remove_campaigns
-- Forget the campaigns that advertise a product.
DELETE FROM product_campaigns WHERE sku = $1;

-- name: add_campaigns
-- Link a product to the campaigns that advertise it.
INSERT INTO product_campaigns (sku, platform, campaign_id)
SELECT $1, platform, campaign_id
FROM unnest($2::text[], $3::text[]) AS link (platform, campaign_id)
ON CONFLICT DO NOTHING;

-- name: list_products
-- Read products with their stock and campaigns in SKU order after $1, at most $2.
SELECT * FROM stocked_products WHERE sku > $1 ORDER BY sku LIMIT $2;

-- name: read_product
-- Read one product with its stock and campaigns.
SELECT * FROM stocked_products WHERE sku = $1;
