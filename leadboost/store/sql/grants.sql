-- name: load_grant
-- Read the newest refresh token of grant $1.
SELECT refresh_token, origin FROM grants WHERE name = $1;

-- name: save_grant
-- Write the newest refresh token ($2) of grant $1, which descends from the configured one with the hash $3,
-- in place of token $5 alone; null: of none.
INSERT INTO grants (name, refresh_token, origin, renewed_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE
SET refresh_token = excluded.refresh_token, origin = excluded.origin, renewed_at = excluded.renewed_at
WHERE grants.refresh_token = $5;
