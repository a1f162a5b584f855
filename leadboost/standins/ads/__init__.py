"""What the stand-ins of ad platforms share: an account, faults on order, a control path.

``python -m leadboost.standins.ads PLATFORM`` runs one as a process of its own, which outlives the daemon
that it serves. Tests see and move it under ``/_control``, a path that no platform has.
"""

from leadboost.standins.ads.account import AdAccount, Call, StandInCampaign, StandInResult
from leadboost.standins.ads.faults import AdFaults
from leadboost.standins.ads.server import AdServer, Asked

__all__ = ["AdAccount", "AdFaults", "AdServer", "Asked", "Call", "StandInCampaign", "StandInResult"]
