"""What people teach the radar: decisions on single signals, and the watched topics."""

from typing import Final
from uuid import UUID

from aiohttp import web

from leadboost.console.bodies import DecisionBody, TopicsBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.problems import Fault, ProblemError, invalid
from leadboost.console.replies import DryRun, RadarReply, SignalDecided, TopicsReplaced, TopicsReply
from leadboost.domain.radar.topic import Topic
from leadboost.messages.scout import DecideSignal, ListTopics, ReplaceTopics

TEACH_DEADLINE_S: Final = 5.0


async def accept_signal(call: Call) -> web.Response:
    """Let a signal count, whatever the radar made of it, and teach the spam score."""
    return await _decide(call, accept=True)


async def reject_signal(call: Call) -> web.Response:
    """Let a signal count no more, and teach the spam score."""
    return await _decide(call, accept=False)


async def _decide(call: Call, *, accept: bool) -> web.Response:
    body = validate(DecisionBody, await call.json())
    signal_id = _id(call.place[0])
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    command = DecideSignal(id=signal_id, accept=accept, reason=body.reason, by=call.principal.subject)
    decided = await call.handles.scout.ask(command, timeout_s=TEACH_DEADLINE_S)
    if decided is None:
        raise ProblemError(404, "not_found", "There is no signal of this id; see GET /api/signals.")
    return answer(SignalDecided.of(decided, trace_id=call.trace_id))


async def show_radar(call: Call) -> web.Response:
    """Tell what the radar refuses, by source and reason, and how well its spam score does."""
    return answer(RadarReply.of(await call.handles.radar.report()))


async def list_topics(call: Call) -> web.Response:
    """List what is watched for; without any topic every signal is on topic."""
    return answer(TopicsReply(await call.handles.scout.ask(ListTopics())))


async def replace_topics(call: Call) -> web.Response:
    """Watch for these topics and for no others."""
    body = validate(TopicsBody, await call.json())
    topics = [
        Topic(name=item.name, terms=tuple(item.terms), examples=tuple(item.examples)) for item in body.items
    ]
    names = [topic.name for topic in topics]
    if twins := [index for index, name in enumerate(names) if name in names[:index]]:
        raise invalid([Fault(f"items[{index}].name", "stands there more than once") for index in twins])
    if call.is_dry_run:
        return answer(DryRun(len(topics), (), (), call.trace_id))
    command = ReplaceTopics(topics=topics, by=call.principal.subject)
    stored = await call.handles.scout.ask(command, timeout_s=TEACH_DEADLINE_S)
    return answer(TopicsReplaced(stored, call.trace_id))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid([Fault("id", "must be a UUID")]) from None
