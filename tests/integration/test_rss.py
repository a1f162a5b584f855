import threading
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from leadboost.clock import Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.client.aside import run_aside
from leadboost.connectors.rss import RssSource
from leadboost.connectors.rss.parse import FeedError, parse_feed
from leadboost.domain.signal_intake import read_signal
from leadboost.errors import SourceError, SourceGoneError
from leadboost.ports import Fetched
from leadboost.runtime.testing import FakeClock
from leadboost.standins.feed import (
    FeedServer,
    Item,
    Page,
    atom,
    busy,
    gone,
    huge,
    redirect,
    rss,
    truncated,
    web_page,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ITEMS = [
    Item(
        guid="urn:ch:1",
        title="Faltan ventiladores",
        text="<p>Resumen</p>",
        link="https://ch.example/n/1",
        at=NOW,
    ),
    Item(guid="urn:ch:2", title="Ola de calor", author="M. Paz"),
]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def feeds() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        yield server


@pytest.fixture
async def source(feeds: FeedServer, clock: FakeClock) -> AsyncIterator[RssSource]:
    policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0, deadline_s=5.0)
    guard = EgressGuard(allow_hosts=["127.0.0.1"])
    client = WebClient(policy, guard=guard, clock=clock, rng=Rng(1))
    yield RssSource(
        name="ch", url=feeds.url("/feed"), client=client, clock=clock, rng=Rng(2), min_interval_s=60
    )
    await client.close()


def titles(fetched: Fetched) -> list[object]:
    return [item["title"] for item in fetched.items]


def parse(body: bytes, content_type: str = "application/xml") -> list[Mapping[str, object]]:
    feed = parse_feed(body, content_type=content_type, url="https://x.example/feed", source="x", now=NOW)
    return [item.raw for item in feed.items]


@pytest.mark.parametrize("write", [rss, atom])
async def test_poll_turns_entries_into_valid_signals(
    feeds: FeedServer, source: RssSource, write: object
) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS) if write is rss else atom(ITEMS))

    fetched = await source.fetch({})
    first, second = (read_signal(item, now=NOW) for item in fetched.items)

    assert (first.source, first.external_id, first.title) == ("ch", "urn:ch:1", "Faltan ventiladores")
    assert (first.text, first.url, first.published_at) == ("Resumen", "https://ch.example/n/1", NOW)
    assert (second.text, second.author, second.published_at) == ("Ola de calor", "M. Paz", None)
    assert fetched.wait_s == 60


@pytest.mark.parametrize("etag", ['"strong"', 'W/"weak-gzip"'])
async def test_known_etag_is_sent_back_as_it_came(feeds: FeedServer, source: RssSource, etag: str) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS), etag=etag, last_modified="Fri, 20 Nov 2026 09:00:00 GMT")
    first = await source.fetch({})

    second = await source.fetch(first.cursor)

    assert list(feeds.statuses) == [200, 304]
    assert feeds.requests[1].headers["if-none-match"] == etag
    assert feeds.requests[1].headers["if-modified-since"] == "Fri, 20 Nov 2026 09:00:00 GMT"
    assert (list(second.items), second.note) == ([], "not modified")


async def test_last_modified_alone_is_enough_for_304(feeds: FeedServer, source: RssSource) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS), last_modified="yesterday-ish")
    first = await source.fetch({})

    await source.fetch(first.cursor)

    assert list(feeds.statuses) == [200, 304]
    assert "if-none-match" not in feeds.requests[1].headers


async def test_validators_that_a_200_leaves_out_are_forgotten(feeds: FeedServer, source: RssSource) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS), etag='"1"')
    first = await source.fetch({})
    feeds.pages["/feed"] = Page(body=rss(ITEMS[:1]))
    second = await source.fetch(first.cursor)

    await source.fetch(second.cursor)

    assert "if-none-match" not in feeds.requests[2].headers


async def test_same_body_under_200_is_not_parsed_again(feeds: FeedServer, source: RssSource) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS), etag='"1"', conditional=False)
    first = await source.fetch({})

    second = await source.fetch(first.cursor)

    assert (list(feeds.statuses), list(second.items), second.note) == ([200, 200], [], "same body")


async def test_only_new_and_changed_entries_are_handed_on(feeds: FeedServer, source: RssSource) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS))
    first = await source.fetch({})
    edited = Item(guid="urn:ch:2", title="Ola de calor (actualizado)")
    feeds.pages["/feed"] = Page(body=rss([Item(guid="urn:ch:3", title="Nuevo"), ITEMS[0], edited]))

    second = await source.fetch(first.cursor)

    assert titles(second) == ["Nuevo", "Ola de calor (actualizado)"]


