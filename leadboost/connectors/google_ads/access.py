"""The login of a Google user: its access token, and requests that carry it.

Grant ``refresh_token`` (RFC 6749, section 6): access tokens are good for an hour; the refresh token stays.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from leadboost.clock import Clock
from leadboost.connectors.client import WebAnswer, WebClient, WebRequest
from leadboost.connectors.client.acting import AdCalls
from leadboost.connectors.client.token import Token, TokenKeeper, read_token
from leadboost.connectors.google_ads.fault import PLATFORM, dead_login, fault_of, read_fault
from leadboost.errors import AdPlatformError


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleLogin:
    """Who asks. ``manager`` is the account through which access is granted, where it is not direct; Google
    has ignored developer tokens since 2026-09-09, and an older project may still send one."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    manager: str | None = None
    developer_token: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may show."""
        return tuple(filter(None, (self.client_secret, self.refresh_token, self.developer_token)))


class GoogleAdsAccess:
    """Requests of one login; ``timeout_s`` bounds each call. ``token_url`` is where tokens are given out."""

    def __init__(
        self,
        *,
        client: WebClient,
        base_url: str,
        token_url: str,
        version: str,
        login: GoogleLogin,
        clock: Clock,
        timeout_s: float = 10.0,
    ) -> None:
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._token_url = token_url
        self._login = login
        self._clock = clock
        self._tokens = TokenKeeper(self._renew, clock=clock)
        self.calls = AdCalls(PLATFORM, client=client, timeout_s=timeout_s, fault_of=self._fault_of)

    async def post(
        self, path: str, body: bytes, *, priority: bool, check: Callable[[], None] | None = None
    ) -> WebAnswer:
        """Post JSON with a token that is good; where it is refused, once more with a new one, for nothing
        was done then. Raises AdPlatformError, and what ``check`` raises at the write."""
        token = await self._tokens.good(priority)
        answer = await self._post(path, body, token, priority, check)
        if answer.status == 401:
            token = await self._tokens.good(priority, refused=token)
            answer = await self._post(path, body, token, priority, check)
        return self.calls.accept(answer)

    async def _post(
        self, path: str, body: bytes, token: Token, priority: bool, check: Callable[[], None] | None
    ) -> WebAnswer:
        headers = {"Authorization": f"Bearer {token.text}", "Accept": "application/json"}
        if self._login.manager is not None:
            headers["login-customer-id"] = self._login.manager
        if self._login.developer_token is not None:
            headers["developer-token"] = self._login.developer_token
        request = WebRequest(url=f"{self._root}/{path}", headers=headers, json=body, check=check)
        return await self.calls.ask(request, priority=priority)

    async def _renew(self, priority: bool) -> Token:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret,
            "refresh_token": self._login.refresh_token,
        }
        answer = await self.calls.ask(WebRequest(url=self._token_url, form=form), priority=priority)
        if (answer.status in (400, 401) and read_fault(answer.body) is None) or 200 <= answer.status < 300:
            token = self.calls.read(read_token, answer)
            if isinstance(token, str):
                raise dead_login(token)
            return token
        self.calls.accept(answer)
        raise self.calls.error("unknown", f"{urlsplit(self._token_url).hostname} gives no token")

    def _fault_of(self, answer: WebAnswer) -> AdPlatformError | None:
        return fault_of(answer, now=self._clock.now(), secrets=self._login.secrets)
