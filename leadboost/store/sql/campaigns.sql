-- name: read_last_day
-- The newest day of any outcome, by the indices in which the learner finds its rows.
SELECT greatest(
    (SELECT day FROM outcomes WHERE state = 'pending' ORDER BY day DESC LIMIT 1),
    (SELECT day FROM outcomes WHERE state <> 'pending' ORDER BY day DESC LIMIT 1)
);

-- name: read_results
-- What each campaign that an outcome names spent and earned since $1 in the currency $2.
SELECT platform, attributes ->> 'campaign_id' AS campaign_id, sum(spend_micros)::bigint AS spend_micros,
    sum(revenue_micros)::bigint AS revenue_micros, count(DISTINCT day) AS days, max(day) AS last_day
FROM outcomes
WHERE day >= $1 AND currency = $2 AND attributes ? 'campaign_id'
GROUP BY 1, 2;

-- name: read_actions
-- The last $1 actions, newest first.
SELECT platform, campaign_id, kind, state, error, intended_at, settled_at
FROM actions
ORDER BY seq DESC
LIMIT $1;

-- name: read_links
-- Which campaign advertises which product.
SELECT platform, campaign_id, sku FROM product_campaigns ORDER BY platform, campaign_id, sku;

-- name: read_refused_links
-- Which links were proposed and refused.
SELECT platform, campaign_id, sku FROM refused_links;

-- name: read_titles
-- The titles of the first $1 products.
SELECT sku, title FROM products ORDER BY sku LIMIT $1;

-- name: add_link
-- Link a product to a campaign; returns the SKU unless it is not known.
WITH known AS (
    SELECT sku FROM products WHERE sku = $3
), linked AS (
    INSERT INTO product_campaigns (sku, platform, campaign_id)
    SELECT sku, $1, $2 FROM known
    ON CONFLICT DO NOTHING
)
SELECT sku FROM known;

-- name: allow_link
-- Forget that a link was refused.
DELETE FROM refused_links WHERE platform = $1 AND campaign_id = $2 AND sku = $3;

-- name: refuse_link
-- Remember that a link was refused; returns the SKU unless it is not known.
WITH known AS (
    SELECT sku FROM products WHERE sku = $3
), refused AS (
    INSERT INTO refused_links (platform, campaign_id, sku, refused_at)
    SELECT $1, $2, sku, $4 FROM known
    ON CONFLICT DO NOTHING
)
SELECT sku FROM known;

-- name: note_cut
-- Note a lowered budget among the actions, once for each firing and campaign.
INSERT INTO actions (id, origin, kind, platform, campaign_id, arguments_hash, state, sends, error, intended_at,
    sent_at, settled_at)
VALUES ($1, $2, 'lower_budget', $3, $4, '', $5, 1, $6, $7, $7, $8)
ON CONFLICT ON CONSTRAINT actions_logical_key DO NOTHING
RETURNING id;
