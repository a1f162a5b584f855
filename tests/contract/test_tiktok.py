"""What TikTok alone does: logins that change with each use, searches that it forgets, and quotas."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from leadboost.clock import Rng
from leadboost.connectors.client import WebClient
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.tiktok import TikTokAccess, TikTokSource
from leadboost.connectors.tiktok_research import ResearchAccess, TikTokResearchSource
from leadboost.connectors.tiktok_research import source as searching
from leadboost.connectors.tiktok_research.access import DAY_S
from leadboost.connectors.tiktok_research.cursor import SearchCursor
from leadboost.errors import SourceError, SourceGoneError
from leadboost.runtime.testing import FakeClock
from leadboost.standins.api import Fault
from leadboost.standins.tiktok import TOKEN_S, TikTokServer, Video
from tests.contract.source_cases import NOW, SECRET, Hours, MemoryGrants, MemoryQuotas, client_of

FIRST = "rft.0-secret"


@pytest.fixture
def clock() -> FakeClock:
    return Hours(NOW)


@pytest.fixture
async def client(clock: FakeClock) -> AsyncIterator[WebClient]:
    async with client_of(clock) as opened:
        yield opened


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[TikTokServer]:
    server = TikTokServer(client_key="key", client_secret=SECRET, clock=clock, refresh_token=FIRST)
    server.videos = [Video(number=1, text="Un termo #mate", at=NOW)]
    async with server:
        yield server


def display(
    server: TikTokServer,
    client: WebClient,
    clock: FakeClock,
    grants: MemoryGrants,
    refresh_token: str = FIRST,
) -> TikTokSource:
    access = TikTokAccess(
        name="tiktok.shop",
        client=client,
        clock=clock,
        grants=grants,
        base_url=server.url,
        client_key="key",
        client_secret=SECRET,
        refresh_token=refresh_token,
    )
    return TikTokSource(name="tiktok.shop", account="shop", access=access, clock=clock, rng=Rng(1))


def research(
    server: TikTokServer,
    client: WebClient,
    clock: FakeClock,
    *,
    regions: Sequence[str] = (),
    calls: int = 100,
    lookback_days: int = 7,
    waits: list[float] | None = None,
) -> TikTokResearchSource:
    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    access = ResearchAccess(
        client=client,
        clock=clock,
        base_url=server.url,
        client_key="key",
        client_secret=SECRET,
        allowance=Allowance("calls", limit=calls, period_s=DAY_S, quotas=MemoryQuotas(), clock=clock),
    )
    return TikTokResearchSource(
        name="tiktok_research.mate",
        access=access,
        clock=clock,
        rng=Rng(1),
        keywords=["termo", "mate"],
        regions=regions,
        lookback_days=lookback_days,
        sleep=sleep,
    )


def statuses(server: TikTokServer) -> list[int]:
    return [asked.status for asked in server.asked]


async def test_video_becomes_an_item_with_its_counters(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    (item,) = (await display(server, client, clock, MemoryGrants()).fetch({})).items

    assert (item["external_id"], item["author"]) == ("7320768196569599001", "shop")
    assert item["engagement"] == {"views": 5210.0, "likes": 300.0, "comments": 21.0, "shares": 4.0}
    assert item["url"] == "https://www.tiktok.com/@ana.mate/video/7320768196569599001"


async def test_the_replaced_refresh_token_is_saved_and_serves_the_next_start(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    grants = MemoryGrants()
    await display(server, client, clock, grants).fetch({})
    saved = grants.saved["tiktok.shop"]

    await display(server, client, clock, grants).fetch({})

    assert (saved.refresh_token, server.tokens) == ("rft.1", 2)
    assert FIRST not in repr(saved)


async def test_another_refresh_token_in_the_settings_begins_anew(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    grants = MemoryGrants()
    await display(server, client, clock, grants).fetch({})
    server.refresh_token = "rft.new-login"

    fetched = await display(server, client, clock, grants, "rft.new-login").fetch({})

    assert len(fetched.items) == 1


async def test_a_login_that_could_not_be_saved_is_kept_and_saved_later(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    grants = MemoryGrants()
    source = display(server, client, clock, grants)
    grants.away = True
    with pytest.raises(SourceError, match="cannot be saved"):
        await source.fetch({})
    grants.away = False

    await source.fetch({})

    assert grants.saved["tiktok.shop"].refresh_token == server.refresh_token


async def test_a_login_that_another_host_renewed_since_is_not_overwritten(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    grants = MemoryGrants()
    first, second = (display(server, client, clock, grants) for _ in range(2))
    await second.fetch({})
    grants.away = True
    with pytest.raises(SourceError, match="cannot be saved"):
        await first.fetch({})
    grants.away = False
    server.refresh_token = grants.saved["tiktok.shop"].refresh_token  # the answer of the first was void
    clock.advance(TOKEN_S)
    await second.fetch({})

    await first.fetch({})

    assert grants.saved["tiktok.shop"].refresh_token == server.refresh_token


@pytest.mark.parametrize("word", ["server_error", "temporarily_unavailable", "something_new"])
async def test_no_token_for_now_is_tried_again(
    server: TikTokServer, client: WebClient, clock: FakeClock, word: str
) -> None:
    server.token_fault = word

    for source in (display(server, client, clock, MemoryGrants()), research(server, client, clock)):
        with pytest.raises(SourceError, match=word) as caught:
            await source.fetch({})
        assert not isinstance(caught.value, SourceGoneError)
        assert caught.value.retry_after_s


async def test_an_ended_login_ends_the_polling_and_says_to_log_in_again(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    server.refresh_token = "rft.somebody-else"

    with pytest.raises(SourceGoneError, match="log in again") as caught:
        await display(server, client, clock, MemoryGrants()).fetch({})

    assert "secret" not in str(caught.value)


async def test_an_access_token_serves_until_a_minute_before_its_end(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    source = display(server, client, clock, MemoryGrants())
    await source.fetch({})
    await source.fetch({})
    clock.advance(TOKEN_S - 59)
    await source.fetch({})

    assert server.tokens == 2
    assert 401 not in statuses(server)


async def test_a_video_that_appears_late_is_found_within_the_overlap(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    old = [Video(number=n, text=f"Termo {n}", at=NOW - timedelta(hours=200 - n)) for n in range(60, 0, -1)]
    new = Video(number=100, text="Termo", at=NOW)
    server.videos = [new, *old]
    source = display(server, client, clock, MemoryGrants())
    first = await source.fetch({})
    late = Video(number=99, text="Termo, later", at=NOW - timedelta(hours=3))
    server.videos = [new, late, *old]

    second = await source.fetch(first.cursor)

    assert [item["text"] for item in second.items] == ["Termo, later"]
    assert statuses(server)[-1:] == [200]


async def test_a_search_names_its_words_its_places_and_its_days(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    server.videos.append(Video(number=2, text="Termo", at=NOW - timedelta(days=1), region="UY"))
    server.videos.append(Video(number=3, text="Termo", at=NOW - timedelta(days=20)))

    both = await research(server, client, clock, regions=["AR", "UY"]).fetch({})
    one = await research(server, client, clock, regions=["UY"]).fetch({})

    assert [len(both.items), len(one.items)] == [2, 1]
    (item,) = one.items
    assert item["extra"] == {"region": "UY", "hashtags": ["mate"]}


@pytest.mark.parametrize(
    ("lost", "waited", "asked"),
    [
        (1, [2.0], [200, 400, 200, 200]),
        (4, [2.0, 5.0, 10.0], [200, 400, 400, 400, 400, 200, 200, 200]),
    ],
    ids=["the same page again", "then from the first page"],
)
async def test_a_search_that_tiktok_forgets_is_asked_again_with_growing_waits(
    server: TikTokServer,
    client: WebClient,
    clock: FakeClock,
    lost: int,
    waited: list[float],
    asked: list[int],
) -> None:
    server.videos = [Video(number=n, text="Termo", at=NOW) for n in range(60)]
    server.lost_searches = lost
    waits: list[float] = []

    fetched = await research(server, client, clock, waits=waits).fetch({})

    assert len(fetched.items) == 60
    assert (waits, statuses(server)[1:]) == (waited, asked)


async def test_a_search_that_tiktok_goes_on_forgetting_is_trouble(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    server.videos = [Video(number=n, text="Termo", at=NOW) for n in range(60)]
    server.lost_searches = 100

    with pytest.raises(SourceError, match="forgets its own searches"):
        await research(server, client, clock).fetch({})


async def test_days_with_more_than_the_pages_read_at_once_are_halved(
    server: TikTokServer, client: WebClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "PAGES", 2)
    server.videos = [Video(number=n, text="Termo", at=NOW - timedelta(days=n % 2)) for n in range(80)]
    search = research(server, client, clock)

    cursor: Mapping[str, object] = {}
    found, notes = [], set()
    for _ in range(4):
        fetched = await search.fetch(cursor)
        cursor = fetched.cursor
        found.append(len(fetched.items))
        notes.add(fetched.note)

    assert (found, notes) == ([0, 0, 40, 40], {None})


async def test_of_a_day_with_more_than_the_pages_read_at_once_the_rest_is_told_of(
    server: TikTokServer, client: WebClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "PAGES", 2)
    server.videos = [Video(number=n, text="Termo", at=NOW) for n in range(60)]

    fetched = await research(server, client, clock, lookback_days=0).fetch({})

    assert len(fetched.items) == 54
    assert fetched.note == f"{NOW.date()} has more than the 54 videos that were read"


async def test_a_query_that_is_too_wide_is_halved_and_the_rest_comes_with_the_next_poll(
    client: WebClient, clock: FakeClock
) -> None:
    server = TikTokServer(client_key="key", client_secret=SECRET, clock=clock, most_days=3)
    server.videos = [Video(number=n, text="Termo", at=NOW - timedelta(days=n)) for n in range(7)]
    async with server:
        source = research(server, client, clock)
        first = await source.fetch({})
        second = await source.fetch(first.cursor)
        third = await source.fetch(second.cursor)

    found = [len(each.items) for each in (first, second, third)]
    assert all(found[:2])
    assert (sum(found), first.wait_s, third.wait_s) == (7, 60.0, 3_600.0)


async def test_a_day_that_is_too_much_for_tiktok_is_trouble(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    error = b'{"data": {}, "error": {"code": "internal_error", "message": "", "log_id": ""}}'
    server.faults.extend([Fault(status=500, body=error, content_type="application/json")] * 10)

    with pytest.raises(SourceError, match="even over a day"):
        await research(server, client, clock).fetch({})


async def test_a_used_up_day_waits_for_midnight(client: WebClient, clock: FakeClock) -> None:
    server = TikTokServer(client_key="key", client_secret=SECRET, clock=clock, day_calls=0)
    async with server:
        with pytest.raises(SourceError, match="daily_quota") as caught:
            await research(server, client, clock).fetch({})

    assert caught.value.retry_after_s == pytest.approx(15 * 3_600, abs=2)


async def test_calls_beyond_the_allowance_do_not_leave(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    with pytest.raises(SourceError, match="no calls left"):
        await research(server, client, clock, calls=0).fetch({})

    assert [asked.path for asked in server.asked] == ["/v2/oauth/token/"]


async def test_a_wrong_secret_ends_the_polling(
    server: TikTokServer, client: WebClient, clock: FakeClock
) -> None:
    server._credential = ("key", "another")

    with pytest.raises(SourceGoneError, match="invalid_client"):
        await research(server, client, clock).fetch({})


@pytest.mark.parametrize(
    ("through", "start"), [(None, 7), ("2026-11-20", 2), ("2026-11-01", 21), ("2025-01-01", 29)]
)
def test_the_days_asked_for_begin_with_the_overlap_and_reach_back_a_month_at_most(
    through: str | None, start: int
) -> None:
    cursor = SearchCursor(asked="x", through=through)
    today = datetime.date(NOW)

    window = cursor.window(today, overlap=timedelta(days=2), lookback=timedelta(days=7))

    assert window == (today - timedelta(days=start), today)
