"""Campaigns of one Meta ad account, through the Marketing API of Graph."""

from leadboost.connectors.meta_ads.platform import MetaAds

__all__ = ["MetaAds"]
