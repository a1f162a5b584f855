-- name: load_source
-- Read what a source remembers.
SELECT name, kind, cursor, state, reason, errors, last_polled_at, last_item_at, next_due_at,
    accepted, duplicates
FROM sources
WHERE name = $1;

-- name: save_source
-- Write what a source remembers.
INSERT INTO sources (name, kind, cursor, state, reason, errors, last_polled_at, last_item_at, next_due_at,
    accepted, duplicates)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (name) DO UPDATE SET
    kind = excluded.kind,
    cursor = excluded.cursor,
    state = excluded.state,
    reason = excluded.reason,
    errors = excluded.errors,
    last_polled_at = excluded.last_polled_at,
    last_item_at = excluded.last_item_at,
    next_due_at = excluded.next_due_at,
    accepted = excluded.accepted,
    duplicates = excluded.duplicates;
