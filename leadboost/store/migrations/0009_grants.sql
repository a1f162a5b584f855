-- Refresh tokens that a service replaces at each use: the newest one, which the settings cannot know.
-- ``origin`` is the hash of the configured token that it descends from; another one there starts anew.
CREATE TABLE grants (
    name text NOT NULL,
    refresh_token text NOT NULL,
    origin text NOT NULL,
    renewed_at timestamptz NOT NULL,
    CONSTRAINT grants_pkey PRIMARY KEY (name)
);
