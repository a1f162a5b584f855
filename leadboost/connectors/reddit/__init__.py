"""Reddit's Data API: new posts of subreddits, and search, with an approved OAuth client."""

from leadboost.connectors.reddit.access import RedditAccess
from leadboost.connectors.reddit.source import RedditSource

__all__ = ["RedditAccess", "RedditSource"]
