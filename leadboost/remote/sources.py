"""Whether the enabled sources can be asked from here."""

import asyncio
from datetime import datetime

from leadboost.adapters.sources import make_source_client, make_sources
from leadboost.clock import Clock, Rng
from leadboost.errors import SourceError
from leadboost.ports import Came, Grant, Source
from leadboost.settings.connectors import ConnectorsSettings

DEADLINE_S = 5.0


async def source_states(connectors: ConnectorsSettings, clock: Clock) -> dict[str, str]:
    """Ask each source once, under the rules that polling obeys; each value is ``ok...`` or the fault."""
    client = make_source_client(connectors, clock=clock, rng=Rng())
    aside = _Uncounted()
    sources = make_sources(
        connectors, client=client, quotas=aside, grants=aside, tallies=aside, clock=clock, rng=Rng()
    )
    try:
        states = await asyncio.gather(*map(_state, sources))
    finally:
        await client.close()
    return {f"source {source.name}": state for source, state in zip(sources, states, strict=True)}


async def _state(source: Source) -> str:
    try:
        async with asyncio.timeout(DEADLINE_S):
            return f"ok, {await source.check()}"
    except SourceError as error:
        return error.reason
    except TimeoutError:
        return f"does not answer within {DEADLINE_S:g} s"


class _Uncounted:
    """Quotas and logins of a check, which must do without the database: it may not run yet."""

    async def take(self, name: str, *, period: datetime, units: int, limit: int) -> bool:  # noqa: ARG002 - the port's signature
        return True

    async def give_back(self, name: str, *, period: datetime, units: int) -> None:
        """Nothing was counted."""

    async def load(self, name: str) -> Grant | None:  # noqa: ARG002 - the port's signature
        return None

    async def save(self, name: str, grant: Grant, *, replaces: str | None) -> None:
        """There is nowhere to save it; a source whose login would be replaced is not asked."""

    async def tally(self, sender: str) -> Came:  # noqa: ARG002 - the port's signature
        return Came()
