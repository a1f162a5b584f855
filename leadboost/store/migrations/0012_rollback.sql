-- Rolling back: which version learned a row, so that a bad version's rows can be set aside.
ALTER TABLE outcomes
    ADD COLUMN learned_in integer,
    DROP CONSTRAINT outcomes_state_check,
    ADD CONSTRAINT outcomes_state_check CHECK (state IN ('pending', 'processed', 'corrected', 'set_aside'));

-- Set aside: a version that was rolled back had learned it; it is learned again only once it is corrected.
DROP INDEX outcomes_learned_idx;
CREATE INDEX outcomes_learned_idx ON outcomes (day, seq) WHERE state IN ('processed', 'corrected');
