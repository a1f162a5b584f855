-- How wrong the spam score was when a decision taught it: what is taken back when the decision is changed.
ALTER TABLE raw_signals ADD COLUMN taught_error real;
