"""``leadboost panic`` and ``resume``: through the running daemon, else by this process itself."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

import orjson
from pydantic import BaseModel

from leadboost import __version__
from leadboost.clock import Clock, Rng, SystemClock
from leadboost.composition.components import Components
from leadboost.config import Settings
from leadboost.console.auth import Role
from leadboost.domain.halt import HaltState, Scope, halt_view
from leadboost.errors import LeadBoostError
from leadboost.folder import DataFolder
from leadboost.messages.health import HealthReport
from leadboost.remote.client import Answer, Remote, RemoteError, connect

DAEMON_WITHIN_S = 3.0
POLL_S = 0.25
BY = "cli"

Tell = Callable[[str], None]


class _Tripped(BaseModel):
    id: UUID


class _Item(BaseModel):
    platform: str
    campaign_id: str
    name: str | None
    status: str
    attempts: int
    error: str | None


class HaltSeen(BaseModel):
    """A halt as ``GET /api/panic/{id}`` tells it; ``through`` is ``daemon`` or ``direct``.

    ``connected`` is False where this process knows of no ad account, so that nothing could be paused.
    """

    id: UUID
    state: str
    reason: str
    scope: str
    tripped_by: str
    tripped_at: datetime
    items: list[_Item]
    through: str = "daemon"
    connected: bool = True

    @property
    def is_settled(self) -> bool:
        """Whether it makes no sense to wait any longer."""
        return self.state != HaltState.PAUSING


class Resumed(TypedDict):
    """``approvals`` of ``needed`` are there."""

    approvals: int
    needed: int
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What to halt and how long to watch it, in seconds."""

    scope: Scope
    reason: str
    wait_s: float


def halt(settings: Settings, stop: Stop, tell: Tell) -> HaltSeen:
    """Halt, then watch until every campaign is confirmed or ``wait_s`` are over.

    A daemon that is dead, mute for 3 s or not able to halt is passed over: the halt then goes to the
    local log and from here to the platforms; the daemon finds it there. Raises LeadBoostError.
    """
    return asyncio.run(_halt(settings, stop, tell))


async def _halt(settings: Settings, stop: Stop, tell: Tell) -> HaltSeen:
    folder, clock = DataFolder(settings.data_dir), SystemClock()
    address = folder.running()
    if address is not None:
        try:
            return await _through_daemon(address.url, folder, clock, stop)
        except (RemoteError, TimeoutError) as error:
            tell(f"the daemon at {address.url} cannot do it ({str(error) or 'no answer'}); halting from here")
    else:
        tell("no daemon runs on this data folder; halting from here")
    return await _direct(settings, clock, stop)


async def _through_daemon(url: str, folder: DataFolder, clock: Clock, stop: Stop) -> HaltSeen:
    body = orjson.dumps({"reason": stop.reason, "scope": str(stop.scope)})
    async with connect(url, folder, clock) as remote:
        async with asyncio.timeout(DAEMON_WITHIN_S):
            tripped = await remote.post("/api/panic", body, _Tripped)
        return await _watch(remote, clock, tripped.id, stop)


async def _watch(remote: Remote, clock: Clock, halt_id: UUID, stop: Stop) -> HaltSeen:
    give_up_at = clock.monotonic() + stop.wait_s
    while True:
        seen = await remote.get(f"/api/panic/{halt_id}", HaltSeen)
        if seen.is_settled or clock.monotonic() > give_up_at:
            return seen
        await asyncio.sleep(POLL_S)


async def _direct(settings: Settings, clock: Clock, stop: Stop) -> HaltSeen:
    """The daemon's own kill switch, alone, without a database."""
    components = Components(
        settings, clock=clock, rng=Rng(), holder=BY, on_failure=lambda _: None, report=_nothing_else
    )
    try:
        await components.halting.start()
        halted = await components.halting.halt(stop.scope, stop.reason, by=BY)
        give_up_at = clock.monotonic() + stop.wait_s
        # Nobody goes on after us: what cannot be paused must not keep the others from it.
        while halted.state is not HaltState.CONFIRMED and clock.monotonic() < give_up_at:
            await asyncio.sleep(POLL_S)
            halted = await components.halting.look_at(halted)
        return HaltSeen.model_validate(
            {**halt_view(halted, 0), "through": "direct", "connected": bool(components.halting.platforms)}
        )
    finally:
        await components.close()


def _nothing_else() -> HealthReport:
    return HealthReport(mode="stopped", version=__version__, demo=False, components=[], problems=[])


def resume(settings: Settings, halt_id: UUID, reason: str) -> Resumed:
    """Approve the end of a halt at the running daemon. Raises LeadBoostError."""
    return asyncio.run(_resume(settings, halt_id, reason))


async def _resume(settings: Settings, halt_id: UUID, reason: str) -> Resumed:
    folder, clock = DataFolder(settings.data_dir), SystemClock()
    address = folder.running()
    if address is None:
        raise LeadBoostError("no daemon runs on this data folder: start it, then resume")
    body = orjson.dumps({"halt_id": str(halt_id), "reason": reason})
    async with connect(address.url, folder, clock, role=Role.APPROVER) as remote:
        answer = (await remote.post("/api/resume", body, Answer)).root
    return Resumed(
        approvals=int(str(answer["approvals"])),
        needed=int(str(answer["needed"])),
        resumed=bool(answer["resumed"]),
    )


def describe(seen: HaltSeen) -> str:
    """The halt for a person, one line a campaign."""
    lines = [f"halt {seen.id} of {seen.scope}: {seen.state}"]
    for item in seen.items:
        name = f" {item.name}" if item.name else ""
        error = f" ({item.error})" if item.error else ""
        lines.append(f"  {item.platform} {item.campaign_id}{name}: {item.status}{error}")
    if not seen.connected:
        lines.append("  no ad account is connected here: nothing could be paused")
    elif not seen.items:
        lines.append("  no campaign runs there")
    if seen.through == "direct":
        lines.append("  done without the daemon; it finds the halt in its log when it starts")
    return "\n".join(lines)
