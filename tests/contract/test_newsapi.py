"""What NewsAPI alone does: its key, the limits of a plan, its tombstones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from leadboost.clock import Rng
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.newsapi import NewsApiAccess, NewsApiSource
from leadboost.connectors.newsapi.access import HALF_DAY_S
from leadboost.errors import SourceError, SourceGoneError, StoreUnavailableError
from leadboost.standins.newsapi import TOMBSTONE, Article, NewsApiServer
from tests.contract.source_cases import NOW, SECRET, Hours, MemoryQuotas, client_of, dates

FANS = Article(
    url="https://news.example/fans#top",
    title="Fans run out",
    at=NOW - timedelta(hours=1),
    description="Heat wave empties shelves.",
    content="Stores in Cordoba reported… [+2310 chars]",
)


class AwayQuotas(MemoryQuotas):
    async def take(self, *_: object, **__: object) -> bool:
        raise StoreUnavailableError("the database is not connected")


@asynccontextmanager
async def searching(
    server: NewsApiServer, clock: Hours, *, calls: int = 50, quotas: MemoryQuotas | None = None
) -> AsyncIterator[NewsApiSource]:
    async with server, client_of(clock) as client:
        allowance = Allowance(
            "newsapi.calls", limit=calls, period_s=HALF_DAY_S, quotas=quotas or MemoryQuotas(), clock=clock
        )
        access = NewsApiAccess(client=client, base_url=server.url, api_key=SECRET, allowance=allowance)
        yield NewsApiSource(
            name="newsapi.fans", access=access, clock=clock, rng=Rng(1), query="fans", most_articles=300
        )


@pytest.fixture
def clock() -> Hours:
    return Hours(NOW)


def many(count: int) -> list[Article]:
    return [
        Article(url=f"https://news.example/{number}", title="Fans", at=at)
        for number, at in enumerate(dates(count))
    ]


async def test_article_becomes_an_item_and_a_tombstone_does_not(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=[FANS, TOMBSTONE])
    async with searching(server, clock) as source:
        (item,) = (await source.fetch({})).items

    assert item["external_id"] == item["url"] == "https://news.example/fans"
    assert item["text"] == "Heat wave empties shelves.\nStores in Cordoba reported"


async def test_key_travels_in_a_header_alone(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=[FANS])
    async with searching(server, clock) as source:
        await source.fetch({})

    assert server.asked[0].headers["x-api-key"] == SECRET
    assert SECRET not in str(server.asked[0].query)


async def test_wrong_key_ends_the_polling_without_showing_it(clock: Hours) -> None:
    async with searching(NewsApiServer(key="other", clock=clock), clock) as source:
        with pytest.raises(SourceGoneError, match="401 apiKeyInvalid") as caught:
            await source.fetch({})

    assert SECRET not in str(caught.value)


async def test_end_of_the_plan_ends_the_pages_and_keeps_what_was_read(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=many(250), plan_articles=100)
    async with searching(server, clock) as source:
        fetched = await source.fetch({})

    assert len(fetched.items) == 100
    assert [asked.status for asked in server.asked] == [200, 426]


async def test_next_poll_begins_before_the_newest_article_and_hands_on_what_is_new(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=[FANS])
    late = Article(url="https://news.example/late", title="Fans, found late", at=FANS.at - timedelta(hours=5))
    async with searching(server, clock) as source:
        first = await source.fetch({})
        server.articles.append(late)
        second = await source.fetch(first.cursor)

    assert server.asked[1].query["from"] == (FANS.at - timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%S")
    assert [item["title"] for item in second.items] == ["Fans, found late"]


async def test_beginning_that_the_plan_would_refuse_is_left_out(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=[FANS])
    async with searching(server, clock) as source:
        first = await source.fetch({})
        clock.advance(timedelta(days=40).total_seconds())
        await source.fetch(first.cursor)

    assert "from" not in server.asked[1].query


async def test_calls_of_the_plan_are_counted_before_they_leave_and_come_back_at_noon(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=[FANS])
    async with searching(server, clock, calls=1) as source:
        await source.fetch({})
        with pytest.raises(SourceError, match="no calls left") as caught:
            await source.fetch({})
        clock.advance((caught.value.retry_after_s or 0) + 1)
        await source.fetch({})

    assert caught.value.retry_after_s == pytest.approx(3 * 3_600, abs=5)
    assert len(server.asked) == 2


async def test_limit_of_the_service_itself_is_waited_out_until_the_next_half_day(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=[FANS], calls=0)
    async with searching(server, clock) as source:
        with pytest.raises(SourceError, match="429 rateLimited") as caught:
            await source.fetch({})

    assert caught.value.retry_after_s == pytest.approx(3 * 3_600, abs=5)


async def test_nothing_is_asked_while_calls_cannot_be_counted(clock: Hours) -> None:
    server = NewsApiServer(key=SECRET, clock=clock, articles=[FANS])
    async with searching(server, clock, quotas=AwayQuotas()) as source:
        with pytest.raises(SourceError, match="cannot be counted"):
            await source.fetch({})

    assert list(server.asked) == []
