"""NewsAPI.org: articles that a search finds, with a key of one's own."""

from leadboost.connectors.newsapi.access import NewsApiAccess
from leadboost.connectors.newsapi.source import NewsApiSource

__all__ = ["NewsApiAccess", "NewsApiSource"]
