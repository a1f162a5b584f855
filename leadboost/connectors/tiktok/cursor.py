"""What an account's videos leave between polls."""

from leadboost.connectors.client.seen import SeenCursor


class VideosCursor(SeenCursor):
    """Ids of videos: a page that shows one of them, and reaches beyond the overlap, is the last needed."""

    __slots__ = ()
