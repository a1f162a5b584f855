"""One pass over signals that were never counted: claim, count, mark, in one transaction.

Texts are read beforehand, for that is what takes time: other hosts wait for the subjects that a pass has
locked, and operators for its signals.
"""

import asyncio
from collections.abc import Callable

from leadboost.domain.hearing.passage import hear
from leadboost.domain.hearing.text import read_texts
from leadboost.ports import HearingStore

SIGNALS_PER_PASS = 100


class Hearing:
    """Any host may run a pass at any time: what one has claimed, the others pass over.

    Whatever ends a pass early, its signals wait as before and nothing of them is counted; once it has
    committed, they are counted for good.
    """

    def __init__(self, store: HearingStore, crash: Callable[[str], None]) -> None:
        self._store = store
        self._crash = crash

    async def run(self) -> int:
        """Process at most ``SIGNALS_PER_PASS`` signals; returns how many. Raises StoreError."""
        waiting = await self._store.waiting_texts(SIGNALS_PER_PASS)
        await asyncio.to_thread(read_texts, waiting)
        async with self._store.claim() as claim:
            signals = await claim.fetch_pending_signals(SIGNALS_PER_PASS)
            if not signals:
                return 0
            # Those that arrived since, or wait behind what another host has claimed.
            await asyncio.to_thread(read_texts, [each.said.text for each in signals if not each.is_rejected])
            memory = await claim.remember(signals)
            self._crash("hearing.claimed")
            heard = await asyncio.to_thread(hear, signals, memory)
            await claim.mark_as_processed(heard, memory)
            self._crash("hearing.marked")
        self._crash("hearing.committed")
        return len(signals)
