import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from aiohttp import web

from leadboost.clock import Rng, SystemClock
from leadboost.connectors.client import (
    Backoff,
    CallError,
    ClientPolicy,
    EgressGuard,
    WebClient,
    WebRequest,
    parse_retry_after,
)
from leadboost.connectors.client.host import Breaker, Host, RetryBudget
from leadboost.errors import SourceError
from leadboost.runtime.testing import FakeClock
from leadboost.standins.api import JSON, ApiServer, Handler
from leadboost.standins.feed import FeedServer, Page, huge, redirect

MakeClient = Callable[..., WebClient]
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
async def feeds() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        yield server


@pytest.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    async with AsyncExitStack() as stack:

        def make(*, allow: str = "127.0.0.1", deadline_s: float = 5.0, **policy: float) -> WebClient:
            client = WebClient(
                ClientPolicy(
                    user_agent="LeadBoost/test", gap_s=0.0, deadline_s=deadline_s, body_bytes=100_000
                ),
                guard=EgressGuard(allow_hosts=[allow]),
                clock=SystemClock(),
                rng=Rng(1),
                sleep=lambda _: asyncio.sleep(0),
            )
            stack.push_async_callback(client.close)
            return client

        yield make


async def get(client: WebClient, url: str) -> bytes:
    return (await client.get(url, source="test", headers={})).body


async def test_get_brings_status_headers_and_decompressed_body(
    feeds: FeedServer, make_client: MakeClient
) -> None:
    feeds.pages["/a"] = huge(5_000, compressed=True)

    answer = await make_client().get(feeds.url("/a"), source="test", headers={"X-Own": "1"})

    assert (answer.status, answer.body) == (200, b" " * 5_000)
    assert answer.headers["content-encoding"] == "gzip"
    sent = feeds.requests[0].headers
    assert (sent["user-agent"], sent["accept-encoding"], sent["x-own"]) == (
        "LeadBoost/test",
        "gzip, deflate",
        "1",
    )
    assert "cookie" not in sent


@pytest.mark.parametrize("compressed", [False, True])
async def test_body_beyond_the_limit_is_refused_after_decompression(
    feeds: FeedServer, make_client: MakeClient, compressed: bool
) -> None:
    feeds.pages["/a"] = huge(20_000_000, compressed=compressed)

    with pytest.raises(SourceError, match="sent more than 100,000 bytes"):
        await get(make_client(), feeds.url("/a"))


async def test_slow_body_ends_at_the_deadline(feeds: FeedServer, make_client: MakeClient) -> None:
    feeds.pages["/a"] = Page(body=b"<rss>", slow=True)

    with pytest.raises(SourceError, match="no complete answer in time"):
        await get(make_client(deadline_s=0.2), feeds.url("/a"))


async def test_redirects_are_followed_and_told(feeds: FeedServer, make_client: MakeClient) -> None:
    feeds.pages |= {"/a": redirect("/b"), "/b": redirect("/c", 302), "/c": Page(body=b"here")}

    answer = await make_client().get(feeds.url("/a"), source="test", headers={})

    assert (answer.body, answer.url) == (b"here", feeds.url("/c"))
    assert [hop.status for hop in answer.hops] == [301, 302]


async def test_endless_redirects_are_given_up(feeds: FeedServer, make_client: MakeClient) -> None:
    feeds.pages["/a"] = redirect("/a")

    with pytest.raises(SourceError, match="redirects more than 5 times"):
        await get(make_client(), feeds.url("/a"))

    assert len(feeds.requests) == 6


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://x.example:22/",
    ],
)
async def test_redirect_to_a_forbidden_address_is_not_followed(
    feeds: FeedServer, make_client: MakeClient, target: str
) -> None:
    feeds.pages["/a"] = redirect(target)

    with pytest.raises(SourceError, match="the address "):
        await get(make_client(), feeds.url("/a"))


