"""One sender as a source."""

from collections.abc import Mapping

from leadboost.connectors.push.cursor import TallyCursor
from leadboost.errors import SourceError, StoreError
from leadboost.ports import Fetched, PushTallies

STORE_AWAY_S = 30.0


class PushSource:
    """What ``sender`` pushed since the last look, on whichever host: it was taken in when it came, and a poll
    brings the counts alone."""

    kind = "push"

    def __init__(self, *, sender: str, tallies: PushTallies, min_interval_s: float = 30.0) -> None:
        self.name = f"push.{sender}"
        self._sender = sender
        self._tallies = tallies
        self._min_interval_s = min_interval_s

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        """Look once. Raises SourceError."""
        try:
            tally = await self._tallies.tally(self._sender)
        except StoreError as error:
            raise SourceError(self.name, f"its tally cannot be read: {error}", STORE_AWAY_S) from error
        return Fetched(
            items=(),
            cursor=TallyCursor.of(tally).dump(),
            wait_s=self._min_interval_s,
            came=TallyCursor.load(cursor).since(tally),
        )

    async def check(self) -> str:
        """Ask nothing: the sender comes to us."""
        return f"not asked, since it pushes to POST /hooks/signals/{self._sender}"
