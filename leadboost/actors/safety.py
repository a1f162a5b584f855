"""SafetyEngine: evaluates the stock floor, and has the ads of what has run out stopped."""

from dataclasses import dataclass
from typing import assert_never

import structlog

from leadboost.domain.gate import Gate
from leadboost.domain.halt import Scope
from leadboost.errors import ActorError, StoreError
from leadboost.messages.events import StockReached
from leadboost.messages.panic import TripHalt
from leadboost.ports import FloorBreach, StockWatch
from leadboost.runtime import Actor, ActorRef, Message

EVALUATE_EVERY_S = 5.0
STALE_AFTER_S = 15.0
TRIP_WITHIN_S = 5.0
RULE = "rule:stock_floor"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluate(Message[None]):
    """Look at every product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluated(Message[None]):
    """A look is over; ``error`` says why it saw nothing."""

    error: Exception | None = None


class SafetyEngine(Actor[StockReached | _Evaluate | _Evaluated]):
    """Looks at what a committed sale brought to its floor at once, and at everything at the start,
    after a gap and every 5 s: a crash between a COMMIT and the halt only delays the halt.

    A floor is breached at ``on_hand - reserved <= floor``; the halt covers the linked campaigns. While
    nothing could be evaluated for 15 s, the gate stays closed.
    """

    def __init__(self, *, watch: StockWatch, panic: ActorRef[TripHalt], gate: Gate) -> None:
        self._watch = watch
        self._panic = panic
        self._gate = gate
        self._looking = False
        self._next: frozenset[str] | None = frozenset()
        self._seen_at = 0.0

    async def on_start(self) -> None:
        self._seen_at = self.clock.monotonic()
        self.every(EVALUATE_EVERY_S, _Evaluate())
        self._look(None)

    async def on_gap(self, count: int) -> None:
        _log.warning("stock events missed", count=count)
        self._look(None)

    async def receive(self, message: StockReached | _Evaluate | _Evaluated) -> None:
        match message:
            case StockReached(alerts=alerts):
                self._look(frozenset(alert.sku for alert in alerts))
            case _Evaluate():
                self._look(None)
            case _Evaluated(error=error):
                self._evaluated(error)
            case _:
                assert_never(message)

    def _look(self, skus: frozenset[str] | None) -> None:
        """Evaluate these SKUs, all for None; what comes while a look is under way waits for the next."""
        if self._looking:
            self._next = None if skus is None or self._next is None else self._next | skus
            return
        self._looking = True
        self.spawn(
            "evaluate",
            self._evaluate(skus),
            then=lambda _: _Evaluated(),
            otherwise=lambda error: _Evaluated(error=error),
        )

    async def _evaluate(self, skus: frozenset[str] | None) -> None:
        for breach in await self._watch.breaches(skus):
            self._gate.trip(Scope("sku", (breach.sku,)), breach.campaigns)
            await self._panic.ask(_trip(breach), timeout_s=TRIP_WITHIN_S)

    def _evaluated(self, error: Exception | None) -> None:
        self._looking = False
        now = self.clock.monotonic()
        if error is None:
            self._seen_at = now
            self._gate.prove("rules", None)
        elif not isinstance(error, StoreError | ActorError):
            raise error
        else:
            _log.warning("stock floors not evaluated", error=str(error))
            if now - self._seen_at > STALE_AFTER_S:
                self._gate.prove("rules", "the stock floors could not be evaluated lately")
        waiting, self._next = self._next, frozenset()
        if waiting is None or waiting:
            self._look(waiting)


def _trip(breach: FloorBreach) -> TripHalt:
    left = f"{breach.available} left, floor {breach.floor}" if breach.floor else f"{breach.available} left"
    return TripHalt(
        scope=Scope("sku", (breach.sku,)),
        reason=f"{breach.sku}: {left}",
        by=RULE,
        campaigns=breach.campaigns,
        evidence={
            "sku": breach.sku,
            "available": breach.available,
            "floor": breach.floor,
            "campaigns": [[each.platform, each.campaign_id] for each in breach.campaigns],
        },
    )