async def test_name_of_a_private_host_is_refused_at_the_connection(
    feeds: FeedServer, make_client: MakeClient
) -> None:
    url = feeds.url("/a").replace("127.0.0.1", "localhost")
    port = url.split(":")[2].split("/")[0]
    client = make_client(allow=f"other.example:{port}")

    with pytest.raises(SourceError, match="port"):
        await get(client, url)
    with pytest.raises(SourceError, match="localhost is not a public address"):
        await get(client, "http://localhost/")
    assert not feeds.requests


async def test_error_names_the_source_and_hides_the_query(make_client: MakeClient) -> None:
    with pytest.raises(SourceError) as caught:
        await get(make_client(), "http://127.0.0.1:1/feed?token=secret")

    assert str(caught.value) == "test: cannot connect"


async def test_host_that_keeps_failing_is_left_alone(feeds: FeedServer, make_client: MakeClient) -> None:
    feeds.pages["/a"] = Page(status=500)
    client = make_client()
    for _ in range(5):
        assert (await client.get(feeds.url("/a"), source="test", headers={})).status == 500

    with pytest.raises(SourceError, match="left alone for a while") as caught:
        await get(client, feeds.url("/a"))

    assert len(feeds.requests) == 5
    assert 25 < (caught.value.retry_after_s or 0) <= 33


async def test_broken_connection_is_tried_again_a_few_times(make_client: MakeClient) -> None:
    calls = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SourceError, match="broke the connection"):
        await get(make_client(), f"http://127.0.0.1:{port}/")
    server.close()

    assert calls == 3


async def test_unknown_content_encoding_is_an_error_of_the_source(
    feeds: FeedServer, make_client: MakeClient
) -> None:
    feeds.pages["/a"] = Page(body=b"\x1b\x00\x00", headers={"Content-Encoding": "gzip"})

    with pytest.raises(SourceError):
        await get(make_client(), feeds.url("/a"))


def test_breaker_lets_one_probe_through_after_its_rest() -> None:
    clock = FakeClock()
    now = 0.0
    clock.monotonic = lambda: now  # type: ignore[method-assign] # no loop runs here
    breaker = Breaker(clock, Rng(1))
    for _ in range(5):
        assert breaker.enter() == 0
        breaker.record(ok=False)
        breaker.leave()

    assert breaker.enter() >= 30
    now = 34.0
    assert breaker.enter() == 0
    assert breaker.enter() > 0
    breaker.record(ok=True)
    breaker.leave()
    assert breaker.enter() == 0


def test_breaker_opens_again_when_the_probe_fails() -> None:
    clock = FakeClock()
    now = 0.0
    clock.monotonic = lambda: now  # type: ignore[method-assign] # no loop runs here
    breaker = Breaker(clock, Rng(1))
    for _ in range(5):
        breaker.record(ok=False)
    now = 34.0
    breaker.enter()
    breaker.record(ok=False)
    breaker.leave()

    assert breaker.enter() >= 30


def test_requests_to_one_host_keep_a_gap() -> None:
    clock = FakeClock()
    clock.monotonic = lambda: 100.0  # type: ignore[method-assign] # no loop runs here
    host = Host(clock, Rng(1))

    assert [host.book(2.0, longest_s=3.0) for _ in range(4)] == [0.0, 2.0, 4.0, 4.0]


