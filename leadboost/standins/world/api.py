"""LeadBoost's public API as the people of the demo world use it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import cast

import aiohttp

from leadboost.clock import Clock

DEADLINE_S = 8.0
TOKEN_S = 3_600.0

IssueToken = Callable[[float], str]


class ApiError(Exception):
    """LeadBoost did not answer, or not with what was asked for. ``status`` is 0 without an answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status or 'no answer'}: {said}")
        self.status = status


class Api:
    """One daemon at ``base_url``; ``issue_token`` signs a bearer token that is good for so many seconds."""

    def __init__(self, base_url: str, *, issue_token: IssueToken, clock: Clock) -> None:
        self._base_url = base_url
        self._issue_token = issue_token
        self._clock = clock
        self._token = ""
        self._renew_at = float("-inf")
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str) -> Mapping[str, object]:
        """Fetch JSON. Raises ApiError unless the status is 200."""
        return await self._good("GET", path, None)

    async def put(self, path: str, body: object) -> Mapping[str, object]:
        """Put JSON. Raises ApiError unless the status is 2xx."""
        return await self._good("PUT", path, body)

    async def post(self, path: str, body: object) -> Mapping[str, object]:
        """Post JSON. Raises ApiError unless the status is 2xx."""
        return await self._good("POST", path, body)

    async def ask(
        self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, object]]:
        """Send JSON; any status with a JSON object is an answer. Raises ApiError without one."""
        sent = {"Authorization": f"Bearer {self._bearer()}", **(headers or {})}
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                self._open().request(
                    method, self._base_url + path, json=body, headers=sent, allow_redirects=False
                ) as response,
            ):
                answer = json.loads(await response.read())
        except TimeoutError:
            raise ApiError(0, f"{method} {path} took longer than {DEADLINE_S:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ApiError(0, f"{method} {path}: {type(error).__name__}") from None
        return response.status, answer if isinstance(answer, dict) else {}

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _good(self, method: str, path: str, body: object) -> Mapping[str, object]:
        status, answer = await self.ask(method, path, body)
        if not 200 <= status < 300:
            raise ApiError(status, f"{method} {path}: {answer.get('detail') or answer.get('code')}")
        return answer

    def _bearer(self) -> str:
        now = self._clock.monotonic()
        if now >= self._renew_at:
            self._token, self._renew_at = self._issue_token(TOKEN_S), now + TOKEN_S / 2
        return self._token

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, connect=5))
        return self._session


def rows_of(answer: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The ``items`` of a page."""
    items = answer.get("items")
    return [cast(Mapping[str, object], each) for each in items] if isinstance(items, list) else []


def number_of(row: Mapping[str, object], name: str) -> int:
    """A whole number of an answer; 0 where there is none."""
    value = row.get(name)
    return value if isinstance(value, int) else 0
