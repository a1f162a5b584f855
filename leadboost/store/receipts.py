"""``push_receipts``: what was answered to each message that was pushed."""

from datetime import timedelta

from leadboost.ports import Came, Receipt
from leadboost.store.database import Database
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0
KEPT = timedelta(hours=48)  # Standard Webhooks wants a day
PURGED_AT_ONCE = 100
CLAIMED = timedelta(seconds=60)  # several times as long as any request may take

_queries = load_queries("receipts")


class PgReceiptStore:
    """``ReceiptStore`` and ``PushTallies`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, sender: str, id: str, body_sha256: bytes) -> Receipt | None:
        now = self._database.clock.now()
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            claimed = await session.fetchval(
                _queries.claim_receipt, sender, id, body_sha256, now, now - CLAIMED
            )
            if claimed is not None:
                return None
            row = await session.fetchrow(_queries.find_receipt, sender, id)
        if row is None:  # given up just now
            return Receipt(sender=sender, id=id, body_sha256=body_sha256, answer=None)
        return Receipt(**row)

    async def keep(self, receipt: Receipt) -> Receipt:
        now = self._database.clock.now()
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            await session.execute(
                _queries.keep_receipt, receipt.sender, receipt.id, receipt.body_sha256, receipt.answer, now
            )
            row = await session.fetchrow(_queries.find_receipt, receipt.sender, receipt.id)
            await session.execute(_queries.purge_receipts, now - KEPT, PURGED_AT_ONCE)
        return receipt if row is None else Receipt(**row)

    async def tally(self, sender: str) -> Came:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.read_tally, sender)
        return Came() if row is None else Came(**row)

    async def release(self, sender: str, id: str) -> None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            await session.execute(_queries.release_receipt, sender, id)
