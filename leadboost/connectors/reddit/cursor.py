"""What a listing remembers between polls."""

from leadboost.connectors.client.seen import SeenCursor


class ListingCursor(SeenCursor):
    """Names of posts: a page that shows one of them is the last that is needed.

    ``before=`` is not used, since it goes silent for ever once the post it names is deleted.
    """

    __slots__ = ()
