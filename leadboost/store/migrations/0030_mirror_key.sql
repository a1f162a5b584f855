-- Known to the hosts of this database alone: with it they seal what they tell one another through Redis.
ALTER TABLE journal ADD COLUMN mirror_key bytea NOT NULL
    DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
