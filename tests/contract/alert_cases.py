"""An alert, and what sends it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from leadboost.clock import Rng, SystemClock
from leadboost.connectors.alerting.post import Post
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.domain.alerting.alert import Alert, AlertState, Notice, Severity
from leadboost.ports import Delivery

AT = datetime(2026, 11, 25, 9, 31, tzinfo=UTC)
ALERT_ID = UUID("01890000-0000-7000-8000-00000000000a")
DELIVERY_ID = UUID("01890000-0000-7000-8000-00000000000d")


def alert(**given: object) -> Alert:
    """An open alert, with what a test gives it."""
    fields: dict[str, object] = {
        "id": ALERT_ID,
        "key": "halt/global",
        "severity": Severity.CRITICAL,
        "title": "Everything is halted",
        "detail": "the button (by ana)",
        "subjects": (),
        "momentary": False,
        "state": AlertState.OPEN,
        "count": 1,
        "rounds": 0,
        "raised_at": AT,
        "last_at": AT,
        "notified_at": AT,
        "next_round_at": AT,
    }
    return Alert(**(fields | given))  # type: ignore[arg-type]  # a test replaces any of them


def delivery(channel: str, notice: Notice = Notice.RAISED, **given: object) -> Delivery:
    """A delivery of that alert."""
    return Delivery(id=DELIVERY_ID, channel=channel, notice=notice, alert=alert(**given), created_at=AT)


@asynccontextmanager
async def posting(name: str, timeout_s: float = 5.0) -> AsyncIterator[Post]:
    """What posts to loopback."""
    clock = SystemClock()
    client = WebClient(
        ClientPolicy(user_agent="LeadBoost/test", body_bytes=65_536, gap_s=0.0),
        guard=EgressGuard(allow_hosts=["127.0.0.1"]),
        clock=clock,
        rng=Rng(1),
    )
    try:
        yield Post(name=name, setting=f"connectors.{name}", client=client, clock=clock, timeout_s=timeout_s)
    finally:
        await client.close()
