-- name: take_quota
-- Count $3 units of $1 in the period $2 unless there would be more than $4; no row then.
INSERT INTO quotas (name, period_at, used)
SELECT $1, $2, $3::bigint WHERE $3::bigint <= $4::bigint
ON CONFLICT (name, period_at) DO UPDATE SET used = quotas.used + excluded.used
WHERE quotas.used + excluded.used <= $4::bigint
RETURNING used;

-- name: return_quota
-- Take $3 units of $1 off the period $2.
UPDATE quotas SET used = greatest(used - $3::bigint, 0) WHERE name = $1 AND period_at = $2;
