-- Stock is accounted for: every change of what is on hand is a row, by whom, why and for which request.

-- ``short`` are the units promised beyond what there is, by orders made elsewhere: sales of our own
-- never add to it. ``out_since`` is when nothing was left to sell.
ALTER TABLE stock
    ADD short bigint NOT NULL DEFAULT 0,
    ADD out_since timestamptz,
    ADD stocked_at timestamptz NOT NULL DEFAULT now(),
    DROP CONSTRAINT stock_on_hand_check,
    DROP CONSTRAINT stock_reserved_check,
    ADD CONSTRAINT stock_reserved_check CHECK (reserved >= 0 AND reserved <= on_hand + short),
    ADD CONSTRAINT stock_short_check CHECK (short >= 0);

UPDATE stock SET out_since = now() WHERE on_hand <= reserved;

-- Price and cost of one unit at the moment of the sale, in micros of ``currency``.
ALTER TABLE sales
    ADD trace uuid,
    ADD unit_price_micros bigint,
    ADD unit_cost_micros bigint,
    ADD currency text,
    ADD channel text,
    DROP CONSTRAINT sales_remaining_check,
    ADD CONSTRAINT sales_remaining_check CHECK (remaining >= 0 OR channel IS NOT NULL);

CREATE INDEX sales_sku_sold_at_idx ON sales (sku, sold_at);

-- What a SKU sold on a day (UTC): one row, kept by the sales themselves.
CREATE TABLE sales_days (
    sku text COLLATE "C" NOT NULL,
    day date NOT NULL,
    units bigint NOT NULL,
    revenue_micros bigint NOT NULL,
    CONSTRAINT sales_days_pkey PRIMARY KEY (sku, day)
) WITH (fillfactor = 50);

INSERT INTO sales_days (sku, day, units, revenue_micros)
SELECT sku, (sold_at AT TIME ZONE 'UTC')::date, sum(quantity), 0
FROM sales
GROUP BY 1, 2;

CREATE TABLE reservations (
    id uuid NOT NULL,
    sku text COLLATE "C" NOT NULL,
    quantity bigint NOT NULL,
    state text NOT NULL DEFAULT 'held',
    principal text NOT NULL,
    trace uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    ended_trace uuid,
    sale_id uuid,
    CONSTRAINT reservations_pkey PRIMARY KEY (id),
    CONSTRAINT reservations_sku_fkey FOREIGN KEY (sku) REFERENCES products (sku),
    CONSTRAINT reservations_quantity_check CHECK (quantity > 0),
    CONSTRAINT reservations_state_check CHECK (state IN ('held', 'confirmed', 'released', 'expired')),
    CONSTRAINT reservations_ended_check CHECK ((state = 'held') = (ended_at IS NULL))
);

CREATE INDEX reservations_held_idx ON reservations (expires_at) WHERE state = 'held';
CREATE INDEX reservations_held_sku_idx ON reservations (sku, expires_at) WHERE state = 'held';

-- Changes of what is on hand other than by a sale of our own, each with who, why and for which request.
CREATE TABLE stock_moves (
    id uuid NOT NULL,
    sku text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    quantity bigint NOT NULL,
    remaining bigint NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    reason text,
    trace uuid,
    sale_id uuid,
    line smallint,
    unit_price_micros bigint,
    unit_cost_micros bigint,
    currency text,
    CONSTRAINT stock_moves_pkey PRIMARY KEY (id),
    CONSTRAINT stock_moves_sku_fkey FOREIGN KEY (sku) REFERENCES products (sku),
    CONSTRAINT stock_moves_kind_check CHECK (kind IN ('opening', 'count', 'restock', 'return')),
    CONSTRAINT stock_moves_return_check CHECK ((kind = 'return') = (sale_id IS NOT NULL))
);

CREATE INDEX stock_moves_sku_at_idx ON stock_moves (sku, at);
CREATE INDEX stock_moves_sale_id_idx ON stock_moves (sale_id) WHERE sale_id IS NOT NULL;

-- What was on hand before this table existed, less what was sold since.
INSERT INTO stock_moves (id, sku, kind, quantity, remaining, at, by, reason)
SELECT gen_random_uuid(), sku, 'opening', on_hand + coalesce(sold.units, 0),
    on_hand + coalesce(sold.units, 0) - reserved, now(), 'migration', 'before the ledger'
FROM stock
LEFT JOIN (SELECT sku, sum(quantity)::bigint AS units FROM sales GROUP BY sku) AS sold USING (sku);

-- Stretches without anything to sell, which say nothing of how fast a product sells.
CREATE TABLE stock_outs (
    sku text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT stock_outs_pkey PRIMARY KEY (sku, until, since),
    CONSTRAINT stock_outs_until_check CHECK (until >= since)
);

-- The ledger: ``on_hand`` of a SKU is the sum of its quantities. A sold line is its own row in it.
CREATE VIEW stock_ledger AS
SELECT id, line, sku, CASE WHEN channel IS NULL THEN 'sale' ELSE 'external' END AS kind,
    -quantity AS quantity, remaining, sold_at AS at, principal AS by,
    CASE WHEN channel IS NULL THEN NULL ELSE channel || ' ' || idempotency_key END AS reason,
    trace, id AS sale_id, unit_price_micros, unit_cost_micros, currency
FROM sales
UNION ALL
SELECT id, coalesce(line, 0), sku, kind, quantity, remaining, at, by, reason, trace, sale_id,
    unit_price_micros, unit_cost_micros, currency
FROM stock_moves;
