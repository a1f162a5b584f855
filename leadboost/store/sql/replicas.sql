-- name: load_replica
-- Read how far the copy at destination $1 is.
SELECT destination, epoch, "offset", documents, left_out FROM replicas WHERE destination = $1;

-- name: save_replica
-- Store how far the copy at destination $1 is: epoch, offset, documents, what was left out by kind, and when.
INSERT INTO replicas (destination, epoch, "offset", documents, left_out, updated_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (destination) DO UPDATE
SET epoch = excluded.epoch,
    "offset" = excluded."offset",
    documents = excluded.documents,
    left_out = excluded.left_out,
    updated_at = excluded.updated_at;
