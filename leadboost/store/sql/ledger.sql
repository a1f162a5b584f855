-- name: find_sold
-- Read the lines of the sales $1, and how much of each came back since.
SELECT id, line, sku, quantity,
    coalesce((SELECT sum(back.quantity) FROM stock_moves AS back
        WHERE back.sale_id = sales.id AND back.line = sales.line), 0)::bigint AS returned
FROM sales
WHERE id = ANY ($1::uuid[])
ORDER BY id, line;

-- name: add_moves
-- Write down changes of what is on hand; a return has the price of its sale, another the SKU's currency.
INSERT INTO stock_moves (id, sku, kind, quantity, remaining, at, by, reason, trace, sale_id, line,
    unit_price_micros, unit_cost_micros, currency)
SELECT move.id, move.sku, move.kind, move.quantity, move.remaining, $1, move.by, move.reason, move.trace,
    move.sale_id, move.line, sales.unit_price_micros, coalesce(sales.unit_cost_micros, move.unit_cost_micros),
    coalesce(sales.currency, products.currency)
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
    $9::uuid[], $10::uuid[], $11::smallint[], $12::bigint[])
    AS move (id, sku, kind, quantity, remaining, by, reason, trace, sale_id, line, unit_cost_micros)
JOIN products USING (sku)
LEFT JOIN sales ON sales.id = move.sale_id AND sales.line = move.line;

-- name: end_outs
-- Write down how long these SKUs ($2), which we hold and which have something to sell again, had nothing.
INSERT INTO stock_outs (sku, since, until)
SELECT sku, out_since, greatest($1, out_since) FROM stock WHERE sku = ANY ($2::text[]) AND out_since IS NOT NULL
ON CONFLICT DO NOTHING;

-- name: list_moves
-- Read the ledger of SKU $1, newest first, at most $2 rows.
SELECT id, at, kind, quantity, remaining, by, reason, trace, sale_id, unit_price_micros, unit_cost_micros,
    currency
FROM stock_ledger
WHERE sku = $1
ORDER BY at DESC, id DESC, line DESC
LIMIT $2;

-- name: balance_account
-- What is on hand of SKU $1, and what its ledger says.
SELECT on_hand,
    (coalesce((SELECT sum(quantity) FROM stock_moves WHERE stock_moves.sku = stock.sku), 0)
        - coalesce((SELECT sum(units) FROM sales_days WHERE sales_days.sku = stock.sku), 0))::bigint AS balance
FROM stock
WHERE sku = $1;
