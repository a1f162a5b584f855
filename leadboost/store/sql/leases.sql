-- name: begin_term
-- Take lease $1 for holder $2 and $3 seconds once its last term is over, or for one elected ($4) at once;
-- no row while another's runs.
INSERT INTO leases (name, holder, epoch, expires_at)
VALUES ($1, $2, 1, now() + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE
SET epoch = leases.epoch + 1, holder = excluded.holder, expires_at = excluded.expires_at
WHERE leases.expires_at < now() OR leases.holder = excluded.holder OR $4
RETURNING epoch;

-- name: renew_term
-- Prolong this very term ($1 name, $2 holder, $3 epoch) by $4 seconds from now; no row if it is over.
UPDATE leases SET expires_at = now() + make_interval(secs => $4)
WHERE name = $1 AND holder = $2 AND epoch = $3
RETURNING epoch;

-- name: end_term
-- End this very term ($1 name, $2 holder, $3 epoch); a newer one is left alone.
UPDATE leases SET expires_at = '-infinity'
WHERE name = $1 AND holder = $2 AND epoch = $3;

-- name: guard_term
-- True while this very term ($1 name, $2 holder, $3 epoch) runs; a take-over waits for our COMMIT.
SELECT true FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3 FOR SHARE;
