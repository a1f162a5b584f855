import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
from structlog.testing import capture_logs

from leadboost.actors.stream_bridge import StreamBridge, bridge
from leadboost.actors.stream_bridge.bridge import RELOADED_EVENTS
from leadboost.actors.stream_bridge.delivery import CHUNK_BYTES
from leadboost.clock import Rng
from leadboost.composition.components import Components
from leadboost.console import live_socket
from leadboost.console.live_registry import MOST_PER_USER
from leadboost.console.live_socket import BYTES_PER_WINDOW, FRAMES_PER_WINDOW, LARGEST_FRAME_BYTES
from leadboost.domain.live.page import PAGE
from leadboost.messages.events import StateChanged
from leadboost.messages.health import HealthReport
from leadboost.messages.stream import JoinViewer, ViewerReady
from leadboost.runtime.system import Failed
from leadboost.settings import Settings
from leadboost.store.database import Database
from tests.integration.console_world import SECRET
from tests.integration.live_world import REPORT, Link, LiveWorld, Sink, running_link, turns


@pytest.fixture
async def live(database: Database) -> AsyncIterator[LiveWorld]:
    async with running_link(database) as live:
        yield live


OLD_EVENTS = RELOADED_EVENTS + 2 * PAGE


@pytest.fixture
async def old_events(database: Database) -> str:
    """A journal of which the first two pages are in no memory; returns its epoch."""
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(OLD_EVENTS)
        await viewer.events(OLD_EVENTS)
        return str(viewer.hello["epoch"])


async def test_a_viewer_is_greeted_and_then_gets_events_as_they_come(live: LiveWorld) -> None:
    live.put("model", {"version": 3})
    viewer = await live.look()

    await live.commit(3)

    assert viewer.socket.protocol == "leadboost.v1"
    assert viewer.hello["state"]["model"] == {"version": 3}
    assert (viewer.hello["offset"], viewer.hello["recovered"]) == (0, False)
    assert await viewer.events(3) == [1, 2, 3]


async def test_an_event_frame_holds_what_the_events_route_tells(live: LiveWorld) -> None:
    viewer = await live.look()
    await live.commit(sku="cup")
    frame = await viewer.next()

    page = (await live.world.call("GET", "/api/events")).json()

    assert frame == {"t": "event", **page["events"][0]}


async def test_state_reaches_viewers_and_a_withdrawn_key_is_null(live: LiveWorld) -> None:
    viewer = await live.look()

    live.put("safety", {"state": "HALTED"})
    first = await viewer.next("state")
    live.put("safety", None)
    second = await viewer.next("state")
    later = await live.look()

    assert first == {"t": "state", "key": "safety", "data": {"state": "HALTED"}}
    assert second["data"] is None
    assert "safety" not in later.hello["state"]


# -- coming back ----------------------------------------------------------------------------------


async def test_a_viewer_that_comes_back_gets_every_event_it_missed_from_memory(live: LiveWorld) -> None:
    viewer = await live.look()
    await live.commit(2)
    await viewer.events(2)
    await viewer.socket.close()
    await live.commit(5)
    reads = len(live.log.reads)

    back = await live.back(2, viewer.hello["epoch"])

    assert back.hello["recovered"]
    assert await back.events(5) == [3, 4, 5, 6, 7]
    assert len(live.log.reads) == reads


async def test_a_foreign_epoch_is_not_recovered_and_follows_from_now_on(live: LiveWorld) -> None:
    await live.commit(3)
    await (await live.look("?since=0")).events(3)

    back = await live.back(1, "another")
    await live.commit()

    assert (back.hello["recovered"], back.hello["offset"]) == (False, 3)
    assert await back.events(1) == [4]


async def test_an_offset_beyond_the_journal_is_not_recovered(live: LiveWorld) -> None:
    viewer = await live.look()

    back = await live.back(1_000, viewer.hello["epoch"])

    assert not back.hello["recovered"]


