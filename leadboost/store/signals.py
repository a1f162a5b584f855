"""``raw_signals``: each content once, with its journal event, copies joined into clusters."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from leadboost.clock import uuid7, uuid7s
from leadboost.domain.radar.clusters import CROWD, Member, Moves, cluster_mark, join, pairs_within
from leadboost.domain.radar.minhash import BANDS
from leadboost.domain.signal import Signal
from leadboost.domain.timeline import KIND as STEP_KIND
from leadboost.messages.scout import Echo, SignalPage, SignalQuery, StoredSignal
from leadboost.ports import NewEvent, NewSignal
from leadboost.store.database import Database, Session
from leadboost.store.jsontext import json_text
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0
ECHO_MEMBERS = 1000
LOOK_BACK = 5000
EXCERPT_CHARS = 280
TOPIC_SEPARATOR = "\x1f"
NO_SIGNATURE = bytes(128)
NO_BANDS = (0,) * BANDS

queries = load_queries("signals")


class PgSignalStore:
    """``SignalStore`` on PostgreSQL. What is new completes the step ``radar`` in the same transaction."""

    def __init__(self, database: Database, *, near_duplicate_at: float = 0.8) -> None:
        """``near_duplicate_at`` is the Jaccard similarity from which on two texts are copies; every host
        must go by the same."""
        self._database = database
        self._near_duplicate_at = near_duplicate_at
        self._clock = database.clock
        self._rng = database.rng.fork("signals")

    async def save_raw_signal(self, *signals: NewSignal) -> Sequence[UUID]:
        """Of equal content hashes in one call, the first counts; the ids come back in the order given."""
        if not signals:
            return ()
        firsts: dict[bytes, NewSignal] = {}
        for new in signals:
            firsts.setdefault(new.content_hash, new)
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await lock_clusters(session)
            told = firsts.values()
            rows = await session.fetch(queries.find_known, list(firsts), *_bands(told), CROWD, *_marks(told))
            known = {row["number"] for row in rows if row["id"] is None}
            fresh = {number: new for number, new in enumerate(firsts.values(), 1) if number not in known}
            if fresh:
                near = [row for row in rows if row["id"] is not None]
                await self._save(session, list(fresh.values()), _joined(fresh, near, self._near_duplicate_at))
        return [new.id for new in fresh.values()]

    async def _save(self, session: Session, fresh: Sequence[NewSignal], moves: Moves) -> None:
        ids = {new.id for new in fresh}
        earlier = {id_: cluster for id_, cluster in moves.texts.items() if id_ not in ids}
        if moves.clusters:
            await session.execute(queries.name_clusters, list(moves.clusters), list(moves.clusters.values()))
        if earlier:
            await session.execute(queries.join_clusters, list(earlier), list(earlier.values()))
        events = self._accepted([new for new in fresh if not new.finding.reason])
        await session.execute(
            queries.save_raw_signals,
            self._clock.now(),
            *_columns(fresh),
            [moves.texts.get(new.id) for new in fresh],
            *_bands(fresh),
            *_event_columns([*events, self._heard(fresh)]),
        )
        if moves.texts or moves.clusters:
            changed = {*moves.clusters.values(), *moves.texts.values()}
            await session.execute(queries.choose_leads, list(changed))

    async def page(self, query: SignalQuery) -> SignalPage:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            statement, args = _page_query(query)
            found = await session.fetch(statement, *args)
            shown = [row["id"] for row in found if row["is_like"]][: query.limit]
            items = await read_signals(session, shown)
        return SignalPage(items=items, next=_next(found, query.limit))

    async def read(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredSignal]:
        """Those of these ids that still stand."""
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return {each.id: each for each in await read_signals(session, ids)}

    def _accepted(self, stored: Sequence[NewSignal]) -> list[NewEvent]:
        ids, now = uuid7s(self._clock, self._rng, len(stored)), self._clock.now()
        return [accepted_event(id_, new.id, new.signal, now) for id_, new in zip(ids, stored, strict=True)]

    def _heard(self, stored: Sequence[NewSignal]) -> NewEvent:
        data = {
            "run_id": str(uuid7(self._clock, self._rng)),
            "step": "radar",
            "state": "COMPLETE",
            "detail": _told(stored)[:EXCERPT_CHARS],
        }
        return NewEvent(id=uuid7(self._clock, self._rng), kind=STEP_KIND, at=self._clock.now(), data=data)


async def lock_clusters(session: Session) -> None:
    """Be the only one to change clusters until the transaction ends. A statement of its own: what follows
    must see all that others wrote before."""
    await session.execute(queries.lock_clusters)


def _page_query(query: SignalQuery) -> tuple[str, tuple[object, ...]]:
    """The statement that finds one more than the page holds, and its arguments.

    A text has no index, nor has a cluster by source, state or topic: what these let through is looked for
    among LOOK_BACK signals.
    """
    text = None if query.text is None else like_pattern(query.text)
    among = (query.source, query.state, query.topic)
    is_indexed = text is None and (query.cluster is None or among == (None, None, None))
    most = query.limit + 1
    args = (query.before, *among, text, most, most if is_indexed else max(most, LOOK_BACK))
    if query.cluster is None:
        return queries.page_signals, args
    return queries.page_cluster, (*args, query.cluster)


def _next(found: Sequence[asyncpg.Record], limit: int) -> int | None:
    """Below which place the next page begins, None after the last."""
    shown = [row["seq"] for row in found if row["is_like"]]
    if len(shown) > limit:
        return int(shown[limit - 1])
    return int(found[-1]["seq"]) if found and found[-1]["is_end"] else None


async def read_signals(session: Session, ids: Sequence[UUID]) -> Sequence[StoredSignal]:
    """Read those of these ids that still stand, newest first."""
    return [_stored(row) for row in await session.fetch(queries.read_signals, ids, ECHO_MEMBERS)]


def _told(stored: Sequence[NewSignal]) -> str:
    accepted = [new for new in stored if not new.finding.reason]
    signals = "1 new signal" if len(accepted) == 1 else f"{len(accepted)} new signals"
    sources = ", ".join(sorted({new.signal.source for new in stored}))
    rejected = len(stored) - len(accepted)
    return f"{signals} from {sources}" if not rejected else f"{signals}, {rejected} rejected, from {sources}"


def _columns(signals: Sequence[NewSignal]) -> Sequence[Sequence[object]]:
    findings = [new.finding for new in signals]
    return (
        [new.id for new in signals],
        [new.content_hash for new in signals],
        [new.signal.source for new in signals],
        [new.signal.external_id for new in signals],
        [new.signal.author for new in signals],
        [json_text(_body(new.signal)) for new in signals],
        [new.signal.published_at for new in signals],
        [finding.reason for finding in findings],
        [finding.language for finding in findings],
        [TOPIC_SEPARATOR.join(finding.topics) for finding in findings],
        [finding.spam for finding in findings],
        [finding.fingerprint and finding.fingerprint.signature for finding in findings],
        [finding.richness for finding in findings],
    )


def _marks(signals: Iterable[NewSignal]) -> Sequence[Sequence[str | None]]:
    """Authors, sources and items: what may have been erased on request."""
    told = [(new.signal.author, new.signal.source, new.item) for new in signals]
    return [list(column) for column in zip(*told, strict=True)]


def _bands(signals: Iterable[NewSignal]) -> Sequence[str]:
    """The first bands of all as an array's text, then the second ones, and so on; zeros, which nothing
    shares, for what has none."""
    prints = [new.finding.fingerprint for new in signals]
    bands = [print_.bands if print_ else NO_BANDS for print_ in prints]
    return [f"{{{str(column)[1:-1]}}}" for column in map(list, zip(*bands, strict=True))]


def _event_columns(events: Sequence[NewEvent]) -> Sequence[Sequence[object]]:
    return (
        [event.id for event in events],
        [event.kind for event in events],
        [json_text(event.data) for event in events],
    )


def _joined(fresh: Mapping[int, NewSignal], near: Sequence[asyncpg.Record], threshold: float) -> Moves:
    """Join the new ones, by their numbers, among one another and with the earlier ones found."""
    members = [_member(new) for new in fresh.values()]
    pairs = pairs_within([new.finding.fingerprint for new in fresh.values()])
    places = {number: place for place, number in enumerate(fresh)}
    earlier: dict[UUID, int] = {}
    for number, id_, content_hash, signature, cluster in near:
        place = earlier.setdefault(id_, len(members))
        if place == len(members):
            members.append(Member(id_, cluster_mark(content_hash), signature, cluster))
        pairs.add((places[number], place))
    return join(members, pairs, threshold=threshold)


def _member(new: NewSignal) -> Member:
    print_ = new.finding.fingerprint
    return Member(new.id, cluster_mark(new.content_hash), print_.signature if print_ else NO_SIGNATURE)


def accepted_event(event_id: UUID, signal_id: UUID, signal: Signal, at: datetime) -> NewEvent:
    """Make the event that says a signal is worth hearing."""
    data = {
        "id": str(signal_id),
        "source": signal.source,
        "external_id": signal.external_id,
        "title": signal.title,
        "text": signal.text[:EXCERPT_CHARS],
        "url": signal.url,
    }
    return NewEvent(id=event_id, kind="signal.accepted", at=at, data=data)


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
        "title": signal.title,
        "published_at": signal.published_at,
        "engagement": signal.engagement,
        "extra": signal.extra,
    }


def _stored(row: asyncpg.Record) -> StoredSignal:
    return StoredSignal(
        id=_plain(row["id"]),
        seq=row["seq"],
        signal=read_body(row["body"], row["author"]),
        state=row["state"],
        reason=row["reason"],
        heard_at=row["heard_at"],
        language=row["language"],
        topics=tuple(row["topics"]),
        spam=row["spam"],
        cluster=_echo(row),
        decided_by=row["decided_by"],
    )


def _echo(row: asyncpg.Record) -> Echo | None:
    if row["cluster"] is None:
        return None
    return Echo(id=_plain(row["cluster"]), size=row["size"], sources=row["sources"], lead=row["is_lead"])


def _plain(value: UUID) -> UUID:
    return UUID(int=value.int)  # the driver's own subclass is not JSON to everyone


def read_body(body: Mapping[str, Any], author: str | None) -> Signal:
    """Make the signal of a stored body and its author's pseudonym."""
    published_at = body["published_at"] and datetime.fromisoformat(body["published_at"])
    return Signal(**{**body, "published_at": published_at, "author": author})
