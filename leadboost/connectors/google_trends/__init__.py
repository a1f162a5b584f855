"""What is searched for right now, from the feed that Google Trends offers; explore is not asked."""

from leadboost.connectors.google_trends.source import GoogleTrendsSource

__all__ = ["GoogleTrendsSource"]