async def test_a_restart_changes_nothing_for_who_comes_back(database: Database) -> None:
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(4)
        await viewer.events(4)

    async with running_link(database) as live:
        back = await live.back(2, viewer.hello["epoch"])

        assert back.hello["recovered"]
        assert await back.events(2) == [3, 4]


async def test_what_is_older_than_the_ring_comes_whole_from_the_journal(database: Database) -> None:
    total = RELOADED_EVENTS + 2 * PAGE + 7
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(total)
        await viewer.events(total)

    async with running_link(database) as live:
        back = await live.back(5, viewer.hello["epoch"])
        await live.commit(3)

        assert await back.events(total + 3 - 5) == list(range(6, total + 4))


async def test_many_who_come_back_at_once_share_each_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "BEHIND_S", 60.0)  # they are read here one after the other
    total = RELOADED_EVENTS + 2 * PAGE
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(total)
        await viewer.events(total)

    async with running_link(database) as live:
        live.log.reads.clear()
        backs = await asyncio.gather(
            *(live.back(number, viewer.hello["epoch"], subject=f"viewer-{number}") for number in range(40))
        )
        for number, back in enumerate(backs):
            assert await back.events(total - number) == list(range(number + 1, total + 1))

        pages = [since for since in live.log.reads if since < total]
        assert sorted(pages) == [0, PAGE]


async def test_old_events_reach_a_viewer_in_writes_of_bounded_size(database: Database) -> None:
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(PAGE, text="x" * 2_000)
        await live.commit(RELOADED_EVENTS)
        await viewer.events(PAGE + RELOADED_EVENTS)

    async with running_link(database) as live:
        back = Sink()
        live.bridge.tell(JoinViewer(sink=back, since=0, epoch=viewer.hello["epoch"]))
        await until(lambda: sum(map(len, back.writes)) > PAGE * 2_000 + RELOADED_EVENTS * 80)

        assert max(map(len, back.writes)) < CHUNK_BYTES + 10_000  # and the changed state


async def test_events_that_were_deleted_are_not_recovered(database: Database) -> None:
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(RELOADED_EVENTS + PAGE)
        await viewer.events(RELOADED_EVENTS + PAGE)
    async with database.transaction() as session:
        await session.execute('DELETE FROM events WHERE "offset" <= 10')

    async with running_link(database) as live:
        back = await live.back(5, viewer.hello["epoch"])

        assert (back.hello["recovered"], back.hello["offset"]) == (False, RELOADED_EVENTS + PAGE)


async def test_events_that_another_host_numbered_arrive_without_gap(live: LiveWorld) -> None:
    viewer = await live.look()
    await live.commit()
    await viewer.events(1)
    async with live.database.transaction() as session:
        await session.execute(
            'INSERT INTO events (id, kind, at, data, "offset")'
            " SELECT gen_random_uuid(), 'other', now(), '{}', n FROM generate_series(2, 4) AS n"
        )
        await session.execute("UPDATE journal SET last_offset = 4")

    await live.commit()

    assert await viewer.events(4) == [2, 3, 4, 5]


async def test_who_needs_the_journal_while_it_is_away_is_told_to_come_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(RELOADED_EVENTS + PAGE)
        await viewer.events(RELOADED_EVENTS + PAGE)

    monkeypatch.setattr(bridge, "READ_WITHIN_S", 0.1)
    async with running_link(database) as live:
        live.log.away = True
        waiting = await live.connect(f"?since=1&epoch={viewer.hello['epoch']}")
        from_memory = await live.back(RELOADED_EVENTS, viewer.hello["epoch"])

        assert await waiting.closed() == (1013, "The journal cannot be read now.")
        assert await from_memory.events(PAGE) == list(range(RELOADED_EVENTS + 1, RELOADED_EVENTS + PAGE + 1))


async def test_who_waits_for_the_journal_goes_on_when_it_is_back(database: Database) -> None:
    total = RELOADED_EVENTS + PAGE
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(total)
        await viewer.events(total)

    async with running_link(database) as live:
        live.log.away = True
        waiting = await live.connect(f"?since=1&epoch={viewer.hello['epoch']}")
        await until(lambda: bool(live.audience.joining))
        live.log.away = False

        hello = await waiting.next("hello")
        assert hello["recovered"]
        assert await waiting.events(total - 1) == list(range(2, total + 1))


