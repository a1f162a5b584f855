-- How far a source is trusted depends on what people decided of its signals, a few among very many.

CREATE INDEX raw_signals_decided_idx ON raw_signals (source, heard_at) WHERE decided_by IS NOT NULL;
