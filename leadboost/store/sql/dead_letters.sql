-- name: park_message
-- Store a message given up on; the same id again updates what may have changed.
INSERT INTO dead_letters (id, lane, actor, msg_type, payload_sha, payload_redacted, error, tries)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE
SET error = excluded.error, tries = excluded.tries, last_at = now(), state = 'parked';
