"""Release: ends halts when enough people approve, and lets run again what they had paused.

Set apart from PanicManager: it waits for the database, and a trip waits for nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import structlog

from leadboost.clock import uuid7
from leadboost.domain.halt import Halt, Latch
from leadboost.errors import ActorError, AdPlatformError, GateClosedError, HaltError, StoreError
from leadboost.messages.events import EventsCommitted
from leadboost.messages.panic import EndHalt, GetHalt, GetSafety, NoteApproval, SafetyStatus
from leadboost.messages.release import ApproveResume, ResumeApproved
from leadboost.ports import AdPlatform, EnableAction, HaltStore, NewEvent
from leadboost.runtime import Actor, ActorRef, Message, Topic

LOOK_EVERY_S = 30.0
LOOK_AGAIN_S = 3.0
GIVE_UP_AFTER = timedelta(minutes=15)
ASK_S = 2.0
READS = 7
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look(Message[None]):
    """Carry on with actions that are not finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked(Message[None]):
    """What was to be done is done as far as it goes; ``error`` says why it ended early."""

    error: Exception | None = None


class Release(Actor[ApproveResume | _Look | _Looked]):
    """Every enabling has its committed row first; a row whose fate is unknown is read back, never
    sent again blindly.

    ``needed`` tells how many approvals end a halt. Where one is enough, ``cool_off_s`` must have passed
    since the trip. ``pause`` waits between tries. ``crash`` is told of named moments, for drills.
    """

    def __init__(
        self,
        *,
        store: HaltStore,
        panic: ActorRef[GetHalt | GetSafety | NoteApproval | EndHalt],
        platforms: Sequence[AdPlatform],
        committed: Topic[EventsCommitted],
        needed: Callable[[], Awaitable[int]],
        cool_off_s: float,
        pause: Callable[[float], Awaitable[None]],
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._panic = panic
        self._platforms: Mapping[str, AdPlatform] = {each.name: each for each in platforms}
        self._committed = committed
        self._needed = needed
        self._cool_off_s = cool_off_s
        self._pause = pause
        self._crash = crash
        self._busy = False
        self._again = False
        self._pending = False

    async def on_start(self) -> None:
        self.every(LOOK_EVERY_S, _Look(), jitter=0.1)
        self._look()

    async def receive(self, message: ApproveResume | _Look | _Looked) -> ResumeApproved | None:
        match message:
            case ApproveResume():
                return await self._approve(message)
            case _Look():
                self._look()
            case _Looked(error=error):
                self._looked(error)
            case _:
                assert_never(message)
        return None

    # -- approving --------------------------------------------------------------------------------

    async def _approve(self, approval: ApproveResume) -> ResumeApproved:
        halt = await self._panic.ask(GetHalt(id=approval.halt_id), timeout_s=ASK_S)
        if halt is None:
            raise HaltError("not_found", "There is no halt of this id.")
        if not halt.is_open:
            raise HaltError("already_resumed", "This halt does not hold any more.")
        needed = await self._needed()
        self._refuse_early(halt, needed)
        approvals = tuple(await self._store.approve(halt.id, by=approval.by, reason=approval.reason))
        enough = len(approvals) >= needed
        await self._panic.ask(NoteApproval(halt_id=halt.id, approvals=approvals, needed=needed))
        if enough:
            await self._resume(halt, approval)
        return ResumeApproved(approvals=len(approvals), needed=needed, resumed=enough)

    def _refuse_early(self, halt: Halt, needed: int) -> None:
        left_s = self._cool_off_s - (self.clock.now() - halt.tripped_at).total_seconds()
        if needed == 1 and left_s > 0:
            raise HaltError("cooling_off", f"Where one approval is enough, it counts in {left_s:.0f} s.")

    async def _resume(self, halt: Halt, approval: ApproveResume) -> None:
        status = await self._panic.ask(GetSafety(), timeout_s=ASK_S)
        data = {"id": str(halt.id), "scope": str(halt.scope), "by": approval.by, "reason": approval.reason}
        event = NewEvent(id=uuid7(self.clock, self.rng), kind="panic.resumed", at=self.clock.now(), data=data)
        actions = self._actions(halt, status)
        await self._store.resume(halt, actions, by=approval.by, reason=approval.reason, event=event)
        self._crash("resume.committed")
        await self._panic.ask(EndHalt(halt_id=halt.id, last_stop=halt.last_stop), timeout_s=ASK_S)
        self._look()

    def _actions(self, halt: Halt, status: SafetyStatus) -> Sequence[EnableAction]:
        """Only what ran before this halt, and what no other halt holds."""
        others = [each for each in status.halts if each.is_open and each.id != halt.id]
        return [
            EnableAction(id=uuid7(self.clock, self.rng), halt_id=halt.id, campaign=item.campaign)
            for item in halt.items
            if item.was_active and all(other.item(item.campaign) is None for other in others)
        ]

    # -- enabling ---------------------------------------------------------------------------------

    def _look(self) -> None:
        self._again = self._busy
        if not self._busy:
            self._busy = True
            self.spawn(
                "enable", self._finish_all(), then=lambda _: _Looked(), otherwise=lambda e: _Looked(error=e)
            )

    def _looked(self, error: Exception | None) -> None:
        self._busy = False
        if error is not None and not isinstance(error, StoreError | ActorError):
            raise error
        if error is not None:
            _log.warning("actions not carried on", error=str(error))
        elif self._again:
            self._look()
        elif self._pending:
            self._pending = False
            self.after(LOOK_AGAIN_S, _Look())

    async def _finish_all(self) -> None:
        actions = await self._store.unfinished_actions()
        status = await self._panic.ask(GetSafety(), timeout_s=ASK_S)
        halted = status.state is Latch.HALTED
        if actions and status.gate_reasons and not halted:
            self._pending = True  # it opens by itself, and nothing is marked as sent before
            return
        for action in actions:
            state, error = ("failed", "halted again") if halted else await self._finish(action)
            if state == "unknown" and self._is_old(action):
                state, error = "failed", f"given up after {GIVE_UP_AFTER}: {error}"
            await self._store.settle_action(action, state, error)
            self._committed.publish(EventsCommitted())
            _log.info("action settled", campaign=action.campaign.campaign_id, state=state, error=error)
            if state == "unknown":
                self._pending = True

    def _is_old(self, action: EnableAction) -> bool:
        return action.intended_at is not None and self.clock.now() - action.intended_at > GIVE_UP_AFTER

    async def _finish(self, action: EnableAction) -> tuple[str, str | None]:
        """Bring one action to its end; ``unknown`` where that is not possible now, to be read later."""
        platform = self._platforms.get(action.campaign.platform)
        if platform is None:
            return "failed", f"no connection to {action.campaign.platform}"
        if action.state != "intended":
            known = await self._read_back(platform, action)
            if known is None:
                return "unknown", "the platform does not say whether it runs"
            if known:
                return "confirmed", None
        return await self._send(platform, action)

    async def _send(self, platform: AdPlatform, action: EnableAction) -> tuple[str, str | None]:
        """Send it once; what the platform took is never sent again just because it is not seen to run."""
        if not await self._store.mark_sent(action):
            return "failed", "halted again, or sent often enough"
        try:
            await platform.enable(action.campaign.campaign_id)
        except GateClosedError as closed:
            # The database let it pass: what is closed here will open by itself, or say so there soon.
            return "unknown", str(closed)
        except AdPlatformError as failure:
            if failure.kind in ("refused", "auth"):
                return "failed", failure.reason
            await self._pause(_wait_s(0, failure.retry_after_s))
            runs = await self._read_back(platform, action)
            return ("confirmed", None) if runs else ("unknown", failure.reason)
        if await self._read_back(platform, action):
            return "confirmed", None
        return "failed", "the platform took it, and yet it does not run: somebody may have paused it"

    async def _read_back(self, platform: AdPlatform, action: EnableAction) -> bool | None:
        """Whether the campaign runs, by reads of their own; None when the platform does not answer."""
        known = None
        for number in range(READS):
            try:
                known = (await platform.read_campaign(action.campaign.campaign_id)).is_active
            except AdPlatformError as failure:
                await self._pause(_wait_s(number, failure.retry_after_s))
                continue
            if known:
                return True
            await self._pause(_wait_s(number, None))
        return known


def _wait_s(number: int, asked_s: float | None) -> float:
    return min(asked_s if asked_s is not None else FIRST_WAIT_S * 2.0**number, LONGEST_WAIT_S)
