"""Campaigns of one Google Ads account over REST, as the contract says, with programmable faults."""

from leadboost.standins.google_ads.server import GoogleAdsServer

__all__ = ["GoogleAdsServer"]
