"""Authors' pseudonyms: which key they are of, and names that were stored before there was one."""

from leadboost.domain.hearing.influence import author_key
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.errors import AuthorKeyError
from leadboost.store.database import Database
from leadboost.store.forgetting import tell_forgotten
from leadboost.store.queries import load_queries
from leadboost.store.signals import lock_clusters

DEADLINE_S = 5.0
AT_ONCE = 1000

_queries = load_queries("authors")


async def agree_on_key(database: Database, pseudonyms: Pseudonyms, *, replace: bool = False) -> None:
    """Note whose key this database goes by, unless it does already; ``replace`` what it went by.

    Raises AuthorKeyError where it goes by another one, StoreError.
    """
    async with database.session() as session:
        noted = await session.fetchval(_queries.note_key, pseudonyms.fingerprint, replace)
    if noted != pseudonyms.fingerprint:
        raise AuthorKeyError()


async def key_authors(database: Database, pseudonyms: Pseudonyms) -> int:
    """Put pseudonyms in the place of at most AT_ONCE names; returns how many that were. Raises StoreError."""
    async with database.transaction(deadline_s=DEADLINE_S) as session:
        await lock_clusters(session)  # as everybody who waits for signals that others change
        rows = await session.fetch(_queries.claim_named, AT_ONCE)
        if not rows:
            return 0
        keyed = [row["author"] and pseudonyms.author(row["author"]) for row in rows]
        await session.execute(_queries.key_signals, [row["id"] for row in rows], keyed)
        voices = {
            author_key(row["source"], row["author"]): author_key(row["source"], author)
            for row, author in zip(rows, keyed, strict=True)
            if author
        }
        voices |= {f"-{former}": f"-{voice}" for former, voice in voices.items()}
        await session.execute(_queries.rename_voices, list(voices), list(voices.values()))
        named = [row["id"] for row in rows if row["author"]]
        await tell_forgotten(session, named, clock=database.clock, rng=database.rng)
    return len(rows)
