"""The safety rules: what they are, what became of them, and what they would do or would have done."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from leadboost.console.call import Call, answer, validate
from leadboost.console.replies import DryRun, PreviewReply, ReplayReply, RulesReplaced, RulesReply
from leadboost.console.rule_bodies import PreviewBody, ReplayBody, RulesBody
from leadboost.domain.rules.rule import Origin, Rule
from leadboost.domain.rules.written import made_of
from leadboost.messages.safety import ListRules, PreviewRules, ReplaceRules, ReplayRules

REPLACE_DEADLINE_S: Final = 5.0
PREVIEW_DEADLINE_S: Final = 10.0
REPLAY_DEADLINE_S: Final = 60.0


async def get_rules(call: Call) -> web.Response:
    """Every rule with what its last look brought, and the last firings."""
    return answer(RulesReply.of(await call.handles.safety.ask(ListRules())))


async def put_rules(call: Call) -> web.Response:
    """Set the rules of the API anew; who did stands in the audit log."""
    body = validate(RulesBody, await call.json())
    rules = made_of(body.rules, Origin.API)
    if call.is_dry_run:
        return answer(DryRun(len(rules), (), (), call.trace_id))
    command = ReplaceRules(rules=rules, by=call.principal.subject)
    await call.handles.safety.ask(command, timeout_s=REPLACE_DEADLINE_S)
    return answer(RulesReplaced(len(rules), call.trace_id))


async def preview_rules(call: Call) -> web.Response:
    """Judge rules over what is known now, and do nothing."""
    body = validate(PreviewBody, await call.json())
    looked = await call.handles.safety.ask(PreviewRules(rules=_rules(body)), timeout_s=PREVIEW_DEADLINE_S)
    return answer(PreviewReply.of(looked))


async def replay_rules(call: Call) -> web.Response:
    """Tell what rules would have done on the days that are over, and what it would have saved."""
    body = validate(ReplayBody, await call.json())
    asked = ReplayRules(days=int(body.since.removesuffix("d")), hold_days=body.hold_days, rules=_rules(body))
    done = await call.handles.safety.ask(asked, timeout_s=REPLAY_DEADLINE_S)
    return answer(ReplayReply.of(asked, done, call.surroundings.currency))


def _rules(body: PreviewBody) -> Sequence[Rule] | None:
    return None if body.rules is None else made_of(body.rules, Origin.API)
