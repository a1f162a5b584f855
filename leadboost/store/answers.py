"""The stored answers of changes of stock: what a caller gets, byte for byte, however often he asks."""

from collections.abc import Sequence
from typing import assert_never

import orjson

from leadboost.domain.stock import (
    Confirmed,
    Decision,
    Ended,
    Excess,
    Held,
    Line,
    Missing,
    Recorded,
    Refused,
    Released,
    Restocked,
    Returned,
    Sold,
)
from leadboost.messages.enterprise import Answer

_STATES = {"confirmed": "was sold", "released": "was given up", "expired": "has run out"}


def decision_answer(decision: Decision) -> Answer:
    """Put a decision into words: 2xx with what is left, 409 with what there is, 404 for what is unknown."""
    match decision:
        case Sold():
            return Answer(status=201, body=orjson.dumps(_sold_body(decision)))
        case Held(hold=hold, remaining=remaining):
            facts = {"reservation_id": hold.reservation_id, **_line(hold.line, remaining)}
            return _made({**facts, "expires_at": hold.expires_at})
        case Confirmed(reservation=held, sale_id=sale_id, remaining=remaining):
            return _made({"sale_id": sale_id, "reservation_id": held.id, **_line(held.line, remaining)})
        case Released(reservation=held, remaining=remaining):
            return _made({"reservation_id": held.id, **_line(held.line, remaining)}, 200)
        case Returned(sale_id=sale_id, lines=lines):
            back = [_line(each.line, each.remaining) for each in lines]
            return _made({"sale_id": sale_id, "lines": back})
        case Restocked(line=line, remaining=remaining):
            return _made(_line(line, remaining))
        case Recorded(outside=outside, again=again):
            return _made({"sale_id": outside.sale_id, "again": again})
        case Refused():
            return _refused(decision)
        case Ended(reservation=ended):
            detail = f"this reservation {_STATES[ended.state]}; make a new one"
            return _problem(409, "reservation_ended", "No longer reserved", detail, state=ended.state)
        case Excess(sku=sku, returnable=returnable):
            what = (
                f"of {sku}, {returnable} can still come back" if sku else "all of this sale came back already"
            )
            return _problem(409, "return_exceeds_sale", "More than was sold", what, returnable=returnable)
        case Missing(kind=kind):
            return _problem(404, f"unknown_{kind}", f"Unknown {kind}", f"there is no {kind} of this id")
        case _:
            assert_never(decision)


def is_final(decision: Decision) -> bool:
    """Whether the answer is kept: what does not exist yet may exist later."""
    return not (isinstance(decision, Missing) or (isinstance(decision, Refused) and not decision.known))


def _refused(refused: Refused) -> Answer:
    if refused.known:
        return _problem(
            409,
            "insufficient_stock",
            "Not enough in stock",
            f"{refused.sku} has {refused.available} left; ask for no more than that",
            sku=refused.sku,
            available=refused.available,
        )
    return _problem(
        404,
        "unknown_sku",
        "Unknown SKU",
        f"{refused.sku} is not in stock here; create it with PUT /api/stock first",
        sku=refused.sku,
    )


def _sold_body(sold: Sold) -> dict[str, object]:
    lines: Sequence[dict[str, object]] = [
        _line(line, remaining) for line, remaining in zip(sold.order.lines, sold.remaining, strict=True)
    ]
    if len(lines) == 1:
        return {"sale_id": sold.order.sale_id, **lines[0]}
    return {"sale_id": sold.order.sale_id, "lines": lines}


def _line(line: Line, remaining: int) -> dict[str, object]:
    return {"sku": line.sku, "quantity": line.quantity, "remaining": remaining}


def _made(facts: dict[str, object], status: int = 201) -> Answer:
    # The driver has its own kind of UUID.
    return Answer(status=status, body=orjson.dumps(facts, default=str))


def _problem(status: int, code: str, title: str, detail: str, **facts: object) -> Answer:
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, **facts}
    return Answer(status=status, body=orjson.dumps({**problem, "detail": detail}))


CONFLICT = _problem(
    409,
    "idempotency_conflict",
    "Key used for another request",
    "this Idempotency-Key was used with a different body; send a new key, or the same body again",
)
