"""Stock and sales."""

from leadboost.actors.enterprise import Enterprise
from leadboost.composition.wiring import Wiring
from leadboost.runtime import Bounds, Child, Stage
from leadboost.store.sales import PgSaleStore

_SALES = Child(critical=True, intensity=(5, 30.0), bounds=Bounds(command=4_096))


class Selling:
    """Enterprise."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def stage(self) -> Stage:
        """The stage of it."""
        return self._wiring.stage(name="selling", start=self._start, stop=self._stop, stop_s=1.9)

    async def _start(self) -> None:
        await self._wiring.spawn("enterprise", self._make_enterprise, _SALES)

    async def _stop(self) -> None:
        await self._wiring.stop("enterprise", drain_s=1.4)

    def _make_enterprise(self) -> Enterprise:
        wiring = self._wiring
        return Enterprise(
            store=PgSaleStore(wiring.store, currency=wiring.settings.currency),
            committed=wiring.topics.committed,
            crash=wiring.crash,
            reached=wiring.topics.reached,
            sold=wiring.topics.sold,
            state=wiring.topics.state,
            leases=wiring.leases,
            holder=wiring.holder,
        )
