"""Reddit's open feeds, for listings without a credential: thinner, and turned away more often than not."""

from collections.abc import Sequence
from urllib.parse import urlencode

FEED_INTERVAL_S = 900.0  # the shortest that Reddit bears


def feed_url(site_url: str, subreddits: Sequence[str], query: str | None) -> str:
    """Return the address of the Atom feed of what ``RedditSource`` would ask for."""
    place = f"/r/{'+'.join(subreddits)}" if subreddits else ""
    if query is None:
        return f"{site_url}{place}/new/.rss"
    within = {"restrict_sr": "on"} if subreddits else {}
    return f"{site_url}{place}/search.rss?{urlencode({'q': query, 'sort': 'new', **within})}"
