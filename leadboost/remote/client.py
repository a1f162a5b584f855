"""A client of one daemon: tokens of its own making, deadlines, bounded retries."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import aiohttp
import orjson
from pydantic import BaseModel, JsonValue, RootModel, ValidationError

from leadboost.clock import Clock
from leadboost.console.auth import Role, Tokens
from leadboost.errors import LeadBoostError
from leadboost.folder import DataFolder

R = TypeVar("R", bound=BaseModel)

REQUEST_DEADLINE_S = 30.0
START_DEADLINE_S = 30.0
BUSY_DEADLINE_S = 60.0
_LONGEST_WAIT_S = 5.0
_TOKEN_TTL_S = 300.0


class Answer(RootModel[dict[str, JsonValue]]):
    """Any JSON object."""


class RemoteError(LeadBoostError):
    """The daemon answered with a problem, or not at all (``status`` 0)."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.remote_code = code
        self.detail = detail

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in (429, 503, 504) and self.remote_code != "safe_mode"

    @property
    def blames_request(self) -> bool:
        """Whether the content of the request is at fault, so that a part of it may pass."""
        return self.status in (400, 413, 422)


class Remote:
    """One daemon's API. Every call ends by a deadline, and may be repeated: all of them are idempotent."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, tokens: Tokens, clock: Clock, role: Role
    ) -> None:
        self.base_url = base_url
        self._role = role
        self._session = session
        self._tokens = tokens
        self.clock = clock
        self._token = ""
        self._renew_at = float("-inf")

    async def get(self, path: str, reply: type[R], *, also: tuple[int, ...] = ()) -> R:
        """Fetch; statuses in ``also`` count as answers. Raises RemoteError."""
        return await self._call("GET", path, None, reply, also)

    async def post(self, path: str, body: bytes, reply: type[R]) -> R:
        """Send JSON bytes. Raises RemoteError."""
        return await self._call("POST", path, body, reply, ())

    async def put(self, path: str, body: bytes, reply: type[R]) -> R:
        """Send JSON bytes. Raises RemoteError."""
        return await self._call("PUT", path, body, reply, ())

    async def _call(
        self, method: str, path: str, body: bytes | None, reply: type[R], also: tuple[int, ...]
    ) -> R:
        give_up_at = self.clock.monotonic() + BUSY_DEADLINE_S
        while True:
            status, answer, wait_s = await self._exchange(method, path, body)
            if status < 400 or status in also:
                return _read(answer, reply, path)
            problem = _problem(status, answer)
            if not problem.may_pass or self.clock.monotonic() + wait_s > give_up_at:
                raise problem
            await asyncio.sleep(wait_s)

    async def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes, float]:
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method, f"{self.base_url}{path}", data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await response.read()
                return response.status, answer, _wait_s(response.headers.get("Retry-After"))
        except TimeoutError:
            raise RemoteError(
                0, "timeout", f"{self.base_url} did not answer in {REQUEST_DEADLINE_S:g} s"
            ) from None
        except aiohttp.ClientError as error:
            raise RemoteError(0, "unreachable", f"{self.base_url} cannot be reached: {error}") from None

    def _bearer(self) -> str:
        now = self.clock.monotonic()
        if now >= self._renew_at:
            self._token = self._tokens.issue(_subject(), self._role, _TOKEN_TTL_S)
            self._renew_at = now + _TOKEN_TTL_S / 2
        return self._token


def _subject() -> str:
    """Who runs the command: two approvals of one person must not count as two persons'."""
    with suppress(KeyError, OSError, ImportError):
        return f"cli:{getpass.getuser()}"
    return "cli"


@asynccontextmanager
async def connect(
    base_url: str, folder: DataFolder, clock: Clock, *, role: Role = Role.OPERATOR
) -> AsyncIterator[Remote]:
    """Talk to the daemon at ``base_url`` with tokens signed by the folder's secret."""
    tokens = Tokens(folder.signing_key(), clock)
    timeout = aiohttp.ClientTimeout(total=REQUEST_DEADLINE_S, connect=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Remote(session, base_url, tokens, clock, role)


async def find_daemon(folder: DataFolder, clock: Clock) -> str | None:
    """Return the address of the daemon on this folder; None when none runs.

    Raises RemoteError when it holds the folder and does not answer in time.
    """
    give_up_at = clock.monotonic() + START_DEADLINE_S
    timeout = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while (address := folder.running()) is not None:
            if await _is_alive(session, address.url):
                return address.url
            if clock.monotonic() > give_up_at:
                detail = f"process {address.pid} holds {folder.path}, but does not answer at {address.url}"
                raise RemoteError(0, "unreachable", detail)
            await asyncio.sleep(0.1)
    return None


async def _is_alive(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/healthz") as response:
            return response.status == 200
    except (TimeoutError, aiohttp.ClientError):
        return False


def _wait_s(retry_after: str | None) -> float:
    try:
        return min(max(float(retry_after or 1), 0.1), _LONGEST_WAIT_S)
    except ValueError:
        return 1.0


def _read(answer: bytes, reply: type[R], path: str) -> R:
    try:
        return reply.model_validate_json(answer)
    except ValidationError as error:
        detail = f"{path} answered what this version cannot read: {error.error_count()} faults"
        raise RemoteError(0, "unreadable", detail) from None


def _problem(status: int, answer: bytes) -> RemoteError:
    problem: Any = None
    with suppress(orjson.JSONDecodeError):
        problem = orjson.loads(answer)
    if not isinstance(problem, dict):
        problem = {}
    code, detail = problem.get("code", "http_error"), problem.get("detail", f"the daemon answered {status}")
    return RemoteError(status, str(code), str(detail))