async def test_moved_feed_is_asked_at_its_new_address_after_three_times(
    feeds: FeedServer, source: RssSource
) -> None:
    feeds.pages |= {
        "/feed": redirect("/mid"),
        "/mid": redirect("/new", 308),
        "/new": redirect("/now", 302),
        "/now": Page(body=rss(ITEMS)),
    }
    cursor: Mapping[str, object] = {}
    for _ in range(4):
        cursor = (await source.fetch(cursor)).cursor

    assert [request.path for request in feeds.requests][-2:] == ["/new", "/now"]


async def test_moved_feed_that_is_missing_there_is_asked_at_its_own_address(
    feeds: FeedServer, source: RssSource
) -> None:
    feeds.pages |= {"/feed": redirect("/new"), "/new": Page(body=rss(ITEMS))}
    cursor: Mapping[str, object] = {}
    for _ in range(3):
        cursor = (await source.fetch(cursor)).cursor
    feeds.pages = {"/feed": Page(body=rss(ITEMS))}
    with pytest.raises(SourceError):
        await source.fetch(cursor)

    await source.fetch(cursor)

    assert feeds.requests[-1].path == "/feed"


@pytest.mark.parametrize("page", [gone(), Page(status=401), Page(status=403), Page(status=451)])
async def test_refusal_ends_the_polling(feeds: FeedServer, source: RssSource, page: Page) -> None:
    feeds.pages["/feed"] = page

    with pytest.raises(SourceGoneError):
        await source.fetch({})


@pytest.mark.parametrize(
    ("page", "reason", "wait_s"),
    [
        (busy("1800"), "asks us to come later", 1_800),
        (busy(NOW + timedelta(minutes=30), 503), "asks us to come later", 1_800),
        (Page(status=429), "asks us to come later", 900),
        (Page(status=500), "has trouble", 300),
        (Page(status=404), "answers 404", 3_600),
        (web_page(), "did not answer with a feed but with a web page", 3_600),
        (Page(body=b""), "did not answer with a feed", 3_600),
        (Page(body=b"<rss version='2.0'><channel><item"), "is malformed", 3_600),
        (huge(6_000_000, compressed=True), "sent more than", 300),
        (redirect("http://10.0.0.1/"), "is not a public address", 300),
    ],
)
async def test_failure_tells_why_and_when_to_come_again(
    feeds: FeedServer, source: RssSource, page: Page, reason: str, wait_s: float
) -> None:
    feeds.pages["/feed"] = page

    with pytest.raises(SourceError, match=reason) as caught:
        await source.fetch({})

    assert wait_s * 0.99 <= (caught.value.retry_after_s or 0) <= wait_s * 1.1
    assert not isinstance(caught.value, SourceGoneError)


async def test_missing_feed_backs_off_longer_and_is_given_up_after_ten_days(
    feeds: FeedServer, source: RssSource, clock: FakeClock
) -> None:
    waits = []
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            await source.fetch({})
        waits.append(caught.value.retry_after_s or 0)
    clock.advance(timedelta(days=10).total_seconds())

    with pytest.raises(SourceGoneError, match="given up after 10 days"):
        await source.fetch({})
    assert waits[1] > waits[0] * 1.5


async def test_own_wish_of_the_feed_lengthens_the_interval(feeds: FeedServer, source: RssSource) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS, channel="<ttl>30</ttl>"), etag='"1"')
    by_ttl = await source.fetch({})
    unmodified = await source.fetch(by_ttl.cursor)
    period = "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"
    feeds.pages["/feed"] = Page(body=rss(ITEMS[:1], channel=period))
    by_period = await source.fetch(unmodified.cursor)
    feeds.pages["/feed"] = Page(body=rss(ITEMS), headers={"Cache-Control": "public, max-age=99999999"})
    by_age = await source.fetch(by_period.cursor)

    waits = [fetched.wait_s for fetched in (by_ttl, unmodified, by_period, by_age)]
    assert waits == [1_800, 1_800, 1_800, 86_400]


async def test_truncated_feed_gives_what_it_holds_and_says_so(feeds: FeedServer, source: RssSource) -> None:
    feeds.pages["/feed"] = truncated(rss(ITEMS).replace(b"</channel></rss>", b"<item><title>half"))

    fetched = await source.fetch({})

    assert titles(fetched)[:2] == [item.title for item in ITEMS]
    assert "malformed" in (fetched.note or "")


