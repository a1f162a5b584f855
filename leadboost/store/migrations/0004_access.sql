-- People who sign in. The account of the demo profile has no password: its printed link signs in.
CREATE TABLE accounts (
    id uuid NOT NULL,
    name text NOT NULL,
    folded text COLLATE "C" NOT NULL,
    role text NOT NULL,
    password_hash text,
    created_at timestamptz NOT NULL,
    last_login_at timestamptz,
    disabled boolean NOT NULL DEFAULT false,
    CONSTRAINT accounts_pkey PRIMARY KEY (id),
    CONSTRAINT accounts_folded_key UNIQUE (folded),
    CONSTRAINT accounts_role_check CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
    CONSTRAINT accounts_password_hash_check CHECK (password_hash LIKE '$argon2id$%')
);

-- Only the SHA-256 of a login's token is kept: reading this table lets nobody in.
CREATE TABLE logins (
    token_hash bytea NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT logins_pkey PRIMARY KEY (token_hash),
    CONSTRAINT logins_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT logins_token_hash_check CHECK (octet_length(token_hash) = 32)
);

CREATE INDEX logins_account_id_idx ON logins (account_id);

-- The links that a start without an account prints, each good for one use.
CREATE TABLE first_links (
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT first_links_pkey PRIMARY KEY (token_hash),
    CONSTRAINT first_links_token_hash_check CHECK (octet_length(token_hash) = 32)
);