async def test_a_link_is_timed_by_its_upgrade_and_not_by_its_life(live: LiveWorld) -> None:
    async def tallies() -> list[str]:
        text = (await live.world.call("GET", "/metrics")).body.decode()
        return [line for line in text.splitlines() if 'route="/dashboard/ws"' in line and "_count" in line]

    viewer = await live.look()
    open_ = await tallies()
    await viewer.socket.close()
    await live.world.console.drain(5)

    assert len(open_) == 1
    assert open_[0].endswith('status="101"} 1.0')
    assert await tallies() == open_


async def greeted_and_far_back(live: LiveWorld, epoch: str) -> Sink:
    """A viewer that was greeted, needs two pages of old events, and finds the journal away for the second."""
    sink = Sink(blocked=True)
    live.bridge.tell(JoinViewer(sink=sink, since=0, epoch=epoch))
    await until(lambda: bool(sink.writes))
    live.log.away = True
    live.log.reads.clear()
    sink.blocked = False
    live.bridge.tell(ViewerReady(sink=sink))
    await until(lambda: PAGE in live.log.reads)
    return sink


async def test_a_journal_that_is_away_is_asked_now_and_then_and_who_waits_too_long_is_cut(
    old_events: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "READ_WITHIN_S", 1.0)
    async with running_link(database) as live:
        with capture_logs() as logs:
            viewer = await greeted_and_far_back(live, old_events)
            await until(lambda: viewer.closed)

    assert viewer.ended == (4008, "The journal could not be read for 1 s.")
    assert len(live.log.reads) <= 6
    assert [entry["event"] for entry in logs].count("journal not read for viewers") == 1


async def test_a_viewer_that_waits_for_old_events_goes_on_when_the_journal_is_back(
    old_events: str, database: Database
) -> None:
    async with running_link(database) as live:
        viewer = await greeted_and_far_back(live, old_events)
        live.log.away = False

        await until(lambda: viewer.ended is not None or OLD_EVENTS in offsets_of(viewer))

    assert offsets_of(viewer) == list(range(1, OLD_EVENTS + 1))


def offsets_of(viewer: Sink) -> list[int]:
    return [int(found) for found in re.findall(rb'"t":"event","offset":(\d+)', b"".join(viewer.writes))]


# -- refusals -------------------------------------------------------------------------------------


async def test_more_sockets_than_one_viewer_may_have_are_refused(live: LiveWorld) -> None:
    viewers = [await live.look(subject="ana") for _ in range(MOST_PER_USER)]

    refused = await live.refusal(live.protocols())
    other = await live.look(subject="bea")

    assert refused == (429, "too_many_sockets")
    assert not any(viewer.socket.closed for viewer in [*viewers, other])


def forged(claims: dict[str, object], key: bytes = SECRET, algorithm: str | None = "HS256") -> str:
    """A token with these claims in place of good ones."""
    good = {"iss": "leadboost", "sub": "ana", "role": "viewer", "iat": time.time(), "exp": time.time() + 600}
    return jwt.encode({**good, **claims}, key if algorithm != "none" else "", algorithm=algorithm)


@pytest.mark.parametrize(
    "token",
    [
        forged({"exp": time.time() - 1}),
        forged({}, key=b"another secret, which is long enough"),
        forged({}, algorithm="none"),
        forged({"role": "emperor"}),
        "",
    ],
    ids=["expired", "wrong signature", "alg none", "unknown role", "empty"],
)
async def test_a_token_that_does_not_hold_is_refused_before_the_upgrade(live: LiveWorld, token: str) -> None:
    assert await live.refusal(("leadboost.v1", f"bearer.{token}")) == (401, "unauthorized")


