"""What a place remembers between polls."""

from leadboost.connectors.client.seen import SeenCursor


class TrendsCursor(SeenCursor):
    """Ids of trends that were handed on; the feed shows about ten at a time."""

    __slots__ = ()
