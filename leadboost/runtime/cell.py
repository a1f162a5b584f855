"""The life of one actor: serve, fail, wait, restart, stop."""

import asyncio
import math
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from leadboost.clock import Rng
from leadboost.errors import ActorError, ActorStoppedError, MailboxFullError, WorkLimitError
from leadboost.runtime.actor import Actor, Timer, accepted_types
from leadboost.runtime.dead_letters import DeadLetter
from leadboost.runtime.envelope import RETRY_DELAYS_S, Envelope, opened
from leadboost.runtime.mailbox import LaneQueue, Mailbox, is_abandoned
from leadboost.runtime.message import Lane, Message
from leadboost.runtime.ref import HANDLING
from leadboost.runtime.stats import ActorStats, Timing
from leadboost.runtime.supervision import Child, Restarts
from leadboost.runtime.timers import RepeatingTimer

if TYPE_CHECKING:
    from leadboost.runtime.system import Runtime

T = TypeVar("T")

_CHUNK = range(64)
_YIELD_AFTER_S = 0.005
_STOP = object()


class _Failure:
    """Why an instance ended, and the items that it was handling."""

    __slots__ = ("error", "items")

    def __init__(self, error: BaseException, items: list[Any]) -> None:
        self.error = error
        self.items = items


class Cell:
    """Owns an actor's mailbox, its current instance, its task, work and timers."""

    def __init__(
        self, runtime: "Runtime", name: str, factory: Callable[[], Actor[Any]], child: Child
    ) -> None:
        self.runtime = runtime
        self.name = name
        self.child = child
        self.mailbox = Mailbox(child.bounds)
        self.state = "STARTING"
        self.closed = False
        self.accepts: frozenset[type] = frozenset()
        self.deadline = math.inf
        self.waits_for: list[Cell] = []
        self.restarts = Restarts(child, runtime.rng.fork(f"supervision/{name}"))
        self.timing = Timing(enabled=runtime.introspection)
        self.last_error: BaseException | None = None
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._factory = factory
        self._rng: Rng = runtime.rng.fork(f"actor/{name}")
        self._work: dict[asyncio.Task[Any], str] = {}
        self._timers: set[Timer] = set()
        self._retries: set[asyncio.TimerHandle] = set()
        self._max_work = Actor.max_work
        self._stopping = False
        self._drain_until = -math.inf

    # -- life -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live until stopped, given up, or cancelled; then answer everyone who still waits."""
        HANDLING.set(self)
        try:
            await self._live()
        finally:
            self._end_instance()
            self._close()

    async def _live(self) -> None:
        while True:
            failure = await self._one_life()
            self._end_instance()
            if failure is None:
                return
            if not self.started.done():
                self.started.set_exception(failure.error)
                return
            if not await self._recover(failure):
                return

    async def _one_life(self) -> _Failure | None:
        try:
            actor = self._factory()
            actor.name, actor.clock, actor.rng, actor._cell = self.name, self.runtime.clock, self._rng, self
            self.accepts = accepted_types(type(actor))
            self._max_work = actor.max_work
            await actor.on_start()
        except Exception as error:  # the supervisor decides what a failed start means
            return _Failure(error, [])
        self.state = "RUNNING"
        if not self.started.done():
            self.started.set_result(None)
        failure: _Failure | None = await self._observed(self._serve(actor))
        if failure is None:
            await actor.on_stop()
        return failure

    async def _recover(self, failure: _Failure) -> bool:
        self.last_error = failure.error
        self._settle(failure)
        if self._stopping:
            return False
        allowed = self.restarts.allow(self.runtime.clock.monotonic())
        self.runtime.failed(self, failure.error, given_up=not allowed)
        if not allowed:
            self.state = "DEGRADED"
            return False
        self.state = "RESTARTING"
        await self._pause(self.restarts.backoff_s())
        return not self._stopping

    async def _pause(self, delay_s: float) -> None:
        deadline = asyncio.get_running_loop().time() + delay_s
        while not self._stopping:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._wait_for_mail()
            except TimeoutError:
                return

    def _end_instance(self) -> None:
        for task in self._work:
            task.cancel()
        for timer in (*self._timers, *(self._retries if self._stopping else ())):
            timer.cancel()
        self._work.clear()
        self._timers.clear()

    def _close(self) -> None:
        self.closed = True
        self.mailbox.command.bound = -1  # sends every tell to the slow path, which refuses it
        if self.state != "DEGRADED":
            self.state = "STOPPED"
        if not self.started.done():
            self.started.set_exception(ActorStoppedError(self.name))
        for item in self.mailbox.clear():
            if item is _STOP or isinstance(item, _Failure):
                continue
            if item.__class__ is Envelope and item.reply is not None:
                if not item.reply.done():
                    item.reply.set_exception(ActorStoppedError(self.name))
            else:
                self.lose(opened(item), "stopped")

    def request_stop(self, drain_s: float) -> None:
        """Refuse new messages, serve what is queued for at most ``drain_s`` seconds, then end."""
        self._stopping = self.closed = True
        self.mailbox.command.bound = -1
        loop = asyncio.get_running_loop()
        self._drain_until = loop.time() + drain_s
        self._poke(_STOP)
        if drain_s > 0:
            loop.call_at(self._drain_until, self._poke, _STOP)

    def _poke(self, signal: object) -> None:
        self.mailbox.control.items.append(signal)
        self.mailbox.wake()

    # -- serving ----------------------------------------------------------------------------------

    async def _serve(self, actor: Actor[Any]) -> _Failure | None:
        mailbox = self.mailbox
        loop = asyncio.get_running_loop()
        loop_time, new_future = loop.time, loop.create_future
        yield_at = 0.0
        batched = actor.batch_size > 1
        while True:
            if mailbox.control.items:
                if self._take_signal():
                    if loop_time() >= self._drain_until:
                        return None
                    continue
                if isinstance(mailbox.control.items[0], _Failure):
                    failure: _Failure = mailbox.control.items.popleft()
                    return failure
                queue = mailbox.control
            elif mailbox.command.items:
                queue = mailbox.command
            elif mailbox.event.items or mailbox.gap:
                queue = mailbox.event
            elif self._stopping:
                return None
            else:
                mailbox.waiter = waiter = new_future()
                await waiter
                yield_at = 0.0
                continue
            served = await (self._serve_batch(actor, queue) if batched else self._serve_chunk(actor, queue))
            if served is not None:
                return served
            if queue.items:
                yield_at = await self._be_fair(queue, loop_time(), yield_at)

    async def _be_fair(self, queue: LaneQueue, now: float, yield_at: float) -> float:
        """Let others run when this actor has been busy for long; returns when to yield next."""
        if yield_at and now >= yield_at:
            queue.mark(now)
            await asyncio.sleep(0)
            return 0.0
        return yield_at or now + _YIELD_AFTER_S

    def _take_signal(self) -> bool:
        if self.mailbox.control.items[0] is not _STOP:
            return False
        self.mailbox.control.items.popleft()
        return True

    async def _wait_for_mail(self) -> None:
        self.mailbox.waiter = asyncio.get_running_loop().create_future()
        try:
            await self.mailbox.waiter
        except BaseException:
            self.mailbox.waiter = None
            raise

    async def _serve_chunk(self, actor: Actor[Any], queue: LaneQueue) -> _Failure | None:
        items, control, timing = queue.items, self.mailbox.control.items, self.timing
        take = items.popleft
        if queue is self.mailbox.event:
            take = self.mailbox.take_event
            if self.mailbox.gap and (failure := await self._tell_gap(actor)):
                return failure
        receive = actor.receive
        sample_from = timing.begin() if timing.handled >= timing.next_sample else 0.0
        count = 0
        item: Any = None
        try:
            for _ in _CHUNK:
                if not items:
                    break
                item = take()
                count += 1
                if item.__class__ is Envelope:
                    await self._answer(item, receive)
                else:
                    await receive(item)
                if sample_from or timing.suspended_at:
                    timing.note(sample_from, item)
                    sample_from = 0.0
                if control:
                    break
        except (MailboxFullError, ActorStoppedError) as error:
            self.last_error = error  # the message is a dead letter already; its sender lives on
        except Exception as error:  # without an asker the supervisor decides
            return _Failure(error, [item])
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            return _Failure(error, [item])
        finally:
            queue.taken += count
            timing.handled += count
            timing.suspended_at = 0.0
        return None

    async def _tell_gap(self, actor: Actor[Any]) -> _Failure | None:
        count, self.mailbox.gap = self.mailbox.gap, 0
        try:
            await actor.on_gap(count)
        except Exception as error:  # the supervisor decides
            return _Failure(error, [])
        return None

    async def _answer(
        self, envelope: Envelope, receive: Callable[[Any], Coroutine[Any, Any, object]]
    ) -> None:
        reply = envelope.reply
        if reply is None:
            await receive(envelope.message)
            return
        if reply.done():
            return
        self.deadline = envelope.deadline
        try:
            result = await receive(envelope.message)
        except asyncio.CancelledError:
            self._reply_error(envelope, ActorStoppedError(self.name))
            if _is_cancelled():
                raise
        except Exception as error:  # an asker waits: the error is its answer
            self._reply_error(envelope, error)
        else:
            self._reply(envelope, result)
        finally:
            self.deadline = math.inf

    def _reply(self, envelope: Envelope, result: object) -> None:
        if envelope.reply is None:
            return
        if envelope.reply.done():
            self.lose(envelope.message, "late_reply")
        else:
            envelope.reply.set_result(result)

    def _reply_error(self, envelope: Envelope, error: BaseException) -> None:
        if envelope.reply is None or envelope.reply.done():
            self.lose(envelope.message, "late_reply", error)
        else:
            envelope.reply.set_exception(error)

    # -- batches ----------------------------------------------------------------------------------

    async def _serve_batch(self, actor: Actor[Any], queue: LaneQueue) -> _Failure | None:
        if queue is self.mailbox.event and self.mailbox.gap and (failure := await self._tell_gap(actor)):
            return failure
        batch = self._take_batch(queue, actor.batch_size)
        if not batch:
            return None
        timing = self.timing
        sample_from = timing.begin() if timing.handled >= timing.next_sample else 0.0
        self.deadline = max(item.deadline if item.__class__ is Envelope else math.inf for item in batch)
        try:
            results = await actor.receive_batch([opened(item) for item in batch])
            if len(results) != len(batch):
                raise ActorError(f"{self.name} returned {len(results)} results for {len(batch)} messages")
        except asyncio.CancelledError as error:
            self._settle(_Failure(ActorStoppedError(self.name), batch), asks_only=True)
            if _is_cancelled():
                raise
            return _Failure(error, [])
        except Exception as error:  # every asker gets it; without one the supervisor decides
            return self._settle(_Failure(error, batch), asks_only=True)
        finally:
            self.deadline = math.inf
            timing.handled += len(batch)
            if sample_from or timing.suspended_at:
                timing.note(sample_from, batch[0])
                timing.suspended_at = 0.0
        for item, result in zip(batch, results, strict=True):
            self._settle_one(item, result)
        return None

    def _take_batch(self, queue: LaneQueue, size: int) -> list[Any]:
        batch: list[Any] = []
        items = queue.items
        while items and len(batch) < size:
            if _is_retry(items[0]) and batch:
                break
            item = self.mailbox.take_event() if queue is self.mailbox.event else items.popleft()
            queue.taken += 1
            if is_abandoned(item):
                continue
            batch.append(item)
            if _is_retry(item) or (items and (items[0] is _STOP or isinstance(items[0], _Failure))):
                break
        return batch

    def _settle_one(self, item: Any, result: object) -> None:
        if item.__class__ is Envelope and item.reply is not None:
            if isinstance(result, Exception):
                self._reply_error(item, result)
            else:
                self._reply(item, result)
        elif isinstance(result, Exception):
            self.last_error = result
            self._retry_or_lose(item, result)

    def _settle(self, failure: _Failure, *, asks_only: bool = False) -> _Failure | None:
        """Answer failed asks; retry or lose failed tells. Returns what is left for the supervisor."""
        told = []
        for item in failure.items:
            if item.__class__ is Envelope and item.reply is not None:
                if not item.reply.done():
                    item.reply.set_exception(failure.error)
            else:
                told.append(item)
        if asks_only:
            return _Failure(failure.error, told) if told else None
        for item in told:
            self._retry_or_lose(item, failure.error)
        return None

    # -- retries and losses -----------------------------------------------------------------------

    def _retry_or_lose(self, item: Any, error: BaseException) -> None:
        message: Message[Any] = opened(item)
        tries = item.tries if item.__class__ is Envelope else 1
        if isinstance(error, MailboxFullError | ActorStoppedError):
            return
        if not message.retryable:
            self.lose(message, "failed", error, tries)
        elif tries > len(RETRY_DELAYS_S):
            self.lose(message, "parked", error, tries)
        else:
            loop = asyncio.get_running_loop()
            again = Envelope(message, tries=tries + 1)
            handle: asyncio.TimerHandle | None = None

            def redeliver() -> None:
                if handle is not None:
                    self._retries.discard(handle)
                self.mailbox.put(again, message.lane, bounded=False)

            handle = loop.call_later(RETRY_DELAYS_S[tries - 1], redeliver)
            self._retries.add(handle)

    def lose(
        self, message: Message[Any], reason: str, error: BaseException | None = None, tries: int = 1
    ) -> None:
        """Record a dead letter of this actor."""
        self.runtime.dead_letters.add(
            DeadLetter(
                actor=self.name,
                message=message,
                reason=reason,
                error=error,
                tries=tries,
                at=self.runtime.clock.now(),
            )
        )

    def overflowed(self, lane: Lane) -> None:
        """Escalate a full control lane: an actor that no longer takes control messages is lost."""
        if lane is Lane.CONTROL:
            self.runtime.escalate(self, MailboxFullError(self.name))

    # -- work and timers --------------------------------------------------------------------------

    def spawn_work(
        self,
        name: str,
        work: Coroutine[Any, Any, T],
        then: Callable[[T], Message[Any]] | None,
        otherwise: Callable[[Exception], Message[Any]] | None,
    ) -> None:
        """Start owned work; see Actor.spawn."""
        if len(self._work) >= self._max_work:
            work.close()
            raise WorkLimitError(self.name, self._max_work)
        context = copy_context()
        context.run(HANDLING.set, None)
        task = asyncio.get_running_loop().create_task(work, name=f"{self.name}/{name}", context=context)
        self._work[task] = name

        def finished(task: asyncio.Task[T]) -> None:
            error = None if task.cancelled() else task.exception()
            if self._work.pop(task, None) is None or task.cancelled():
                return
            if error is None:
                if then is not None:
                    self._deliver(then(task.result()))
            elif otherwise is not None and isinstance(error, Exception):
                self._deliver(otherwise(error))
            else:
                self._poke(_Failure(error, []))

        task.add_done_callback(finished)

    def _deliver(self, message: Message[Any]) -> None:
        # Results of owned work bypass the bound: their number is bounded by max_work already.
        self.mailbox.put(message, message.lane, bounded=False)

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
            self.lose(message, "mailbox_full")

    # -- introspection ----------------------------------------------------------------------------

    def stats(self) -> ActorStats:
        """Describe the actor now."""
        now = asyncio.get_running_loop().time()
        return ActorStats(
            name=self.name,
            state=self.state,
            critical=self.child.critical,
            depth=self.mailbox.depth(),
            oldest_age_s=self.mailbox.oldest_age_s(now),
            handled=self.timing.handled,
            rate_per_s=self.timing.rate(now),
            dropped=self.mailbox.dropped,
            rejected=self.mailbox.rejected,
            restarts=self.restarts.count,
            slowest_s=self.timing.slowest_s,
            slowest_message=self.timing.slowest_message,
            work=sorted(self._work.values()),
            last_error=repr(self.last_error) if self.last_error is not None else None,
        )

    @types.coroutine
    def _observed(self, serving: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Drive the serving coroutine and note each time a handler suspends.

        This sees suspensions where they surface, so that handlers that never suspend, the great
        majority, pay nothing for it.
        """
        step: Callable[[Any], Any] = serving.send
        argument: Any = None
        timing, mailbox = self.timing, self.mailbox
        while True:
            try:
                yielded = step(argument)
            except StopIteration as stop:
                result: T = stop.value
                return result
            if mailbox.waiter is None and not timing.suspended_at:
                timing.suspend()
            try:
                argument = yield yielded
                step = serving.send
            except BaseException as error:  # cancellation is handed to the handler, unchanged
                step, argument = serving.throw, error


def _is_retry(item: Any) -> bool:
    return item.__class__ is Envelope and item.tries > 1


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
