-- name: lock_chain
-- One transaction at a time appends to the chain of this schema.
SELECT pg_advisory_xact_lock(hashtextextended('leadboost.audit.' || current_schema(), 0));

-- name: append_entry
-- Add a row (id, at, actor, action, subject, detail) that covers the newest one; the first covers zeros.
INSERT INTO audit_log (id, at, actor, action, subject, detail, prev_hash, hash)
SELECT $1, $2, $3, $4, $5, $6, newest.hash, audit_hash(newest.hash, $1, $2, $3, $4, $5, $6)
FROM (
    SELECT coalesce(
        (SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1), decode(repeat('00', 32), 'hex')
    ) AS hash
) AS newest;