async def test_a_good_token_in_either_place_is_let_in_and_never_echoed(live: LiveWorld) -> None:
    token = forged({})

    offered = await live.look(protocols=live.protocols(token))
    header = await live.look(protocols=("leadboost.v1",), headers={"Authorization": f"Bearer {token}"})

    assert offered.socket.protocol == header.socket.protocol == "leadboost.v1"


async def test_no_token_and_no_cookie_is_refused(live: LiveWorld) -> None:
    assert await live.refusal() == (401, "unauthorized")


async def test_a_link_without_our_subprotocol_is_refused_and_its_token_stays_out_of_the_log(
    live: LiveWorld, caplog: pytest.LogCaptureFixture
) -> None:
    token = forged({})

    refused = await live.refusal((f"bearer.{token}",))

    assert refused == (400, "bad_subprotocol")
    assert token not in caplog.text


async def test_a_viewer_that_left_frees_its_place(live: LiveWorld) -> None:
    for _ in range(2 * MOST_PER_USER):
        viewer = await live.look(subject="ana")
        await viewer.socket.close()

    assert (await live.look(subject="ana")).hello["t"] == "hello"


async def test_a_request_that_is_no_websocket_is_told_so(live: LiveWorld) -> None:
    reply = await live.world.call("GET", "/dashboard/ws")

    assert (reply.status, reply.headers["Upgrade"]) == (426, "websocket")


async def test_a_plain_request_tells_a_browser_why_its_upgrade_was_refused(live: LiveWorld) -> None:
    viewers = [await live.look(subject="ana") for _ in range(MOST_PER_USER)]

    reply = await live.world.call("GET", "/dashboard/ws")

    assert (reply.status, reply.json()["code"]) == (429, "too_many_sockets")
    assert not any(viewer.socket.closed for viewer in viewers)


async def test_a_bad_query_is_refused_before_the_upgrade(live: LiveWorld) -> None:
    reply = await live.world.call("GET", "/dashboard/ws?since=-1&depth=2")

    assert reply.status == 422
    assert {fault["field"] for fault in reply.json()["errors"]} == {"since", "depth"}


# -- what a viewer may say ------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{", "[]", '{"t": "hello"}', '{"t":"pong"'])
async def test_anything_but_a_pong_ends_the_connection(live: LiveWorld, text: str) -> None:
    viewer = await live.look()

    await viewer.socket.send_str(text)

    assert (await viewer.closed())[0] == 1008


async def test_a_flood_of_frames_ends_the_connection(live: LiveWorld) -> None:
    viewer = await live.look()

    for _ in range(FRAMES_PER_WINDOW + 1):
        await viewer.socket.send_str('{"t":"pong"}')

    assert await viewer.closed() == (1008, "Too many frames.")


