-- Setting aside finds the rows of bad versions among any number of others within its deadline.
CREATE INDEX outcomes_learned_in_idx ON outcomes (learned_in) WHERE learned_in IS NOT NULL;
