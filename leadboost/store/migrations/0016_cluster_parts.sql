-- A cluster's name changes when an earlier mark joins it; its signals, however many, keep the id they carry.

-- Which name a cluster's id stands for by now; an id that is missing is a name itself.
CREATE TABLE joined_clusters (
    id uuid NOT NULL,
    name uuid NOT NULL,
    CONSTRAINT joined_clusters_pkey PRIMARY KEY (id),
    CONSTRAINT joined_clusters_check CHECK (id <> name)
);

CREATE INDEX joined_clusters_name_idx ON joined_clusters (name);

-- The name of the cluster that $1 is an id of.
CREATE FUNCTION cluster_name(uuid) RETURNS uuid LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS 'SELECT coalesce((SELECT name FROM joined_clusters WHERE id = $1), $1)';

-- All ids that signals of the cluster named $1 carry.
CREATE FUNCTION cluster_parts(uuid) RETURNS SETOF uuid LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
    AS 'SELECT $1 UNION ALL SELECT id FROM joined_clusters WHERE name = $1';

-- The newest members of a cluster, and their sources without a look at the rows.
CREATE INDEX raw_signals_cluster_seq_idx ON raw_signals (cluster, seq) INCLUDE (source) WHERE cluster IS NOT NULL;

-- The newest $3 members below seq $2 of the cluster's part $1. The planner cannot know how large one part is
-- among very many small ones, so it is held to the index in order.
CREATE FUNCTION part_newest(uuid, bigint, integer) RETURNS SETOF raw_signals LANGUAGE sql STABLE
    SET enable_bitmapscan = off SET enable_seqscan = off SET enable_sort = off
    AS 'SELECT * FROM raw_signals WHERE cluster = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3';

-- The sources of the newest $2 members of the cluster's part $1.
CREATE FUNCTION part_sources(uuid, integer) RETURNS SETOF text LANGUAGE sql STABLE
    SET enable_bitmapscan = off SET enable_seqscan = off SET enable_sort = off
    AS 'SELECT source FROM raw_signals WHERE cluster = $1 ORDER BY seq DESC LIMIT $2';

-- The richest $2 members of the cluster's part $1, those that are not rejected first.
CREATE FUNCTION part_richest(uuid, integer) RETURNS SETOF raw_signals LANGUAGE sql STABLE
    SET enable_bitmapscan = off SET enable_seqscan = off SET enable_sort = off
    AS $$
        SELECT * FROM raw_signals WHERE cluster = $1
        ORDER BY (state = 'rejected'), richness DESC, content_hash LIMIT $2
    $$;
