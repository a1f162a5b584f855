"""TikTok's research API, for holders of its licence: public videos that a query finds. Off by default."""

from leadboost.connectors.tiktok_research.access import ResearchAccess
from leadboost.connectors.tiktok_research.source import TikTokResearchSource

__all__ = ["ResearchAccess", "TikTokResearchSource"]