def test_retries_end_with_their_budget() -> None:
    budget = RetryBudget()

    assert sum(budget.take() for _ in range(50)) == 10


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        ("Fri, 20 Nov 2026 09:02:00 GMT", 120.0),
        ("Fri, 20 Nov 2026 08:00:00 GMT", 0.0),
        ("99999999999999999999", 86_400.0),
        ("-5", None),
        ("soon", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_reads_seconds_and_dates(value: str | None, expected: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == expected


def test_backoff_doubles_up_to_its_longest_and_starts_over() -> None:
    backoff = Backoff({"broken": (300.0, 1_000.0)}, Rng(1))

    waits = [backoff.next_s("broken") for _ in range(4)]
    backoff.reset()

    for wait_s, plain_s in zip([*waits, backoff.next_s("broken")], [300, 600, 1000, 1000, 300], strict=True):
        assert plain_s <= wait_s <= plain_s * 1.1


# -- calls ----------------------------------------------------------------------------------------


def ask(url: str, **given: Mapping[str, str]) -> WebRequest:
    return WebRequest(url=url, headers={"Authorization": "Bearer secret-token"}, **given)  # type: ignore[arg-type]


async def test_call_reads_the_body_of_an_error_and_tries_once(
    feeds: FeedServer, make_client: MakeClient
) -> None:
    feeds.pages["/a"] = Page(status=500, body=b'{"error": 1}')

    answer = await make_client().call(ask(feeds.url("/a"), params={"fields": "id"}))

    assert (answer.status, answer.body, list(feeds.statuses)) == (500, b'{"error": 1}', [500])
    assert "fields" not in answer.url


async def test_call_reads_the_start_of_an_endless_error(feeds: FeedServer, make_client: MakeClient) -> None:
    feeds.pages["/a"] = Page(status=502, body=b"x" * 1_000_000)

    assert len((await make_client().call(ask(feeds.url("/a")))).body) == 65_536


@pytest.mark.parametrize("priority", [False, True])
async def test_call_follows_no_redirect_with_its_secrets(
    feeds: FeedServer, make_client: MakeClient, priority: bool
) -> None:
    feeds.pages |= {"/a": redirect("/b"), "/b": Page(body=b"here")}

    answer = await make_client().call(ask(feeds.url("/a")), priority=priority)

    assert (answer.status, [request.path for request in feeds.requests]) == (301, ["/a"])


async def test_priority_call_keeps_no_gap(feeds: FeedServer) -> None:
    waits: list[float] = []

    async def sleep(wait_s: float) -> None:
        waits.append(wait_s)

    feeds.pages["/a"] = Page(body=b"here")
    policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=30.0)
    guard = EgressGuard(allow_hosts=["127.0.0.1"])
    client = WebClient(policy, guard=guard, clock=FakeClock(NOW), rng=Rng(1), sleep=sleep)
    await client.call(ask(feeds.url("/a")))

    await client.call(ask(feeds.url("/a")), priority=True)
    unhurried = list(waits)
    await client.call(ask(feeds.url("/a")))
    await client.close()

    assert (unhurried, len(waits)) == ([], 1)


async def test_failed_call_shows_no_header_form_or_query(make_client: MakeClient) -> None:
    request = ask("http://127.0.0.1:9/a", params={"proof": "secret-proof"}, form={"key": "secret-form"})

    with pytest.raises(CallError) as caught:
        await make_client().call(request)

    shown = f"{request!r} {caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert "secret" not in shown


class Echo(ApiServer):
    """Answers with the decoded JSON that it was sent."""

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("POST", "/a", lambda request: web.json_response({"heard": request[JSON]}), True)]


async def test_json_is_posted_as_json(make_client: MakeClient) -> None:
    async with Echo() as server:
        answer = await make_client().call(WebRequest(url=f"{server.url}/a", json=b'{"max_count": 20}'))

    assert answer.body == b'{"heard": {"max_count": 20}}'


async def test_call_to_an_address_that_may_not_be_asked_is_refused_and_not_sent(
    make_client: MakeClient,
) -> None:
    with pytest.raises(CallError) as caught:
        await make_client().call(ask("http://10.0.0.1/"), priority=True)

    assert caught.value.refused


async def test_a_name_is_looked_up_while_all_shared_threads_are_held() -> None:
    held, freed = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        freed.wait(10)

    with ThreadPoolExecutor(1) as executor:
        asyncio.get_running_loop().set_default_executor(executor)
        executor.submit(hold)
        held.wait(10)
        try:
            async with asyncio.timeout(5):
                found = await EgressGuard(allow_hosts=["localhost"]).resolve("localhost", 80)
        finally:
            freed.set()

    assert found
