-- The signals on a topic, few among very many.
CREATE INDEX raw_signals_topics_idx ON raw_signals USING gin (topics) WHERE topics <> '{}';
