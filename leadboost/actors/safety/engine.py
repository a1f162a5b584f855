"""SafetyEngine: judges the rules, and has what they stop stopped."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import assert_never

import structlog

from leadboost.actors.safety.looks import Looks
from leadboost.actors.safety.rulebook import RuleBook
from leadboost.actors.safety.told import Evaluate, Evaluated, Replaced
from leadboost.actors.safety.watch import Panic, Watch, firings_since
from leadboost.clock import uuid7
from leadboost.domain.campaign import Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Scope
from leadboost.domain.rules.evaluate import doubts, evaluate, left_delta
from leadboost.domain.rules.facts import Facts, ModelFact
from leadboost.domain.rules.replay import Replayed, replay
from leadboost.domain.rules.rule import Action, Firing, Mode, Outcome, Rule, Skip, Verdict
from leadboost.domain.rules.stock import ReturnRate, Runway, StockFloor
from leadboost.errors import ActorError, StoreError
from leadboost.messages.bookkeeper import SpendRead
from leadboost.messages.events import EventsCommitted, StateChanged, StockReached
from leadboost.messages.panic import TripHalt
from leadboost.messages.safety import (
    ListRules,
    Looked,
    PreviewRules,
    ReplaceRules,
    ReplayRules,
    RulesStatus,
)
from leadboost.messages.throttle import LowerBudgets
from leadboost.ports import FactStore, NewEvent, RuleFile, RuleStore
from leadboost.runtime import Actor, ActorRef, Topic

EVALUATE_EVERY_S = 5.0
STALE_AFTER_S = 15.0
TRIP_WITHIN_S = 5.0
UNRECORDED_KEPT = 1_000
FIRINGS_SHOWN = 50

_INVENTORY = (StockFloor, Runway, ReturnRate)
_UNSURE = (Skip.MINIMUM_DATA, Skip.BREAKER, Skip.NO_FACTS)

_Asked = ListRules | ReplaceRules | PreviewRules | ReplayRules
_Told = _Asked | StockReached | StateChanged | SpendRead | Evaluate | Evaluated | Replaced

_log = structlog.get_logger(__name__)


class SafetyEngine(Actor[_Told]):
    """Looks at what a committed sale brought to its floor at once, and at everything at the start,
    after a gap and every 5 s: a crash between a COMMIT and the halt only delays the halt.

    While nothing could be evaluated for 15 s, while the rules file was never usable and while a rule's
    breaker is open, the gate stays closed.
    """

    def __init__(
        self,
        *,
        facts: FactStore,
        store: RuleStore,
        file: RuleFile,
        panic: Panic,
        gate: Gate,
        throttle: ActorRef[LowerBudgets],
        committed: Topic[EventsCommitted],
        currency: str,
    ) -> None:
        self._facts = facts
        self._store = store
        self._panic = panic
        self._gate = gate
        self._throttle = throttle
        self._committed = committed
        self._currency = currency
        self._book = RuleBook(file, store)
        self._firings: list[Firing] = []
        self._unrecorded: list[Firing] = []
        self._looked: Looked | None = None
        self._doubted: list[str] = []
        self._reducing: dict[tuple[str, Scope], tuple[Campaign, ...]] = {}
        self._looking = False
        self._next: frozenset[str] | None = frozenset()
        self._seen_at = 0.0

    async def on_start(self) -> None:
        self._seen_at = self.clock.monotonic()
        self._looks = Looks(self.clock, self.rng)
        self._watch = Watch(self._facts, self._panic, self.clock, currency=self._currency)
        self.every(EVALUATE_EVERY_S, Evaluate())
        self._look(None)

    async def on_gap(self, count: int) -> None:
        _log.warning("stock events missed", count=count)
        self._look(None)

    async def receive(self, message: _Told) -> object:
        match message:
            case StockReached(alerts=alerts):
                self._look(frozenset(alert.sku for alert in alerts))
            case StateChanged():
                self._hear_model(message)
            case SpendRead():
                self._watch.hear_spend(message)
            case Evaluate() | Replaced():
                self._look(None)
            case Evaluated():
                self._evaluated(message)
            case _:
                return self._answer(message)
        return None

    def _answer(self, asked: _Asked) -> object:
        match asked:
            case ListRules():
                return self._status()
            case ReplaceRules(rules=rules, by=by):
                return self.answer_later(
                    "replace rules",
                    self._book.replace(rules, by),
                    answer=lambda _: self._status(),
                    then=lambda _: Replaced(),
                )
            case PreviewRules(rules=rules):
                return self.answer_later("preview", self._preview(rules), answer=lambda looked: looked)
            case ReplayRules():
                return self.answer_later("replay", self._replay(asked), answer=lambda replayed: replayed)
            case _:
                assert_never(asked)

    def _status(self) -> RulesStatus:
        return RulesStatus(
            rules=self._book.rules,
            looked=self._looked,
            firings=self._firings[:FIRINGS_SHOWN],
            file_problem=self._book.problem,
            doubted=self._doubted,
        )

    def _hear_model(self, told: StateChanged) -> None:
        if told.key == "model" and told.data is not None:
            drift, rows = told.data.get("drift"), told.data.get("observations")
            if isinstance(drift, str) and isinstance(rows, int):
                self._watch.model = ModelFact(drift=drift, rows=rows)

    # -- looking ----------------------------------------------------------------------------------

    def _look(self, skus: frozenset[str] | None) -> None:
        """Evaluate these SKUs, all for None; what comes while a look is under way waits for the next."""
        if self._looking:
            self._next = None if skus is None or self._next is None else self._next | skus
            return
        self._looking = True
        self.spawn(
            "evaluate",
            self._evaluate(skus),
            then=lambda _: Evaluated(whole=skus is None),
            otherwise=lambda error: Evaluated(whole=skus is None, error=error),
        )

    async def _evaluate(self, skus: frozenset[str] | None) -> None:
        if skus is not None:
            self._note(await self._evaluate_inventory_risk(skus), whole=False)
            return
        await self._refresh()
        stocked = await self._evaluate_inventory_risk(None)
        self._note(stocked, whole=False)
        await self._record()
        verdicts = [*stocked, *await self._evaluate_financial_risk()]
        self._note(verdicts, whole=True)
        await self._record()

    async def _refresh(self) -> None:
        """A database that does not answer leaves the rules and firings that are known."""
        await self._book.refresh()
        self._firings = list(await self._store.firings(firings_since(self.clock.now())))

    async def _evaluate_inventory_risk(self, skus: Collection[str] | None) -> list[Verdict]:
        """Judge and act on stock, returns and runway; of these SKUs alone where given."""
        rules = [rule for rule in self._book.active if isinstance(rule.kind, _INVENTORY)]
        return await self._judge(rules, await self._watch.inventory(rules, skus)) if rules else []

    async def _evaluate_financial_risk(self) -> list[Verdict]:
        """Judge and act on what is spent and earned, and on what can no longer be trusted."""
        rules = [rule for rule in self._book.active if not isinstance(rule.kind, _INVENTORY)]
        return await self._judge(rules, await self._watch.finances(rules)) if rules else []

    async def _judge(self, rules: Sequence[Rule], facts: Facts) -> list[Verdict]:
        verdicts = evaluate(rules, facts, self._known_firings)
        for verdict in verdicts:
            if verdict.outcome is Outcome.ERRORED:
                _log.error("rule not judged", rule=verdict.rule.name, error=verdict.detail)
        firings = [self._firing(verdict, facts) for verdict in verdicts if verdict.outcome is Outcome.FIRED]
        halts = [each for each in firings if each.action is Action.HALT and not each.shadow]
        for firing in halts:
            self._gate.trip(firing.subject, firing.campaigns)
        for firing in firings:
            if firing in halts:
                await self._panic.ask(_trip(firing), timeout_s=TRIP_WITHIN_S)
            elif firing.action is Action.REDUCE and not firing.shadow and firing.delta > 0:
                self._throttle.tell(_cut(firing))
            self._unrecorded = [*self._unrecorded, firing][-UNRECORDED_KEPT:]
            _log.warning("rule fired", rule=firing.rule, subject=str(firing.subject), shadow=firing.shadow)
        return verdicts

    def _firing(self, verdict: Verdict, facts: Facts) -> Firing:
        finding, rule = verdict.finding, verdict.rule
        assert finding is not None  # noqa: S101 - whatever fires was found
        is_reduction = rule.action is Action.REDUCE
        return Firing(
            id=uuid7(self.clock, self.rng),
            rule=rule.name,
            kind=rule.kind.name,
            subject=finding.subject,
            action=rule.action,
            shadow=rule.mode is Mode.SHADOW,
            at=facts.at,
            said=finding.said,
            observed=finding.observed,
            limit=finding.limit,
            delta=left_delta(rule, finding.subject, facts, self._known_firings) if is_reduction else 0.0,
            campaigns=finding.campaigns,
        )

    @property
    def _known_firings(self) -> list[Firing]:
        return [*self._unrecorded, *self._firings]

    def _note(self, verdicts: Sequence[Verdict], *, whole: bool) -> None:
        """Keep what was seen, and let nothing raise spend where a rule says that it must fall."""
        at = self.clock.now()
        if whole:
            self._reducing = {}
            self._looked = Looked(at=at, verdicts=verdicts)
            self._doubted = doubts(verdicts)
            self._looks.note(verdicts, at, whole=True)
        for verdict in verdicts:
            if _reduces(verdict) and verdict.finding is not None:
                self._reducing[verdict.rule.name, verdict.subject] = verdict.finding.campaigns
        self._gate.reduce({subject: campaigns for (_, subject), campaigns in self._reducing.items()})

    async def _record(self) -> None:
        firings, looks = self._unrecorded, self._looks.due()
        reductions = [x for x in firings if x.action is Action.REDUCE and not x.shadow]
        events = [_breached(firing) for firing in reductions]  # of halts PanicManager tells
        if not firings and not looks:
            return
        try:
            await self._store.record(firings, looks, events)
        except StoreError:
            self._looks.not_written(looks)
            raise
        self._firings = [*firings, *self._firings]
        self._unrecorded = [each for each in self._unrecorded if each not in firings]
        if events:
            self._committed.publish(EventsCommitted())

    def _evaluated(self, done: Evaluated) -> None:
        self._looking = False
        now = self.clock.monotonic()
        if done.error is not None and not isinstance(done.error, StoreError | ActorError):
            raise done.error
        if done.error is not None:
            _log.warning("rules not evaluated", error=str(done.error))
        elif done.whole:
            self._seen_at = now
            self._gate.prove("rules", self._objection())
        if now - self._seen_at > STALE_AFTER_S:
            self._gate.prove("rules", "the rules could not be evaluated lately")
        waiting, self._next = self._next, frozenset()
        if waiting is None or waiting:
            self._look(waiting)

    def _objection(self) -> str | None:
        """Why nothing may raise spend though the rules are looked at."""
        if not self._book.is_whole:
            return f"no rules are in force: {self._book.problem}"
        if self._doubted:
            return f"{', '.join(self._doubted)} matches most of what it looks at: look at its facts"
        return None

    # -- asking what would be ---------------------------------------------------------------------

    async def _preview(self, rules: Sequence[Rule] | None) -> Looked:
        rules = self._book.active if rules is None else rules
        stocked = [rule for rule in rules if isinstance(rule.kind, _INVENTORY)]
        others = [rule for rule in rules if not isinstance(rule.kind, _INVENTORY)]
        facts = await self._watch.inventory(stocked, None)
        verdicts = evaluate(stocked, facts, self._known_firings)
        verdicts += evaluate(others, await self._watch.finances(others), self._known_firings)
        return Looked(at=facts.at, verdicts=verdicts)

    async def _replay(self, asked: ReplayRules) -> Sequence[Replayed]:
        last = self.clock.now().date() - timedelta(days=1)
        first = last - timedelta(days=asked.days - 1)
        rules = self._book.rules if asked.rules is None else asked.rules
        history = await self._facts.history(first, last)
        return [
            await asyncio.to_thread(replay, rule, history, first, last, hold_days=asked.hold_days)
            for rule in rules
        ]


def _cut(firing: Firing) -> LowerBudgets:
    return LowerBudgets(
        firing_id=firing.id, rule=firing.rule, campaigns=tuple(firing.campaigns), share=firing.delta
    )


def _reduces(verdict: Verdict) -> bool:
    is_breached = verdict.finding is not None and verdict.finding.breached
    acts = verdict.rule.mode is Mode.ON and verdict.rule.action is Action.REDUCE
    return acts and is_breached and verdict.skip not in _UNSURE


def _breached(firing: Firing) -> NewEvent:
    data = {
        "rule": f"rule:{firing.rule}",
        "scope": str(firing.subject),
        "action": str(firing.action),
        "reason": firing.said,
    }
    return NewEvent(id=firing.id, kind="safety.breached", at=firing.at, data=data)


def _trip(firing: Firing) -> TripHalt:
    return TripHalt(
        scope=firing.subject,
        reason=firing.said,
        by=f"rule:{firing.rule}",
        campaigns=firing.campaigns,
        evidence={
            "kind": firing.kind,
            "observed": firing.observed,
            "limit": firing.limit,
            "campaigns": [[each.platform, each.campaign_id] for each in firing.campaigns],
        },
    )
