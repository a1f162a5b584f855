"""``topics`` and ``radar``: what people taught the radar, and their decisions on single signals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from uuid import UUID

import asyncpg

from leadboost.clock import uuid7
from leadboost.domain.radar.cleaning import Knowledge
from leadboost.domain.radar.spam import SpamModel, spam_features
from leadboost.domain.radar.topic import Topic
from leadboost.domain.signal import Signal, prose
from leadboost.messages.scout import DecideSignal, StoredSignal
from leadboost.ports import NewEvent
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database, Session
from leadboost.store.journal import insert_events
from leadboost.store.queries import load_queries
from leadboost.store.signals import accepted_event, lock_clusters, read_body, read_signals
from leadboost.store.signals import queries as signal_queries

DEADLINE_S = 2.0

_queries = load_queries("radar")


class PgKnowledgeStore:
    """``KnowledgeStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock
        self._rng = database.rng.fork("radar")

    async def knowledge(self, known: Knowledge | None) -> Knowledge:
        """One round trip while nothing changed."""
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            versions = await session.fetchrow(_queries.read_versions)
            if known is not None and versions is not None and tuple(versions) == known.version:
                return known
            # A change between the two leaves versions that are behind, so both are read again.
            row = await session.fetchrow(_queries.read_model)
            topics = await _read_topics(session)
        assert row is not None  # noqa: S101 - the migration wrote it
        version = (row["topics_version"], row["spam_version"])
        return Knowledge(spam=_model(row), topics=tuple(topics), version=version)

    async def replace_topics(self, topics: Sequence[Topic], *, by: str) -> Sequence[Topic]:
        now = self._clock.now()
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await session.execute(_queries.raise_topics_version)
            await session.execute(_queries.drop_topics, [topic.name for topic in topics])
            rows = [(topic.name, list(topic.terms), list(topic.examples), now) for topic in topics]
            await session.execute_many(_queries.put_topic, rows)
            stored = await _read_topics(session)
            names = [topic.name for topic in stored]
            await self._audit(session, by, "topics.put", "topics", {"names": names})
        return stored

    async def decide(self, decision: DecideSignal) -> StoredSignal | None:
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await lock_clusters(session)
            row = await session.fetchrow(_queries.lock_signal, decision.id)
            if row is None:
                return None
            signal = read_body(row["body"], row["author"])
            taught = await _teach(session, signal, row, is_spam=not decision.accept)
            state = _state_after(decision, row)
            reason = None if decision.accept else f"operator: {decision.reason or 'not worth hearing'}"
            await session.execute(_queries.decide_signal, decision.id, state, reason, decision.by, *taught)
            if row["cluster"] is not None:
                await session.execute(signal_queries.choose_leads, [row["cluster"]])
            await insert_events(session, self._events(decision, signal, row["state"]))
            (decided,) = await read_signals(session, [decision.id])
            action = "signal.accept" if decision.accept else "signal.reject"
            detail = {"reason": decision.reason}
            await self._audit(session, decision.by, action, str(decision.id), detail)
        return decided

    async def _audit(
        self, session: Session, by: str, action: str, subject: str, detail: Mapping[str, object]
    ) -> None:
        entry = AuditEntry(actor=by, action=action, subject=subject, detail=detail)
        await append_audit(session, [entry], clock=self._clock, rng=self._rng)

    def _events(self, decision: DecideSignal, signal: Signal, state: str) -> list[NewEvent]:
        data: Mapping[str, object] = {
            "id": str(decision.id),
            "accepted": decision.accept,
            "reason": decision.reason,
            "by": decision.by,
        }
        now = self._clock.now()
        events = [NewEvent(id=self._id(), kind="signal.decided", at=now, data=data)]
        if decision.accept and state == "rejected":
            events.append(accepted_event(self._id(), decision.id, signal, now))
        return events

    def _id(self) -> UUID:
        return uuid7(self._clock, self._rng)


def _state_after(decision: DecideSignal, row: asyncpg.Record) -> str:
    """What was heard before it was rejected is not heard, nor counted, again."""
    if not decision.accept:
        return "rejected"
    if row["state"] != "rejected":
        return str(row["state"])
    return "processed" if row["is_heard"] else "pending"


async def _teach(
    session: Session, signal: Signal, row: asyncpg.Record, *, is_spam: bool
) -> tuple[bool | None, float | None]:
    """Teach one label for each signal, in the place of the one before; returns what is taught by now.

    A text that was deleted for its age teaches nothing.
    """
    taught, error = row["taught_spam"], row["taught_error"]
    if taught is is_spam or not signal.text:
        return taught, error
    stored = await session.fetchrow(_queries.lock_model)
    assert stored is not None  # noqa: S101 - the migration wrote it
    before, features = _model(stored), spam_features([prose(signal.title, signal.text)])
    if taught is not None:
        before = before.unlearn(features, is_spam=taught, error=error or 0.0)
    error = before.error(features, is_spam=is_spam)
    model = before.learn(features, is_spam=is_spam)
    if taught is not None:
        model = replace(model, tally=before.tally)
    await session.execute(
        _queries.write_model, model.to_bytes(), model.spam, model.wanted, asdict(model.tally)
    )
    return is_spam, error


async def unteach(session: Session, taught: Sequence[asyncpg.Record]) -> None:
    """Let the spam score forget what these signals (title, text, taught_spam, taught_error) taught it."""
    if not taught:
        return
    stored = await session.fetchrow(_queries.lock_model)
    assert stored is not None  # noqa: S101 - the migration wrote it
    model = _model(stored)
    for row in taught:
        if row["text"]:
            features = spam_features([prose(row["title"], row["text"])])
            model = model.unlearn(features, is_spam=row["taught_spam"], error=row["taught_error"] or 0.0)
    await session.execute(
        _queries.write_model, model.to_bytes(), model.spam, model.wanted, asdict(model.tally)
    )


def _model(row: asyncpg.Record) -> SpamModel:
    if row["spam_model"] is None:
        return SpamModel()
    return SpamModel.from_bytes(
        row["spam_model"], spam=row["spam_seen"], wanted=row["wanted_seen"], tally=row["tally"]
    )


async def _read_topics(session: Session) -> list[Topic]:
    rows = await session.fetch(_queries.read_topics)
    return [
        Topic(
            name=row["name"],
            terms=tuple(row["terms"]),
            examples=tuple(row["examples"]),
            updated_at=row["updated_at"],
        )
        for row in rows
    ]
