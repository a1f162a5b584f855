"""What the runtime does when things go wrong at awkward moments."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from leadboost.errors import (
    ActorError,
    ActorStoppedError,
    AskTimeoutError,
    LeadBoostError,
    MailboxFullError,
)
from leadboost.runtime import Actor, ActorRef, Bounds, Child, Event, Message, Stage, Topic
from leadboost.runtime.stage import start_stages, stop_stages
from leadboost.runtime.testing import System, VirtualLoop
from tests.unit.runtime_actors import (
    Batcher,
    Broken,
    Call,
    Forwarder,
    Halt,
    Level,
    Put,
    Recorder,
    Retryable,
    Seen,
    cancelled_future,
)


def outcomes(system: System) -> list[str]:
    return [failure.outcome for failure in system.failures]


def letters(system: System) -> list[tuple[str, int]]:
    return [(letter.reason, letter.tries) for letter in system.runtime.dead_letters.recent]


def block(seconds: float) -> None:
    """Block the virtual loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.block(seconds)


async def full(system: System) -> ActorRef[Any]:
    """Start an actor whose command lane is full for as long as the test lasts."""
    ref = await system.spawn(lambda: Recorder([], asyncio.Event()), Child(bounds=Bounds(command=1)))
    ref.tell(Put())
    await system.settle()
    ref.tell(Put())
    return ref


# -- work -------------------------------------------------------------------------------------------


async def test_error_in_making_the_result_message_fails_the_actor(system: System) -> None:
    def misfit(_: object) -> Put:
        raise ValueError("cannot be told")

    class Worker(Actor[Put]):
        async def receive(self, message: Put) -> None:
            self.spawn("work", asyncio.sleep(0), then=misfit)

    ref = await system.spawn(Worker)
    ref.tell(Put())
    await asyncio.sleep(1)

    assert outcomes(system) == ["restarted"]


async def test_results_of_an_earlier_instance_never_reach_the_next(system: System) -> None:
    seen: list[Any] = []

    class Worker(Recorder):
        async def receive(self, message: Any) -> object:
            if message == Put(n=1):
                self.spawn("before the crash", asyncio.sleep(0, 8), then=lambda n: Put(n=n))
                self.spawn("after the crash", asyncio.sleep(5, 9), then=lambda n: Put(n=n))
                await asyncio.sleep(1)
                raise ValueError("crash")
            return await super().receive(message)

    ref = await system.spawn(lambda: Worker(seen))
    ref.tell(Put(n=1))
    await asyncio.sleep(10)
    assert await ref.ask(Put(n=2)) == 2

    assert [each.n for each in seen] == [2]


async def test_several_failed_works_of_one_instance_count_as_one_failure(system: System) -> None:
    async def explode() -> None:
        raise ValueError("work")

    class Worker(Actor[Put]):
        async def receive(self, message: Put) -> None:
            for _ in range(6):
                self.spawn("work", explode())

    ref = await system.spawn(Worker)
    ref.tell(Put())
    await asyncio.sleep(5)

    assert outcomes(system) == ["restarted"]


async def test_result_of_work_that_comes_too_late_is_no_dead_letter(system: System) -> None:
    class Worker(Actor[Put]):
        async def receive(self, message: Put) -> None:
            self.spawn("work", asyncio.sleep(0.1, 7), then=lambda n: Put(n=n))
            await asyncio.sleep(5)

    ref = await system.spawn(Worker)
    ref.tell(Put())
    await asyncio.sleep(1)
    await system.runtime.stop(finish_s=10)

    assert letters(system) == []


async def test_work_ends_with_the_runtime(system: System) -> None:
    ended: list[str] = []

    async def long() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append("work")

    class Worker(Actor[Put]):
        async def receive(self, message: Put) -> None:
            self.spawn("work", long())

    ref = await system.spawn(Worker)
    await ref.ask(Put())
    await system.settle()
    await system.runtime.close()

    assert ended == ["work"]


# -- retries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("intensity", [(0, 60), (5, 60)])
async def test_message_waiting_for_its_next_try_becomes_a_dead_letter_when_the_actor_ends(
    system: System, intensity: tuple[int, float]
) -> None:
    ref = await system.spawn(lambda: Broken([]), Child(intensity=intensity))
    ref.tell(Retryable())
    await asyncio.sleep(0.3)
    await system.runtime.stop()

    assert letters(system) == [("stopped", 1)]


async def test_messages_waiting_for_a_try_are_bounded_like_the_command_lane(system: System) -> None:
    ref = await system.spawn(
        lambda: Batcher([], lambda messages: [ValueError("no")] * len(messages)),
        Child(bounds=Bounds(command=3)),
    )
    for n in range(5):
        ref.tell(Retryable(n=n))
        await system.settle()

    assert letters(system) == [("failed", 1), ("failed", 1)]


