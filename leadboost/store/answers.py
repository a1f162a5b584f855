"""The stored answers of sales: what a buyer gets, byte for byte, however often he asks."""

import orjson

from leadboost.domain.stock import Refused, Sold
from leadboost.messages.enterprise import Answer


def decision_answer(decision: Sold | Refused) -> Answer:
    """Put a decision into words: 201 with what is left, 409 with what there is, 404 for an unknown SKU."""
    if isinstance(decision, Sold):
        return Answer(status=201, body=orjson.dumps(_sold_body(decision)))
    if decision.known:
        return _problem(
            409,
            "insufficient_stock",
            "Not enough in stock",
            f"{decision.sku} has {decision.available} left; ask for no more than that",
            sku=decision.sku,
            available=decision.available,
        )
    return _problem(
        404,
        "unknown_sku",
        "Unknown SKU",
        f"{decision.sku} is not in stock here; create it with PUT /api/stock first",
        sku=decision.sku,
    )


def _sold_body(sold: Sold) -> dict[str, object]:
    lines = [
        {"sku": line.sku, "quantity": line.quantity, "remaining": remaining}
        for line, remaining in zip(sold.order.lines, sold.remaining, strict=True)
    ]
    if len(lines) == 1:
        return {"sale_id": sold.order.sale_id, **lines[0]}
    return {"sale_id": sold.order.sale_id, "lines": lines}


def _problem(status: int, code: str, title: str, detail: str, **facts: object) -> Answer:
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, **facts}
    return Answer(status=status, body=orjson.dumps({**problem, "detail": detail}))


CONFLICT = _problem(
    409,
    "idempotency_conflict",
    "Key used for another request",
    "this Idempotency-Key was used with a different body; send a new key, or the same body again",
)
