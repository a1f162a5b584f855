"""Graph's campaigns of one ad account, as the contract says, with programmable faults.

``async with MetaAdsServer(...)`` runs it in this process, ``python -m leadboost.standins.meta_ads`` as
one of its own, which outlives the daemon that it serves. Tests see and move it under ``/_control``, a
path that Graph does not have.
"""

from leadboost.standins.meta_ads.account import AdAccount, Call, StandInCampaign
from leadboost.standins.meta_ads.faults import AdFaults
from leadboost.standins.meta_ads.server import MetaAdsServer

__all__ = ["AdAccount", "AdFaults", "Call", "MetaAdsServer", "StandInCampaign"]
