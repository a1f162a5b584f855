"""Which sources this host polls: a lease each, so that no two hosts poll one, and none is left alone."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from leadboost.errors import StoreError
from leadboost.ports import LEASE_PREFIX, Lease, LeaseStore, SourceRow, SourceStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The leases held by now, and every source as the database has it after that."""

    held: Mapping[str, Lease]
    rows: Mapping[str, SourceRow]


class Tenure:
    """The leases of ``holder`` on the sources called ``names``."""

    def __init__(
        self, *, leases: LeaseStore, states: SourceStore, holder: str, names: Collection[str]
    ) -> None:
        self._leases = leases
        self._states = states
        self._holder = holder
        self._names = tuple(names)

    async def look(self, held: Mapping[str, Lease]) -> Look:
        """Renew what is held, take what is free, then read: what is newly won is read after it was won.

        Raises StoreError.
        """
        kept: dict[str, Lease] = {}
        for name in self._names:
            lease = await self._leases.keep(LEASE_PREFIX + name, self._holder, held.get(name))
            if lease is not None:
                kept[name] = lease
        return Look(held=kept, rows=await self._states.load(self._names))

    async def resign(self, held: Mapping[str, Lease]) -> None:
        """Leave everything to other hosts; what cannot be left runs out by itself."""
        with suppress(StoreError):
            for lease in held.values():
                await self._leases.release(lease)