@pytest.mark.parametrize("batched", [False, True])
async def test_overload_of_another_actor_is_no_failure_and_the_message_is_tried_again(
    system: System, batched: bool
) -> None:
    target = await full(system)
    tried: list[float] = []

    class Sender(Actor[Any]):
        batch_size = 4 if batched else 1

        async def receive(self, message: Any) -> object:
            tried.append(self.clock.monotonic())
            return await target.ask(Put())

        async def receive_batch(self, messages: Sequence[Any]) -> Sequence[object]:
            return [await self.receive(each) for each in messages]

    sender = await system.spawn(Sender)
    sender.tell(Retryable())
    await asyncio.sleep(1)

    assert outcomes(system) == []
    assert len(tried) == 2


# -- cancellation -------------------------------------------------------------------------------------


async def test_cancelled_future_in_a_restart_counts_as_a_failed_start(system: System) -> None:
    class Fragile(Broken):
        async def on_start(self) -> None:
            await super().on_start()
            if len(self.log) > 1:
                await cancelled_future()

    log: list[str] = []
    ref = await system.spawn(lambda: Fragile(log), Child(critical=True, intensity=(2, 60)))
    ref.tell(Put())
    await asyncio.sleep(60)

    assert outcomes(system) == ["restarted", "restarted", "escalated"]


async def test_cancelled_future_in_a_handler_is_an_error_like_any_other(system: System) -> None:
    class Fragile(Actor[Put]):
        async def receive(self, message: Put) -> None:
            await cancelled_future()

    ref = await system.spawn(Fragile)

    with pytest.raises(ActorError, match="was cancelled"):
        await ref.ask(Put())
    ref.tell(Put())
    await asyncio.sleep(1)
    assert outcomes(system) == ["restarted"]


@pytest.mark.parametrize("batched", [False, True])
async def test_told_message_cut_off_by_a_stop_is_a_dead_letter(system: System, batched: bool) -> None:
    class Stuck(Actor[Any]):
        batch_size = 4 if batched else 1

        async def receive(self, message: Any) -> None:
            await asyncio.sleep(1000)

        async def receive_batch(self, messages: Sequence[Any]) -> Sequence[object]:
            await asyncio.sleep(1000)
            return []

    ref = await system.spawn(Stuck, name="stuck")
    ref.tell(Put())
    await system.settle()

    assert await system.runtime.stop(finish_s=1) == ["stuck"]
    assert letters(system) == [("stopped", 1)]


async def test_cancelled_spawn_leaves_nothing_running(system: System) -> None:
    ticks: list[int] = []

    class Slow(Actor[Put]):
        async def on_start(self) -> None:
            await asyncio.sleep(5)
            ticks.append(1)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await system.spawn(Slow)
    await asyncio.sleep(10)

    assert (ticks, system.runtime.stats()) == ([], [])


# -- fairness and deadlines ---------------------------------------------------------------------------


async def test_steady_commands_never_starve_events(system: System) -> None:
    seen: list[Any] = []

    class Reader(Recorder):
        async def receive(self, message: Any) -> object:
            await asyncio.sleep(0.01)
            return await super().receive(message)

    ref = await system.spawn(lambda: Reader(seen))

    async def read_on() -> None:
        for _ in range(100):
            await ref.ask(Put(), timeout_s=60)

    for _ in range(3):
        system.runtime.run_task("reader", read_on())
    await system.settle()
    ref.tell(Seen(n=7))
    await asyncio.sleep(0.2)

    assert Seen(n=7) in seen


async def test_actor_that_keeps_telling_itself_lets_others_run(system: System) -> None:
    class Restless(Actor[Any]):
        async def receive(self, message: Any) -> None:
            block(0.001)
            ref.tell(Seen() if isinstance(message, Put) else Put())

    ref = await system.spawn(Restless)
    ref.tell(Put())
    started = system.clock.monotonic()
    await asyncio.sleep(0.01)

    assert system.clock.monotonic() - started < 0.05


async def test_expired_ask_is_not_handled_even_if_the_loop_was_blocked(system: System) -> None:
    seen: list[Any] = []

    class Blocking(Recorder):
        async def receive(self, message: Any) -> object:
            if message == Put(n=1):
                block(0.5)
            return await super().receive(message)

    ref = await system.spawn(lambda: Blocking(seen))
    ref.tell(Put(n=1))

    with pytest.raises(AskTimeoutError):
        await ref.ask(Put(n=2), timeout_s=0.1)
    assert seen == [Put(n=1)]


