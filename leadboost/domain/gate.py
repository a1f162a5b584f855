"""The gate: the one place in memory that is asked before anything that raises spend leaves the process.

Architecture, section 3 (Gate). Default deny: it opens when every proof has been given, and no halt
covers the campaign.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Scope
from leadboost.errors import GateClosedError

Trip = Callable[[Scope], None]


class Gate:
    """Latches and proofs. ``proofs`` names all that must be proven before it opens.

    Every method is synchronous: a trip takes effect before anyone awaits anything.
    """

    def __init__(self, proofs: Iterable[str]) -> None:
        self._missing: dict[str, str] = dict.fromkeys(proofs, "not proven yet")
        self._tripped: list[Scope] = []
        self._halts: dict[UUID, tuple[Scope, frozenset[Campaign]]] = {}

    def trip(self, scope: Scope) -> None:
        """Close for ``scope`` at once, before its halt has an id; ``settle`` ends that."""
        self._tripped.append(scope)

    def settle(self, scope: Scope) -> None:
        """A trip of ``scope`` has become a halt, or has failed to: its own latch counts from now on."""
        if scope in self._tripped:
            self._tripped.remove(scope)

    def latch(self, halt_id: UUID, scope: Scope, campaigns: Iterable[Campaign]) -> None:
        """Close for a halt and the campaigns that it covers."""
        self._halts[halt_id] = (scope, frozenset(campaigns))

    def release(self, halt_id: UUID) -> None:
        """A halt has been resumed."""
        self._halts.pop(halt_id, None)

    def prove(self, name: str, failure: str | None) -> None:
        """Give the proof ``name``, or say why it fails."""
        if failure is None:
            self._missing.pop(name, None)
        else:
            self._missing[name] = failure

    def reasons(self) -> tuple[str, ...]:
        """Why nothing may raise spend anywhere; empty while the gate is open."""
        halted = ["halted"] if any(scope.is_global for scope in self._scopes()) else []
        return (*halted, *(f"{name}: {failure}" for name, failure in sorted(self._missing.items())))

    def check(self, campaign: Campaign, account_id: str) -> None:
        """Let a call that raises the spend of ``campaign`` pass. Raises GateClosedError."""
        covering = self._covering(campaign, account_id)
        reasons = [*self.reasons(), *(f"halted: {scope}" for scope in covering)]
        if reasons:
            halted = bool(covering) or any(scope.is_global for scope in self._scopes())
            raise GateClosedError("; ".join(reasons), halted=halted)

    def _scopes(self) -> list[Scope]:
        return [*self._tripped, *(scope for scope, _ in self._halts.values())]

    def _covering(self, campaign: Campaign, account_id: str) -> list[Scope]:
        named = [scope for scope in self._scopes() if _names(scope, campaign, account_id)]
        return named + [scope for scope, campaigns in self._halts.values() if campaign in campaigns]


def _names(scope: Scope, campaign: Campaign, account_id: str) -> bool:
    match scope.kind:
        case "account":
            return scope.parts == (campaign.platform, account_id)
        case "campaign":
            return scope.parts == (campaign.platform, campaign.campaign_id)
        case _:
            return False
