-- Sources: how many of their items were rejected, how often they bring something, whether they are silent or muted.
ALTER TABLE sources
    ADD COLUMN rejected bigint NOT NULL DEFAULT 0,
    ADD COLUMN pace_items double precision NOT NULL DEFAULT 0,
    ADD COLUMN pace_watched_s double precision NOT NULL DEFAULT 0,
    ADD COLUMN pace_quiet_s double precision NOT NULL DEFAULT 0,
    ADD COLUMN silent_since timestamptz,
    ADD COLUMN muted boolean NOT NULL DEFAULT false,
    ADD COLUMN mute_reason text,
    DROP CONSTRAINT sources_state_check,
    ADD CONSTRAINT sources_state_check CHECK (state IN ('waiting', 'up', 'silent', 'failing', 'gone'));