async def test_blocking_handlers_let_others_run_between_messages(system: System) -> None:
    class Blocking(Actor[Put]):
        async def receive(self, message: Put) -> None:
            block(0.002)

    ref = await system.spawn(Blocking)
    for _ in range(50):
        ref.tell(Put())
    turns: list[float] = []
    for _ in range(8):
        await asyncio.sleep(0)
        turns.append(system.clock.monotonic())

    assert max(later - earlier for earlier, later in itertools.pairwise(turns)) < 0.02


async def test_actors_may_ask_each_other_in_turn(system: System) -> None:
    first = await system.spawn(Forwarder, name="first")
    second = await system.spawn(Forwarder, name="second")
    probe = await system.probe({Put: lambda message: message.n})
    end = Call(to=probe.ref, message=Put(n=3))

    assert await first.ask(Call(to=second, message=end)) == 3
    assert await second.ask(Call(to=first, message=end)) == 3


async def test_ask_at_a_full_control_lane_leaves_no_deadline_behind(system: System) -> None:
    ref = await system.spawn(lambda: Recorder([], asyncio.Event()), Child(bounds=Bounds(control=1)))
    ref.tell(Halt())
    await system.settle()
    ref.tell(Halt())

    with pytest.raises(MailboxFullError):
        await ref.ask(Halt())
    assert not any(bucket for bucket in system.runtime.deadlines._buckets.values())


# -- lanes --------------------------------------------------------------------------------------------


async def test_batch_never_holds_the_runtimes_own_signals(system: System) -> None:
    batches: list[list[Any]] = []
    gate = asyncio.Event()

    class Gated(Batcher):
        async def receive_batch(self, messages: Sequence[Any]) -> Sequence[object]:
            self.batches.append(list(messages))
            await gate.wait()
            return [None] * len(messages)

    ref = await system.spawn(lambda: Gated(batches))
    ref.tell(Put())
    await system.settle()
    with pytest.raises(AskTimeoutError):
        await ref.ask(Halt(), timeout_s=0.1)
    system.runtime.run_task("stop", system.runtime.stop())
    await system.settle()
    gate.set()
    await asyncio.sleep(1)

    assert batches == [[Put()]]
    assert outcomes(system) == []


async def test_batch_with_a_wrong_number_of_results_fails(system: System) -> None:
    ref = await system.spawn(lambda: Batcher([], lambda _: []))

    with pytest.raises(ActorError, match="returned 0 results for 1 messages"):
        await ref.ask(Put())


async def test_dropped_event_frees_its_key(system: System) -> None:
    seen: list[Any] = []
    ref = await system.spawn(lambda: Recorder(seen), Child(bounds=Bounds(event=2)))

    for event in (Level(key="a", n=1), Seen(n=2), Seen(n=3), Level(key="a", n=4)):
        ref.tell(event)
    await system.settle()

    assert seen == [("gap", 2), Seen(n=3), Level(key="a", n=4)]


async def test_ask_on_a_full_event_lane_is_never_shed(system: System) -> None:
    class Question(Event):
        __slots__ = ()

    seen: list[Any] = []
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder(seen, gate), Child(bounds=Bounds(event=2)))
    ref.tell(Put())
    await system.settle()
    ask = system.runtime.run_task("ask", ref.ask(Question()))
    await system.settle()
    for n in range(5):
        ref.tell(Seen(n=n))
    gate.set()

    await ask
    assert ("gap", 4) in seen


# -- supervision and stop -----------------------------------------------------------------------------


async def test_starts_that_fail_slowly_are_given_up_too(system: System) -> None:
    class Slow(Broken):
        async def on_start(self) -> None:
            await super().on_start()
            if len(self.log) > 1:
                await asyncio.sleep(30)
                raise ValueError("again")

    log: list[str] = []
    ref = await system.spawn(lambda: Slow(log), Child(critical=True, intensity=(3, 30)))
    ref.tell(Put())
    await asyncio.sleep(3600)

    assert outcomes(system)[-1] == "escalated"


async def test_restart_waits_before_it_begins(system: System) -> None:
    starts: list[float] = []

    class Timed(Broken):
        async def on_start(self) -> None:
            starts.append(self.clock.monotonic())

    ref = await system.spawn(lambda: Timed([]))
    ref.tell(Put())
    await asyncio.sleep(1)

    assert 0 < starts[1] - starts[0] <= 0.1


