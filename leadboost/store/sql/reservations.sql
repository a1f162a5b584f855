-- name: find_named
-- Name the SKUs of reservations and sales among $1.
SELECT id, sku FROM reservations WHERE id = ANY ($1::uuid[])
UNION ALL
SELECT id, sku FROM sales WHERE id = ANY ($1::uuid[]);

-- name: find_reservations
-- Read the reservations $1; whoever holds their stock rows sees the last word.
SELECT id, sku, quantity, state FROM reservations WHERE id = ANY ($1::uuid[]);

-- name: add_reservations
-- Keep units from now ($1) on.
INSERT INTO reservations (id, sku, quantity, principal, trace, created_at, expires_at)
SELECT id, sku, quantity, principal, trace, $1, expires_at
FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::uuid[], $7::timestamptz[])
    AS held (id, sku, quantity, principal, trace, expires_at);

-- name: end_reservations
-- End reservations that are held, now ($1).
UPDATE reservations
SET state = ended.state, ended_at = $1, ended_by = ended.by, ended_trace = ended.trace, sale_id = ended.sale_id
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[]) AS ended (id, state, by, trace, sale_id)
WHERE reservations.id = ended.id AND reservations.state = 'held';

-- name: expire_reservations
-- End what has run out by now ($1) of the SKUs $2, whose stock rows we hold.
UPDATE reservations SET state = 'expired', ended_at = $1, ended_by = 'expiry'
WHERE sku = ANY ($2::text[]) AND state = 'held' AND expires_at <= $1
RETURNING sku, quantity;

-- name: find_expired
-- Name SKUs of which something has run out by now ($1), looking at no more than $2 reservations.
SELECT DISTINCT sku
FROM (
    SELECT sku FROM reservations WHERE state = 'held' AND expires_at <= $1 ORDER BY expires_at LIMIT $2
) AS due
ORDER BY sku;

-- name: list_held
-- Read what is kept of SKU $1, what ends first first, at most $2.
SELECT id, sku, quantity, principal AS by, created_at, expires_at
FROM reservations
WHERE sku = $1 AND state = 'held'
ORDER BY expires_at, id
LIMIT $2;
