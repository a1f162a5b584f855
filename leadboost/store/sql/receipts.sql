-- name: find_receipt
-- Read what was answered to message $2 of sender $1.
SELECT sender, id, body_sha256, answer FROM push_receipts WHERE sender = $1 AND id = $2;

-- name: keep_receipt
-- Keep an answer unless there is one already.
INSERT INTO push_receipts (sender, id, body_sha256, answer, received_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (sender, id) DO NOTHING;

-- name: purge_receipts
-- Forget at most $2 answers given before $1, the oldest first.
DELETE FROM push_receipts
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM push_receipts WHERE received_at < $1 ORDER BY received_at LIMIT $2
));
