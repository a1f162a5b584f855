-- name: load_sources
-- Read what each source of $1 remembers, and who holds its lease, named by the prefix $2; a row for each name.
SELECT named.name AS wanted, sources.*, leases.holder
FROM unnest($1::text[]) AS named (name)
LEFT JOIN sources ON sources.name = named.name
LEFT JOIN leases ON leases.name = $2 || named.name AND leases.expires_at > now();

-- name: save_source
-- Write what a source remembers, all but its muting.
INSERT INTO sources (name, kind, cursor, state, reason, errors, last_polled_at, last_item_at, next_due_at,
    accepted, duplicates, rejected, pace_items, pace_watched_s, pace_quiet_s, silent_since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
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
    duplicates = excluded.duplicates,
    rejected = excluded.rejected,
    pace_items = excluded.pace_items,
    pace_watched_s = excluded.pace_watched_s,
    pace_quiet_s = excluded.pace_quiet_s,
    silent_since = excluded.silent_since;

-- name: mute_source
-- Mute ($3) source $1 of kind $2 for the reason $4, or unmute it: it is due at once then, also where it was gone.
INSERT INTO sources (name, kind, cursor, state, errors, accepted, duplicates, muted, mute_reason)
VALUES ($1, $2, '{}', 'waiting', 0, 0, 0, $3, $4)
ON CONFLICT (name) DO UPDATE SET
    muted = excluded.muted,
    mute_reason = excluded.mute_reason,
    state = CASE WHEN sources.state = 'gone' AND NOT excluded.muted THEN 'waiting' ELSE sources.state END,
    next_due_at = CASE WHEN excluded.muted THEN sources.next_due_at END
RETURNING *;
