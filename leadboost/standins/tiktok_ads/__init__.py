"""Campaigns of one TikTok advertiser, as the contract says, with programmable faults."""

from leadboost.standins.tiktok_ads.server import TikTokAdsServer

__all__ = ["TikTokAdsServer"]
