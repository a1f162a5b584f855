"""What a search remembers between polls."""

from datetime import datetime, timedelta

from leadboost.connectors.client.seen import SeenCursor

OLDEST = timedelta(days=28)  # a free plan refuses a `from` that is older than a month


class SearchCursor(SeenCursor):
    """Addresses of articles."""

    __slots__ = ()

    def since(self, overlap: timedelta, now: datetime) -> datetime | None:
        """From when on to search; None where the plan would refuse it."""
        begin = self.begin(overlap)
        return None if begin is None or begin < now - OLDEST else begin
