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
-- Store the answers in key order, the lines sold and the new levels; a key stored meanwhile is a conflict.
WITH answered AS (
    INSERT INTO idempotency (principal, key, request_hash, status, body, created_at)
    SELECT principal, key, request_hash, status, body, $1
    FROM unnest($2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::bytea[])
        AS answer (principal, key, request_hash, status, body)
    ORDER BY principal COLLATE "C", key COLLATE "C"
), sold AS (
    INSERT INTO sales (id, line, sku, quantity, remaining, principal, idempotency_key, sold_at)
    SELECT id, line, sku, quantity, remaining, principal, key, $1
    FROM unnest($7::uuid[], $8::smallint[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
        AS sale (id, line, sku, quantity, remaining, principal, key)
)
UPDATE stock SET on_hand = level.on_hand
FROM unnest($14::text[], $15::bigint[]) AS level (sku, on_hand)
WHERE stock.sku = level.sku;

-- name: purge_answers
-- Delete at most $2 answers stored before $1.
DELETE FROM idempotency
WHERE (principal, key) IN (SELECT principal, key FROM idempotency WHERE created_at < $1 LIMIT $2)
RETURNING 1;
