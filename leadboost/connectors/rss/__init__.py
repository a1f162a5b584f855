"""RSS and Atom feeds, polled politely with conditional GET. JSON Feed is not read."""

from leadboost.connectors.rss.source import RssSource

__all__ = ["RssSource"]
