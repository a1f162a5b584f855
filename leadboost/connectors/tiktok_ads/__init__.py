"""Campaigns of one TikTok advertiser, through the Marketing API."""

from leadboost.connectors.tiktok_ads.platform import TikTokAds

__all__ = ["TikTokAds"]
