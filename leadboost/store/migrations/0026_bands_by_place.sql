-- The bands of signals that are deleted, found without a look at all; rows arrive in this order, so a block range
-- index costs next to nothing.
CREATE INDEX signal_bands_seq_idx ON signal_bands USING brin (seq) WITH (pages_per_range = 32);
