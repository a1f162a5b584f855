"""What X alone does: money, both spellings, walks that go on where they stopped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from leadboost.clock import Rng
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.x import XAccess, XSource
from leadboost.connectors.x.access import DAY_S
from leadboost.errors import SourceError
from leadboost.standins.api import Fault
from leadboost.standins.x import XPost, XServer
from tests.contract.source_cases import NOW, SECRET, Hours, MemoryQuotas, client_of, dates

POST_MICROS = 5_000
PAGE_MICROS = 10 * POST_MICROS


def posts(count: int) -> list[XPost]:
    return [XPost(text=f"Fan {number}", at=at) for number, at in enumerate(dates(count))]


@asynccontextmanager
async def searching(
    server: XServer, clock: Hours, *, cap_micros: int = 1_000_000, quotas: MemoryQuotas | None = None
) -> AsyncIterator[XSource]:
    """A search of pages of ten posts, within a cap."""
    async with server, client_of(clock) as client:
        yield search_of(server, clock, client, cap_micros, quotas or MemoryQuotas())


def search_of(
    server: XServer,
    clock: Hours,
    client: object,
    cap_micros: int,
    quotas: MemoryQuotas,
    overlap_s: float = 0.0,
) -> XSource:
    spending = Allowance("x", limit=cap_micros, period_s=DAY_S, quotas=quotas, clock=clock)
    access = XAccess(
        client=client,  # type: ignore[arg-type]  # what client_of yields
        clock=clock,
        base_url=server.url,
        bearer_token=SECRET,
        spending=spending,
        post_micros=POST_MICROS,
        timeout_s=1.0,
    )
    return XSource(
        name="x.fans",
        access=access,
        clock=clock,
        rng=Rng(1),
        query="fan",
        lookback_s=86_400,
        overlap_s=overlap_s,
    )


@pytest.fixture
def clock() -> Hours:
    return Hours(NOW)


@pytest.mark.parametrize("renamed", [False, True])
async def test_post_is_read_in_both_spellings(clock: Hours, renamed: bool) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(1), renamed=renamed)
    async with searching(server, clock) as source:
        first = await source.fetch({})
        await source.fetch(first.cursor)

    (item,) = first.items
    assert item["engagement"] == {"likes": 9.0, "replies": 1.0, "reposts": 2.0, "quotes": 0.0}
    assert (item["author"], item["extra"]["refers"]) == ("4455", ["replied_to"])  # type: ignore[index]  # an object
    assert [asked.status for asked in server.asked] == ([400, 200, 200] if renamed else [200, 200])


async def test_token_travels_in_a_header_alone(clock: Hours) -> None:
    server = XServer(token=SECRET, clock=clock)
    async with searching(server, clock) as source:
        fetched = await source.fetch({})

    assert fetched.items == []
    assert SECRET not in str(server.asked[0].query)


async def test_next_walk_goes_to_the_newest_post_of_the_last_one(clock: Hours) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(25))
    newest = server.posts[0].id
    async with searching(server, clock) as source:
        first = await source.fetch({})
        await source.fetch(first.cursor)

    assert [asked.query.get("since_id") for asked in server.asked] == [None, None, None, newest]
    assert server.posts_read == 25


async def test_newest_post_beyond_seven_days_is_not_named_any_more(clock: Hours) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(1))
    async with searching(server, clock) as source:
        first = await source.fetch({})
        clock.advance(8 * 86_400)
        await source.fetch(first.cursor)

    assert server.asked[1].status == 200
    assert "since_id" not in server.asked[1].query


@pytest.mark.parametrize("cap_pages", [1, 3])
async def test_bill_never_exceeds_the_cap_of_a_day_and_the_walk_goes_on_the_next(
    clock: Hours, cap_pages: int
) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(45))
    async with searching(server, clock, cap_micros=cap_pages * PAGE_MICROS) as source:
        first = await source.fetch({})
        with pytest.raises(SourceError, match="daily cap") as caught:
            await source.fetch(first.cursor)
        bill_micros = server.posts_read * POST_MICROS
        clock.advance((caught.value.retry_after_s or 0) + 1)
        second = await source.fetch(first.cursor)

    assert bill_micros == cap_pages * PAGE_MICROS
    assert "daily cap" in (first.note or "")
    ids = [item["external_id"] for item in (*first.items, *second.items)]
    assert ids == [post.id for post in server.posts[: len(ids)]]
    assert len(second.items) >= 10


async def test_cap_holds_across_a_restart_and_among_searches(clock: Hours) -> None:
    server, quotas = XServer(token=SECRET, clock=clock, posts=posts(45)), MemoryQuotas()
    async with server, client_of(clock) as client:
        for _ in range(3):
            restarted = search_of(server, clock, client, 2 * PAGE_MICROS, quotas)
            try:
                await restarted.fetch({})
            except SourceError as error:
                refusal = error

    assert server.posts_read == 20
    assert "daily cap" in refusal.reason


async def test_posts_that_did_not_come_are_taken_off_the_bill(clock: Hours) -> None:
    server, quotas = XServer(token=SECRET, clock=clock, posts=posts(3)), MemoryQuotas()
    async with searching(server, clock, quotas=quotas) as source:
        await source.fetch({})

    assert list(quotas.used.values()) == [3 * POST_MICROS]


async def test_answer_that_never_came_stays_on_the_bill_and_a_refused_call_does_not(clock: Hours) -> None:
    server, quotas = XServer(token=SECRET, clock=clock, posts=posts(3)), MemoryQuotas()
    server.faults.extend([Fault(drip=True), Fault(status=502)])
    async with searching(server, clock, quotas=quotas) as source:
        for _ in range(2):
            with pytest.raises(SourceError):
                await source.fetch({})

    assert list(quotas.used.values()) == [PAGE_MICROS]


async def test_pages_that_were_paid_for_are_handed_on_when_the_next_one_fails(clock: Hours) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(25))
    server.faults.extend([Fault(), Fault(status=502)])
    async with searching(server, clock) as source:
        first = await source.fetch({})
        second = await source.fetch(first.cursor)

    assert (len(first.items), len(second.items), server.posts_read) == (10, 15, 25)
    assert "502" in (first.note or "")


async def test_used_up_rate_limit_stops_calls_until_the_window_ends(clock: Hours) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(3), window_calls=1)
    async with searching(server, clock) as source:
        first = await source.fetch({})
        with pytest.raises(SourceError, match="no calls left") as caught:
            await source.fetch(first.cursor)

    assert 800 < (caught.value.retry_after_s or 0) <= 900
    assert len(server.asked) == 1


async def test_usage_cap_is_left_alone_for_a_day(clock: Hours) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(3), month_posts=0)
    async with searching(server, clock) as source:
        with pytest.raises(SourceError, match="usage cap") as caught:
            await source.fetch({})

    assert caught.value.retry_after_s == timedelta(days=1).total_seconds()


@pytest.mark.parametrize(("overlap_s", "heard"), [(0, 0), (150, 3)])
async def test_the_overlap_reads_and_pays_again_what_lies_within_it(
    clock: Hours, overlap_s: float, heard: int
) -> None:
    server = XServer(token=SECRET, clock=clock, posts=posts(5))
    async with server, client_of(clock) as client:
        source = search_of(server, clock, client, 1_000_000, MemoryQuotas(), overlap_s)
        first = await source.fetch({})
        second = await source.fetch(first.cursor)

    assert (len(first.items), len(second.items), server.posts_read) == (5, heard, 5 + heard)
