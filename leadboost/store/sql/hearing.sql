-- name: read_features
-- Read the ids that exist of $1, with their features where they are of version $2.
SELECT id, CASE WHEN feature_version = $2 THEN features END AS features
FROM raw_signals
WHERE id = ANY ($1::uuid[]);
