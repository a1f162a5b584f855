"""Predictions, outcomes and the model."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from aiohttp import web
from pydantic import ValidationError

from leadboost.console.bodies import OutcomeBody, PredictBody, PredictItems, RollbackBody, faults_of
from leadboost.console.call import Call, answer, validate
from leadboost.console.items import items_of
from leadboost.console.problems import Fault, ProblemError, invalid
from leadboost.console.replies import (
    DryRun,
    ForecastReply,
    Forecasts,
    ModelReply,
    OutcomesReply,
    Refusal,
    RollbackReply,
)
from leadboost.domain.hearing.heard import average
from leadboost.domain.outcome import Outcome
from leadboost.messages.trainer import GetModel, OutcomesRecorded, Predict, RecordOutcomes, RollBack

MAX_OUTCOMES: Final = 5000
ASKED_AT_ONCE: Final = 250
MAX_SIGNAL_IDS: Final = 2000
RECORD_DEADLINE_S: Final = 10.0
ROLLBACK_DEADLINE_S: Final = 30.0  # it waits for the pass under way


async def predict_roi(call: Call) -> web.Response:
    """Forecast one planned spend, or each of ``items``."""
    value = await call.exact_json()
    if isinstance(value, dict) and "items" in value:
        bodies = validate(PredictItems, value).items
        questions = await _questions(call, {f"items[{index}].": body for index, body in enumerate(bodies)})
        return answer(Forecasts(await _forecasts(call, questions)))
    (question,) = await _questions(call, {"": validate(PredictBody, value)})
    return answer(await _forecast(call, question))


async def _forecast(call: Call, question: Predict) -> ForecastReply:
    return ForecastReply.of(await call.handles.predictor.ask(question))


async def _forecasts(call: Call, questions: Sequence[Predict]) -> list[ForecastReply]:
    # Together, so that the predictor finds them queued as one batch; in parts, to leave others room.
    replies: list[ForecastReply] = []
    for part in range(0, len(questions), ASKED_AT_ONCE):
        asks = (_forecast(call, question) for question in questions[part : part + ASKED_AT_ONCE])
        replies += await asyncio.gather(*asks)
    return replies


async def _questions(call: Call, bodies: Mapping[str, PredictBody]) -> Sequence[Predict]:
    """Complete the bodies, by their place in the request, with what was heard."""
    ids: set[UUID] = set()
    for place, body in bodies.items():
        ids.update(body.signal_ids)
        if len(ids) > MAX_SIGNAL_IDS:
            reason = f"makes it more than {MAX_SIGNAL_IDS:,} different ids in one request; send fewer items"
            raise invalid([Fault(f"{place}signal_ids", reason)])
    known = await call.handles.hearing.features(ids) if ids else {}
    currency = call.surroundings.currency
    return [_question(body, currency, place, known) for place, body in bodies.items()]


def _question(
    body: PredictBody, currency: str, place: str, known: Mapping[UUID, Mapping[str, float]]
) -> Predict:
    if body.currency not in (None, currency):
        raise invalid([Fault(f"{place}currency", _only(currency))])
    for index, id_ in enumerate(body.signal_ids):
        if id_ not in known:
            raise invalid([Fault(f"{place}signal_ids[{index}]", "is not the id of a signal that is kept")])
    return Predict(
        spend_micros=body.spend,
        text=body.text,
        source=body.source,
        platform=body.platform,
        attributes=body.attributes,
        heard=average(known[id_] for id_ in set(body.signal_ids)) if body.signal_ids else {},
    )


def _only(currency: str) -> str:
    return f"must be {currency}, the base currency; no rate for another one is set"


async def record_outcomes(call: Call) -> web.Response:
    """Store outcomes; each is checked alone, and one bad item never spoils the others."""
    items = items_of(await call.exact_json(), MAX_OUTCOMES)
    outcomes, skipped, rejected = sort_outcomes(items, call.surroundings.currency)
    if call.is_dry_run:
        return answer(DryRun(len(outcomes), skipped, rejected, call.trace_id))
    recorded = OutcomesRecorded(accepted=0, unchanged=0)
    if outcomes:
        command = RecordOutcomes(outcomes=outcomes)
        recorded = await call.handles.trainer.ask(command, timeout_s=RECORD_DEADLINE_S)
    reply = OutcomesReply(
        accepted=recorded.accepted,
        changed=recorded.changed,
        unchanged=recorded.unchanged,
        skipped=skipped,
        rejected=rejected,
        trace_id=call.trace_id,
    )
    return answer(reply)


def sort_outcomes(
    items: Sequence[object], currency: str
) -> tuple[list[Outcome], list[Refusal], list[Refusal]]:
    """Sort items into valid outcomes, skipped ones (nothing was spent) and rejected ones."""
    outcomes: list[Outcome] = []
    skipped: list[Refusal] = []
    rejected: list[Refusal] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        try:
            outcome = outcome_of(item, currency)
        except ProblemError as problem:
            rejected.append(Refusal(index, problem.detail))
            continue
        if outcome.spend_micros == 0:
            skipped.append(Refusal(index, "zero spend"))
        elif (first := seen.setdefault(outcome.external_id, index)) != index:
            rejected.append(Refusal(index, f"external_id: is already in item {first} of this request"))
        else:
            outcomes.append(outcome)
    return outcomes, skipped, rejected


def outcome_of(item: object, currency: str) -> Outcome:
    """Read one outcome in the base currency. Raises ProblemError 422 naming the fields at fault."""
    try:
        body = OutcomeBody.model_validate(item)
    except ValidationError as error:
        raise invalid(faults_of(error)) from None
    if body.currency not in (None, currency):
        raise invalid([Fault("currency", _only(currency))])
    return Outcome(
        external_id=body.external_id,
        platform=body.platform,
        day=body.date,
        spend_micros=body.spend,
        revenue_micros=body.revenue,
        currency=currency,
        clicks=body.clicks,
        impressions=body.impressions,
        conversions=body.conversions,
        attributes=body.attributes,
        signal_ids=tuple(body.signal_ids),
    )


async def get_model(call: Call) -> web.Response:
    """Tell how much the live model has learned, and how wrong it has been."""
    return answer(ModelReply.of(await call.handles.trainer.ask(GetModel())))


async def roll_back(call: Call) -> web.Response:
    """Serve what an older version had learned; learning goes on from there."""
    body = validate(RollbackBody, await call.json())
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    command = RollBack(version=body.version, reason=body.reason, by=call.principal.subject)
    rolled_back = await call.handles.trainer.ask(command, timeout_s=ROLLBACK_DEADLINE_S)
    return answer(RollbackReply(rolled_back.version, call.trace_id))
