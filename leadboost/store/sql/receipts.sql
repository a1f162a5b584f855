-- name: find_receipt
-- Read what was answered to message $2 of sender $1.
SELECT sender, id, body_sha256, answer FROM push_receipts WHERE sender = $1 AND id = $2;

-- name: claim_receipt
-- Claim message $2 of sender $1, whose body has the hash $3; a row comes back if nobody else has, or if the
-- same message was claimed before $5 and never answered.
INSERT INTO push_receipts (sender, id, body_sha256, received_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (sender, id) DO UPDATE
SET received_at = excluded.received_at
WHERE push_receipts.answer IS NULL
    AND push_receipts.body_sha256 = excluded.body_sha256
    AND push_receipts.received_at < $5
RETURNING id;

-- name: keep_receipt
-- Keep an answer unless there is one already, or another message has the id; what is kept is added to the tally.
WITH kept AS (
    INSERT INTO push_receipts (sender, id, body_sha256, answer, received_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (sender, id) DO UPDATE
    SET answer = excluded.answer, received_at = excluded.received_at
    WHERE push_receipts.answer IS NULL AND push_receipts.body_sha256 = excluded.body_sha256
    RETURNING sender, answer::jsonb AS told
)
INSERT INTO push_tallies (sender, accepted, duplicates, rejected)
SELECT sender, coalesce((told ->> 'accepted')::bigint, 0), coalesce((told ->> 'duplicates')::bigint, 0),
    coalesce(jsonb_array_length(told -> 'rejected'), 0)
FROM kept
ON CONFLICT (sender) DO UPDATE SET
    accepted = push_tallies.accepted + excluded.accepted,
    duplicates = push_tallies.duplicates + excluded.duplicates,
    rejected = push_tallies.rejected + excluded.rejected;

-- name: read_tally
-- Read what became of all that sender $1 pushed.
SELECT accepted, duplicates, rejected FROM push_tallies WHERE sender = $1;

-- name: release_receipt
-- Give up the claim on message $2 of sender $1.
DELETE FROM push_receipts WHERE sender = $1 AND id = $2 AND answer IS NULL;

-- name: purge_receipts
-- Forget at most $2 answers given before $1, the oldest first.
DELETE FROM push_receipts
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM push_receipts WHERE received_at < $1 ORDER BY received_at LIMIT $2
));
