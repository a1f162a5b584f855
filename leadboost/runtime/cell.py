"""The life of one actor: serve, fail, wait, restart, stop."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from leadboost.clock import Rng
from leadboost.errors import ActorError, ActorStoppedError, MailboxFullError
from leadboost.runtime.actor import Actor, Timer, accepted_types
from leadboost.runtime.envelope import Envelope, asks, is_retry, opened
from leadboost.runtime.mailbox import LaneQueue, Mailbox
from leadboost.runtime.message import Lane, Message
from leadboost.runtime.ref import HANDLING
from leadboost.runtime.settlement import Settlement
from leadboost.runtime.signals import STOP, Failure, is_signal
from leadboost.runtime.supervision import Child, Restarts
from leadboost.runtime.timers import RepeatingTimer
from leadboost.runtime.timing import Timing, observed
from leadboost.runtime.work import Work

if TYPE_CHECKING:
    from leadboost.runtime.system import Runtime

_MANY, _ONE = range(64), range(1)
_SLOW_S = 0.001
_YIELD_AFTER_S = 0.005
_OVERLOAD = (MailboxFullError, ActorStoppedError)


class Cell:
    """Owns an actor's mailbox, its current instance, its task, work, timers and retries."""

    def __init__(
        self, runtime: "Runtime", name: str, factory: Callable[[], Actor[Any]], child: Child
    ) -> None:
        self.runtime = runtime
        self.name = name
        self.child = child
        self.mailbox = Mailbox(child.bounds, sampled=runtime.introspection)
        self.state = "STARTING"
        self.took_s: float | None = None
        self.closed = False
        self.life = 0
        self.accepts: frozenset[type] = frozenset()
        self.deadline = math.inf
        self.waits_for: list[Cell] = []
        self.restarts = Restarts(child, runtime.rng.fork(f"supervision/{name}"))
        self.work = Work(self)
        self.settlement = Settlement(self)
        self.last_error: BaseException | None = None
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = loop.create_future()
        # Asking for the running loop costs a system call before Python 3.12.
        self.loop_time = loop.time
        self.new_future = loop.create_future
        self.timing = Timing(loop.time, enabled=runtime.introspection)
        self._factory = factory
        self._rng: Rng = runtime.rng.fork(f"actor/{name}")
        self._timers: set[Timer] = set()
        self._chunk = _MANY
        self._stopping = False
        self._drain_until = -math.inf

    # -- life -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live until stopped, given up, or cancelled; then answer everyone who still waits."""
        HANDLING.set(self)
        try:
            while (failure := await self._one_life()) is not None:
                self._end_instance()
                if not await self._recover(failure):
                    return
        finally:
            self._end_instance()
            self._close()

    async def _one_life(self) -> Failure | None:
        self.life += 1
        self.took_s, began_at = None, self.loop_time()
        try:
            actor = self._make()
        except Exception as error:  # the supervisor decides what a failed start means
            return Failure(error, [], at_start=True)
        if (unborn := await self._hook(actor.on_start())) is not None:
            return Failure(unborn, [], at_start=True)
        self.state = "RUNNING"
        self.took_s = self.loop_time() - began_at
        if not self.started.done():
            self.started.set_result(None)
        failure: Failure | None = await observed(self._serve(actor), self.timing, self.mailbox)
        if failure is None and (left := await self._hook(actor.on_stop())) is not None:
            self.last_error = left
            self.runtime.failed(self, left, "stop failed")
        return failure

    def _make(self) -> Actor[Any]:
        actor = self._factory()
        actor.name, actor.clock, actor.rng, actor._cell = self.name, self.runtime.clock, self._rng, self
        self.accepts = accepted_types(type(actor))  # type: ignore[arg-type]  # a class is hashable
        self.work.limit = actor.max_work
        return actor

    async def _hook(self, hook: Coroutine[Any, Any, None]) -> BaseException | None:
        """Run a hook of the actor and return its error."""
        try:
            await hook
        except Exception as error:  # the supervisor decides
            return error
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return self._foreign_cancel()
        return None

    async def _recover(self, failure: Failure) -> bool:
        self.last_error = failure.error
        self.settlement.fail(failure.items, failure.error)
        if not self.started.done():
            self.started.set_exception(failure.error)
            return False
        if self._stopping:
            return False
        if not self.restarts.allow(self.runtime.clock.monotonic(), at_start=failure.at_start):
            self.state = "DEGRADED"
            self.runtime.failed(self, failure.error, "escalated" if self.child.critical else "degraded")
            return False
        self.state = "RESTARTING"
        self.runtime.failed(self, failure.error, "restarted")
        await self._pause(self.restarts.backoff_s())
        return not self._stopping

    async def _pause(self, delay_s: float) -> None:
        deadline = self.loop_time() + delay_s
        while not self._stopping:
            try:
                async with asyncio.timeout_at(deadline):
                    self.mailbox.waiter = waiter = self.new_future()
                    await waiter
            except TimeoutError:
                self.mailbox.waiter = None
                return

    def _end_instance(self) -> None:
        self.work.cancel()
        for timer in tuple(self._timers):
            timer.cancel()
        control = self.mailbox.control.items
        kept = [item for item in control if not isinstance(item, Failure)]
        control.clear()
        control.extend(kept)

    def _close(self) -> None:
        self._refuse_messages()
        if self.state != "DEGRADED":
            self.state = "STOPPED"
        if not self.started.done():
            self.started.set_exception(ActorStoppedError(self.name))
        items = [item for item in self.mailbox.clear() if item is not STOP]
        self.settlement.abandon(items)
        self.settlement.close()

    def _refuse_messages(self) -> None:
        self.closed = True
        self.mailbox.command.bound = -1  # sends every tell to the slow path, which refuses it

    def request_stop(self, drain_s: float) -> None:
        """Refuse new messages, serve what is queued for at most ``drain_s`` seconds, then end.

        An actor that waits for its restart ends at once.
        """
        self._stopping = True
        self._refuse_messages()
        self._drain_until = self.loop_time() + drain_s
        self._poke(STOP)
        if drain_s > 0:
            asyncio.get_running_loop().call_at(self._drain_until, self._poke, STOP)

    def _poke(self, signal: object) -> None:
        self.mailbox.control.items.append(signal)
        self.mailbox.wake()

    def fail(self, error: BaseException) -> None:
        """End the current instance with an error that came from outside its handler."""
        self._poke(Failure(error, []))

    # -- serving ----------------------------------------------------------------------------------

    async def _serve(self, actor: Actor[Any]) -> Failure | None:
        mailbox, new_future = self.mailbox, self.new_future
        serve = self._serve_batch if actor.batch_size > 1 else self._serve_chunk
        events_due = False
        yield_at = 0.0
        while True:
            if mailbox.control.items:
                signal = self._take_signal()
                if isinstance(signal, Failure):
                    return signal
                if signal is STOP:
                    if self.loop_time() >= self._drain_until:
                        return None
                    continue
                queue = mailbox.control
            elif mailbox.command.items and not (events_due and mailbox.event.items):
                queue = mailbox.command
            elif mailbox.event.items or mailbox.gap:
                queue = mailbox.event
                events_due = False
            elif self._stopping:
                return None
            else:
                mailbox.waiter = waiter = new_future()
                await waiter
                yield_at = 0.0
                continue
            if mailbox.gap and queue is mailbox.event and (gap := await self._tell_gap(actor)):
                return gap
            if (failure := await serve(actor, queue)) is not None:
                return failure
            if queue.items or mailbox.command.items or mailbox.event.items:
                yield_at = await self._be_fair(queue, yield_at)
                events_due = not yield_at  # a steady stream of commands must not starve events

    def _take_signal(self) -> object:
        head = self.mailbox.control.items[0]
        return self.mailbox.control.items.popleft() if is_signal(head) else None

    async def _be_fair(self, queue: LaneQueue, yield_at: float) -> float:
        """Let others run when this actor has been busy for long; returns when to yield next.

        The answer 0 says that a slice of time has just ended.
        """
        now = self.loop_time()
        if not yield_at:
            return now + _YIELD_AFTER_S
        if now >= yield_at:
            queue.mark(now)
            await asyncio.sleep(0)
            self.timing.suspended_at = yield_at = 0.0
        return yield_at

    async def _tell_gap(self, actor: Actor[Any]) -> Failure | None:
        count, self.mailbox.gap = self.mailbox.gap, 0
        error = await self._hook(actor.on_gap(count))
        self.timing.suspended_at = 0.0
        return Failure(error, []) if error is not None else None

    async def _serve_chunk(self, actor: Actor[Any], queue: LaneQueue) -> Failure | None:
        items, control, timing = queue.items, self.mailbox.control.items, self.timing
        take = self.mailbox.take_event if queue is self.mailbox.event else items.popleft
        receive = actor.receive
        sample_from = timing.begin(queue) if queue.taken >= queue.next_sample else 0.0
        item: Any = None
        try:
            for _ in self._chunk:
                if not items:
                    break
                item = take()
                queue.taken += 1
                if item.__class__ is Envelope:
                    await self._answer(item, receive)
                else:
                    await receive(item)
                if sample_from or timing.suspended_at:
                    slow = timing.note(sample_from, item) > _SLOW_S
                    self._chunk = _ONE if slow else _MANY
                    if slow:
                        break
                    sample_from = 0.0
                if control:
                    break
        except _OVERLOAD as error:  # another's overload is no fault of this actor
            self.last_error = error
            self.settlement.fail([item], error)
        except Exception as error:  # without an asker the supervisor decides
            return Failure(error, [item])
        except asyncio.CancelledError:
            if _is_cancelled():
                self.settlement.abandon([item])
                raise
            return Failure(self._foreign_cancel(), [item])
        finally:
            timing.suspended_at = 0.0
        return None

    async def _answer(
        self, envelope: Envelope, receive: Callable[[Any], Coroutine[Any, Any, object]]
    ) -> None:
        if envelope.is_void(self.loop_time(), self.life):
            return
        if envelope.reply is None:
            await receive(envelope.message)
            return
        self.deadline = envelope.deadline
        try:
            result = await receive(envelope.message)
        except Exception as error:  # an asker waits: the error is its answer
            self.settlement.fail([envelope], error)
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            self.settlement.fail([envelope], self._foreign_cancel())
        else:
            self.settlement.answer(envelope, result)
        finally:
            self.deadline = math.inf

    # -- batches ----------------------------------------------------------------------------------

    async def _serve_batch(self, actor: Actor[Any], queue: LaneQueue) -> Failure | None:
        timing = self.timing
        sample_from = timing.begin(queue) if queue.taken >= queue.next_sample else 0.0
        batch = self._take_batch(queue, actor.batch_size)
        if not batch:
            return None
        self.deadline = max(item.deadline if item.__class__ is Envelope else math.inf for item in batch)
        try:
            results = await actor.receive_batch([opened(item) for item in batch])
            if len(results) != len(batch):
                raise ActorError(f"{self.name} returned {len(results)} results for {len(batch)} messages")
        except _OVERLOAD as error:  # another's overload is no fault of this actor
            self.last_error = error
            self.settlement.fail(batch, error)
            return None
        except Exception as error:  # every asker gets it; without one the supervisor decides
            return self._fail_batch(batch, error)
        except asyncio.CancelledError:
            if _is_cancelled():
                self.settlement.abandon(batch)
                raise
            return self._fail_batch(batch, self._foreign_cancel())
        finally:
            self.deadline = math.inf
            if sample_from or timing.suspended_at:
                timing.note(sample_from, batch[0])
        for item, result in zip(batch, results, strict=True):
            self.settlement.answer(item, result)
        return None

    def _take_batch(self, queue: LaneQueue, size: int) -> list[Any]:
        batch: list[Any] = []
        items, now = queue.items, self.loop_time()
        take = self.mailbox.take_event if queue is self.mailbox.event else items.popleft
        while items and len(batch) < size and not is_signal(items[0]):
            alone = is_retry(items[0])
            if alone and batch:
                break
            item = take()
            queue.taken += 1
            if item.__class__ is Envelope and item.is_void(now, self.life):
                continue
            batch.append(item)
            if alone:
                break
        return batch

    def _fail_batch(self, batch: list[Any], error: BaseException) -> Failure | None:
        told = [item for item in batch if not asks(item)]
        self.settlement.fail([item for item in batch if asks(item)], error)
        return Failure(error, told) if told else None

    # -- what comes from inside -------------------------------------------------------------------

    def _foreign_cancel(self) -> ActorError:
        return ActorError(f"something that {self.name} awaited was cancelled")

    def overflowed(self, lane: Lane) -> None:
        """Escalate a full control lane: an actor that no longer takes control messages is lost."""
        if lane is Lane.CONTROL:
            self.runtime.failed(self, MailboxFullError(self.name), "escalated")

    def deliver(self, message: Message[Any]) -> None:
        """Queue a private message; its number is bounded by the work under way, not by the lane."""
        self.mailbox.put(Envelope(message, life=self.life), message.lane, bounded=False)

    def start_timer(
        self, delay_s: float, period_s: float | None, jitter: float, message: Message[Any]
    ) -> Timer:
        """Start a timer of the current instance; see Actor.after and Actor.every."""
        timer = RepeatingTimer(
            delay_s=delay_s, period_s=period_s, jitter=jitter, rng=self._rng, fire=lambda: self._tick(message)
        )
        self._timers.add(timer)
        timer.on_end = lambda: self._timers.discard(timer)
        return timer

    def _tick(self, message: Message[Any]) -> None:
        if not self.mailbox.put(message, message.lane):
            self.settlement.lose(message, "mailbox_full")


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
