-- name: read_versions
-- Read at which versions topics and spam model stand.
SELECT topics_version, spam_version FROM radar;

-- name: read_model
-- Read the spam model.
SELECT topics_version, spam_version, spam_model, spam_seen, wanted_seen, tally FROM radar;

-- name: lock_model
-- Read the spam model and keep it from others until the transaction ends.
SELECT spam_model, spam_seen, wanted_seen, tally FROM radar FOR UPDATE;

-- name: write_model
-- Put the next spam model in the place of the last.
UPDATE radar
SET spam_version = spam_version + 1, spam_model = $1, spam_seen = $2, wanted_seen = $3, tally = $4;

-- name: read_topics
-- Read every topic.
SELECT name, terms, examples, updated_at FROM topics ORDER BY name;

-- name: raise_topics_version
-- Say that the topics changed; whoever replaces them at the same time waits here.
UPDATE radar SET topics_version = topics_version + 1;

-- name: drop_topics
-- Forget the topics that are not among $1.
DELETE FROM topics WHERE name <> ALL ($1::text[]);

-- name: put_topic
-- Write one topic; one that is what it was keeps its date.
INSERT INTO topics (name, terms, examples, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE
SET terms = excluded.terms, examples = excluded.examples, updated_at = excluded.updated_at
WHERE (topics.terms, topics.examples) IS DISTINCT FROM (excluded.terms, excluded.examples);

-- name: lock_signal
-- Read one signal and keep it from others until the transaction ends.
SELECT body, author, state, features IS NOT NULL AS is_heard, cluster, taught_spam, taught_error
FROM raw_signals
WHERE id = $1
FOR UPDATE;

-- name: decide_signal
-- Write what a person decided of signal $1: state $2, reason $3, by $4, and what the spam score learned ($5) at
-- which error ($6).
UPDATE raw_signals
SET state = $2, reason = $3, decided_by = $4, taught_spam = $5, taught_error = $6
WHERE id = $1;

-- name: count_rejections
-- Count the newest $1 rejections by source and the word that their reason begins with, with the oldest of each.
SELECT source, split_part(coalesce(reason, ''), ':', 1) AS word, count(*)::integer AS count, min(heard_at) AS since
FROM (
    SELECT source, reason, heard_at FROM raw_signals WHERE state = 'rejected' ORDER BY seq DESC LIMIT $1
) AS newest
GROUP BY source, word
ORDER BY count DESC, source, word;

-- name: read_spam_tally
-- Read how many decisions of each kind taught the spam score, and how it did before each.
SELECT spam_seen, wanted_seen, tally FROM radar;
