"""Events get their numbers, in the order of their commits."""

from leadboost.actors.journal import Journal
from leadboost.composition.wiring import VITAL, Wiring
from leadboost.runtime import Stage
from leadboost.store.journal import PgJournalStore


class Journaling:
    """The journal."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="journal", start=self._start, stop=self._stop, stop_s=1.0)

    async def _start(self) -> None:
        await self._wiring.spawn("journal", self._make_journal, VITAL)
        topics = self._wiring.topics
        for topic in (topics.committed, topics.committed_elsewhere):
            topic.subscribe(self._wiring.refs["journal"])

    async def _stop(self) -> None:
        await self._wiring.stop("journal", finish_s=0.95)

    def _make_journal(self) -> Journal:
        return Journal(
            store=PgJournalStore(self._wiring.store),
            leases=self._wiring.leases,
            holder=self._wiring.holder,
            numbered=self._wiring.topics.numbered,
        )
