"""Sales, reservations and returns: each happens once for its key, and is answered for ever alike."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import ValidationError

from leadboost.console.bodies import LineBody, ReservationBody, ReturnBody, SaleBody, faults_of
from leadboost.console.call import JSON_TYPE, Call, answer, json_response, validate
from leadboost.console.json_body import parse_json
from leadboost.console.problems import PROBLEM_TYPE, Fault, ProblemError, invalid, outcome_unknown
from leadboost.console.replies import DryRun
from leadboost.domain.stock import Line
from leadboost.errors import ActorStoppedError, AskTimeoutError, OutcomeUnknownError
from leadboost.messages.enterprise import (
    ConfirmReservation,
    ReleaseReservation,
    ReserveStock,
    ReturnSale,
    SellStock,
    StockChange,
)

SALE_DEADLINE_S: Final = 5.0
KEY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[!-~]{1,255}")


async def sell(call: Call) -> web.Response:
    """Sell an order once; the stored answer leaves as it was stored, byte for byte."""
    lines = order_lines(await call.read_json())
    command = SellStock(
        principal=call.principal.subject,
        key=idempotency_key(call),
        request_hash=order_hash(lines),
        trace=UUID(call.trace_id),
        lines=lines,
    )
    return await answer_once(call, command)


async def reserve(call: Call) -> web.Response:
    """Keep units for a while; confirm them before it is over, or they are for sale again."""
    body = validate(ReservationBody, await call.json())
    command = ReserveStock(
        principal=call.principal.subject,
        key=idempotency_key(call),
        request_hash=hash_of("reserve", body.sku, body.quantity, body.ttl_s),
        trace=UUID(call.trace_id),
        line=Line(sku=body.sku, quantity=body.quantity),
        ttl_s=body.ttl_s,
    )
    return await answer_once(call, command)


async def confirm_reservation(call: Call) -> web.Response:
    """Sell what a reservation keeps. Asked again, it gives the same answer."""
    id = _id(call, "reservation")
    command = ConfirmReservation(
        principal=call.principal.subject,
        key=f"confirm {id}",  # with a blank: no caller's own key can be the same
        request_hash=hash_of("confirm", str(id)),
        trace=UUID(call.trace_id),
        reservation_id=id,
    )
    return await answer_once(call, command)


async def release_reservation(call: Call) -> web.Response:
    """Give up a reservation. Asked again, it gives the same answer."""
    id = _id(call, "reservation")
    command = ReleaseReservation(
        principal=call.principal.subject,
        key=f"release {id}",
        request_hash=hash_of("release", str(id)),
        trace=UUID(call.trace_id),
        reservation_id=id,
    )
    return await answer_once(call, command)


async def return_sale(call: Call) -> web.Response:
    """Take a sale back: the lines given, or all that did not come back yet. They are for sale again."""
    body = validate(ReturnBody, await call.json())
    id = _id(call, "sale")
    lines = None if body.lines is None else _distinct(body.lines)
    given = None if lines is None else [(line.sku, line.quantity) for line in lines]
    command = ReturnSale(
        principal=call.principal.subject,
        key=idempotency_key(call),
        request_hash=hash_of("return", str(id), given, body.reason),
        trace=UUID(call.trace_id),
        sale_id=id,
        lines=lines,
        reason=body.reason,
    )
    return await answer_once(call, command)


async def answer_once(call: Call, command: StockChange) -> web.Response:
    """Have it done once; the stored answer leaves as it was stored, byte for byte."""
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    try:
        stored = await call.handles.enterprise.ask(command, timeout_s=SALE_DEADLINE_S)
    except (AskTimeoutError, ActorStoppedError, OutcomeUnknownError):
        # The command may have been committed, or be under way and still commit.
        raise outcome_unknown() from None
    media_type = JSON_TYPE if stored.status < 400 else PROBLEM_TYPE
    return json_response(stored.body, stored.status, media_type)


def order_lines(body: bytes) -> tuple[Line, ...]:
    """Read an order. Raises ProblemError 400 for what is not JSON, 422 naming the fields at fault."""
    try:
        order = SaleBody.model_validate_json(body)
    except ValidationError as error:
        parse_json(body)
        raise invalid(faults_of(error)) from None
    if order.lines is None:
        return (_single_line(order),)
    if order.sku is not None or order.quantity is not None:
        raise invalid([Fault("lines", "give either lines, or sku and quantity")])
    return _distinct(order.lines)


def _distinct(lines: Sequence[LineBody]) -> tuple[Line, ...]:
    _refuse_twins([line.sku for line in lines])
    return tuple(Line(sku=line.sku, quantity=line.quantity) for line in lines)


def _single_line(order: SaleBody) -> Line:
    if order.sku is None or order.quantity is None:
        missing = [name for name in ("sku", "quantity") if getattr(order, name) is None]
        raise invalid([Fault(name, "is required") for name in missing])
    return Line(sku=order.sku, quantity=order.quantity)


def _refuse_twins(skus: list[str]) -> None:
    first: dict[str, int] = {}
    for index, sku in enumerate(skus):
        if first.setdefault(sku, index) != index:
            raise invalid(
                [Fault(f"lines[{index}].sku", f"is already in lines[{first[sku]}]; add the quantities")]
            )


def order_hash(lines: tuple[Line, ...]) -> bytes:
    """SHA-256 of the canonical order: ``[[sku, quantity], ...]`` as compact JSON, lines as given."""
    return hashlib.sha256(orjson.dumps([(line.sku, line.quantity) for line in lines])).digest()


def hash_of(*request: object) -> bytes:
    """SHA-256 of the canonical request as compact JSON."""
    return hashlib.sha256(orjson.dumps(request)).digest()


def _id(call: Call, kind: str) -> UUID:
    try:
        return UUID(call.place[0])
    except ValueError:
        raise ProblemError(404, f"unknown_{kind}", f"There is no {kind} of this id.") from None


def idempotency_key(call: Call) -> str:
    """Read the key under which it happens once. Raises ProblemError 422."""
    keys = call.request.headers.getall(KEY_HEADER, ())
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise invalid([Fault(KEY_HEADER, "send one header of 1 to 255 visible ASCII characters")])
    return keys[0]
