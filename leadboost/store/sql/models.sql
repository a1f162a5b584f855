-- name: insert_model
-- Store a version.
INSERT INTO models (version, artefact, sha256, feature_version, observations, metrics, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: drop_old_models
-- Keep the newest $1 versions, and version $2.
DELETE FROM models
WHERE version <> $2 AND version NOT IN (SELECT version FROM models ORDER BY version DESC LIMIT $1);

-- name: read_versions
-- Read what is known of each version, newest first.
SELECT version, sha256, feature_version, observations, metrics, created_at
FROM models
ORDER BY version DESC;

-- name: read_artefact
-- Read the artefact of version $1.
SELECT artefact FROM models WHERE version = $1;
