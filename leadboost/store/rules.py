"""``rules``, ``rule_firings`` and ``rule_looks``, and the facts that rules look at."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import asyncpg
import structlog
from pydantic import ValidationError

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Scope
from leadboost.domain.rules.facts import DayFact, SourceFact, StockFact
from leadboost.domain.rules.replay import RATE_DAYS, History, Revision, SoldDay, StockPlace
from leadboost.domain.rules.rule import Action, Firing, Rule
from leadboost.domain.rules.written import read_rule, write_rule
from leadboost.errors import InputError
from leadboost.ports import LookRun, NewEvent, OpenChanges, SellRate
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database
from leadboost.store.journal import insert_events
from leadboost.store.jsontext import json_text
from leadboost.store.queries import load_queries
from leadboost.store.stock import read_paces

DEADLINE_S = 2.0
LONG_DEADLINE_S = 10.0
FIRINGS_READ = 2_000
LOOKS_KEPT = timedelta(days=30)
MOST_REVISIONS = 50_000

_log = structlog.get_logger(__name__)
_queries = load_queries("rules")


class PgRuleStore:
    """``RuleStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rules(self) -> Sequence[Rule]:
        """A rule that this version cannot read is left out and logged: the others must still stand."""
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_rules)
        rules = []
        for row in rows:
            try:
                rules.append(read_rule(row["body"]))
            except ValidationError as error:
                _log.error("rule cannot be read", rule=row["name"], error=str(error))
        return rules

    async def replace(self, rules: Sequence[Rule], *, by: str) -> None:
        database = self._database
        written = [write_rule(rule) for rule in rules]
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            await session.execute(_queries.lock_rules)
            before = [row["body"] for row in await session.fetch(_queries.read_rules)]
            await session.execute(_queries.drop_rules)
            await session.execute(
                _queries.insert_rules,
                by,
                database.clock.now(),
                [rule.name for rule in rules],
                [json_text(body) for body in written],
                list(range(len(rules))),
            )
            detail = {"before": before, "after": written}
            entry = AuditEntry(actor=by, action="rules.replace", subject="rules", detail=detail)
            await append_audit(session, [entry], clock=database.clock, rng=database.rng)

    async def note_reload(self, rules: Sequence[Rule], problem: str | None) -> None:
        database = self._database
        detail = {"rules": [write_rule(rule) for rule in rules], "problem": problem}
        entry = AuditEntry(actor="system", action="rules.reload", subject="rules file", detail=detail)
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            await append_audit(session, [entry], clock=database.clock, rng=database.rng)

    async def firings(self, since: datetime) -> Sequence[Firing]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_firings, since, FIRINGS_READ)
        return [_firing(row) for row in rows]

    async def record(
        self, firings: Sequence[Firing], looks: Sequence[LookRun], events: Sequence[NewEvent]
    ) -> None:
        database = self._database
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            if firings:
                columns = zip(*map(_firing_row, firings), strict=True)
                await session.execute(_queries.insert_firings, *columns)
            if looks:
                await session.execute(_queries.save_looks, *zip(*map(_look_row, looks), strict=True))
                await session.execute(_queries.purge_looks, database.clock.now() - LOOKS_KEPT)
            await insert_events(session, events)


