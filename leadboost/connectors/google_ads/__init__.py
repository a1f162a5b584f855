"""Campaigns of one Google Ads account, through its API over REST."""

from leadboost.connectors.google_ads.access import GoogleAdsAccess, GoogleLogin
from leadboost.connectors.google_ads.platform import GoogleAds

__all__ = ["GoogleAds", "GoogleAdsAccess", "GoogleLogin"]
