"""What campaigns spend and earn."""

from leadboost.actors.bookkeeper import Bookkeeper
from leadboost.composition.halting import Halting
from leadboost.composition.wiring import OTHER, Wiring
from leadboost.runtime import Stage
from leadboost.store.campaigns import PgCampaignStore


class Bookkeeping:
    """Bookkeeper."""

    def __init__(self, wiring: Wiring, halting: Halting) -> None:
        self._wiring = wiring
        self._halting = halting

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="bookkeeping", start=self._start, stop=self._stop, stop_s=0.3)

    async def _start(self) -> None:
        await self._wiring.spawn("bookkeeper", self._make_bookkeeper, OTHER)

    async def _stop(self) -> None:
        await self._wiring.stop("bookkeeper", finish_s=0.2)

    def _make_bookkeeper(self) -> Bookkeeper:
        wiring = self._wiring
        return Bookkeeper(
            reports=self._halting.platforms if wiring.polls else (),
            store=PgCampaignStore(wiring.store),
            trainer=wiring.refs["trainer"],
            panic=wiring.refs["panic"],
            spend=wiring.topics.spend,
            leases=wiring.leases,
            holder=wiring.holder,
            currency=wiring.settings.currency,
            every_s=wiring.settings.connectors.results_every_s,
        )
