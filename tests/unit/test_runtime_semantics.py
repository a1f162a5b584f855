"""The runtime's twelve guarantees; each test carries the number of the one it holds."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from leadboost.clock import Rng
from leadboost.errors import (
    ActorStoppedError,
    AskCycleError,
    AskTimeoutError,
    MailboxFullError,
    StageTimeoutError,
    UnexpectedMessageError,
    WorkLimitError,
)
from leadboost.runtime import Actor, ActorRef, Bounds, Child, Stage
from leadboost.runtime.stage import start_stages, stop_stages
from leadboost.runtime.supervision import Restarts
from leadboost.runtime.testing import System
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
)

# -- 1. one message at a time, batches -------------------------------------------------------------


async def test_1_two_handlers_of_one_actor_never_overlap(system: System) -> None:
    running: list[int] = []
    most: list[int] = []

    class Slow(Actor[Put]):
        async def receive(self, message: Put) -> None:
            running.append(message.n)
            most.append(len(running))
            await asyncio.sleep(0)
            running.pop()

    ref = await system.spawn(Slow)
    await asyncio.gather(*(ref.ask(Put(n=n)) for n in range(20)))

    assert max(most) == 1


async def test_1_batch_takes_what_is_queued_of_one_lane_up_to_its_size(system: System) -> None:
    batches: list[list[Any]] = []
    ref = await system.spawn(lambda: Batcher(batches))

    for n in range(6):
        ref.tell(Put(n=n))
    ref.tell(Seen(n=9))
    await system.settle()

    assert [[each.n for each in batch] for batch in batches] == [[0, 1, 2, 3], [4, 5], [9]]


async def test_1_batch_answers_each_asker_with_its_own_result_or_error(system: System) -> None:
    def odd_fails(messages: Sequence[Put]) -> list[object]:
        return [ValueError("odd") if each.n % 2 else each.n for each in messages]

    ref = await system.spawn(lambda: Batcher([], odd_fails))

    replies = await asyncio.gather(*(ref.ask(Put(n=n)) for n in range(3)), return_exceptions=True)

    assert replies[0] == 0
    assert isinstance(replies[1], ValueError)
    assert replies[2] == 2


async def test_1_batch_leaves_out_asks_that_expired_in_the_queue(system: System) -> None:
    batches: list[list[Any]] = []
    gate = asyncio.Event()

    class Gated(Batcher):
        async def receive_batch(self, messages: Sequence[Any]) -> Sequence[object]:
            result = await super().receive_batch(messages)
            await gate.wait()
            return result

    ref = await system.spawn(lambda: Gated(batches))
    ref.tell(Put(n=0))
    await system.settle()
    with pytest.raises(AskTimeoutError):
        await ref.ask(Put(n=1), timeout_s=0.1)
    ref.tell(Put(n=2))
    gate.set()
    await system.settle()

    assert [[each.n for each in batch] for batch in batches] == [[0], [2]]


async def test_1_batch_that_raises_fails_every_asker_and_the_actor_lives(system: System) -> None:
    ref = await system.spawn(lambda: Batcher([], ValueError("whole batch")))

    replies = await asyncio.gather(*(ref.ask(Put(n=n)) for n in range(3)), return_exceptions=True)

    assert [type(reply) for reply in replies] == [ValueError] * 3
    assert system.failures == []


async def test_1_batch_that_raises_redelivers_retryable_tells_one_by_one(system: System) -> None:
    batches: list[list[Any]] = []
    ref = await system.spawn(lambda: Batcher(batches, ValueError("x")), Child(intensity=(99, 60)))

    ref.tell(Retryable(n=1))
    ref.tell(Put(n=2))
    ref.tell(Retryable(n=3))
    await asyncio.sleep(1.2)

    numbers = [[each.n for each in batch] for batch in batches]
    assert (numbers[0], sorted(numbers[1:])) == ([1, 2, 3], [[1], [3]])
    assert system.runtime.dead_letters.counts["failed"] == 1


# -- 2. order -------------------------------------------------------------------------------------


async def test_2_messages_of_one_sender_and_lane_arrive_in_order(system: System) -> None:
    seen: list[Any] = []
    ref = await system.spawn(lambda: Recorder(seen))

    for n in range(300):
        ref.tell(Put(n=n))
    await system.settle()

    assert [each.n for each in seen] == list(range(300))


# -- 3. lanes and spawned work ----------------------------------------------------------------------


async def test_3_control_is_taken_before_command_and_command_before_event(system: System) -> None:
    seen: list[Any] = []
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder(seen, gate))

    ref.tell(Put(n=0))
    await system.settle()
    for message in (Seen(n=1), Put(n=2), Halt()):
        ref.tell(message)
    gate.set()
    await system.settle()

    assert seen == [Put(n=0), Halt(), Put(n=2), Seen(n=1)]


async def test_3_control_arriving_mid_backlog_is_served_next(system: System) -> None:
    seen: list[Any] = []

    class Alarmed(Recorder):
        async def receive(self, message: Any) -> object:
            if message == Put(n=3):
                ref.tell(Halt())
            return await super().receive(message)

    ref = await system.spawn(lambda: Alarmed(seen))
    for n in range(10):
        ref.tell(Put(n=n))
    await system.settle()

    assert seen.index(Halt()) == 4


async def test_3_spawned_work_returns_as_a_message_and_leaves_the_handler_free(system: System) -> None:
    seen: list[Any] = []

    class Worker(Recorder):
        async def receive(self, message: Any) -> object:
            if message == Put(n=1):
                self.spawn("long", asyncio.sleep(60, 7), then=lambda n: Put(n=n))
            return await super().receive(message)

    ref = await system.spawn(lambda: Worker(seen))
    ref.tell(Put(n=1))
    assert await ref.ask(Put(n=2)) == 2
    await asyncio.sleep(61)

    assert [each.n for each in seen] == [1, 2, 7]


async def test_3_failed_work_becomes_a_message_or_fails_the_actor(system: System) -> None:
    seen: list[Any] = []

    async def explode() -> int:
        raise ValueError("work")

    class Worker(Recorder):
        async def receive(self, message: Any) -> object:
            if message == Put(n=1):
                self.spawn("caught", explode(), otherwise=lambda error: Put(n=len(str(error))))
            if message == Put(n=2):
                self.spawn("loose", explode())
            return await super().receive(message)

    ref = await system.spawn(lambda: Worker(seen))
    ref.tell(Put(n=1))
    await system.settle()
    ref.tell(Put(n=2))
    await asyncio.sleep(1)

    assert [each.n for each in seen] == [1, 4, 2]
    assert [failure.outcome for failure in system.failures] == ["restarted"]


async def test_3_spawned_work_is_bounded(system: System) -> None:
    class Greedy(Actor[Put]):
        max_work = 2

        async def receive(self, message: Put) -> None:
            self.spawn("wait", asyncio.sleep(60))

    ref = await system.spawn(Greedy)
    await ref.ask(Put())
    await ref.ask(Put())

    with pytest.raises(WorkLimitError):
        await ref.ask(Put())


# -- 4. bounds --------------------------------------------------------------------------------------


async def test_4_full_command_lane_rejects_and_counts(system: System) -> None:
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder([], gate), Child(bounds=Bounds(command=2)))
    ref.tell(Put(n=0))
    await system.settle()
    ref.tell(Put(n=1))
    ref.tell(Put(n=2))

    with pytest.raises(MailboxFullError):
        ref.tell(Put(n=3))
    with pytest.raises(MailboxFullError):
        await ref.ask(Put(n=4))
    assert system.runtime.stats()[0].rejected == 2
    assert system.runtime.dead_letters.recent[0].reason == "mailbox_full"


async def test_4_full_target_does_not_crash_the_sender(system: System) -> None:
    gate = asyncio.Event()
    target = await system.spawn(lambda: Recorder([], gate), Child(bounds=Bounds(command=1)))

    class Sender(Actor[Put]):
        async def receive(self, message: Put) -> None:
            for n in range(5):
                target.tell(Put(n=n))

    sender = await system.spawn(Sender)
    sender.tell(Put())
    await system.settle()

    assert system.failures == []
    assert system.runtime.dead_letters.counts["mailbox_full"] == 1


async def test_4_full_event_lane_drops_the_oldest_and_tells_the_gap(system: System) -> None:
    seen: list[Any] = []
    ref = await system.spawn(lambda: Recorder(seen), Child(bounds=Bounds(event=3)))

    for n in range(5):
        ref.tell(Seen(n=n))
    await system.settle()

    assert seen == [("gap", 2), Seen(n=2), Seen(n=3), Seen(n=4)]


async def test_4_newer_event_with_the_same_key_takes_its_predecessors_place(system: System) -> None:
    seen: list[Any] = []
    ref = await system.spawn(lambda: Recorder(seen))

    for event in (Level(key="a", n=1), Level(key="b", n=1), Level(key="a", n=2)):
        ref.tell(event)
    await system.settle()
    ref.tell(Level(key="a", n=3))
    await system.settle()

    assert seen == [Level(key="a", n=2), Level(key="b", n=1), Level(key="a", n=3)]


async def test_4_full_control_lane_escalates(system: System) -> None:
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder([], gate), Child(bounds=Bounds(control=1)))
    ref.tell(Halt())
    await system.settle()
    ref.tell(Halt())

    with pytest.raises(MailboxFullError):
        ref.tell(Halt())
    assert [failure.outcome for failure in system.failures] == ["escalated"]


# -- 5. asks ----------------------------------------------------------------------------------------


async def test_5_ask_fails_at_its_deadline_and_the_late_reply_is_a_dead_letter(system: System) -> None:
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder([], gate))
    started = system.clock.monotonic()

    with pytest.raises(AskTimeoutError):
        await ref.ask(Put(n=1), timeout_s=0.5)
    assert system.clock.monotonic() - started == pytest.approx(0.5, abs=0.02)
    gate.set()
    await system.settle()

    assert system.runtime.dead_letters.recent[0].reason == "late_reply"


async def test_5_expired_message_is_dropped_when_it_is_taken(system: System) -> None:
    seen: list[Any] = []
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder(seen, gate))
    ref.tell(Put(n=1))
    with pytest.raises(AskTimeoutError):
        await ref.ask(Put(n=2), timeout_s=0.1)
    gate.set()
    await system.settle()

    assert seen == [Put(n=1)]


async def test_5_deadline_shrinks_along_a_chain(system: System) -> None:
    gate = asyncio.Event()
    last = await system.spawn(lambda: Recorder([], gate))
    middle = await system.spawn(Forwarder)
    started = system.clock.monotonic()

    with pytest.raises(AskTimeoutError):
        await middle.ask(Call(to=last, message=Put(), timeout_s=60), timeout_s=0.5)
    await system.settle()
    reply = await middle.ask(Call(to=await system.spawn(lambda: Recorder([])), message=Put(n=5)))

    assert reply == 5
    assert system.clock.monotonic() - started < 1


async def test_5_ask_that_would_close_a_circle_is_refused_with_the_path(system: System) -> None:
    first = await system.spawn(Forwarder, name="first")
    second = await system.spawn(Forwarder, name="second")
    third = await system.spawn(Forwarder, name="third")
    circle = Call(to=second, message=Call(to=third, message=Call(to=first, message=Put())))

    with pytest.raises(AskCycleError) as refused:
        await first.ask(circle)

    assert refused.value.path == ("third", "first", "second", "third")


async def test_5_actor_asking_itself_is_refused(system: System) -> None:
    ref = await system.spawn(Forwarder, name="narcissus")

    with pytest.raises(AskCycleError):
        await ref.ask(Call(to=ref, message=Put()))


async def test_5_spawned_work_adds_no_edge(system: System) -> None:
    answers: list[int] = []

    class Roundabout(Actor[Any]):
        async def receive(self, message: Any) -> object:
            if isinstance(message, Call):
                self.spawn("ask", message.to.ask(message.message), then=lambda n: Put(n=n))
            if isinstance(message, Put):
                answers.append(message.n)
            return 3

    ref = await system.spawn(Roundabout)
    await ref.ask(Call(to=ref, message=Halt()))
    await system.settle()

    assert answers == [3]


async def test_5_type_outside_the_actors_union_is_refused(system: System) -> None:
    ref: ActorRef[Any] = await system.spawn(Forwarder)

    with pytest.raises(UnexpectedMessageError):
        await ref.ask(Put())


# -- 6 and 7. failure and restart ---------------------------------------------------------------------


async def test_6_error_in_an_ask_goes_to_the_asker_and_the_actor_lives(system: System) -> None:
    log: list[str] = []
    ref = await system.spawn(lambda: Broken(log))

    with pytest.raises(ValueError, match="broken"):
        await ref.ask(Put())

    assert log == ["start", "Put"]
    assert system.failures == []


class Waiter(Actor[Put | Seen]):
    """Answers once its gate opens, and handles what comes meanwhile."""

    def __init__(self, gate: asyncio.Event, seen: list[object]) -> None:
        self.gate = gate
        self.seen = seen

    async def receive(self, message: Put | Seen) -> object:
        self.seen.append(message.n)
        if isinstance(message, Seen):
            return None
        self.seen.append(self.asked_until)
        return self.answer_later("wait", self._wait(message.n), answer=str, then=lambda n: Seen(n=n))

    async def _wait(self, n: int) -> int:
        await self.gate.wait()
        if n < 0:
            raise ValueError("below zero")
        return n + 1


async def test_6_answer_that_is_made_later_lets_the_actor_go_on(system: System) -> None:
    gate, seen = asyncio.Event(), list[object]()
    ref = await system.spawn(lambda: Waiter(gate, seen))
    deadline = asyncio.get_running_loop().time() + 5.0
    asked = asyncio.gather(*(ref.ask(Put(n=n), timeout_s=5.0) for n in (1, -1)), return_exceptions=True)
    await system.settle()

    ref.tell(Seen(n=7))
    await system.settle()
    before = list(seen)
    gate.set()
    answers: list[object] = list(await asked)
    await system.settle()

    assert before == [1, pytest.approx(deadline), -1, pytest.approx(deadline), 7]
    assert (answers[0], seen[-1]) == ("2", 2)
    assert isinstance(answers[1], ValueError)
    assert system.failures == []


async def test_6_answer_that_is_made_later_ends_with_the_actor(system: System) -> None:
    ref = await system.spawn(lambda: Waiter(asyncio.Event(), []))
    asked = asyncio.gather(ref.ask(Put(n=1)), return_exceptions=True)
    await system.settle()

    await system.runtime.stop(ref.name)

    assert [type(error) for error in await asked] == [ActorStoppedError]


async def test_6_error_without_an_asker_restarts_the_actor(system: System) -> None:
    log: list[str] = []
    ref = await system.spawn(lambda: Broken(log))

    ref.tell(Put())
    await asyncio.sleep(1)

    assert log == ["start", "Put", "start"]
    assert system.runtime.stats()[0].restarts == 1


async def test_7_restart_is_a_new_instance_and_the_mailbox_survives(system: System) -> None:
    instances: list[Recorder] = []
    seen: list[Any] = []

    class Fragile(Recorder):
        async def receive(self, message: Any) -> object:
            if message == Put(n=1):
                raise ValueError("crack")
            return await super().receive(message)

    def make() -> Recorder:
        instances.append(Fragile(seen))
        return instances[-1]

    ref = await system.spawn(make)
    for n in (1, 2, 3):
        ref.tell(Put(n=n))
    await asyncio.sleep(1)

    assert seen == [Put(n=2), Put(n=3)]
    assert len(instances) == 2


async def test_7_message_that_is_not_retryable_becomes_a_dead_letter_at_once(system: System) -> None:
    ref = await system.spawn(lambda: Broken([]))

    ref.tell(Put())
    await asyncio.sleep(1)

    assert [(each.reason, each.tries) for each in system.runtime.dead_letters.recent] == [("failed", 1)]


async def test_7_retryable_message_gets_five_tries_and_is_then_parked(system: System) -> None:
    log: list[str] = []
    ref = await system.spawn(lambda: Broken(log), Child(intensity=(9, 60)))

    ref.tell(Retryable())
    await asyncio.sleep(60)

    assert log.count("Retryable") == 5
    letter = system.runtime.dead_letters.recent[-1]
    assert (letter.reason, letter.tries, str(letter.error)) == ("parked", 5, "broken")


async def test_7_retries_wait_half_a_second_then_two_eight_and_twenty(system: System) -> None:
    tried: list[float] = []

    class Timed(Broken):
        async def receive(self, message: Any) -> object:
            tried.append(self.clock.monotonic())
            raise ValueError("no")

    ref = await system.spawn(lambda: Timed([]), Child(intensity=(9, 60)))
    ref.tell(Retryable())
    await asyncio.sleep(60)

    waits = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert waits == pytest.approx([0.5, 2, 8, 20], abs=0.3)


# -- 8 and 9. supervision and stages ------------------------------------------------------------------


async def test_8_actor_beyond_its_intensity_is_degraded_and_the_rest_live_on(system: System) -> None:
    bad = await system.spawn(lambda: Broken([]), Child(intensity=(2, 60)), name="bad")
    good = await system.spawn(lambda: Recorder([]), name="good")

    for _ in range(3):
        bad.tell(Put())
        await asyncio.sleep(1)

    assert [failure.outcome for failure in system.failures] == ["restarted", "restarted", "degraded"]
    assert system.runtime.stats()[0].state == "DEGRADED"
    assert await good.ask(Put(n=4)) == 4
    with pytest.raises(ActorStoppedError):
        await bad.ask(Put())


async def test_8_critical_actor_beyond_its_intensity_escalates(system: System) -> None:
    ref = await system.spawn(lambda: Broken([]), Child(critical=True, intensity=(0, 60)), name="vital")

    ref.tell(Put())
    await asyncio.sleep(1)

    assert [(failure.name, failure.outcome) for failure in system.failures] == [("vital", "escalated")]


def test_8_backoff_doubles_with_full_jitter_and_starts_over_after_a_minute_of_health() -> None:
    restarts = Restarts(Child(intensity=(100, 1000)), Rng(1))
    waits = []
    for second in range(12):
        assert restarts.allow(float(second))
        waits.append(restarts.backoff_s())
    assert restarts.allow(100.0)

    assert all(wait <= 0.1 * 2**streak for streak, wait in enumerate(waits))
    assert max(waits) > 1
    assert restarts.backoff_s() <= 0.1


async def test_9_failing_first_start_is_reported_to_the_spawner(system: System) -> None:
    class Stillborn(Actor[Put]):
        async def on_start(self) -> None:
            raise ValueError("no state")

    with pytest.raises(ValueError, match="no state"):
        await system.spawn(Stillborn)

    assert system.runtime.stats() == []


async def test_9_failing_restart_counts_as_a_restart(system: System) -> None:
    starts: list[int] = []

    class Relapsing(Broken):
        async def on_start(self) -> None:
            starts.append(1)
            if len(starts) > 1:
                raise ValueError("again")

    ref = await system.spawn(lambda: Relapsing([]), Child(intensity=(3, 60)))
    ref.tell(Put())
    await asyncio.sleep(20)

    assert len(starts) == 4
    assert [failure.outcome for failure in system.failures] == ["restarted"] * 3 + ["degraded"]


async def test_9_stage_that_overruns_its_budget_names_who_is_late(system: System) -> None:
    stage = Stage(name="store", start=lambda: asyncio.sleep(60), start_s=1, late=lambda: ["pool"])

    with pytest.raises(StageTimeoutError, match=r"stage store overran its 1 s; late: pool"):
        await start_stages([stage], [], lambda *_: None)


async def test_9_stages_stop_in_reverse_and_an_overrun_does_not_hold_up_the_rest(system: System) -> None:
    reports: list[tuple[str, str]] = []
    started = [
        Stage(name="first"),
        Stage(name="second", stop=lambda: asyncio.sleep(60), stop_s=1, late=lambda: ["socket"]),
    ]

    await stop_stages(started, lambda *report: reports.append(report))

    assert reports == [
        ("second", "stopping"),
        ("second", "late: socket"),
        ("first", "stopping"),
        ("first", "stopped"),
    ]


# -- 10. stop -----------------------------------------------------------------------------------------


async def test_10_stop_finishes_the_handler_and_answers_everyone_who_waits(system: System) -> None:
    gate = asyncio.Event()
    seen: list[Any] = []
    ref = await system.spawn(lambda: Recorder(seen, gate), name="shop")
    asks = [system.runtime.run_task("ask", ref.ask(Put(n=n))) for n in range(3)]
    await system.settle()

    stopping = system.runtime.run_task("test", system.runtime.stop("shop"))
    await system.settle()
    gate.set()
    late = await stopping
    replies = await asyncio.gather(*asks, return_exceptions=True)

    assert late == []
    assert replies[0] == 0
    assert [type(reply) for reply in replies[1:]] == [ActorStoppedError, ActorStoppedError]


async def test_10_stop_with_a_drain_serves_the_queue_first(system: System) -> None:
    seen: list[Any] = []
    ref = await system.spawn(lambda: Recorder(seen))
    for n in range(5):
        ref.tell(Put(n=n))

    await system.runtime.stop(drain_s=1)

    assert len(seen) == 5


async def test_10_handler_beyond_its_budget_is_cancelled_and_named(system: System) -> None:
    ref = await system.spawn(lambda: Recorder([], asyncio.Event()), name="stuck")
    ask = system.runtime.run_task("test", ref.ask(Put(), timeout_s=60))
    await system.settle()

    assert await system.runtime.stop(finish_s=0.5) == ["stuck"]
    with pytest.raises(ActorStoppedError):
        await ask


async def test_10_tell_to_a_stopped_actor_is_refused_and_recorded(system: System) -> None:
    ref = await system.spawn(lambda: Recorder([]))
    await system.runtime.stop()

    with pytest.raises(ActorStoppedError):
        ref.tell(Put())
    assert system.runtime.dead_letters.counts["stopped"] == 1


# -- 11 and 12. time and introspection ------------------------------------------------------------------


async def test_11_timers_follow_the_loops_time_and_end_with_the_instance(system: System) -> None:
    ticks: list[float] = []

    class Ticking(Actor[Put | Seen]):
        async def on_start(self) -> None:
            self.every(10, Seen())
            self.after(5, Seen(n=1))

        async def receive(self, message: Put | Seen) -> None:
            ticks.append(round(self.clock.monotonic(), 2))

    await system.spawn(Ticking)
    await asyncio.sleep(31)
    await system.runtime.stop()
    await asyncio.sleep(30)

    assert ticks == pytest.approx([5, 10, 20, 30], abs=0.1)


async def test_11_same_seed_draws_the_same_numbers_by_actor_name(system: System) -> None:
    branches = [Rng(3).fork("actor/scout").bits(64), Rng(3).fork("actor/trainer").bits(64)]

    assert branches == [Rng(3).fork("actor/scout").bits(64), Rng(3).fork("actor/trainer").bits(64)]
    assert branches[0] != branches[1]


async def test_12_stats_tell_depth_age_work_and_the_slowest_handler(system: System) -> None:
    gate = asyncio.Event()
    ref = await system.spawn(lambda: Recorder([], gate), name="busy")
    ref.tell(Put(n=0))
    await system.settle()
    ref.tell(Put(n=1))
    system.runtime.stats()
    await asyncio.sleep(3)

    stats = system.runtime.stats()[0]
    assert (stats.name, stats.state, stats.depth["command"]) == ("busy", "RUNNING", 1)
    assert stats.oldest_age_s == pytest.approx(3, abs=0.1)
    gate.set()
    await system.settle()
    after = system.runtime.stats()[0]
    assert (after.handled, after.slowest_message, after.oldest_age_s) == (2, "Put", 0)
    assert after.slowest_s == pytest.approx(3, abs=0.1)


async def test_12_every_handler_that_suspends_is_timed(system: System) -> None:
    class Sleeper(Actor[Put]):
        async def receive(self, message: Put) -> None:
            if message.n == 40:
                await asyncio.sleep(2)

    ref = await system.spawn(Sleeper)
    for n in range(60):
        ref.tell(Put(n=n))
    await asyncio.sleep(3)

    assert system.runtime.stats()[0].slowest_s == pytest.approx(2, abs=0.1)
