-- name: insert_model
-- Store a version.
INSERT INTO models (version, artefact, sha256, feature_version, observations, metrics, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: lock_learned
-- Lock the outcomes of places $1 in the order in which recorders lock them.
SELECT 1 FROM outcomes WHERE seq = ANY ($1::bigint[]) ORDER BY external_id FOR UPDATE;

-- name: mark_learned
-- Mark outcomes (places $1) as learned where their revision ($2) is still the one that was learned.
UPDATE outcomes SET state = CASE WHEN outcomes.revision = learned.revision THEN 'processed' ELSE state END,
    scored = true
FROM unnest($1::bigint[], $2::integer[]) AS learned (seq, revision)
WHERE outcomes.seq = learned.seq;

-- name: drop_old_models
-- Keep the newest $1 versions.
DELETE FROM models
WHERE version NOT IN (SELECT version FROM models ORDER BY version DESC LIMIT $1);

-- name: read_models
-- Read the newest $1 versions, newest first.
SELECT version, artefact, sha256, feature_version, observations, metrics, created_at
FROM models
ORDER BY version DESC
LIMIT $1;