async def test_orderly_stop_calls_on_stop_once_and_reports_its_error(system: System) -> None:
    calls: list[str] = []

    class Stopping(Actor[Put]):
        async def on_stop(self) -> None:
            calls.append("stop")
            raise ValueError("cannot let go")

    await system.spawn(Stopping)
    await system.runtime.stop()

    assert calls == ["stop"]
    assert outcomes(system) == ["stop failed"]


async def test_drain_ends_at_its_time_and_the_rest_is_told(system: System) -> None:
    seen: list[Any] = []

    class Slow(Recorder):
        async def receive(self, message: Any) -> object:
            await asyncio.sleep(1)
            return await super().receive(message)

    ref = await system.spawn(lambda: Slow(seen))
    for n in range(10):
        ref.tell(Put(n=n))

    assert await system.runtime.stop(drain_s=3.5, finish_s=1) == []
    assert len(seen) == 4
    assert letters(system) == [("stopped", 1)] * 6


async def test_askers_are_answered_even_if_a_dead_letter_listener_fails() -> None:
    def listener(_: object) -> None:
        raise RuntimeError("listener")

    system = System(on_dead_letter=listener)
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder([], gate), name="shop")
    ref.tell(Put(n=0))
    await system.settle()
    ref.tell(Put(n=1))
    ask = system.runtime.run_task("ask", ref.ask(Put(n=2), timeout_s=60))
    await system.settle()
    await system.runtime.stop(finish_s=0.1)

    with pytest.raises(ActorStoppedError):
        await ask


async def test_stopped_subscriber_is_forgotten_by_its_topic(system: System) -> None:
    topic: Topic[Any] = Topic("news")
    gone = await system.spawn(lambda: Recorder([]), name="gone")
    seen: list[Any] = []
    topic.subscribe(gone)
    topic.subscribe(await system.spawn(lambda: Recorder(seen)))
    await system.runtime.stop("gone")

    topic.publish(Seen(n=1))
    topic.publish(Seen(n=2))
    await system.settle()

    assert seen == [Seen(n=1), Seen(n=2)]
    assert len(system.runtime.dead_letters.recent) == 1


async def test_timeout_of_a_stages_own_is_not_an_overrun(system: System) -> None:
    async def impatient() -> None:
        raise TimeoutError("no answer")

    reports: list[tuple[str, str]] = []
    stage = Stage(name="store", start=impatient, stop=impatient)

    with pytest.raises(TimeoutError, match="no answer"):
        await start_stages([stage], [], lambda *_: None)
    await stop_stages([stage], lambda *report: reports.append(report))
    assert reports[-1] == ("store", "failed: TimeoutError('no answer')")


async def test_failing_stage_does_not_keep_the_others_from_stopping(system: System) -> None:
    async def fails() -> None:
        raise LeadBoostError("stuck")

    reports: list[tuple[str, str]] = []

    await stop_stages([Stage(name="a"), Stage(name="b", stop=fails)], lambda *r: reports.append(r))

    assert reports[-1] == ("a", "stopped")


# -- introspection ------------------------------------------------------------------------------------


async def test_rate_is_the_same_for_every_reader(system: System) -> None:
    ref = await system.spawn(lambda: Recorder([]))
    for _ in range(20):
        await ref.ask(Put())
    await asyncio.sleep(2)

    rates = [system.runtime.stats()[0].rate_per_s for _ in range(3)]

    assert rates == [pytest.approx(10, rel=0.01)] * 3


async def test_age_counts_from_the_oldest_message_still_queued(system: System) -> None:
    class Slow(Actor[Message[Any]]):
        async def receive(self, message: Message[Any]) -> None:
            await asyncio.sleep(10)

    ref = await system.spawn(Slow)
    for _ in range(3):
        ref.tell(Put())
        system.runtime.stats()
        await asyncio.sleep(3)

    assert system.runtime.stats()[0].oldest_age_s == pytest.approx(6, abs=0.1)
    await asyncio.sleep(4)
    assert system.runtime.stats()[0].oldest_age_s == pytest.approx(7, abs=0.1)


async def test_time_of_a_yielding_actor_is_not_billed_to_its_next_message(system: System) -> None:
    class Quick(Actor[Put]):
        async def receive(self, message: Put) -> None:
            block(0.0001)

    class Hog(Actor[Put]):
        async def receive(self, message: Put) -> None:
            block(3)

    quick = await system.spawn(Quick, name="quick")
    hog = await system.spawn(Hog, name="hog")
    for _ in range(200):
        quick.tell(Put())
    hog.tell(Put())
    await asyncio.sleep(1)

    slowest = {each.name: each.slowest_s for each in system.runtime.stats()}
    assert slowest["hog"] >= 3
    assert slowest["quick"] < 0.01
