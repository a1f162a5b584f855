"""The HTTP client that every connector uses."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from yarl import URL

from leadboost.clock import Clock, Rng
from leadboost.connectors.client.answer import Hop, WebAnswer
from leadboost.connectors.client.egress import EgressError, EgressGuard
from leadboost.connectors.client.exchange import FaultError, WebRequest, get, send
from leadboost.connectors.client.host import Breaker, Host, Hosts, RetryBudget
from leadboost.errors import SourceError

ATTEMPTS = 3
REDIRECTS = 5
LONGEST_QUEUE_S = 60.0
_REDIRECT = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPolicy:
    """The limits of every request. ``body_bytes`` counts after decompression; times in seconds.

    ``deadline_s`` holds where a call names none, for all its redirects and retries together.
    ``gap_s`` is kept between two requests to one host; ``connections_per_host`` are open at most.
    """

    user_agent: str
    deadline_s: float = 20.0
    body_bytes: int = 5_000_000
    gap_s: float = 2.0
    connections_per_host: int = 1


class CallError(Exception):
    """A call that brought no answer; its text shows no address, header or form.

    ``retry_after_s`` is set when it never left because the host is left alone for a while; ``refused``
    when it never left because its address may not be asked. Otherwise it may have taken effect.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.refused = refused


class _PausedError(Exception):
    def __init__(self, reason: str, wait_s: float) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class WebClient:
    """Owner of the connections. ``get`` is safe to repeat and repeats by itself; ``call`` never does.

    ``sleep`` waits between attempts and for the gap of a host.
    """

    def __init__(
        self,
        policy: ClientPolicy,
        *,
        guard: EgressGuard,
        clock: Clock,
        rng: Rng,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.policy = policy
        self._guard = guard
        self._clock = clock
        self._rng = rng
        self._sleep = sleep
        self._hosts = Hosts(lambda: Host(clock, rng))
        self._budget = RetryBudget()
        self._session: aiohttp.ClientSession | None = None
        self._priority: aiohttp.ClientSession | None = None

    async def get(
        self, url: str, *, source: str, headers: Mapping[str, str], deadline_s: float | None = None
    ) -> WebAnswer:
        """Fetch ``url``, following at most five redirects, each checked by the guard.

        Raises SourceError, named after ``source``, when there is no complete answer: refused
        address, broken connection, deadline, or a body beyond the limit. Any status is an answer.
        """
        try:
            target = URL(url)
            await self._wait_for_slot(target)
            return await self._follow(target, headers, deadline_s or self.policy.deadline_s)
        except EgressError as error:
            raise SourceError(source, f"the address {error}") from error
        except FaultError as error:
            raise SourceError(source, error.reason) from error
        except _PausedError as error:
            raise SourceError(source, str(error), error.wait_s) from None
        except ValueError as error:
            raise SourceError(source, "the address cannot be read; correct it") from error

    async def call(
        self, request: WebRequest, *, deadline_s: float | None = None, priority: bool = False
    ) -> WebAnswer:
        """Send ``request`` once, read or write; any status is an answer, and its body is read.

        ``priority`` calls wait for nothing: no gap, no breaker, and connections of their own, as many
        as there are calls. Raises CallError, and whatever ``request.check`` raises.
        """
        try:
            url = request.target()
            self._guard.check(url)
            answering = self._call_now if priority else self._call_in_turn
            return await answering(request, url, deadline_s or self.policy.deadline_s)
        except EgressError as error:
            raise CallError(f"the address {error}", refused=True) from None
        except FaultError as error:
            raise CallError(error.reason) from None
        except _PausedError as error:
            raise CallError(str(error), retry_after_s=error.wait_s) from None
        except ValueError:
            raise CallError("the address cannot be read; correct it", refused=True) from None

    async def _call_now(self, request: WebRequest, url: URL, deadline_s: float) -> WebAnswer:
        if self._priority is None:
            self._priority = self._open_session(connections=0, connections_per_host=0)
        return await self._send(self._priority, request, url, deadline_s)

    async def _call_in_turn(self, request: WebRequest, url: URL, deadline_s: float) -> WebAnswer:
        await self._wait_for_slot(url)
        with self._admitted(url) as breaker:
            answer = await self._send(self._shared_session(), request, url, deadline_s)
            breaker.record(ok=answer.status < 500)
            return answer

    async def _send(
        self, session: aiohttp.ClientSession, request: WebRequest, url: URL, deadline_s: float
    ) -> WebAnswer:
        deadline = asyncio.get_running_loop().time() + deadline_s
        return await send(session, request, url, deadline=deadline, body_bytes=self.policy.body_bytes)

    async def close(self) -> None:
        """Close all connections."""
        for session in (self._session, self._priority):
            if session is not None:
                await session.close()

    async def _wait_for_slot(self, url: URL) -> None:
        self._guard.check(url)
        wait_s = self._hosts.of(url.authority).book(self.policy.gap_s, longest_s=LONGEST_QUEUE_S)
        if wait_s > LONGEST_QUEUE_S:
            raise _PausedError(f"{url.host} has too many requests waiting", wait_s)
        if wait_s > 0:
            await self._sleep(wait_s)

    async def _follow(self, url: URL, headers: Mapping[str, str], deadline_s: float) -> WebAnswer:
        deadline = asyncio.get_running_loop().time() + deadline_s
        hops: list[Hop] = []
        while True:
            answer = await self._ask(url, headers, tuple(hops), deadline)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECT or not location:
                return answer
            if len(hops) == REDIRECTS:
                raise FaultError(f"redirects more than {REDIRECTS} times")
            url = url.join(URL(location)).with_fragment(None)
            hops.append(Hop(status=answer.status, url=str(url)))

    async def _ask(
        self, url: URL, headers: Mapping[str, str], hops: tuple[Hop, ...], deadline: float
    ) -> WebAnswer:
        self._guard.check(url)
        self._budget.deposit()
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            retry=retry_if_exception(self._may_retry),
            wait=self._retry_wait_s,
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(self._attempt, url, headers, hops, deadline)

    def _may_retry(self, error: BaseException) -> bool:
        return isinstance(error, FaultError) and error.transient and self._budget.take()

    def _retry_wait_s(self, state: RetryCallState) -> float:
        return self._rng.uniform(0.0, 0.25 * 2.0**state.attempt_number)

    async def _attempt(
        self, url: URL, headers: Mapping[str, str], hops: tuple[Hop, ...], deadline: float
    ) -> WebAnswer:
        with self._admitted(url) as breaker:
            answer = await get(
                self._shared_session(),
                url,
                headers,
                hops=hops,
                deadline=deadline,
                body_bytes=self.policy.body_bytes,
            )
            breaker.record(ok=answer.status < 500)
            return answer

    @contextmanager
    def _admitted(self, url: URL) -> Iterator[Breaker]:
        """Pass the host's breaker, and let it learn of a fault. Raises _PausedError."""
        breaker = self._hosts.of(url.authority).breaker
        wait_s = breaker.enter()
        if wait_s:
            raise _PausedError(f"{url.host} keeps failing and is left alone for a while", wait_s)
        try:
            yield breaker
        except FaultError:
            breaker.record(ok=False)
            raise
        finally:
            breaker.leave()

    def _shared_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._open_session(
                connections=32, connections_per_host=self.policy.connections_per_host
            )
        return self._session

    def _open_session(self, *, connections: int, connections_per_host: int) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._guard,
                use_dns_cache=False,
                limit=connections,
                limit_per_host=connections_per_host,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.policy.user_agent, "Accept-Encoding": "gzip, deflate"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10.0),
        )
        # aiohttp would silently ask twice on a broken connection, and knows no public switch for it.
        session._retry_connection = False
        return session
