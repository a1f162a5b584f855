"""``dead_letters``: messages given up on."""

import hashlib
from uuid import UUID

from leadboost.store.database import Database
from leadboost.store.queries import load_queries

PAYLOAD_CHARS = 65_536
ERROR_CHARS = 8_192

queries = load_queries("dead_letters")


class PgDeadLetterStore:
    """``DeadLetterStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def park(
        self, *, id: UUID, actor: str, lane: str, message_type: str, payload: str, error: str, tries: int
    ) -> None:
        """Store one message; parking the same id again updates its error and tries.

        Text is cut to 65,536 (payload) and 8,192 (error) characters, and what PostgreSQL cannot hold
        is replaced: a poison message must not be lost for being poisonous. The digest is of the whole.
        """
        digest = hashlib.sha256(payload.encode(errors="surrogatepass")).digest()
        async with self._database.session() as session:
            await session.execute(
                queries.park_message,
                id,
                _storable(lane),
                _storable(actor),
                _storable(message_type),
                digest,
                _storable(payload[:PAYLOAD_CHARS]),
                _storable(error[:ERROR_CHARS]),
                tries,
            )


def _storable(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
