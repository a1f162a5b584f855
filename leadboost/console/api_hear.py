"""Signals."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from aiohttp import web

from leadboost.console.bodies import SignalsQuery
from leadboost.console.call import Call, answer
from leadboost.console.items import items_of
from leadboost.console.replies import DryRun, Refusal, SignalReply, SignalsPage, SignalsReply
from leadboost.domain.signal_intake import read_signal
from leadboost.errors import InputError
from leadboost.messages.scout import HearSignals, SignalQuery, SignalRejection, SignalsHeard

MAX_SIGNALS: Final = 1000
HEAR_DEADLINE_S: Final = 10.0


async def hear_signals(call: Call) -> web.Response:
    """Hand signals to Scout, which validates each alone."""
    items = items_of(await call.json(), MAX_SIGNALS)
    if call.is_dry_run:
        refused = await asyncio.to_thread(check_signals, items, call.surroundings.clock.now())
        return answer(DryRun(len(items) - len(refused), (), refused, call.trace_id))
    heard = await hear_items(call, items)
    return answer(SignalsReply(heard.accepted, heard.duplicates, heard.rejected, call.trace_id))


async def hear_items(call: Call, items: Sequence[object]) -> SignalsHeard:
    """Hand decoded JSON values to Scout; those that are no objects are rejected here."""
    objects = {index: item for index, item in enumerate(items) if isinstance(item, dict)}
    heard = SignalsHeard(accepted=0, duplicates=0, rejected=())
    if objects:
        command = HearSignals(items=list(objects.values()))
        heard = await call.handles.scout.ask(command, timeout_s=HEAR_DEADLINE_S)
    return replace(heard, rejected=tuple(_rejections(len(items), objects, heard.rejected)))


def check_signals(items: Sequence[object], now: datetime) -> list[Refusal]:
    """Refuse what Scout would refuse; ``now`` is aware UTC. A thousand items take some 150 ms."""
    refused: list[Refusal] = []
    for index, item in enumerate(items):
        try:
            read_signal(item, now=now)
        except InputError as error:
            refused.append(Refusal(index, str(error)))
    return refused


def _rejections(
    count: int, objects: Mapping[int, object], rejected: Sequence[SignalRejection]
) -> list[SignalRejection]:
    places = list(objects)
    ours = [
        SignalRejection(index=index, reason="must be an object")
        for index in range(count)
        if index not in objects
    ]
    scouts = [SignalRejection(index=places[item.index], reason=item.reason) for item in rejected]
    return sorted(ours + scouts, key=lambda rejection: rejection.index)


async def list_signals(call: Call) -> web.Response:
    """Page through stored signals, newest first."""
    query = call.query(SignalsQuery)
    found = await call.handles.signals.page(
        SignalQuery(
            before=query.before,
            source=query.source,
            state=query.state,
            text=query.text,
            topic=query.topic,
            cluster=query.cluster,
            limit=query.limit,
        )
    )
    return answer(SignalsPage([SignalReply.of(signal) for signal in found.items], found.next))
