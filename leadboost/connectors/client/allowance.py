"""A limit that must hold across restarts and hosts: counted in the database before each call."""

from datetime import UTC, datetime, timedelta

from leadboost.clock import Clock
from leadboost.connectors.client.refusal import Refusals
from leadboost.errors import StoreError
from leadboost.ports import QuotaStore

STORE_AWAY_S = 60.0


class Allowance:
    """``limit`` units in each period of ``period_s``, which begin at multiples of it since 1970, UTC.

    ``name`` is what it is counted under; sources of one account share it.
    """

    def __init__(self, name: str, *, limit: int, period_s: int, quotas: QuotaStore, clock: Clock) -> None:
        self.name = name
        self.limit = limit
        self._period_s = period_s
        self._quotas = quotas
        self._clock = clock

    def ends_in_s(self) -> float:
        """Seconds until the next period."""
        return (self._begin() + timedelta(seconds=self._period_s) - self._clock.now()).total_seconds()

    async def take(self, units: int, refusals: Refusals, *, spent: str) -> datetime:
        """Count the units before they are used; returns the period for ``give_back``.

        Raises SourceError with the reason ``spent``, until the next period, when that would exceed the
        limit; and when it cannot be counted, for then nothing may be used.
        """
        period = self._begin()
        try:
            taken = await self._quotas.take(self.name, period=period, units=units, limit=self.limit)
        except StoreError as error:
            raise refusals.broken(
                f"is not asked, since calls cannot be counted: {error}", STORE_AWAY_S
            ) from error
        if not taken:
            raise refusals.busy(spent, self.ends_in_s())
        return period

    async def give_back(self, period: datetime, units: int) -> None:
        """Take units off again that were not used after all. What cannot be taken off stays counted."""
        try:
            await self._quotas.give_back(self.name, period=period, units=units)
        except StoreError:
            return

    def _begin(self) -> datetime:
        seconds = int(self._clock.now().timestamp())
        return datetime.fromtimestamp(seconds - seconds % self._period_s, UTC)
