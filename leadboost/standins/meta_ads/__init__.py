"""Graph's campaigns of one ad account, as the contract says, with programmable faults."""

from leadboost.standins.meta_ads.server import MetaAdsServer

__all__ = ["MetaAdsServer"]
