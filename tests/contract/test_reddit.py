"""What Reddit alone does: its token, its own rate limit, its redirects."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from leadboost.clock import Rng
from leadboost.connectors.reddit import RedditAccess, RedditSource
from leadboost.errors import SourceError, SourceGoneError
from leadboost.runtime.testing import FakeClock
from leadboost.standins.reddit import TOKEN_S, Post, RedditServer
from tests.contract.source_cases import NOW, SECRET, Hours, client_of


@pytest.fixture
def clock() -> FakeClock:
    return Hours(NOW)


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[RedditServer]:
    posts = [
        Post(id="b", title="Which grinder under $200?", at=NOW, text="For <espresso> & filter", author="x"),
        Post(id="a", title="Fans sold out", at=NOW, text="[removed]", author="[deleted]", subreddit="fans"),
    ]
    async with RedditServer(client_id="app", client_secret=SECRET, clock=clock, posts=posts) as started:
        yield started


@pytest.fixture
async def access(server: RedditServer, clock: FakeClock) -> AsyncIterator[RedditAccess]:
    async with client_of(clock) as client:
        yield access_of(server, clock, client)


def access_of(server: RedditServer, clock: FakeClock, client: object, **given: str) -> RedditAccess:
    settings: dict[str, object] = {
        "client": client,
        "clock": clock,
        "base_url": server.url,
        "token_url": f"{server.url}/api/v1/access_token",
        "client_id": "app",
        "client_secret": SECRET,
        "user_agent": "server:leadboost:v1 (by /u/shop_ops)",
    }
    return RedditAccess(**(settings | given))  # type: ignore[arg-type]  # a test replaces any of them


def source(
    access: RedditAccess, clock: FakeClock, *subreddits: str, query: str | None = None
) -> RedditSource:
    return RedditSource(
        name="reddit.x", access=access, clock=clock, rng=Rng(1), subreddits=subreddits, query=query
    )


async def test_post_becomes_an_item_with_its_counters(access: RedditAccess, clock: FakeClock) -> None:
    (item,) = (await source(access, clock, "coffee").fetch({})).items

    assert (item["external_id"], item["author"], item["text"]) == ("t3_b", "x", "For <espresso> & filter")
    assert item["engagement"] == {"score": 12.0, "comments": 4.0, "upvote_ratio": 0.93}
    assert item["url"] == "https://www.reddit.com/r/coffee/comments/b/post/"


async def test_what_was_deleted_leaves_no_author_and_no_text(access: RedditAccess, clock: FakeClock) -> None:
    (item,) = (await source(access, clock, "fans").fetch({})).items

    assert (item["author"], item["text"], item["title"]) == ("", "", "Fans sold out")


async def test_search_goes_over_all_of_reddit_or_stays_in_its_subreddits(
    access: RedditAccess, clock: FakeClock
) -> None:
    everywhere = await source(access, clock, query="sold out").fetch({})
    within = await source(access, clock, "coffee", query="sold out").fetch({})

    assert [item["external_id"] for item in everywhere.items] == ["t3_a"]
    assert within.items == []


async def test_change_of_the_question_starts_anew(access: RedditAccess, clock: FakeClock) -> None:
    first = await source(access, clock, "coffee").fetch({})

    again = await source(access, clock, "coffee", "fans").fetch(first.cursor)

    assert len(again.items) == 2


async def test_one_token_serves_all_sources_until_a_minute_before_its_end(
    access: RedditAccess, server: RedditServer, clock: FakeClock
) -> None:
    await source(access, clock, "coffee").fetch({})
    await source(access, clock, "fans").fetch({})
    tokens = [server.tokens]
    clock.advance(TOKEN_S - 59)
    await source(access, clock, "coffee").fetch({})

    assert [*tokens, server.tokens] == [1, 2]
    assert 401 not in [asked.status for asked in server.asked]


async def test_used_up_rate_limit_stops_calls_before_they_leave(clock: FakeClock) -> None:
    posts = [Post(id="a", title="Fans", at=NOW)]
    limited = RedditServer(client_id="app", client_secret=SECRET, clock=clock, posts=posts, window_calls=1)
    async with limited, client_of(clock) as client:
        polled = source(access_of(limited, clock, client), clock, "coffee")
        await polled.fetch({})
        with pytest.raises(SourceError, match="no calls left") as caught:
            await polled.fetch({})
        statuses = [asked.status for asked in limited.asked]
        clock.advance((caught.value.retry_after_s or 0) + 2)
        await polled.fetch({})

    assert 500 < (caught.value.retry_after_s or 0) <= 600
    assert statuses == [200, 200]  # the token and the first poll


async def test_redirect_of_an_unknown_subreddit_is_not_followed(
    access: RedditAccess, server: RedditServer, clock: FakeClock
) -> None:
    with pytest.raises(SourceError, match="302"):
        await source(access, clock, "nowhere").fetch({})

    assert server.asked[-1].path == "/r/nowhere/new"


async def test_wrong_secret_ends_the_polling_and_names_the_setting(
    server: RedditServer, clock: FakeClock
) -> None:
    async with client_of(clock) as client:
        wrong = access_of(server, clock, client, client_secret="not-the-secret")
        with pytest.raises(SourceGoneError, match=r"connectors\.reddit\.client_id") as caught:
            await source(wrong, clock, "coffee").fetch({})

    assert "not-the-secret" not in str(caught.value)


async def test_agent_without_a_user_is_blocked_by_the_stand_in(
    server: RedditServer, clock: FakeClock
) -> None:
    async with client_of(clock) as client:
        rude = access_of(server, clock, client, user_agent="python")
        with pytest.raises(SourceGoneError, match="403"):
            await source(rude, clock, "coffee").fetch({})


@pytest.mark.parametrize(("hours_late", "found"), [(0.5, True), (3, False)])
async def test_a_post_that_is_let_through_late_is_found_within_the_overlap(
    access: RedditAccess, server: RedditServer, clock: FakeClock, hours_late: float, found: bool
) -> None:
    posts = [Post(id=f"p{n}", title="Fan", at=NOW - timedelta(minutes=n)) for n in range(250)]
    server.posts = posts
    polled = source(access, clock, "coffee")
    first = await polled.fetch({})
    at = NOW - timedelta(hours=hours_late)
    server.posts = sorted(
        [*posts, Post(id="late", title="Late", at=at)], key=lambda post: post.at, reverse=True
    )

    second = await polled.fetch(first.cursor)

    assert [item["title"] for item in second.items] == (["Late"] if found else [])
