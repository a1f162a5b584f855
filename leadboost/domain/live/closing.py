"""Why a live link ends: close codes (RFC 6455, section 7.4; 4000 to 4999 are ours)."""

from dataclasses import dataclass
from typing import Final

GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008
RESTARTED: Final = 1012
TRY_AGAIN_LATER: Final = 1013
SIGN_IN_AGAIN: Final = 4001
TOO_FAR_BEHIND: Final = 4008


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a viewer was cut off that may not have heard it; its next greeting says so."""

    code: int
    reason: str
