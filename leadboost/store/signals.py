"""``raw_signals``: each content once, with its journal event."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from leadboost.clock import uuid7
from leadboost.domain.signal import Signal
from leadboost.domain.timeline import KIND as STEP_KIND
from leadboost.messages.scout import ListSignals, StoredSignal
from leadboost.ports import NewEvent, NewSignal
from leadboost.store.database import Database
from leadboost.store.journal import insert_events
from leadboost.store.jsontext import json_text
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0
EXCERPT_CHARS = 280

_queries = load_queries("signals")


class PgSignalStore:
    """``SignalStore`` on PostgreSQL. What is new completes the step ``radar`` in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock
        self._rng = database.rng.fork("signals")

    async def insert(self, signals: Sequence[NewSignal]) -> Sequence[UUID]:
        """Of equal content hashes in one call, the first counts; the ids come back in the order given."""
        if not signals:
            return ()
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(
                _queries.insert_signals,
                self._clock.now(),
                [new.id for new in signals],
                [new.content_hash for new in signals],
                [new.signal.source for new in signals],
                [new.signal.external_id for new in signals],
                [json_text(_body(new.signal)) for new in signals],
                [new.signal.published_at for new in signals],
            )
            stored = {row["id"] for row in rows}
            accepted = [new for new in signals if new.id in stored]
            if accepted:
                events = [self._accepted(new) for new in accepted]
                await insert_events(session, [*events, self._heard(accepted)])
        return [new.id for new in accepted]

    async def page(self, query: ListSignals) -> Sequence[StoredSignal]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(
                _queries.page_signals,
                query.before,
                query.source,
                query.state,
                None if query.text is None else like_pattern(query.text),
                query.limit,
            )
        return [_stored(row) for row in rows]

    def _accepted(self, new: NewSignal) -> NewEvent:
        signal = new.signal
        return NewEvent(
            id=uuid7(self._clock, self._rng),
            kind="signal.accepted",
            at=self._clock.now(),
            data={
                "id": str(new.id),
                "source": signal.source,
                "external_id": signal.external_id,
                "title": signal.title,
                "text": signal.text[:EXCERPT_CHARS],
                "url": signal.url,
            },
        )

    def _heard(self, accepted: Sequence[NewSignal]) -> NewEvent:
        sources = sorted({new.signal.source for new in accepted})
        signals = "1 new signal" if len(accepted) == 1 else f"{len(accepted)} new signals"
        data = {
            "run_id": str(uuid7(self._clock, self._rng)),
            "step": "radar",
            "state": "COMPLETE",
            "detail": f"{signals} from {', '.join(sources)}"[:EXCERPT_CHARS],
        }
        return NewEvent(id=uuid7(self._clock, self._rng), kind=STEP_KIND, at=self._clock.now(), data=data)


def like_pattern(text: str) -> str:
    """Make a LIKE pattern that finds ``text`` to the letter, anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _body(signal: Signal) -> dict[str, object]:
    return {
        "source": signal.source,
        "external_id": signal.external_id,
        "text": signal.text,
        "url": signal.url,
        "author": signal.author,
        "title": signal.title,
        "published_at": signal.published_at and signal.published_at.isoformat(),
        "engagement": dict(signal.engagement),
        "extra": dict(signal.extra),
    }


def _stored(row: asyncpg.Record) -> StoredSignal:
    return StoredSignal(
        id=UUID(int=row["id"].int),  # the driver's own subclass is not JSON to everyone
        seq=row["seq"],
        signal=_signal(row["body"]),
        state=row["state"],
        reason=row["reason"],
        heard_at=row["heard_at"],
    )


def _signal(body: Mapping[str, Any]) -> Signal:
    published_at = body["published_at"] and datetime.fromisoformat(body["published_at"])
    return Signal(**{**body, "published_at": published_at})
