"""What campaigns did, and which products they advertise."""

from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from leadboost.domain.campaign import Campaign
from leadboost.domain.linking import Link, Listed
from leadboost.domain.money import MICROS_PER_UNIT
from leadboost.errors import InputError
from leadboost.messages.bookkeeper import CampaignAction, CampaignResult
from leadboost.messages.throttle import BudgetCut
from leadboost.ports import NewEvent
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database
from leadboost.store.journal import insert_events
from leadboost.store.queries import load_queries

DEADLINE_S = 10.0

_queries = load_queries("campaigns")


class PgCampaignStore:
    """``CampaignStore`` and ``CutStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def results(self, since: date, *, currency: str) -> Sequence[CampaignResult]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_results, since, currency)
        return [
            CampaignResult(
                campaign=_campaign(row),
                spend_micros=row["spend_micros"],
                revenue_micros=row["revenue_micros"],
                days=row["days"],
                last_day=row["last_day"],
            )
            for row in rows
        ]

    async def last_day(self) -> date | None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            found: date | None = await session.fetchval(_queries.read_last_day)
        return found

    async def actions(self, limit: int) -> Sequence[CampaignAction]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_actions, limit)
        return [
            CampaignAction(
                campaign=_campaign(row),
                kind=row["kind"],
                state=row["state"],
                error=row["error"],
                intended_at=row["intended_at"],
                settled_at=row["settled_at"],
            )
            for row in rows
        ]

    async def links(self) -> Sequence[Link]:
        return await self._links(_queries.read_links)

    async def refused_links(self) -> Sequence[Link]:
        return await self._links(_queries.read_refused_links)

    async def _links(self, query: str) -> Sequence[Link]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(query)
        return [Link(campaign=_campaign(row), sku=row["sku"]) for row in rows]

    async def products(self, limit: int) -> Sequence[Listed]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_titles, limit)
        return [Listed(sku=sku, title=title) for sku, title in rows]

    async def note_cut(self, cut: BudgetCut) -> None:
        state = "confirmed" if cut.error is None else "failed"
        place = (cut.campaign.platform, cut.campaign.campaign_id)
        row = (cut.id, str(cut.firing_id), *place, state, cut.error, cut.began_at, cut.at)
        data: dict[str, object] = {
            "platform": cut.campaign.platform,
            "campaign_id": cut.campaign.campaign_id,
            "state": state,
            "by": f"rule:{cut.rule}",
            "before": _units(cut.before_micros),
            "after": _units(cut.after_micros),
            "currency": cut.currency,
            "error": cut.error,
        }
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            if await session.fetchval(_queries.note_cut, *row) is not None:
                event = NewEvent(id=cut.id, kind="campaign.lower_budget", at=cut.at, data=data)
                await insert_events(session, [event])

    async def decide_link(self, link: Link, *, accepted: bool, by: str, at: datetime) -> None:
        campaign = link.campaign
        place = (campaign.platform, campaign.campaign_id, link.sku)
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            if accepted:
                await session.execute(_queries.allow_link, *place)
                known = await session.fetchval(_queries.add_link, *place)
            else:
                known = await session.fetchval(_queries.refuse_link, *place, at)
            if known is None:
                raise InputError("sku", f"{link.sku} is not known; create it under /api/stock first")
            action = "campaign.linked" if accepted else "campaign.link_refused"
            subject = f"{campaign.platform}:{campaign.campaign_id}"
            entry = AuditEntry(actor=by, action=action, subject=subject, detail={"sku": link.sku})
            await append_audit(session, [entry], clock=self._database.clock, rng=self._database.rng)


def _units(micros: int | None) -> float | None:
    return None if micros is None else micros / MICROS_PER_UNIT


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(platform=row["platform"], campaign_id=row["campaign_id"])