async def test_a_message_that_never_ends_ends_the_connection(live: LiveWorld) -> None:
    viewer = await live.look()
    transport = transport_of(viewer)

    transport.write(b"\x01\x80\0\0\0\0")  # the first of a message's frames, and then ever another
    for _ in range(BYTES_PER_WINDOW // 6):
        transport.write(b"\x00\x80\0\0\0\0")

    assert await viewer.closed() == (1008, "Too many bytes.")


async def test_a_frame_that_is_too_large_ends_the_connection(live: LiveWorld) -> None:
    fits, over = await live.look(), await live.look()

    await fits.socket.send_str("x" * LARGEST_FRAME_BYTES)
    await over.socket.send_str("x" * (LARGEST_FRAME_BYTES + 1))

    assert (await fits.closed())[0] == 1008
    assert (await over.closed())[0] == 1009


async def test_a_ping_of_the_protocol_is_answered(live: LiveWorld) -> None:
    viewer = await live.look(autoping=False)

    await viewer.socket.ping(b"there?")

    assert (await viewer.socket.receive(timeout=5)).data == b"there?"


async def test_closing_is_answered_with_the_same_code(live: LiveWorld) -> None:
    viewer = await live.look()

    await viewer.socket.close(code=1000)

    assert viewer.socket.close_code == 1000


# -- ends -----------------------------------------------------------------------------------------


async def test_viewers_are_sent_away_when_the_console_closes(live: LiveWorld) -> None:
    viewers = [await live.look(subject=f"viewer-{number}") for number in range(20)]

    live.world.console.close_intake()

    assert {(await viewer.closed())[0] for viewer in viewers} == {1001}
    assert await live.world.console.drain(0.8)


async def test_a_viewer_that_never_reads_keeps_no_stop_waiting(live: LiveWorld) -> None:
    viewer = await live.look(subject="mute")
    stop_reading(viewer)
    await live.commit(3_000, text="x" * 400)

    live.world.console.close_intake()

    assert await live.world.console.drain(0.8)


async def test_no_event_is_out_of_order_however_frames_are_joined(live: LiveWorld) -> None:
    viewer = await live.look()

    for _ in range(50):
        await live.commit(7)
    offsets = await viewer.events(350)

    assert all(after == before + 1 for before, after in pairwise(offsets))


# -- time -----------------------------------------------------------------------------------------


async def test_a_viewer_is_pinged_and_stays_as_long_as_it_answers(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_socket, "PING_EVERY_S", 0.5)
    monkeypatch.setattr(live_socket, "ANSWER_WITHIN_S", 0.4)
    viewer = await live.look()

    for _ in range(2):
        assert "at" in await viewer.next("ping")
        await viewer.socket.send_str('{"t":"pong"}')
    code, reason = await viewer.closed()

    assert (code, reason) == (4008, "No answer to a ping within 0.4 s.")


async def test_a_viewer_whose_token_has_expired_is_sent_to_sign_in(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_socket, "CHECK_EVERY_S", 0.05)
    soon = forged({"exp": time.time() + 1.5})
    viewer = await live.look(protocols=live.protocols(soon))

    assert await viewer.closed() == (4001, "The login is over; sign in again.")


async def test_sockets_of_an_ended_login_are_closed_at_once(live: LiveWorld) -> None:
    gone, stays = await live.look(subject="ana"), await live.look(subject="bea")

    live.world.console.sockets.close_viewer(lambda principal: principal.subject == "ana")
    await live.commit()

    assert await gone.closed() == (4001, "You are signed out.")
    assert await stays.events(1) == [1]


# -- who does not keep up -------------------------------------------------------------------------


def transport_of(viewer: Link) -> asyncio.Transport:
    return cast(asyncio.Transport, cast(Any, viewer.socket)._response.connection.transport)


def stop_reading(viewer: Link, *, window: int = 4096) -> None:
    """Let the other side's writes pile up."""
    viewer.socket.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    transport_of(viewer).pause_reading()


async def test_a_viewer_that_takes_nothing_for_too_long_is_cut_and_the_others_go_on(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "BEHIND_S", 0.4)
    stuck, other = await live.look(subject="mute"), await live.look(subject="bea")
    stop_reading(stuck)

    await live.commit(1_000, text="x" * 400)
    await other.events(1_000)
    await viewers_left(live, 1)

    await live.commit()
    assert await other.events(1) == [1_001]


async def test_a_viewer_that_was_cut_while_it_did_not_read_is_told_so_by_its_next_greeting(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "BEHIND_S", 0.4)
    stuck = await live.look(subject="mute")
    stop_reading(stuck, window=2**16)
    await live.commit(2_000, text="x" * 400)
    await viewers_left(live, 0)
    await live.world.console.drain(2)  # the connection is gone
    transport_of(stuck).resume_reading()
    heard = await stuck.closed()

    back, other = await live.look(subject="mute"), await live.look(subject="bea")
    again = await live.look(subject="mute")

    assert heard == (1006, None)
    assert back.hello["cut"] == {"code": 4008, "reason": "More than 0.4 s behind."}
    assert "cut" not in other.hello | again.hello


async def test_a_viewer_that_is_too_many_bytes_behind_is_cut(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "BEHIND_S", 60.0)
    stuck = await live.look(subject="mute")
    stop_reading(stuck)

    for _ in range(4):
        await live.commit(1_000, text="x" * 400)
    await viewers_left(live, 0)
    back = await live.look(subject="mute")

    assert back.hello["cut"] == {"code": 4008, "reason": "More than 1 MiB behind."}


async def test_a_viewer_that_lags_gets_only_the_latest_of_a_state(live: LiveWorld) -> None:
    viewer = await live.look()
    stop_reading(viewer, window=2**16)
    await live.commit(2_000, text="x" * 400)  # more than the buffers of both systems hold
    await until(lambda: all(each.sink.blocked for each in live.audience.viewers.values()))

    for number in range(500):
        live.put("model", {"version": number, "padding": "y" * 100})
        await turns(3)
    transport_of(viewer).resume_reading()
    await viewer.events(2_000)
    await live.commit()
    await viewer.events(1)

    versions = [frame["data"]["version"] for frame in viewer.frames if frame.get("key") == "model"]
    assert len(versions) < 10
    assert versions[-1] == 499


async def viewers_left(live: LiveWorld, count: int) -> None:
    await until(lambda: len(live.audience.viewers) == count)


async def until(reached: Callable[[], bool], *, within_s: float = 5) -> None:
    async with asyncio.timeout(within_s):
        while not reached():
            await turns()


# -- the actor ------------------------------------------------------------------------------------


async def test_a_restarted_bridge_sends_viewers_to_come_back_and_keeps_the_state(database: Database) -> None:
    class Fragile(StreamBridge):
        async def receive_batch(self, messages: Sequence[Any]) -> Sequence[None]:
            if any(isinstance(each, StateChanged) and each.key == "poison" for each in messages):
                raise ZeroDivisionError
            return await super().receive_batch(messages)

    async with running_link(database, Fragile) as live:
        live.put("safety", {"state": "HALTED"})
        viewer = await live.look()
        live.put("poison", {})

        assert await viewer.closed() == (1012, "The live link was restarted.")
        assert (await live.look()).hello["state"]["safety"] == {"state": "HALTED"}


async def test_a_viewer_whose_joining_got_lost_is_told_to_come_again(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_socket, "GREETED_WITHIN_S", 0.3)
    greeted = await live.look()
    live.world.console.open(live.world.handles())  # with a probe in the bridge's place, which says nothing

    lost = await live.connect()
    await lost.socket.ping()  # our answer to it is no greeting

    assert await lost.closed() == (1013, "The live link did not begin; try again.")
    await live.commit()
    assert await greeted.events(1) == [1]


async def test_viewers_are_sent_away_when_the_bridge_is_given_up(database: Database, tmp_path: Path) -> None:
    failures: list[Failed] = []

    def report() -> HealthReport:
        if viewer.ended is None and viewer.writes:
            raise ZeroDivisionError
        return REPORT

    viewer = Sink()
    components = Components(
        Settings(data_dir=tmp_path),
        clock=database.clock,
        rng=Rng(7),
        holder="here",
        on_failure=failures.append,
        report=report,
    )
    components.wiring.database = database
    await components.streaming.start()
    components.wiring.refs["stream_bridge"].tell(JoinViewer(sink=viewer))
    await until(lambda: viewer.ended is not None, within_s=20)
    await components.close()

    assert viewer.ended == (1013, "The live link is down.")
    assert [failed.outcome for failed in failures] == ["restarted"] * 5 + ["degraded"]


async def test_the_timeline_outlives_a_restart(database: Database) -> None:
    step: dict[str, Any] = {"run_id": "r1", "step": "radar", "state": "COMPLETE", "detail": "2 new signals"}
    async with running_link(database) as live:
        viewer = await live.look()
        await live.commit(kind="pipeline.step", **step)
        await viewer.events(1)

    async with running_link(database) as live:
        steps = (await live.look()).hello["state"]["timeline"]["steps"]

    assert {name: steps[0][name] for name in step} == step
    assert [each["state"] for each in steps[1:]] == ["NOT_INSTALLED"] * 5
