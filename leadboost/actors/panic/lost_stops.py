"""Stops that closed the gate and whose request never came: whoever asked meant it."""

from collections.abc import Sequence

from leadboost.domain.gate import Gate
from leadboost.domain.halt import Scope
from leadboost.messages.panic import TripHalt

_REASON = "a stop was asked for, and its request was lost on the way"


class LostStops:
    """A request that is under way at one look has come by the next."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._unsettled: frozenset[Scope] = frozenset()

    def find(self) -> Sequence[TripHalt]:
        """What was waited for since the last look, in vain."""
        unsettled = frozenset(self._gate.unsettled())
        lost, self._unsettled = unsettled & self._unsettled, unsettled
        return [TripHalt(scope=scope, reason=_REASON, by="rule:lost_stop") for scope in lost]