class PgFactStore:
    """``FactStore`` on PostgreSQL; money of another ``currency`` than the base one is left out."""

    def __init__(self, database: Database, *, currency: str) -> None:
        self._database = database
        self._currency = currency

    async def stock(self, skus: Collection[str] | None, also: Mapping[str, SellRate]) -> Sequence[StockFact]:
        wanted = None if skus is None else list(skus)
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.find_stock, wanted, list(also))
        return [_stock(row, also.get(row["sku"])) for row in rows]

    async def sell_rates(self) -> Mapping[str, SellRate]:
        now = self._database.clock.now()
        since = now.date() - timedelta(days=RATE_DAYS - 1)
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.find_sell_rates, since)
            paces = await read_paces(session, [row["sku"] for row in rows], now)
        return {
            row["sku"]: SellRate(sold=row["sold"], pace=paces.get(row["sku"]), returned=row["returned"])
            for row in rows
        }

    async def ledger(self, since: date) -> Sequence[DayFact]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_ledger, since, self._currency)
        return [
            DayFact(
                campaign=_named_campaign(row),
                day=row["day"],
                spend_micros=row["spend_micros"],
                revenue_micros=row["revenue_micros"],
            )
            for row in rows
        ]

    async def open_changes(self) -> OpenChanges:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.find_open_actions)
        unknown = frozenset(_campaign(row["platform"], row["campaign_id"]) for row in rows if row["unknown"])
        return OpenChanges(
            pending=frozenset(_campaign(row["platform"], row["campaign_id"]) for row in rows),
            unknown=unknown,
        )

    async def sources(self) -> Sequence[SourceFact]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_sources)
        return [SourceFact(name=row["name"], read_at=row["read_at"], muted=row["muted"]) for row in rows]

    async def history(self, first: date, last: date) -> History:
        begin, end = (
            datetime.combine(day, time(), tzinfo=UTC)
            for day in (first - timedelta(days=RATE_DAYS), last + timedelta(days=1))
        )
        async with self._database.session(deadline_s=LONG_DEADLINE_S) as session:
            places = await session.fetch(_queries.read_places)
            sold = await session.fetch(_queries.read_past_stock, begin, end)
            rows = await session.fetch(
                _queries.read_past_outcomes, first, last, self._currency, MOST_REVISIONS + 1
            )
        if len(rows) > MOST_REVISIONS:
            reason = f"reaches over more than {MOST_REVISIONS:,} rows of the ledger; ask for fewer days"
            raise InputError("since", reason)
        return History(
            currency=self._currency,
            revisions=[_revision(row) for row in rows],
            sold=[SoldDay(**dict(row)) for row in sold],
            products=[
                StockPlace(sku=row["sku"], floor=row["floor"], campaigns=_campaigns(row)) for row in places
            ],
        )


def _stock(row: asyncpg.Record, rate: SellRate | None) -> StockFact:
    return StockFact(
        sku=row["sku"],
        available=row["available"],
        floor=row["floor"],
        campaigns=_campaigns(row),
        sold=rate.sold if rate else 0,
        pace=rate.pace if rate else None,
        returned=rate.returned if rate else 0,
    )


def _campaigns(row: asyncpg.Record) -> tuple[Campaign, ...]:
    return tuple(map(_campaign, row["platforms"], row["campaign_ids"]))


def _campaign(platform: str, campaign_id: str) -> Campaign:
    return Campaign(platform=platform, campaign_id=campaign_id)


def _named_campaign(row: asyncpg.Record) -> Campaign | None:
    return _campaign(row["platform"], row["campaign_id"]) if row["campaign_id"] else None


def _revision(row: asyncpg.Record) -> Revision:
    return Revision(
        external_id=row["external_id"],
        campaign=_named_campaign(row),
        day=row["day"],
        known_at=row["known_at"],
        spend_micros=row["spend_micros"],
        revenue_micros=row["revenue_micros"],
    )


def _firing(row: asyncpg.Record) -> Firing:
    return Firing(
        id=row["id"],
        rule=row["rule"],
        kind=row["kind"],
        subject=Scope.parse(row["subject"]),
        action=Action(row["action"]),
        shadow=row["shadow"],
        at=row["fired_at"],
        said=row["said"],
        observed=row["observed"],
        limit=row["threshold"],
        delta=row["delta"],
        campaigns=tuple(_campaign(*each) for each in row["campaigns"]),
    )


def _firing_row(firing: Firing) -> tuple[object, ...]:
    campaigns = [[each.platform, each.campaign_id] for each in firing.campaigns]
    return (
        firing.id,
        firing.rule,
        firing.kind,
        str(firing.subject),
        str(firing.action),
        firing.shadow,
        firing.at,
        firing.said,
        firing.observed,
        firing.limit,
        firing.delta,
        json_text(campaigns),
    )


def _look_row(look: LookRun) -> tuple[object, ...]:
    return (
        look.id,
        look.rule,
        str(look.subject),
        str(look.outcome),
        str(look.skip) if look.skip else None,
        look.detail,
        look.since,
        look.until,
        look.times,
    )
