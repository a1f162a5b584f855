-- The lead of a cluster, found without reading all of its copies.
CREATE INDEX raw_signals_lead_idx ON raw_signals (cluster) WHERE is_lead AND cluster IS NOT NULL;