async def test_change_of_the_configured_address_starts_anew(feeds: FeedServer, source: RssSource) -> None:
    feeds.pages["/feed"] = Page(body=rss(ITEMS), etag='"1"')
    fetched = await source.fetch({})

    again = await source.fetch({**fetched.cursor, "url": "https://old.example/feed"})

    assert len(again.items) == 2
    assert "if-none-match" not in feeds.requests[1].headers


async def test_far_future_entry_is_held_back_until_its_time_comes(
    feeds: FeedServer, source: RssSource, clock: FakeClock
) -> None:
    early = Item(guid="e", title="Early", at=NOW + timedelta(days=2))
    feeds.pages["/feed"] = Page(body=rss([early, *ITEMS]), etag='"1"')
    first = await source.fetch({})
    clock.advance(timedelta(days=2).total_seconds())

    second = await source.fetch(first.cursor)

    assert titles(first) == [item.title for item in ITEMS]
    assert titles(second) == ["Early"]


def test_near_future_date_becomes_now() -> None:
    (item,) = parse(rss([Item(guid="1", title="Soon", at=NOW + timedelta(hours=3))]))

    assert item["published_at"] == NOW.isoformat()


def test_date_that_cannot_be_read_gives_way_to_the_one_that_can() -> None:
    entry = (
        b"<entry><id>1</id><title>A</title><published>Seg, 24 Set</published><updated>%s</updated></entry>"
    )
    body = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>' + entry + b"</feed>"

    (dated,), (undated,) = parse(body % b"2026-11-20T08:00:00Z"), parse(body % b"tomorrow")

    assert (dated["published_at"], undated["published_at"]) == ("2026-11-20T08:00:00+00:00", None)


def test_latin_1_letters_survive() -> None:
    (item,) = parse(rss([Item(guid="1", title="Año niño café")], encoding="iso-8859-1"), "text/xml")

    assert item["title"] == "Año niño café"


def test_repeated_guid_keeps_what_differs_and_drops_what_repeats() -> None:
    items = [Item(guid="1", title="One"), Item(guid="1", title="One"), Item(guid="1", title="Two")]

    assert [item["title"] for item in parse(rss(items))] == ["One", "Two"]


def test_entry_without_guid_link_or_date_still_has_a_stable_id() -> None:
    body = rss([Item(guid=None, title="Bare")])

    (one,), (other,) = parse(body), parse(body)

    assert one["external_id"] == other["external_id"]
    assert one["published_at"] is None


def test_link_that_is_no_web_address_does_not_cost_the_entry() -> None:
    (item,) = parse(rss([Item(guid="1", title="Odd", link="mailto:x@x.example")]))

    assert item["url"] is None
    assert read_signal(item, now=NOW).extra["link"] == "mailto:x@x.example"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss version="2.0"><channel><title>&b;</title>'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (BOMB.encode(), "application/xml"),
        (BOMB.lower().encode(), "application/xml"),
        (BOMB.encode("utf-16"), "application/xml"),
        (BOMB.encode("utf-32-be"), "application/xml"),
        (BOMB.encode("cp037"), "application/xml; charset=cp037"),
        (BOMB.encode("utf-7"), "application/xml; charset=utf-7"),
        (BOMB.replace("ENTITY", "EN\x1b(JTITY").encode(), "text/xml; charset=iso2022_jp"),
        (b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><rss version="2.0"/>', "text/xml"),
    ],
)
def test_entities_are_refused_in_every_encoding(body: bytes, content_type: str) -> None:
    with pytest.raises(FeedError, match="not accepted"):
        parse(body, content_type)


def test_scripts_in_entries_never_reach_the_signal() -> None:
    nasty = '<img src=x onerror="alert(1)"><script>alert(2)</script>Buy <b>fans</b>'

    (item,) = parse(rss([Item(guid="1", title="T", text=nasty)]))

    assert read_signal(item, now=NOW).text == "Buy fans"


async def test_feed_that_takes_too_long_to_parse_is_given_up(
    feeds: FeedServer, source: RssSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.connectors.rss.source.PARSE_S", 0.01)
    feeds.pages["/feed"] = Page(body=rss([Item(guid=str(number), title="Fans") for number in range(1_000)]))

    with pytest.raises(SourceError, match="to parse"):
        await source.fetch({})


async def test_work_aside_brings_its_result_or_its_error() -> None:
    assert await run_aside(lambda: threading.current_thread().daemon)

    with pytest.raises(ZeroDivisionError):
        await run_aside(lambda: 1 // 0)
