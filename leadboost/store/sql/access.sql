-- name: insert_account
-- Create an account (id, name, folded, role, password_hash, created_at); no row if the name is taken.
INSERT INTO accounts (id, name, folded, role, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (folded) DO NOTHING
RETURNING id;

-- name: find_account
-- The account of a folded name that may sign in.
SELECT id, name, role, created_at, last_login_at, password_hash
FROM accounts
WHERE folded = $1 AND NOT disabled;

-- name: list_accounts
-- Every account, in order of creation, at most $1.
SELECT id, name, role, created_at, last_login_at
FROM accounts
ORDER BY created_at, id
LIMIT $1;

-- name: count_approvers
-- How many accounts may end a halt.
SELECT count(*) FROM accounts WHERE role IN ('approver', 'admin') AND NOT disabled;

-- name: note_login
-- Remember when the account ($1) signed in ($2); no row if it may not any more.
UPDATE accounts SET last_login_at = $2 WHERE id = $1 AND NOT disabled
RETURNING id, name, role, created_at, last_login_at;

-- name: insert_login
-- Store a login (token_hash, account_id, created_at, expires_at).
INSERT INTO logins (token_hash, account_id, created_at, last_seen_at, expires_at)
VALUES ($1, $2, $3, $3, $4);

-- name: find_login
-- A login by its token's hash, with its account unless that is disabled.
SELECT a.id, a.name, a.role, a.created_at, a.last_login_at, a.password_hash IS NULL AS passwordless,
    l.last_seen_at, l.expires_at
FROM logins l
JOIN accounts a ON a.id = l.account_id
WHERE l.token_hash = $1 AND NOT a.disabled;

-- name: touch_login
-- Note a sign of life ($2) of a login ($1); no row if it has ended elsewhere.
UPDATE logins l SET last_seen_at = greatest(l.last_seen_at, $2)
FROM accounts a
WHERE l.token_hash = $1 AND a.id = l.account_id AND NOT a.disabled
RETURNING true;

-- name: end_login
-- Delete a login and return the name of its account; no row if there is none.
DELETE FROM logins l USING accounts a
WHERE l.token_hash = $1 AND a.id = l.account_id
RETURNING a.name;

-- name: end_oldest_logins
-- Delete all but the newest $2 logins of an account ($1), a row for each.
DELETE FROM logins WHERE token_hash IN (
    SELECT token_hash FROM logins WHERE account_id = $1 ORDER BY created_at DESC, token_hash OFFSET $2
)
RETURNING true;

-- name: purge_logins
-- Delete logins that are over ($1 now) or were idle since before $2.
DELETE FROM logins WHERE expires_at <= $1 OR last_seen_at <= $2;

-- name: void_first_links
-- Forget every link that nobody has used.
DELETE FROM first_links WHERE used_at IS NULL;

-- name: needs_first_link
-- True while no account can sign in by password.
SELECT NOT EXISTS (SELECT FROM accounts WHERE password_hash IS NOT NULL);

-- name: insert_first_link
-- Store a link (token_hash, created_at).
INSERT INTO first_links (token_hash, created_at) VALUES ($1, $2);

-- name: find_first_link
-- Whether this link is still unused; no row if there was never such a link, or it is void.
SELECT used_at IS NULL FROM first_links WHERE token_hash = $1;

-- name: use_first_link
-- Use a link ($1) at $2 if nobody has; while accounts with a password exist only where $3 allows it.
UPDATE first_links SET used_at = $2
WHERE token_hash = $1 AND used_at IS NULL
    AND ($3 OR NOT EXISTS (SELECT FROM accounts WHERE password_hash IS NOT NULL))
RETURNING true;
