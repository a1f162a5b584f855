"""TikTok's Display API: the videos of accounts that have logged in to an app of one's own."""

from leadboost.connectors.tiktok.access import TikTokAccess
from leadboost.connectors.tiktok.source import TikTokSource

__all__ = ["TikTokAccess", "TikTokSource"]
