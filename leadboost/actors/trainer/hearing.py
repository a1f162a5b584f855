"""One pass over signals that were never counted: claim, count, mark, in one transaction.

Texts are read beforehand, for that is what takes time: other hosts wait for the subjects that a pass has
locked, and operators for its signals.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from leadboost.domain.hearing.passage import Memory, Unheard, hear
from leadboost.domain.hearing.text import read_texts
from leadboost.ports import HearingStore

SIGNALS_PER_PASS = 100
REASON_CHARS = 200

_log = structlog.get_logger(__name__)


class Hearing:
    """Any host may run a pass at any time: what one has claimed, the others pass over.

    Whatever ends a pass early, its signals wait as before and nothing of them is counted; once it has
    committed, they are counted for good. A signal that cannot be read is parked, rejected as ``unreadable``,
    so that it stops nobody else.
    """

    def __init__(self, store: HearingStore, crash: Callable[[str], None]) -> None:
        self._store = store
        self._crash = crash

    async def run(self) -> int:
        """Process at most ``SIGNALS_PER_PASS`` signals; returns how many. Raises StoreError."""
        waiting = await self._store.waiting_texts(SIGNALS_PER_PASS)
        await asyncio.to_thread(_read_ahead, waiting)
        async with self._store.claim() as claim:
            signals = await claim.fetch_pending_signals(SIGNALS_PER_PASS)
            if not signals:
                return 0
            # Those that arrived since, or wait behind what another host has claimed.
            await asyncio.to_thread(_read_ahead, [each.said.text for each in signals if not each.is_rejected])
            memory = await claim.remember(signals)
            self._crash("hearing.claimed")
            heard, unreadable = await asyncio.to_thread(_hear_each, signals, memory)
            if unreadable:
                _log.error("signals parked", signals=len(unreadable), reason=min(unreadable.values()))
                await claim.park(unreadable)
            if heard:
                await claim.mark_as_processed(heard, memory)
            self._crash("hearing.marked")
        self._crash("hearing.committed")
        return len(signals)


def _read_ahead(texts: Sequence[str]) -> None:
    with suppress(Exception):  # whichever it is, it is met again when it is heard alone
        read_texts(texts)


def _hear_each(
    signals: Sequence[Unheard], memory: Memory
) -> tuple[Mapping[UUID, Mapping[str, float] | None], Mapping[UUID, str]]:
    """Return the features of those that can be read, and why the others cannot."""
    heard: dict[UUID, Mapping[str, float] | None] = {}
    unreadable: dict[UUID, str] = {}
    for signal in signals:
        try:
            heard.update(hear([signal], memory))
        except Exception as error:  # whatever it is, it is this row's alone: learning must go on
            what = "".join(filter(str.isprintable, f"{type(error).__name__}: {error}"))
            unreadable[signal.id] = f"unreadable: {what[:REASON_CHARS]}"
    return heard, unreadable
