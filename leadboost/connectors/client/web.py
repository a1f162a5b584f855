"""The HTTP client that every connector uses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from yarl import URL

from leadboost.clock import Clock, Rng
from leadboost.connectors.client.answer import Hop, WebAnswer
from leadboost.connectors.client.egress import EgressError, EgressGuard
from leadboost.connectors.client.host import Host, Hosts, RetryBudget
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


class _FaultError(Exception):
    """A request that failed below HTTP. ``transient`` ones may be tried again at once."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.transient = transient


class _PausedError(Exception):
    def __init__(self, reason: str, wait_s: float) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


# First match wins: subclasses stand before their parents.
_FAULTS: tuple[tuple[type[Exception], str, bool], ...] = (
    (aiohttp.ClientConnectorDNSError, "its name cannot be resolved", False),
    (aiohttp.ClientConnectorCertificateError, "its TLS certificate is not valid", False),
    (aiohttp.ClientSSLError, "TLS failed", False),
    (aiohttp.ClientConnectorError, "cannot connect", True),
    (aiohttp.ClientPayloadError, "sent a broken body", True),
    (aiohttp.ClientResponseError, "sent a malformed answer", False),
    (aiohttp.InvalidURL, "is not a usable address", False),
    (aiohttp.ClientError, "broke the connection", True),
    (OSError, "broke the connection", True),
    (RuntimeError, "broke the connection", True),  # uvloop: "handler is closed"
    (ValueError, "is not a usable address", False),
)


class WebClient:
    """Owner of the one session. Only GET; each call is safe to repeat.

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
        except _FaultError as error:
            raise SourceError(source, error.reason) from error
        except _PausedError as error:
            raise SourceError(source, str(error), error.wait_s) from None
        except ValueError as error:
            raise SourceError(source, "the address cannot be read; correct it") from error

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

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
                raise _FaultError(f"redirects more than {REDIRECTS} times")
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
        return isinstance(error, _FaultError) and error.transient and self._budget.take()

    def _retry_wait_s(self, state: RetryCallState) -> float:
        return self._rng.uniform(0.0, 0.25 * 2.0**state.attempt_number)

    async def _attempt(
        self, url: URL, headers: Mapping[str, str], hops: tuple[Hop, ...], deadline: float
    ) -> WebAnswer:
        breaker = self._hosts.of(url.authority).breaker
        wait_s = breaker.enter()
        if wait_s:
            raise _PausedError(f"{url.host} keeps failing and is left alone for a while", wait_s)
        try:
            answer = await self._exchange(url, headers, hops, deadline)
            breaker.record(ok=answer.status < 500)
            return answer
        except _FaultError:
            breaker.record(ok=False)
            raise
        finally:
            breaker.leave()

    async def _exchange(
        self, url: URL, headers: Mapping[str, str], hops: tuple[Hop, ...], deadline: float
    ) -> WebAnswer:
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._open_session().get(url, headers=headers, allow_redirects=False) as response,
            ):
                body = await self._read(response) if 200 <= response.status < 300 else b""
                return WebAnswer(
                    status=response.status, headers=response.headers, body=body, url=str(url), hops=hops
                )
        except TimeoutError as error:
            raise _FaultError("gave no complete answer in time") from error
        except tuple(fault for fault, _, _ in _FAULTS) as error:
            raise _translate(error) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self.policy.body_bytes:
                raise _FaultError(f"sent more than {self.policy.body_bytes:,} bytes")
        return bytes(body)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self._guard,
                    use_dns_cache=False,
                    limit=32,
                    limit_per_host=self.policy.connections_per_host,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.policy.user_agent, "Accept-Encoding": "gzip, deflate"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10.0),
            )
            # aiohttp would silently ask twice on a broken connection, and knows no public switch for it.
            self._session._retry_connection = False
        return self._session


def _translate(error: Exception) -> _FaultError:
    for fault, reason, transient in _FAULTS:
        if isinstance(error, fault):
            return _FaultError(reason, transient=transient)
    raise error
