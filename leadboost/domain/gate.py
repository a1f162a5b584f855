"""The gate: the one place in memory that is asked before anything that raises spend leaves the process.

Architecture, section 3 (Gate). Default deny: it opens when every proof has been given, and no halt
covers the campaign.
"""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Scope
from leadboost.errors import GateClosedError


class Gate:
    """Latches and proofs. ``proofs`` names all that must be proven before it opens.

    Every method is synchronous: a trip takes effect before anyone awaits anything.
    """

    def __init__(self, proofs: Iterable[str]) -> None:
        self._asked: dict[str, Callable[[], str | None]] = {}
        self._missing: dict[str, str] = dict.fromkeys(proofs, "not proven yet")
        self._tripped: list[tuple[Scope, frozenset[Campaign]]] = []
        self._halts: dict[UUID, tuple[Scope, frozenset[Campaign]]] = {}
        self._reducing: tuple[tuple[Scope, frozenset[Campaign]], ...] = ()

    def trip(self, scope: Scope, campaigns: Iterable[Campaign] = ()) -> None:
        """Close for ``scope`` at once, before its halt has an id; ``settle`` ends that.

        A SKU's ``campaigns`` may be named; where they are not known, everything is held.
        """
        self._tripped.append((scope, frozenset(campaigns)))

    def settle(self, scope: Scope) -> None:
        """A trip of ``scope`` has become a halt: its own latch counts from now on."""
        self._tripped = [each for each in self._tripped if each[0] != scope]

    def unsettled(self) -> tuple[Scope, ...]:
        """Scopes that were tripped and have no halt yet."""
        return tuple(dict.fromkeys(scope for scope, _ in self._tripped))

    def latch(self, halt_id: UUID, scope: Scope, campaigns: Iterable[Campaign]) -> None:
        """Close for a halt and the campaigns that it covers; for everything, where a SKU's are not known."""
        self._halts[halt_id] = (scope, frozenset(campaigns))

    def latch_unknown(self, halt_id: UUID, scope: Scope, campaigns: Iterable[Campaign]) -> None:
        """Close for a halt that is only heard of; one that is known already is left as it is."""
        self._halts.setdefault(halt_id, (scope, frozenset(campaigns)))

    def release(self, halt_id: UUID) -> None:
        """A halt has been resumed."""
        self._halts.pop(halt_id, None)

    def reduce(self, holds: Mapping[Scope, Iterable[Campaign]]) -> None:
        """From now on spend may only be lowered within these scopes; it may be raised in all others again."""
        self._reducing = tuple((scope, frozenset(campaigns)) for scope, campaigns in holds.items())

    def reducing(self) -> tuple[Scope, ...]:
        """Scopes within which spend may only be lowered."""
        return tuple(scope for scope, _ in self._reducing)

    def prove(self, name: str, failure: str | None) -> None:
        """Give the proof ``name``, or say why it fails."""
        if failure is None:
            self._missing.pop(name, None)
        else:
            self._missing[name] = failure

    def ask(self, name: str, failure: Callable[[], str | None]) -> None:
        """Have the proof ``name`` looked up at every look at the gate: it may lapse while nothing runs."""
        self._asked[name] = failure

    def reasons(self) -> tuple[str, ...]:
        """Why nothing may raise spend anywhere; empty while the gate is open."""
        halted = ["halted"] if any(_holds_all(*each) for each in self._held()) else []
        asked = {name: failure for name, ask in self._asked.items() if (failure := ask()) is not None}
        missing = sorted({**self._missing, **asked}.items())
        return (*halted, *(f"{name}: {failure}" for name, failure in missing))

    def check(self, campaign: Campaign, account_id: str) -> None:
        """Let a call that raises the spend of ``campaign`` pass. Raises GateClosedError."""
        held = self._held()
        covering = [scope for scope, campaigns in held if _covers(scope, campaigns, campaign, account_id)]
        reduced = [
            scope
            for scope, campaigns in self._reducing
            if _holds_all(scope, campaigns) or _covers(scope, campaigns, campaign, account_id)
        ]
        reasons = [*self.reasons(), *(f"halted: {scope}" for scope in covering)]
        reasons += [f"reducing: {scope}" for scope in reduced]
        if reasons:
            halted = bool(covering) or any(_holds_all(*each) for each in held)
            raise GateClosedError("; ".join(reasons), halted=halted)

    def _held(self) -> list[tuple[Scope, frozenset[Campaign]]]:
        return [*self._tripped, *self._halts.values()]


def _holds_all(scope: Scope, campaigns: frozenset[Campaign]) -> bool:
    return scope.is_global or (scope.kind == "sku" and not campaigns)


def _covers(scope: Scope, campaigns: frozenset[Campaign], campaign: Campaign, account_id: str) -> bool:
    return campaign in campaigns or _names(scope, campaign, account_id)


def _names(scope: Scope, campaign: Campaign, account_id: str) -> bool:
    match scope.kind:
        case "account":
            named, their_id = scope.parts
            return named == campaign.platform and _same_account(their_id, account_id)
        case "campaign":
            return scope.parts == (campaign.platform, campaign.campaign_id)
        case _:
            return False


def _same_account(one: str, other: str) -> bool:
    return one.removeprefix("act_") == other.removeprefix("act_")
