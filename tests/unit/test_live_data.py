import random
from datetime import UTC, datetime

import orjson
import pytest

from leadboost.domain.live.board import StateBoard
from leadboost.domain.live.frame import event_frame, hello_frame, text_frame
from leadboost.domain.live.page import PAGE, Page, Pages
from leadboost.domain.live.ring import FrameRing
from leadboost.domain.live.viewer import Viewer
from leadboost.domain.rate import MOST_SOURCES, Rates

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


# -- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_has_the_length_of_its_payload_in_its_head(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size


def test_frames_hold_one_json_object_each() -> None:
    hello = hello_frame(epoch="e", offset=3, recovered=True, state=b'{"a":1}', demo=False, version="0.1.0")
    event = event_frame(4, "stock.out", AT, {"sku": 'a"b'})

    assert orjson.loads(hello[2:]) == {
        "t": "hello",
        "epoch": "e",
        "offset": 3,
        "recovered": True,
        "state": {"a": 1},
        "demo": False,
        "version": "0.1.0",
    }
    assert orjson.loads(event[2:])["at"] == "2026-01-31T12:00:00Z"


# -- the ring -------------------------------------------------------------------------------------


def test_ring_keeps_the_newest_frames_within_both_bounds() -> None:
    ring = FrameRing(most=3, most_bytes=10)
    for frame in (b"aa", b"bb", b"cc", b"dd"):
        ring.append(frame)
    held = (ring.start, ring.head)
    ring.append(b"e" * 7)

    assert held == (1, 4)
    assert (ring.start, ring.read(3, 100)) == (3, (b"dd" + b"e" * 7, 5))


def test_ring_reads_at_least_one_frame_and_then_up_to_the_limit() -> None:
    ring = FrameRing(most=9, most_bytes=900)
    ring.begin(10)
    for frame in (b"a" * 50, b"b" * 50, b"c" * 50):
        ring.append(frame)

    assert ring.read(10, 1) == (b"a" * 50, 11)
    assert ring.read(10, 100) == (b"a" * 50 + b"b" * 50, 12)
    assert ring.bytes_after(11) == 100


def test_page_reads_at_least_one_frame_and_then_up_to_the_limit() -> None:
    page = Page(PAGE, (b"a" * 50, b"b" * 50, b"c" * 50))

    assert page.read(PAGE, 1) == (b"a" * 50, PAGE + 1)
    assert page.read(PAGE, 100) == (b"a" * 50 + b"b" * 50, PAGE + 2)
    assert page.read(PAGE + 1, 1_000) == (b"b" * 50 + b"c" * 50, page.end)


def test_ring_gives_back_what_was_put_in_whatever_was_dropped_meanwhile() -> None:
    ring, frames, draw = FrameRing(most=5_000, most_bytes=40_000), [], random.Random(7)
    for number in range(30_000):
        frames.append(b"%d," % number)
        ring.append(frames[-1])
        if number % 997 == 0:
            offset = draw.randint(ring.start, ring.head)
            data, reached = ring.read(offset, 1_000)
            assert data == b"".join(frames[offset:reached])
            assert ring.bytes_after(offset) == sum(map(len, frames[offset:]))


# -- state ----------------------------------------------------------------------------------------


def keys(frames: bytes) -> list[str]:
    return [part.split(b'"')[0].decode() for part in frames.split(b'"key":"')[1:]]


def test_board_tells_each_key_once_however_often_it_changed() -> None:
    board = StateBoard(most_members=9)
    seen = board.version
    for number in range(5):
        board.put("model", {"version": number})
        board.put("rates", number)

    frames = board.read(seen)

    assert keys(frames) == ["model", "rates"]
    assert b'"data":{"version":4}' in frames
    assert board.read(board.version) == b""


def test_board_counts_no_change_where_nothing_changed() -> None:
    board = StateBoard(most_members=9)
    board.put("model", 1)
    seen = board.version
    board.put("rates", 2)
    board.put("model", 1)

    assert keys(board.read(seen)) == ["rates"]


def test_board_lets_the_members_that_changed_longest_ago_go_and_keeps_single_keys() -> None:
    board = StateBoard(most_members=2)
    board.put("safety", 0)
    for sku in ("a", "b", "a", "c"):
        board.put(f"stock/{sku}", board.version)

    assert orjson.loads(board.snapshot()).keys() == {"safety", "stock/a", "stock/c"}


def test_a_withdrawn_key_is_told_and_no_longer_shown() -> None:
    board = StateBoard(most_members=2)
    board.put("safety", 0)
    board.put("safety", None)

    assert (keys(board.read(0)), board.snapshot()) == (["safety"], b"{}")


# -- pages and viewers ----------------------------------------------------------------------------


def test_a_page_that_was_read_before_it_was_full_is_not_there_beyond_its_end() -> None:
    pages = Pages(most=2)
    pages.put(Page(PAGE, (b"a", b"b")))

    assert pages.find(PAGE + 1) == Page(PAGE, (b"a", b"b"))
    assert pages.find(PAGE + 2) is None
    assert pages.find(0) is None


def test_pages_keep_the_last_ones_read() -> None:
    pages = Pages(most=2)
    for start in (0, PAGE, 2 * PAGE):
        pages.put(Page(start, (b"a",)))

    assert pages.find(0) is None
    assert pages.find(2 * PAGE) is not None


class Sink:
    closed = blocked = False

    def write(self, data: bytes) -> None: ...

    def pending_bytes(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None: ...


def test_a_viewer_is_stuck_for_as_long_as_nothing_of_an_older_write_arrives() -> None:
    viewer = Viewer(sink=Sink(), offset=0, seen=0)
    viewer.write(b"x" * 100)

    stuck = [viewer.stuck_s(10.0 + second, pending=100) for second in range(4)]
    viewer.write(b"x" * 50)
    moving = viewer.stuck_s(14.0, pending=60)
    again = viewer.stuck_s(15.0, pending=60)
    idle = viewer.stuck_s(16.0, pending=0)

    assert stuck == [0.0, 1.0, 2.0, 3.0]
    assert (moving, again, idle) == (4.0, 5.0, 0.0)


# -- rates ----------------------------------------------------------------------------------------


def test_rates_count_the_last_minute_only() -> None:
    rates = Rates()
    rates.heard("rss", 0.0)
    rates.heard("rss", 59.0)
    rates.sold(3, 30.0)

    assert rates.shown(59.5) == {"signals": {"rss": 2}, "sales_per_min": 3, "window_s": 60}
    assert rates.shown(90.0) == {"signals": {"rss": 1}, "sales_per_min": 0, "window_s": 60}


def test_rates_put_sources_beyond_the_bound_together() -> None:
    rates = Rates()
    for number in range(MOST_SOURCES + 5):
        rates.heard(f"source-{number}", 1.0)

    signals = rates.shown(2.0)["signals"]
    assert isinstance(signals, dict)
    assert (len(signals), signals["other"]) == (MOST_SOURCES + 1, 5)
